"""Which frames a sampling takes, read off the frames themselves: every picture carries its number."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from makers import Hostile, _paletted, remux, scene, write_video
from numbered import number_in, numbered, red_corner
from twinreel.errors import BadFile, MediaError, UserError
from twinreel.media import packets as packets_module
from twinreel.media import picking as picking_module
from twinreel.media import sampling as sampling_module
from twinreel.media.frames import Scaler
from twinreel.media.picking import picked_frames
from twinreel.media.sampling import (
    CHUNK,
    MODES,
    Sampling,
    every_frame,
    packets_of,
    sample,
    sample_at,
)
from twinreel.media.source import open_video
from twinreel.types import Float64, Samples, Span, UInt8

FPS, COUNT = 25, 160
SIZE = (224, 224)
Shown = list[tuple[float, int]]
"""Seconds and the number in the picture."""

OPEN = "open-gop=1:scenecut=0"
VIDEOS: dict[str, dict[str, Any]] = {
    "long.mp4": {"gop": 130, "options": {"bf": "3"}},
    "short.mp4": {"gop": 30, "options": {"bf": "2"}},
    "no b.mp4": {"gop": 40, "options": {"bf": "0"}},
    "open.mp4": {"gop": 48, "options": {"bf": "3", "x264-params": OPEN}},
    "open hevc.mp4": {"codec": "libx265", "gop": 48, "options": {"x265-params": f"log-level=none:bframes=4:{OPEN}"}},
    "fragments.mp4": {"gop": 48, "options": {"bf": "3"}, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "vp9.webm": {
        "codec": "libvpx-vp9",
        "gop": 60,
        "options": {"deadline": "realtime", "cpu-used": "8", "b": "2M", "auto-alt-ref": "1", "lag-in-frames": "16"},
    },
    "mpeg4.avi": {"codec": "mpeg4", "gop": 50, "options": {"b": "4M"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "counted.h264": {"gop": 48, "options": {"bf": "3", "x264-params": OPEN}},
}
"""How each is encoded, all of the same 160 frames."""
REMUXES = {"open.mkv": "open.mp4", "open.ts": "open.mp4", "long.mkv": "long.mp4", "open.flv": "open.mp4"}
ALL = [*VIDEOS, *REMUXES]
REFERENCES = 5
"""Frames from one reference frame to the next at most, in all of these."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes each video when it is first asked for."""
    root = tmp_path_factory.mktemp("numbered")

    def make(name: str) -> Path:
        path = root / name
        if not path.exists():
            if name in REMUXES:
                remux(make(REMUXES[name]), path)
            else:
                write_video(path, numbered(COUNT), FPS, **VIDEOS[name])
        return path

    return make


def together(chunks: Sequence[Samples]) -> tuple[Float64, UInt8]:
    """All samples, after a look at what holds for every sampling of every file."""
    assert chunks
    assert all(1 <= len(chunk.times) <= CHUNK for chunk in chunks)
    times = np.concatenate([chunk.times for chunk in chunks])
    assert times[0] >= 0
    assert (np.diff(times) > 0).all()
    return times, np.concatenate([chunk.images for chunk in chunks])


def shown(path: Path, sampling: str, **options: Any) -> Shown:
    times, images = together(list(sample(str(path), Sampling.parse(sampling), SIZE, **options)))
    assert images.shape[1:] == (*SIZE, 3)
    return [(float(time), number_in(image)) for time, image in zip(times, images, strict=True)]


def on_show(starts: Float64, seconds: float) -> int:
    """The frame on show at a time, where frame i begins at starts[i]; a millisecond is what Matroska rounds to."""
    return max(0, int(np.searchsorted(starts, seconds + 1e-3, side="right")) - 1)


REGULAR = np.arange(COUNT) / FPS


