"""Frames at given times, all frames, and how far packets go, against the pictures that were encoded."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from makers import Image, remux, scene, write_video
from twinreel.errors import BadFile
from twinreel.media.identity import HEAD, stream_digest
from twinreel.media.probe import probe_with_head
from twinreel.media.sampling import Sampling, every_frame, listed_packets, packets_of, sample, sample_at
from twinreel.media.source import open_video
from twinreel.types import UInt8

SIZE = (96, 64)
FPS = 25


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    return list(scene(5, 6, FPS, SIZE))


@pytest.fixture(scope="module")
def video(pictures: list[Image], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("frames at")
    return str(write_video(folder / "video.mp4", pictures, FPS, gop=40, options={"crf": "10"}))


def nearest(image: UInt8, pictures: list[Image]) -> int:
    """Which of the encoded pictures a decoded frame is."""
    return int(np.argmin([np.abs(image.astype(float) - picture).mean() for picture in pictures]))


def test_the_frames_shown_at_given_times(video: str, pictures: list[Image]) -> None:
    wanted = [0.0, 0.05, 1.0, 1.61, 3.333, 5.99]
    (samples,) = sample_at(video, wanted, SIZE[::-1])
    assert samples.times == pytest.approx(wanted, abs=1e-3)
    assert [nearest(image, pictures) for image in samples.images] == [int(time * FPS + 1e-6) for time in wanted]


def test_times_after_the_end_are_left_out(video: str) -> None:
    (samples,) = sample_at(video, [2.0, 6.5, 60.0], SIZE[::-1])
    assert samples.times == pytest.approx([2.0])
    with pytest.raises(BadFile):
        list(sample_at(video, [60.0], SIZE[::-1]))


def test_given_times_and_dense_sampling_agree(video: str) -> None:
    dense = list(sample(video, Sampling("dense", 0.5), SIZE[::-1]))
    given = list(sample_at(video, [0.5 * k for k in range(12)], SIZE[::-1]))
    assert np.concatenate([s.times for s in given]) == pytest.approx(np.concatenate([s.times for s in dense]), abs=1e-3)
    np.testing.assert_array_equal(np.concatenate([s.images for s in given]), np.concatenate([s.images for s in dense]))


def test_every_frame_comes_once_and_in_order(video: str, pictures: list[Image]) -> None:
    frames = list(every_frame(video, SIZE[::-1]))
    assert [time for time, _ in frames] == pytest.approx([k / FPS for k in range(len(pictures))], abs=1e-3)
    assert [nearest(image, pictures) for _, image in frames[::10]] == list(range(0, len(pictures), 10))


def test_how_far_packets_go(video: str, pictures: list[Image], tmp_path: Path) -> None:
    *_, last = packets_of(video)
    assert (last.last, last.last_key, last.end) == pytest.approx((5.96, 4.8, 6.0), abs=0.01)

    broken = remux(video, tmp_path / "broken.mkv")
    os.truncate(broken, broken.stat().st_size // 2)
    *_, last = packets_of(str(broken))
    assert 1.0 < last.end < 5.0


def test_a_full_list_tells_how_far_packets_go_and_a_broken_one_nothing(video: str, tmp_path: Path) -> None:
    whole = remux(video, tmp_path / "whole.mp4")
    with open_video(str(whole)) as source:
        listed = listed_packets(source)
    *_, read = packets_of(str(whole))
    assert listed is not None
    assert (listed.last, listed.last_key, listed.end) == pytest.approx((read.last, read.last_key, read.end), abs=0.2)
    assert listed.last <= read.last and listed.last_key <= read.last_key

    broken = write_video(tmp_path / "broken.mp4", scene(5, 1), FPS, container_options={"movflags": "+faststart"})
    os.truncate(broken, broken.stat().st_size - 1)
    for unlisted in (broken, remux(video, tmp_path / "a.mkv")):
        with open_video(str(unlisted)) as source:
            assert listed_packets(source) is None


def test_a_probe_brings_the_head_of_the_stream_where_that_is_little(tmp_path: Path) -> None:
    small, large = (
        str(write_video(tmp_path / f"{side}.mkv", scene(5, 1, FPS, (side, side)), FPS, codec="rawvideo"))
        for side in (64, 640)
    )
    assert probe_with_head(small)[1] == stream_digest(small, HEAD)
    assert probe_with_head(large)[1] is None


def test_the_head_of_a_stream_tells_streams_apart_that_begin_differently(pictures: list[Image], tmp_path: Path) -> None:
    def encode(name: str, frames: list[Image]) -> str:
        return str(write_video(tmp_path / name, frames, FPS, codec="ffv1", pix_fmt="yuv420p"))

    short, long, other = (
        encode(name, frames)
        for name, frames in (("a.mkv", pictures[:20]), ("b.mkv", pictures[:30]), ("c.mkv", pictures[1:21]))
    )
    assert stream_digest(short, 8) == stream_digest(long, 8) != stream_digest(other, 8)
    assert stream_digest(short) != stream_digest(long)
    assert stream_digest(short, 1000) == stream_digest(short)
