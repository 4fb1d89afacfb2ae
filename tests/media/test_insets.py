"""Pictures within the picture: planted rectangles come out where they are, and footage that moves has none."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from makers import scene
from twinreel.media.bars import Crop
from twinreel.media.insets import LEAST_LOOKS, WINDOW, inner_pictures, with_inner_pictures
from twinreel.types import Samples, UInt8

SIDE = 160


def footage(seed: int, count: int = WINDOW, height: int = SIDE, width: int = SIDE) -> UInt8:
    """Frames of a scene in which everything moves, a second apart."""
    frames = list(islice(scene(seed, count, 4, (width, height)), 4 * count))
    return np.stack([np.asarray(frame)[:height, :width] for frame in frames[::4]])


def bright(frames: UInt8) -> UInt8:
    return np.asarray(128 + frames // 2, np.uint8)


def noise(seed: int, count: int, height: int, width: int) -> UInt8:
    """Frames that have nothing to do with one another, smooth over a few pixels."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, axis=1).repeat(8, axis=2)[:, :height, :width])


def pasted(ground: UInt8, inset: UInt8, top: int, left: int) -> UInt8:
    result = ground.copy()
    result[:, top : top + inset.shape[1], left : left + inset.shape[2]] = inset
    return result


def sides(crop: Crop) -> tuple[float, float, float, float]:
    """First row, behind the last, first column, behind the last, of the frames here."""
    return (crop.top * SIDE, SIDE - crop.bottom * SIDE, crop.left * SIDE, SIDE - crop.right * SIDE)


@pytest.mark.parametrize(("top", "left"), [(5, 5), (5, 90), (92, 5), (92, 90), (48, 48)])
def test_a_picture_in_a_picture_is_found_where_it_is(top: int, left: int) -> None:
    (found,) = inner_pictures(pasted(footage(1), footage(2, height=63, width=65), top, left))
    assert sides(found) == pytest.approx((top, top + 63, left, left + 65), abs=1.01)


