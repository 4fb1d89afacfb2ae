"""Frames by number and at a constant rate, on videos whose every frame says its number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from makers import Image, write_video
from twinreel.media.rates import Rhythm, at_constant_rate, every_nth, frame_rate
from twinreel.media.source import open_video
from twinreel.types import UInt8

BITS = 8


def numbered(count: int, size: tuple[int, int] = (128, 64)) -> list[Image]:
    """Frames with their number as eight upright stripes, the highest bit on the left."""
    bits = np.unpackbits(np.arange(count, dtype=np.uint8)[:, np.newaxis], axis=1)
    row = np.repeat(bits, size[0] // BITS, axis=1) * 255
    return [
        np.ascontiguousarray(np.broadcast_to(line[np.newaxis, :, np.newaxis], (size[1], size[0], 3))) for line in row
    ]


def number(image: UInt8) -> int:
    middle = image[image.shape[0] // 2].mean(axis=1).reshape(BITS, -1)
    return int(np.packbits(middle[:, middle.shape[1] // 2] > 127)[0])


def constant(path: Path, fps: int = 15) -> list[int]:
    with open_video(str(path)) as source:
        shown = [one for one in at_constant_rate(source, fps, (64, 64)) if one is not None]
    assert all(image.shape == (64, 64, 3) for _, image in shown)
    return [number(image) for times, image in shown for _ in range(times)]


def beats(times: Sequence[float], fps: float, lasting: float = 0.0) -> list[int]:
    """Indices of the frames that come out."""
    rhythm, found = Rhythm(15, fps), list[int]()
    for index, time in enumerate(times):
        again, here = rhythm.beat(time, lasting)
        found += [index - 1] * again + [index] * here
    return found + [len(times) - 1] * rhythm.rest()


def test_every_nth_frame_comes_with_its_number(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(70), fps=30)
    with open_video(str(path)) as source:
        assert frame_rate(source) == 30
        found = list(every_nth(source, 30))
    assert len(found) == 70
    picked = [one for one in found if one is not None]
    assert [index for index, _ in picked] == [number(image) for _, image in picked] == [0, 30, 60]
    assert all(image.shape == (64, 128, 3) for _, image in picked)


def test_numbered_frames_are_as_stored_and_those_at_a_constant_rate_upright(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", numbered(3), fps=15, rotation=180)
    with open_video(str(path)) as source:
        stored = [one[1] for one in every_nth(source, 1) if one is not None]
    assert [number(image) for image in stored] == [0, 1, 2]
    assert constant(path) == [0, 128, 64]  # the stripes of 0, 1, 2 from right to left


def test_at_its_own_rate_every_frame_comes_once(tmp_path: Path) -> None:
    assert constant(write_video(tmp_path / "a.mp4", numbered(40), fps=15)) == list(range(40))


def test_at_half_its_rate_four_frames_come_and_then_every_other(tmp_path: Path) -> None:
    assert constant(write_video(tmp_path / "a.mp4", numbered(20), fps=30)) == [0, 1, 2, 3, *range(5, 20, 2)]


@pytest.mark.parametrize("fps", [5, 10, 12.5, 24, 25, 29.97, 50, 60, 120])
@pytest.mark.parametrize("said", [True, False])
def test_the_output_lasts_as_long_as_the_video(fps: float, said: bool) -> None:
    """But for the few frames by which it may run ahead, and never turns back."""
    times = [index / fps for index in range(600)]
    found = beats(times, fps, 1 / fps if said else 0.0)
    assert abs(len(found) - 600 / fps * 15) <= 4
    assert found == sorted(found)


def test_a_gap_is_filled_with_the_frame_before_it_and_the_one_after() -> None:
    """Two seconds without a frame: 30 of the output, of which what lies before the next frame shows the one before."""
    found = beats([0, 1 / 15, 2 / 15, 2, 2 + 1 / 15], 15)
    assert found == [0, 1, 2] + [2] * 26 + [3] * 2 + [4]


def test_a_timestamp_of_another_day_does_not_fill_the_day() -> None:
    assert len(beats([0, 86400], 15)) == 1 + 15 * 600
