"""Real videos for the tests, made with PyAV alone: scenes, files, remuxes and a folder of hostile ones.

write_video(tmp_path / "a.mp4", scene(seed=1, seconds=3))
write_video(tmp_path / "two_shots.mkv", chain(scene(1), scene(2)), fps=30, gop=15)
remux(tmp_path / "a.mp4", tmp_path / "a.mkv", tags={"title": "another"})
"""

from __future__ import annotations

import os
import shutil
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from twinreel.types import FailureKind

Image = NDArray[np.uint8]
"""(height, width, 3) RGB."""

ENCODER_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "23"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
}
"""Quick and quiet, where the caller does not say otherwise."""
REPEATABLE = "asm=AVX2"
"""Of x264: with AVX-512 its macroblock tree makes one stream now and another then of the same frames."""


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
    subtitles: Sequence[str] = (),
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
    subtitles: one stream of SubRip for each language; for Matroska.
    format: the muxer, where the file name does not tell.
    """
    path = Path(path)
    rate = Fraction(fps).limit_denominator(1001)
    time_base = Fraction(1, 90_000) if times is not None else 1 / rate
    chosen = {**ENCODER_OPTIONS.get(codec, {}), **(options or {})}
    if codec == "libx264":
        chosen["x264-params"] = ":".join([REPEATABLE, *filter(None, [chosen.get("x264-params")])])
    with av.open(str(path), "w", format=format, container_options=dict(container_options or {})) as output:
        output.metadata.update(tags or {})
        stream: Any = None
        sounds, texts = [], []
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
                texts = [_add_text(output, language) for language in subtitles]
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
        for text in texts:
            line: Any = av.Packet(b"Well?")
            line.stream, line.pts, line.dts, line.duration, line.time_base = text, 0, 0, 500, Fraction(1, 1000)
            output.mux(line)
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


def _add_text(output: Any, language: str) -> Any:
    stream = output.add_mux_stream("subrip", time_base=Fraction(1, 1000))
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


@dataclass(frozen=True)
class Hostile:
    """What has to become of one file of the hostile folder."""

    refused: FailureKind | None = None
    """None: it opens and frames of it decode."""
    reason: str = ""
    """Part of the reason of a refusal."""
    duration: float | None = None
    """Seconds, where it opens; None where it depends on the encoder."""
    size: tuple[int, int] = (160, 96)
    """(width, height) as shown, where it opens."""


def hostile_folder(root: str | Path) -> dict[str, Hostile]:
    """Fills a folder with all kinds of files that a scan must survive: name -> what has to become of it.

    Names that this system cannot hold are left out, and permissions that do not bite (for root, on Windows) are not
    expected to.
    """
    root = Path(root)
    bad, denied = FailureKind.BAD_FILE, FailureKind.NO_ACCESS
    good = Hostile(duration=2.0)
    small = (160, 96)
    frames = list(scene(1, 2.0, size=small))
    short = frames[:25]
    base = write_video(root / "good.mp4", frames, gop=10, audio=["eng"])
    content = base.read_bytes()
    cases = {"good.mp4": good}

    def write(name: str, data: bytes, expected: Hostile) -> None:
        (root / name).write_bytes(data)
        cases[name] = expected

    def encode(name: str, expected: Hostile, pictures: Iterable[Any] = short, **options: Any) -> Path:
        cases[name] = expected
        return write_video(root / name, pictures, **options)

    # Cut, damaged, empty
    write("cut, index last.mp4", content[: len(content) // 2], Hostile(bad, "the index (moov) of this MP4"))
    encode("cut, index first.mp4", Hostile(), frames, container_options={"movflags": "faststart"})
    _cut(root / "cut, index first.mp4", 0.5)
    remux(base, root / "cut.mkv")
    _cut(root / "cut.mkv", 0.6)
    cases["cut.mkv"] = Hostile()
    rng = np.random.default_rng(0)
    damaged = np.frombuffer(content, np.uint8).copy()
    middle = content.index(b"mdat") + 4 + rng.integers(6000, 12000, 40)
    damaged[middle] = rng.integers(0, 256, 40)
    write("damaged in the middle.mp4", damaged.tobytes(), good)
    write("empty.mp4", b"", Hostile(bad, "empty"))
    write("zeros.mp4", bytes(10_000), Hostile(bad, "nothing but zeros"))

    # No video at all, or none of its own
    write_audio(root / "sound only.mp4")
    cases["sound only.mp4"] = Hostile(bad, "no video: sound only")
    _write_covered_sound(root / "sound with a cover.mp4", short[0])
    cases["sound with a cover.mp4"] = Hostile(bad, "no video: sound and a cover picture only")
    write("garbage.mp4", rng.bytes(50_000), Hostile(bad, "not a video"))
    write("text.mp4", b"Dear diary, to-day\n" * 500, Hostile(bad, "a text"))
    write("web page.mp4", b"<!DOCTYPE html><html><body>404</body></html>", Hostile(bad, "a web page"))
    playlist = Hostile(bad, "a playlist")
    write("playlist.mp4", f"#EXTM3U\n#EXTINF:2,\n{base}\n#EXT-X-ENDLIST\n".encode(), playlist)
    write("playlist.ts", f"#EXTM3U\n#EXTINF:2,\nfile://{base}\n#EXT-X-ENDLIST\n".encode(), playlist)
    write("concat.mp4", b"ffconcat version 1.0\nfile good.mp4\n", playlist)
    write("manifest.mp4", b'<?xml version="1.0"?><MPD><BaseURL>good.mp4</BaseURL></MPD>', playlist)

    # Odd pictures
    encode("one frame.mp4", Hostile(duration=0.04), frames[:1])
    y = np.full((4320 * 3 // 2, 7680), 128, np.uint8)
    y[1000:2000, 1000:3000] = 200
    encode(
        "8K.mp4",
        Hostile(duration=0.08, size=(7680, 4320)),
        [av.VideoFrame.from_ndarray(y, "yuv420p") for _ in range(2)],
        options={"preset": "ultrafast", "rc-lookahead": "0", "aq-mode": "0"},
    )
    second = Hostile(duration=1.0)
    encode("10 bit.mp4", second, pix_fmt="yuv420p10le")
    encode("4-4-4.mp4", second, pix_fmt="yuv444p")
    encode("gray.mkv", second, codec="ffv1", pix_fmt="gray")
    encode("gray 16 bit.mkv", second, codec="ffv1", pix_fmt="gray16le")
    encode("palette.mov", second, map(_paletted, short), codec="png", pix_fmt="pal8")
    encode("palette.avi", second, map(_paletted, short), codec="rawvideo", pix_fmt="pal8")
    encode("interlaced.mp4", second, options={"x264-params": "tff=1"})
    encode("odd size.mkv", Hostile(duration=1.0, size=(33, 17)), scene(2, 1, size=(33, 17)), codec="ffv1")
    encode("moving.gif", second, codec="gif", pix_fmt="rgb8")
    encode("moving.apng", second, codec="apng", pix_fmt="rgb24")
    encode("moving.webp", Hostile(bad, "animated WebP"), short[:3], codec="libwebp_anim")
    still = Hostile(duration=0.04)
    encode("still.webp", still, frames[:1], codec="libwebp")
    encode("still.mp4", still, frames[:1], codec="mjpeg", pix_fmt="yuvj420p", format="image2")
    write("huge.apng", _png_header(60_000, 60_000), Hostile(bad, "no picture size can be told"))

    # Durations
    encode("no duration.h264", second)
    encode("no duration.mkv", second, container_options={"live": "1"})
    encode("fragments.mp4", second, container_options={"movflags": "frag_keyframe+empty_moov"}, gop=10)
    write("claims 0.2 s.mp4", _claim(content, 0.1), good)
    write("claims 20000 s.mp4", _claim(content, 10_000), good)
    remuxed = remux(base, root / "claims 31 years.mkv").read_bytes()
    remuxed = remuxed.replace(b"\x44\x89\x88" + struct.pack(">d", _matroska_duration(remuxed)), _YEARS)
    write("claims 31 years.mkv", remuxed.replace(b"00:00:02.", b"99:59:59."), good)

    # Access
    if sys.platform != "win32":
        shutil.copy(base, root / "no permission.mp4")
        (root / "no permission.mp4").chmod(0)
        readable = os.access(root / "no permission.mp4", os.R_OK)
        cases["no permission.mp4"] = good if readable else Hostile(denied, "permission")
        (root / "loop.mp4").symlink_to("loop.mp4")
        (root / "loop a.mp4").symlink_to("loop b.mp4")
        (root / "loop b.mp4").symlink_to("loop a.mp4")
        cases |= dict.fromkeys(("loop.mp4", "loop a.mp4", "loop b.mp4"), Hostile(denied, "form a loop"))
        (root / "points nowhere.mp4").symlink_to("gone.mp4")
        cases["points nowhere.mp4"] = Hostile(denied, "no such file")
        os.mkfifo(root / "pipe.mp4")
        cases["pipe.mp4"] = Hostile(denied, "a pipe")

    # Names
    for name in HOSTILE_NAMES:
        if sys.platform == "win32" and set(name) & set('<>:"|?*\n\t'):
            continue
        try:
            shutil.copy(base, root / name)
        except (OSError, UnicodeError):
            continue
        cases[name] = good
    return cases


HOSTILE_NAMES = (
    "фильм.mp4",
    "映画 🎬.mp4",
    "فيلم.mp4",
    "e\u0301.mp4",
    "100% %03d %s.mp4",
    "-i leading dash.mp4",
    " spaces .mp4",
    "pipe:0.mp4",
    "concat:a|b.mp4",
    "http:evil.example.mp4",
    "{a,b}*?[x].mp4",
    "new\nline\ttab.mp4",
    "quote' \"quote.mp4",
    os.fsdecode(b"invalid \xff\xfe\xe9.mp4") if sys.platform != "win32" else "invalid \udc80.mp4",
)

_YEARS = b"\x44\x89\x88" + struct.pack(">d", 1e12)


def _cut(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def _claim(mp4: bytes, factor: float) -> bytes:
    """The same MP4 with every duration of movie, track and media multiplied, all else as it was."""
    changed = bytearray(mp4)
    for box, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        at = changed.find(box)
        while at >= 0:
            (ticks,) = struct.unpack_from(">I", changed, at + 4 + offset)
            struct.pack_into(">I", changed, at + 4 + offset, min(int(ticks * factor), 2**32 - 2))
            at = changed.find(box, at + 4)
    return bytes(changed)


def _matroska_duration(mkv: bytes) -> float:
    at = mkv.index(b"\x44\x89\x88")
    return float(struct.unpack_from(">d", mkv, at + 3)[0])


def _paletted(image: Image) -> av.VideoFrame:
    """The picture in a fixed palette of 8 x 8 x 4 colours."""
    numbers = np.arange(256)
    palette = np.stack([np.full(256, 255), (numbers >> 5) * 36, (numbers >> 2 & 7) * 36, (numbers & 3) * 85], axis=1)
    red, green, blue = image[..., 0], image[..., 1], image[..., 2]
    indices = (red >> 5 << 5) | (green >> 5 << 2) | (blue >> 6)
    return av.VideoFrame.from_ndarray((indices, palette.astype(np.uint8)), "pal8")  # type: ignore[arg-type]


def _write_covered_sound(path: Path, cover: Image) -> None:
    with av.open(str(path), "w") as output:
        sound = _add_sound(output, "eng")
        stream: Any = output.add_stream("mjpeg", rate=1)
        stream.height, stream.width = cover.shape[:2]
        stream.pix_fmt = "yuvj420p"
        stream.disposition = av.stream.Disposition.attached_pic
        output.mux(stream.encode(av.VideoFrame.from_ndarray(cover, "rgb24")))
        output.mux(stream.encode(None))
        _write_tone(output, sound, 1.0)


def _png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    picture = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + picture