def test_an_inset_may_lie_at_the_edge_of_the_picture() -> None:
    (found,) = inner_pictures(pasted(footage(1) // 3, bright(footage(2, height=60, width=70)), 0, SIDE - 70))
    assert sides(found) == pytest.approx((0, 60, SIDE - 70, SIDE), abs=1.01)


def test_two_clips_side_by_side_are_two_pictures() -> None:
    both = np.concatenate([footage(1, width=80), footage(2, width=80)], axis=2)
    assert [sides(found) for found in inner_pictures(both)] == [(0, SIDE, 0, 80), (0, SIDE, 80, SIDE)]


def test_four_tiles_are_four_pictures() -> None:
    one, two, three, four = (footage(seed, height=80, width=80) for seed in range(1, 5))
    above, below = np.concatenate([one // 3, bright(two)], axis=2), np.concatenate([bright(three), four // 3], axis=2)
    found = inner_pictures(np.concatenate([above, below], axis=1))
    assert {sides(crop) for crop in found} == {(y, y + 80, x, x + 80) for y in (0, 80) for x in (0, 80)}


def test_a_clip_over_its_own_blurred_self_is_the_sharp_middle() -> None:
    clip = noise(5, WINDOW, 50, SIDE)
    blurred = np.full((WINDOW, SIDE, SIDE, 3), 90, np.uint8) + np.arange(SIDE, dtype=np.uint8)[None, :, None, None] // 4
    (found,) = inner_pictures(pasted(blurred, clip, 55, 0))
    assert sides(found) == pytest.approx((55, 105, 0, SIDE), abs=1.01)


@pytest.mark.parametrize("seed", range(6))
def test_moving_footage_is_one_picture(seed: int) -> None:
    assert inner_pictures(footage(seed)) == []


def test_a_rectangle_that_moves_is_a_thing_and_not_a_picture() -> None:
    moved = footage(1)
    inset = footage(2, height=60, width=60)
    for number in range(len(moved)):
        moved[number, 10 + 3 * number : 70 + 3 * number, 20:80] = inset[number]
    assert inner_pictures(moved) == []


def test_one_frame_says_nothing_about_what_lasts() -> None:
    shown = pasted(footage(1), footage(2, height=60, width=60), 10, 10)
    assert inner_pictures(shown[: LEAST_LOOKS - 1]) == []
    assert len(inner_pictures(shown[:LEAST_LOOKS])) == 1


def test_parts_come_after_the_frames_that_they_were_found_in_with_their_times() -> None:
    plain, inset = footage(1, 2 * WINDOW), footage(2, WINDOW, 63, 65)
    plain[WINDOW:] = pasted(plain[WINDOW:], inset, 5, 90)
    times = np.arange(2.0 * WINDOW) / 2
    chunks = [Samples(times[i : i + 10], plain[i : i + 10]) for i in range(0, 2 * WINDOW, 10)]
    given = list(with_inner_pictures(iter(chunks)))
    whole = [samples for samples in given if samples.part == 0]
    assert [samples.times.tolist() for samples in whole] == [samples.times.tolist() for samples in chunks]
    (part,) = [samples for samples in given if samples.part]
    assert part.part == 1 and part.times.tolist() == times[WINDOW:].tolist()
    assert part.images.shape == (WINDOW, SIDE, SIDE, 3)
    # enlarged: the picture in the picture, and little of what is around it
    middle = part.images[:, SIDE // 2, SIDE // 2].astype(int)
    assert np.abs(middle - inset[:, 31, 32].astype(int)).mean() < 12


def test_the_same_place_is_the_same_part_in_every_window_and_another_place_another() -> None:
    ground, inset = footage(1, 3 * WINDOW), footage(2, 3 * WINDOW, 63, 65)
    ground[:WINDOW] = pasted(ground[:WINDOW], inset[:WINDOW], 5, 90)
    ground[WINDOW : 2 * WINDOW] = pasted(ground[WINDOW : 2 * WINDOW], inset[:WINDOW], 92, 5)
    ground[2 * WINDOW :] = pasted(ground[2 * WINDOW :], inset[:WINDOW], 5, 90)
    given = with_inner_pictures(iter([Samples(np.arange(3.0 * WINDOW), ground)]))
    assert [samples.part for samples in given] == [0, 1, 2, 1]


def test_the_last_few_frames_go_on_with_what_was_there() -> None:
    shown = pasted(footage(1, WINDOW + 2), footage(2, WINDOW + 2, 63, 65), 5, 90)
    given = with_inner_pictures(iter([Samples(np.arange(WINDOW + 2.0), shown)]))
    assert [(samples.part, len(samples.times)) for samples in given] == [(0, WINDOW + 2), (1, WINDOW), (1, 2)]


def test_bars_that_only_some_frames_have_are_cut_off_those() -> None:
    """Clips of three shapes after one another, as in a compilation."""
    wide, tall, flat = footage(1, 4), footage(2, 4), footage(3, 4)
    tall[:, :, :40], tall[:, :, 120:] = 0, 0
    flat[:, :30], flat[:, 130:] = 255, 255
    shown = np.concatenate([wide, tall, flat])
    given = [samples for samples in with_inner_pictures(iter([Samples(np.arange(12.0), shown)])) if samples.part]
    assert [(samples.part, samples.times.tolist()) for samples in given] == [(1, [4, 5, 6, 7]), (2, [8, 9, 10, 11])]
    for samples, clip, rows, columns in (
        (given[0], tall, (0, SIDE), (40, 120)),
        (given[1], flat, (30, 130), (0, SIDE)),
    ):
        middle = clip[:, rows[0] + 20 : rows[1] - 20, columns[0] + 20 : columns[1] - 20]
        seen = samples.images[:, 40:120, 40:120]
        assert np.abs(seen.mean(axis=(1, 2)) - middle.mean(axis=(1, 2))).max() < 25
        assert (samples.images[:, :, 0] > 0).any() and (samples.images[:, 0] < 255).any()