def keyframes_by_decoding_all(path: Path) -> Shown:
    """The frames that the decoder calls keyframes, by its timestamps, counted from the first."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.key_frame and frame.time is not None:
                found.append((frame.time, number_in(frame.to_ndarray(format="rgb24").astype(np.uint8))))
    return [(time - found[0][0], number) for time, number in found]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("step", [1.0, 0.2])
def test_dense_takes_the_frame_on_show_at_every_step(video: Callable[[str], Path], name: str, step: float) -> None:
    found = shown(video(name), f"dense:{step}")
    expected = [(k * step, on_show(REGULAR, k * step)) for k in range(math.ceil(COUNT / FPS / step - 1e-9))]
    assert [number for _, number in found] == [number for _, number in expected]
    np.testing.assert_allclose([time for time, _ in found], [time for time, _ in expected], atol=1.5e-3)


@pytest.mark.parametrize("name", ["long.mp4", "open.mp4", "open hevc.mp4", "open.mkv", "open.ts", "fragments.mp4"])
def test_keyframes_are_what_the_decoder_calls_so_at_their_times(video: Callable[[str], Path], name: str) -> None:
    found = shown(video(name), "keyframes")
    expected = keyframes_by_decoding_all(video(name))
    assert [number for _, number in found] == [number for _, number in expected]
    np.testing.assert_allclose([time for time, _ in found], [time for time, _ in expected], atol=1e-3)
    np.testing.assert_allclose([time * FPS for time, _ in found], [number for _, number in found], atol=0.05)


@pytest.mark.parametrize("name", ALL)
def test_every_frame_was_on_show_at_its_time(video: Callable[[str], Path], name: str) -> None:
    for sampling in ("keyframes", "auto", "auto:0.3"):
        for time, number in shown(video(name), sampling):
            # packets of a bare stream are counted in the order of decoding
            slack = 1 if (sampling, name) == ("keyframes", "counted.h264") else 0
            assert number == pytest.approx(on_show(REGULAR, time), abs=slack)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("step", [1.0, 0.5])
def test_auto_leaves_no_gap_and_has_the_keyframes(video: Callable[[str], Path], name: str, step: float) -> None:
    found = [time for time, _ in shown(video(name), f"auto:{step}")]
    # unreferenced frames are skipped: a gap ends at the next of the others
    assert max(np.diff([*found, COUNT / FPS])) <= step + REFERENCES / FPS + 1e-3
    for time, _ in shown(video(name), f"keyframes:{step}"):
        assert min(abs(time - other) for other in found) <= step / 2


def test_an_avi_with_reordered_frames_is_right_within_three(video: Callable[[str], Path], tmp_path: Path) -> None:
    """AVI has no times of showing: what FFmpeg makes of the order of decoding is off by as much as frames move."""
    path = remux(video("open.mp4"), tmp_path / "open.avi")
    for sampling in ("keyframes", "dense:0.2", "auto"):
        found = shown(path, sampling)
        assert found[0][1] == 0
        assert all(time * FPS == pytest.approx(number, abs=3.05) for time, number in found)


def test_keyframes_of_an_intra_only_video_keep_half_a_step_apart(video: Callable[[str], Path]) -> None:
    for name in ("mjpeg.avi", "mjpeg.mov"):
        found = shown(video(name), "keyframes:0.8")
        assert [number for _, number in found] == list(range(0, COUNT, 10))
        assert shown(video(name), "auto:0.8") == found


def test_threads_change_nothing(video: Callable[[str], Path]) -> None:
    for sampling in ("keyframes", "auto", "dense:0.2"):
        assert shown(video("open.mp4"), sampling, threads=3) == shown(video("open.mp4"), sampling)


@pytest.mark.parametrize("name", ["long.mp4", "open.mp4", "open.ts"])
def test_groups_that_are_too_large_to_be_held(
    video: Callable[[str], Path], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {sampling: shown(video(name), sampling) for sampling in ("dense:0.2", "auto")}
    monkeypatch.setattr(packets_module, "MOST_HELD", 1500)  # bytes: a few frames
    assert shown(video(name), "dense:0.2") == whole["dense:0.2"]
    in_parts = shown(video(name), "auto")
    assert all(time * FPS == pytest.approx(number, abs=0.05) for time, number in in_parts)
    assert max(np.diff([time for time, _ in in_parts])) <= 1 + REFERENCES / FPS


def test_a_step_of_one_frame_takes_all_and_a_long_one_takes_one(video: Callable[[str], Path]) -> None:
    assert [number for _, number in shown(video("open.mp4"), "dense:0.04")] == list(range(COUNT))
    assert shown(video("long.mp4"), "dense:3600") == [(0.0, 0)]


def test_every_frame(video: Callable[[str], Path]) -> None:
    for name in ("open.mp4", "mjpeg.avi", "counted.h264"):
        found = [(time, number_in(image)) for time, image in every_frame(str(video(name)), SIZE)]
        assert [number for _, number in found] == list(range(COUNT))
        np.testing.assert_allclose([time for time, _ in found], REGULAR, atol=1e-3)


def test_frames_at_given_times(video: Callable[[str], Path]) -> None:
    times = [0.0, 0.01, 1.85, 1.87, 1.95, 3.5, 3.5, 6.37, 6.5, 99.0]
    for name in ("long.mp4", "open.mp4", "open hevc.mp4", "open.ts"):
        found, images = together(list(sample_at(str(video(name)), times, SIZE)))
        # 3.5 once, and nothing after the end
        assert found.tolist() == pytest.approx([0.0, 0.01, 1.85, 1.87, 1.95, 3.5, 6.37], abs=1e-3)
        assert [number_in(image) for image in images] == [on_show(REGULAR, time) for time in found]


def test_how_far_packets_go(video: Callable[[str], Path]) -> None:
    *_, last = packets_of(str(video("long.mp4")))
    assert (last.last, last.last_key, last.end) == pytest.approx((6.36, 5.2, 6.4))


# Variable frame rate


@pytest.fixture(scope="module")
def irregular() -> Float64:
    gaps = np.random.default_rng(1).choice([0.02, 0.04, 0.1, 0.5, 2.5], COUNT - 1)
    return np.concatenate([[0.0], np.cumsum(gaps)])


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv"])
@pytest.mark.parametrize("gop", [30, 250])
def test_variable_frame_rate(tmp_path: Path, irregular: Float64, name: str, gop: int) -> None:
    path = write_video(tmp_path / name, numbered(COUNT), times=irregular.tolist(), gop=gop)
    for sampling in ("dense", "auto"):
        found = shown(path, sampling)
        assert max(np.diff([time for time, _ in found])) <= 1 + 2e-3
        assert all(number == on_show(irregular, time) for time, number in found)
    assert all(irregular[number] == pytest.approx(time, abs=1e-3) for time, number in shown(path, "keyframes"))


def test_variable_frame_rate_of_short_frames(tmp_path: Path) -> None:
    """Here auto skips unreferenced frames, and takes each frame for its own time."""
    times = np.cumsum(np.random.default_rng(2).choice([0.02, 0.04, 0.1], COUNT)) - 0.02
    times -= times[0]
    found = shown(write_video(tmp_path / "v.mp4", numbered(COUNT), times=times.tolist(), gop=250), "auto")
    assert all(times[number] == pytest.approx(time, abs=1e-3) for time, number in found)
    assert max(np.diff([time for time, _ in found])) <= 1 + 0.4  # up to four frames of 0.1 s apart


@pytest.mark.parametrize("gop", [1, 2, 250])
@pytest.mark.parametrize("name", ["slides.mp4", "slides.mkv"])
def test_slides_shown_for_five_seconds(tmp_path: Path, name: str, gop: int) -> None:
    path = write_video(tmp_path / name, numbered(5), times=[0, 5, 10, 15, 20], gop=gop)
    expected = [(float(second), second // 5) for second in range(21)]
    assert shown(path, "dense") == expected
    assert shown(path, "auto") == expected


def test_the_last_frame_counts_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    made = write_video(tmp_path / "made.mkv", numbered(2), times=[0, 2], codec="mjpeg", pix_fmt="yuvj420p")
    with av.open(str(made)) as source, av.open(str(tmp_path / "lasts.mp4"), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream, packet.duration = stream, 2000 if packet.pts == 0 else 6000
                output.mux(packet)
    assert shown(tmp_path / "lasts.mp4", "dense") == [(float(s), int(s >= 2)) for s in range(8)]


# Where a video begins


@pytest.mark.parametrize("name", ["late.ts", "late.mkv", "late.mp4"])
@pytest.mark.parametrize("sampling", ["keyframes:4", "dense", "auto"])
def test_seconds_count_from_the_first_shown_frame(tmp_path: Path, name: str, sampling: str) -> None:
    path = write_video(tmp_path / name, numbered(100), times=[100 + i / FPS for i in range(100)], gop=50)
    found = shown(path, sampling)
    assert found[0] == (0.0, 0)
    assert [number for _, number in found] == [round(time * FPS) for time, _ in found]


@pytest.mark.parametrize("before", [3.0, 0.5])
def test_what_an_edit_list_cuts_off_is_not_shown(tmp_path: Path, before: float) -> None:
    """An MP4 trimmed without decoding: its only keyframe lies before the start."""
    hidden = round(before * FPS)
    times = [(i - hidden) / FPS for i in range(200)]
    path = write_video(tmp_path / "trimmed.mp4", numbered(200), times=times, gop=250)
    for sampling in ("dense", "auto"):
        found = shown(path, sampling)
        assert found[0][0] < REFERENCES / FPS  # auto may skip the very first
        assert [number for _, number in found] == [hidden + round(time * FPS) for time, _ in found]
    assert shown(path, "dense")[0] == (0.0, hidden)
    assert shown(path, "keyframes") == [(0.0, hidden)]


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_frames(tmp_path: Path, count: int) -> None:
    path = write_video(tmp_path / "short.mp4", numbered(count, start=7))
    for sampling in ("keyframes", "dense", "auto"):
        assert shown(path, sampling) == [(0.0, 7)]


# Wrong timestamps


def with_timestamps(source: Path, out: Path, milliseconds: Sequence[int]) -> Path:
    """The packets of an intra-only video under other timestamps."""
    with av.open(str(source)) as read, av.open(str(out), "w") as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        frames = (packet for packet in read.demux(video=0) if packet.size)
        for packet, time in zip(frames, milliseconds, strict=False):
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, time, time, Fraction(1, 1000)
            packet.duration = 0
            written.mux(packet)
    return out


@pytest.mark.parametrize("sampling", ["keyframes:0.04", "dense:0.04", "auto:0.04", "keyframes", "auto"])
def test_times_that_repeat_never_come_twice(video: Callable[[str], Path], tmp_path: Path, sampling: str) -> None:
    times = [0, 0, 40, 40, 40, 80, 81, 82, 120, 120, 160, 200]
    path = with_timestamps(video("mjpeg.mov"), tmp_path / "twice.mkv", times)
    assert shown(path, sampling)[0] == (0.0, 0)  # the look at ascending times is in ``together``


def test_a_timestamp_days_ahead_does_not_fill_the_days(
    video: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picking_module, "MOST_REPEATS", 5)
    times = [*range(0, 4000, 40), 10**9, 10**9 + 40]
    path = with_timestamps(video("mjpeg.mov"), tmp_path / "ahead.mkv", times)
    for step in (1, 2):
        found = shown(path, f"dense:{step}")
        repeats = range(0, math.ceil(3.96 + 5 * step), step)
        assert found == [*((float(second), min(99, 25 * second)) for second in repeats), (1e6, 100)]


# Damage


@pytest.mark.parametrize("name", ["open.mkv", "open.ts", "mjpeg.avi"])
def test_a_truncated_file_yields_what_can_be_read(video: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    shutil.copy(video(name), path)
    os.truncate(path, path.stat().st_size * 6 // 10)
    for sampling in ("dense:0.2", "auto", "keyframes"):
        whole = dict(shown(video(name), sampling))
        times, images = together(list(sample(str(path), Sampling.parse(sampling), SIZE)))
        assert 1.5 < times[-1] < 5
        # the last frame may have lost its lower part
        assert all(whole[float(time)] == number_in(image) for time, image in list(zip(times, images, strict=True))[:-1])


def test_a_file_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", numbered(10), codec="mjpeg", pix_fmt="yuvj420p")
    content = bytearray(path.read_bytes())
    first = content.index(b"\xff\xd8")  # the first JPEG; all that follows becomes noise
    content[first:] = np.random.default_rng(0).bytes(len(content) - first)
    path.write_bytes(content)
    with pytest.raises(BadFile):
        list(sample(str(path), Sampling("dense"), SIZE))


@pytest.mark.parametrize("mode", ["keyframes", "dense", "auto"])
def test_every_hostile_file_is_sampled_or_refused(
    hostile: tuple[Path, dict[str, Hostile]], mode: str, subtests: pytest.Subtests
) -> None:
    root, cases = hostile
    for name, expected in cases.items():
        with subtests.test(name=ascii(name)):
            if expected.refused is None:
                times, images = together(list(sample(str(root / name), Sampling(mode), (32, 48))))
                assert images.shape == (len(times), 32, 48, 3)
                if expected.duration is not None:
                    assert times[-1] < expected.duration
            else:
                with pytest.raises(MediaError) as caught:
                    list(sample(str(root / name), Sampling(mode), (32, 48)))
                assert caught.value.kind is expected.refused


# Pictures


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(0, ("top", "left")), (90, ("top", "right")), (180, ("bottom", "right")), (270, ("bottom", "left"))],
)
def test_pictures_stand_upright(tmp_path: Path, rotation: int, corner: tuple[str, str]) -> None:
    path = write_video(tmp_path / "turned.mp4", numbered(60, size=(192, 128)), rotation=rotation)
    (samples,) = sample(str(path), Sampling("dense"), (160, 120))
    assert samples.images.shape == (3, 160, 120, 3)
    assert [red_corner(image) for image in samples.images] == [corner] * 3
    turned_back = np.rot90(samples.images, rotation // 90, axes=(1, 2))
    assert [number_in(image) for image in turned_back] == [0, 25, 50]


def test_the_picture_is_stretched_whatever_its_shape(tmp_path: Path) -> None:
    """Sample aspect and size change the shape in which a player shows it, not what the describer gets."""
    plain = write_video(tmp_path / "plain.mkv", numbered(1, size=(192, 128)), codec="ffv1")
    squeezed = write_video(
        tmp_path / "squeezed.mkv", numbered(1, size=(192, 128)), codec="ffv1", sample_aspect=Fraction(4, 3)
    )
    images = [next(sample(str(path), Sampling(), SIZE)).images for path in (plain, squeezed)]
    np.testing.assert_array_equal(images[0], images[1])
    assert number_in(next(sample(str(plain), Sampling(), (97, 301))).images[0]) == 0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("10 bit.mp4", {"pix_fmt": "yuv420p10le"}),
        ("12 bit.mkv", {"codec": "ffv1", "pix_fmt": "yuv422p12le"}),
        ("444.mp4", {"pix_fmt": "yuv444p"}),
        ("gray.mkv", {"codec": "ffv1", "pix_fmt": "gray"}),
        ("gray 16.mkv", {"codec": "ffv1", "pix_fmt": "gray16le"}),
        ("rgb.mkv", {"codec": "ffv1", "pix_fmt": "bgr0"}),
        ("palette.mov", {"codec": "png", "pix_fmt": "pal8"}),
        ("interlaced.mp4", {"options": {"x264-params": "tff=1"}}),
        ("moving.gif", {"codec": "gif", "pix_fmt": "rgb8"}),
    ],
)
def test_pixel_formats(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    pictures = map(_paletted, numbered(30)) if options.get("pix_fmt") == "pal8" else numbered(30)
    found = shown(write_video(tmp_path / name, pictures, **options), "dense:0.2")
    assert [number for _, number in found] == [0, 5, 10, 15, 20, 25]
    np.testing.assert_allclose([time for time, _ in found], np.arange(6) / 5, atol=0.011)  # GIF has centiseconds


def test_colours_are_right_in_limited_and_full_range(tmp_path: Path) -> None:
    colours = np.array([[(200, 30, 40), (30, 180, 60)], [(40, 60, 220), (230, 220, 40)]], np.uint8)
    picture = colours.repeat(64, axis=0).repeat(96, axis=1)
    for name, options in (
        ("limited.mp4", {"options": {"crf": "5"}}),
        ("full.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "options": {"qmin": "1", "q": "1"}}),
    ):
        path = write_video(tmp_path / name, [picture] * 3, **options)
        image = next(sample(str(path), Sampling(), SIZE)).images[0]
        for y in range(2):
            for x in range(2):
                middle = image[112 * y + 30 : 112 * y + 80, 112 * x + 30 : 112 * x + 80].mean(axis=(0, 1))
                np.testing.assert_allclose(middle, colours[y, x], atol=6)


def test_bars_are_cut_off_all_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def letterboxed() -> Any:
        for image in numbered(COUNT):
            tall = np.zeros((192, 192, 3), np.uint8)
            tall[32:160] = image
            yield tall

    path = write_video(tmp_path / "bars.mp4", letterboxed(), gop=50)
    expected = [(float(second), 25 * second) for second in range(7)]
    assert shown(path, "dense") == expected
    # where large frames leave room for few, those from all over the video decide
    monkeypatch.setattr(sampling_module, "MOST_PIXELS", 1)
    assert shown(path, "dense") == expected


def test_bars_of_the_first_scene_only_are_left_alone(tmp_path: Path) -> None:
    frames = list(scene(1, 12, size=(192, 128)))
    for image in frames[: len(frames) // 2]:
        image[:20] = image[-20:] = 0
    path = write_video(tmp_path / "partly.mp4", frames, gop=25)
    _, images = together(list(sample(str(path), Sampling("dense"), (128, 192))))
    assert images[0][:18].max() < 40
    expected = np.stack([frames[25 * second] for second in range(12)])
    assert np.abs(images.astype(int) - expected).mean() < 6


# Sampling itself


@given(st.sampled_from(MODES), st.floats(0.04, 3600))
def test_sampling_reads_what_it_writes(mode: str, step: float) -> None:
    sampling = Sampling(mode, step)
    assert Sampling.parse(str(sampling)) == sampling


def test_sampling_texts() -> None:
    assert str(Sampling()) == "auto:1"
    assert str(Sampling("dense", 0.5)) == "dense:0.5"
    assert Sampling.parse("keyframes") == Sampling("keyframes", 1.0)
    assert Sampling.parse("auto:2.5") == Sampling("auto", 2.5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "unknown sampling ''"),
        ("fast", "use one of auto, keyframes, cascade, dense, shots, anchors"),
        ("dense:often", "dense:0.5"),
        ("dense:0", "0.04 to 3600"),
        ("dense:-1", "0.04 to 3600"),
        ("dense:1e9", "0.04 to 3600"),
        ("dense:nan", "0.04 to 3600"),
        ("dense:inf", "0.04 to 3600"),
    ],
)
def test_wrong_samplings_are_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Sampling.parse(text)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("spans", [((2.5, 4.1),), ((0.0, 1.2), (3.3, 9.0)), ((6.0, 6.3),)])
def test_within_spans_there_is_what_is_shown_then(
    video: Callable[[str], Path], name: str, spans: tuple[Span, ...]
) -> None:
    with open_video(str(video(name))) as source:
        found = [
            (picked.time, number_in(Scaler(SIZE)(picked.frame))) for picked in picked_frames(source, "auto", 0.3, spans)
        ]
    gap = REFERENCES / FPS
    for start, stop in spans:
        times = [time for time, _ in found if start - gap <= time <= stop + gap]
        ends = np.array([start, *times, min(stop, COUNT / FPS)])
        assert np.diff(ends).max() <= 0.3 + gap
    for time, number in found:
        assert any(start - gap <= time <= stop + gap for start, stop in spans)
        assert number == on_show(REGULAR, time)


def test_shots_and_anchors_are_chosen_elsewhere(video: Callable[[str], Path]) -> None:
    with open_video(str(video("long.mp4"))) as source, pytest.raises(ValueError, match="keyframes, dense or auto"):
        picked_frames(source, "shots", 1.0)


def test_samples_come_in_chunks_while_decoding_goes_on(video: Callable[[str], Path]) -> None:
    chunks = sample(str(video("mjpeg.mov")), Sampling("dense", 0.04), SIZE)
    first = next(chunks)
    assert [number_in(image) for image in first.images] == list(range(CHUNK))
    numbers = [number_in(image) for chunk in chain([first], chunks) for image in chunk.images]
    assert numbers == list(range(COUNT))
