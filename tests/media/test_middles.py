"""The middles of frames: of which, of what, and how many of a long video."""

from __future__ import annotations

import numpy as np

from twinreel.media.middles import EVERY, MOST, with_middles
from twinreel.types import MIDDLE, Samples, UInt8


def frames(count: int) -> UInt8:
    """Black frames with a white field in the middle, which takes half of each side."""
    images = np.zeros((count, 80, 80, 3), np.uint8)
    images[:, 20:60, 20:60] = 255
    return images


def chunks(times: list[list[float]]) -> list[Samples]:
    return [Samples(np.array(one), frames(len(one))) for one in times]


def middles(given: list[Samples], duration: float) -> list[float]:
    made = list(with_middles(iter(given), duration))
    assert [one for one in made if one.part != MIDDLE] == given, "what was there comes through, in order"
    return [time for one in made if one.part == MIDDLE for time in one.times.tolist()]


def test_one_frame_in_a_few_shows_its_middle_however_they_come() -> None:
    times = [float(time) for time in range(10)]
    expected = times[::EVERY]
    assert middles(chunks([times]), 10.0) == expected
    assert middles(chunks([times[:4], times[4:5], times[5:]]), 10.0) == expected


def test_the_middle_is_enlarged_to_the_whole() -> None:
    _, middle = with_middles(iter(chunks([[0.0]])), 1.0)
    assert middle.images.shape == (1, 80, 80, 3)
    share = float((middle.images > 128).mean())
    assert 0.75 < share < 0.9, "the field took a quarter of the whole"


def test_a_picture_within_the_picture_has_no_middle() -> None:
    given = chunks([[0.0, 1.0]])
    given.append(Samples(np.array([0.0, 1.0]), frames(2), 1))
    assert middles(given, 2.0) == [0.0]


def test_a_long_video_has_no_more_of_them_than_a_shorter_one() -> None:
    long = [[float(time) for time in range(start, start + 24)] for start in range(0, 7200, 24)]
    found = middles(chunks(long), 7200.0)
    assert len(found) <= MOST + 1
    assert np.diff(found).max() <= 7200 / MOST + EVERY
