"""Which frames a sampling takes of videos whose frames are not evenly spaced, begin late, or are timed wrongly."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from sampled import COUNT, FPS, REFERENCES, maker, on_show, shown

from makers import write_video
from numbered import numbered
from twinreel.media import picking as picking_module
from twinreel.types import Float64


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    return maker(tmp_path_factory.mktemp("numbered"))


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
