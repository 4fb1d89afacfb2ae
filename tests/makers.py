"""Real videos for the tests, made with PyAV alone: scenes, files, remuxes and a folder of hostile ones.

write_video(tmp_path / "a.mp4", scene(seed=1, seconds=3))
write_video(tmp_path / "two_shots.mkv", chain(scene(1), scene(2)), fps=30, gop=15)
remux(tmp_path / "a.mp4", tmp_path / "a.mkv", tags={"title": "another"})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(height, width, 3) RGB."""

ENCODER_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "23"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
}
"""Quick and quiet, where the caller does not say otherwise."""


def scene(
    seed: int, seconds: float = 2.0, fps: float | Fraction = 25, size: tuple[int, int] = (320, 180)
) -> Iterator[Image]:
    """One shot: a textured background that the camera pans over, and shapes that move across it.

    Everything follows from the seed; two seeds share nothing. Time runs in seconds, so that two frame rates show
    the same motion. ``size`` is (width, height); round(seconds * fps) frames come out.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    canvas = _texture(rng, width * 3 // 2, height * 3 // 2)
    pan = rng.uniform(0.5, 1.5, 2)
    pan_phase = rng.uniform(0, 2 * np.pi, 2)
    shapes = [
        (rng.integers(0, 256, 3), rng.uniform(0.08, 0.25, 2), rng.uniform(0, 2, 2), rng.uniform(-0.6, 0.6, 2))
        for _ in range(5)
    ]
    for number in range(round(seconds * fps)):
        time = number / float(fps)
        across, down = 0.5 + 0.5 * np.sin(pan * time + pan_phase)
        left, top = int(across * (canvas.shape[1] - width)), int(down * (canvas.shape[0] - height))
        image = canvas[top : top + height, left : left + width].copy()
        for colour, extent, start, speed in shapes:
            centre = 1 - np.abs((start + speed * time) % 2 - 1)  # bounces off the edges
            low = np.maximum(centre - extent / 2, 0) * (width, height)
            high = np.minimum(centre + extent / 2, 1) * (width, height)
            image[int(low[1]) : int(high[1]), int(low[0]) : int(high[0])] = colour
        yield image


def _texture(rng: np.random.Generator, width: int, height: int) -> Image:
    """Noise at five scales, the coarse ones strongest, stretched to the full range."""
    picture = np.zeros((height, width, 3), np.float32)
    for cells, strength in ((3, 1.0), (6, 0.7), (12, 0.5), (24, 0.35), (48, 0.25)):
        grid = rng.standard_normal((cells + 1, cells + 1, 3)).astype(np.float32)
        rows, columns = np.linspace(0, cells, height), np.linspace(0, cells, width)
        upper, left = np.minimum(rows.astype(int), cells - 1), np.minimum(columns.astype(int), cells - 1)
        beside = (columns - left).astype(np.float32)[None, :, None]
        below = (rows - upper).astype(np.float32)[:, None, None]
        stretched = grid[:, left] * (1 - beside) + grid[:, left + 1] * beside
        picture += strength * (stretched[upper] * (1 - below) + stretched[upper + 1] * below)
    low, high = picture.min(axis=(0, 1)), picture.max(axis=(0, 1))
    return np.asarray((picture - low) / (high - low) * 255, np.uint8)


def write_video(
    path: str | Path,
    frames: Iterable[Image | av.VideoFrame],
    fps: float | Fraction = 25,
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    gop: int | None = None,
    options: Mapping[str, str] | None = None,
    rotation: int = 0,
    sample_aspect: Fraction | None = None,
    color_trc: int | None = None,
    times: Sequence[float] | None = None,
    audio: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    format: str | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """Encodes frames (RGB images or ready VideoFrames, all of one size) into a file and returns its path.

    gop: frames from one keyframe to the next, at most (the encoder's default where None).
    options: of the encoder, over ENCODER_OPTIONS.
    rotation: degrees clockwise that a player is told to turn the picture by.
    times: seconds of each frame for a variable frame rate; ``fps`` then only names the rate in the header.
    audio: one stream of a quiet tone for each language, as long as the video.
    format: the muxer, where the file name does not tell.
    """
    path = Path(path)
    rate = Fraction(fps).limit_denominator(1001)
    time_base = Fraction(1, 90_000) if times is not None else 1 / rate
    chosen = {**ENCODER_OPTIONS.get(codec, {}), **(options or {})}
    with av.open(str(path), "w", format=format, container_options=dict(container_options or {})) as output:
        output.metadata.update(tags or {})
        stream: Any = None
        sounds = []
        end = 0.0
        for number, frame in enumerate(frames):
            picture = frame if isinstance(frame, av.VideoFrame) else av.VideoFrame.from_ndarray(frame, "rgb24")
            if stream is None:
                stream = output.add_stream(codec, rate=rate, options=chosen)
                stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, pix_fmt
                stream.codec_context.time_base = time_base
                if gop is not None:
                    stream.codec_context.gop_size = gop
                if sample_aspect is not None:
                    stream.codec_context.sample_aspect_ratio = sample_aspect
                if color_trc is not None:
                    stream.codec_context.color_trc = color_trc
                if rotation:
                    # FFmpeg's matrix counts degrees against the clock.
                    stream.set_display_rotation(-rotation)
                sounds = [_add_sound(output, language) for language in audio]
            if color_trc is not None:
                picture.color_trc = color_trc
            end = number / float(rate) if times is None else times[number]
            picture.pts = number if times is None else round(end / time_base)
            picture.time_base = time_base
            output.mux(stream.encode(picture))
        if stream is None:
            raise ValueError("a video needs at least one frame")
        output.mux(stream.encode(None))
        for sound in sounds:
            _write_tone(output, sound, end + 1 / float(rate))
    return path


def write_audio(path: str | Path, seconds: float = 1.0, language: str = "und", format: str | None = None) -> Path:
    """A file with one stream of sound and no picture."""
    with av.open(str(path), "w", format=format) as output:
        _write_tone(output, _add_sound(output, language), seconds)
    return Path(path)


def _add_sound(output: Any, language: str) -> Any:
    stream = output.add_stream("aac", rate=44_100, layout="mono")
    stream.metadata["language"] = language
    return stream


def _write_tone(output: Any, stream: Any, seconds: float) -> None:
    samples = max(1024, round(seconds * 44_100))
    tone = (0.1 * np.sin(np.arange(samples) * 2 * np.pi * 440 / 44_100)).astype(np.float32)[None]
    frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 44_100, 0, Fraction(1, 44_100)
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def remux(
    path: str | Path, out: str | Path, *, tags: Mapping[str, str] | None = None, format: str | None = None
) -> Path:
    """Copies the packets of every stream into another container, without decoding; tags replace the old ones."""
    with av.open(str(path)) as source, av.open(str(out), "w", format=format) as output:
        output.metadata.update(source.metadata if tags is None else tags)
        targets, filters = {}, {}
        for stream in source.streams:
            targets[stream.index] = target = output.add_stream_from_template(stream, opaque=True)
            target.metadata.update(stream.metadata)
            if output.format.name == "avi" and isinstance(stream, av.VideoStream):
                target.time_base = Fraction(1) / (stream.average_rate or 25)  # AVI has a tick for each frame
                if stream.codec.name in ("h264", "hevc"):  # and its muxer does not bring the start codes itself
                    to_annex_b = f"{stream.codec.name}_mp4toannexb"
                    filters[stream.index] = av.BitStreamFilterContext(to_annex_b, stream, target)
        packets = [packet for packet in source.demux() if packet.size]
        for stream in source.streams:
            _complete_times([packet for packet in packets if packet.stream_index == stream.index])
        for packet in packets:
            index = packet.stream_index
            for written in filters[index].filter(packet) if index in filters else [packet]:
                written.stream = targets[index]
                output.mux(written)
    return Path(out)


def _complete_times(packets: list[Any]) -> None:
    """Adds what Matroska leaves out and other muxers need: how long a frame lasts, the first and last dts."""
    for packet in packets:
        if not packet.duration and packet.stream.type == "video" and packet.stream.average_rate:
            packet.duration = round(1 / (packet.stream.average_rate * packet.time_base))
    for packet, after in reversed(list(pairwise(packets))):
        if packet.dts is None and after.dts is not None:
            packet.dts = after.dts - 1
    for before, packet in pairwise(packets):
        if packet.dts is None and before.dts is not None:
            packet.dts = before.dts + 1
