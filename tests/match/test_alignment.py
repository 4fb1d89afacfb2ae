"""One contract for all aligners, on similarity maps of planted copies.

The footage is made, not assumed: a video is a function from its seconds to seconds of footage, a frame is a vector
that changes smoothly with the footage (random Fourier features, Rahimi and Recht 2007: the inner product of two
frames is a Gaussian of the time between them), and a map is the inner products plus noise. So the truth is known in
seconds whatever the sampling, and no aligner's idea of a diagonal is built into the test.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twinreel.match.alignment import ALIGNERS, Aligner, Box, NetworkSettings, Settings, network
from twinreel.types import Float32, Float64

DIMENSIONS = 256
ELSEWHERE = 1e5
"""Seconds of footage that nothing planted comes near to."""

EVERY_ALIGNER = pytest.mark.parametrize("name", list(ALIGNERS))


@dataclass(frozen=True)
class Part:
    """Seconds ``[start, stop)`` of a video show the footage from ``footage`` on."""

    start: float
    stop: float
    footage: float
    speed: float = 1.0


@dataclass(frozen=True)
class Truth:
    a: tuple[float, float]
    b: tuple[float, float]


def frames(times: Float64, parts: Sequence[Part], own: float, pace: float) -> Float64:
    """(n, d) vectors of the frames at ``times``; footage apart from ``parts`` is this video's own."""
    seconds = times + own
    for part in parts:
        inside = (times >= part.start) & (times < part.stop)
        seconds[inside] = part.footage + (times[inside] - part.start) * part.speed
    random = np.random.default_rng(5)
    frequencies, phases = random.normal(0, 1 / pace, DIMENSIONS), random.uniform(0, 2 * np.pi, DIMENSIONS)
    vectors: Float64 = np.sqrt(2 / DIMENSIONS) * np.cos(np.outer(seconds, frequencies) + phases)
    return vectors


def planted(
    times_a: Float64,
    parts_a: Sequence[Part],
    times_b: Float64,
    parts_b: Sequence[Part],
    pace: float = 1.0,
    seed: int = 0,
) -> Float32:
    similarity = frames(times_a, parts_a, ELSEWHERE, pace) @ frames(times_b, parts_b, 2 * ELSEWHERE, pace).T
    noise = np.random.default_rng(seed).normal(0, 0.05, similarity.shape)
    return (similarity + noise).astype(np.float32)


def regular(duration: float, step: float = 1.0) -> Float64:
    return np.arange(0, duration, step)


def keyframes(duration: float, seed: int) -> Float64:
    """The first frame, then gaps of 0.1 to 6 seconds."""
    times = np.concatenate([[0.0], np.cumsum(np.random.default_rng(seed).uniform(0.1, 6, 1000))])
    return times[times < duration]


def widest(times: Float64) -> float:
    return float(np.diff(times).max())


def explains(box: Box, truth: Truth, slack_a: float, slack_b: float) -> bool:
    """Whether both corners of a box lie on the planted diagonal, or its extension by the slack."""
    speed = (truth.b[1] - truth.b[0]) / (truth.a[1] - truth.a[0])
    inside = truth.a[0] - slack_a <= box.a_start and box.a_stop <= truth.a[1] + slack_a
    corners = ((box.a_start, box.b_start), (box.a_stop, box.b_stop))
    return inside and all(abs(truth.b[0] + speed * (a - truth.a[0]) - b) <= 2 * slack_b for a, b in corners)


def assert_found(
    boxes: Sequence[Box], truths: Sequence[Truth], times_a: Float64, times_b: Float64, at_least: int | None = None
) -> None:
    """Each planted segment is found with its four ends within one sampling gap, and nothing else is found.

    A gap is the wider of the two videos': where one has no frame, the other's cannot be told to match or not.
    """
    left_over = list(boxes)
    found = 0
    for truth in truths:
        speed = (truth.b[1] - truth.b[0]) / (truth.a[1] - truth.a[0])
        slack_a = max(widest(times_a), widest(times_b) / speed)
        slack_b = max(widest(times_b), widest(times_a) * speed)
        mine = [box for box in boxes if explains(box, truth, slack_a, slack_b)]
        left_over = [box for box in left_over if box not in mine]
        if not mine:
            continue
        ends_a = min(box.a_start for box in mine), max(box.a_stop for box in mine)
        ends_b = min(box.b_start for box in mine), max(box.b_stop for box in mine)
        found += np.allclose(ends_a, truth.a, rtol=0, atol=slack_a) and np.allclose(
            ends_b, truth.b, rtol=0, atol=slack_b
        )
    assert found >= (len(truths) if at_least is None else at_least), f"{boxes} for {truths}"
    assert not left_over, f"{left_over} found beside {truths}"


WHOLE = (Part(0, 1000, 0),)


@EVERY_ALIGNER
def test_exact_copy_is_found_whole(name: str) -> None:
    times = regular(60)
    similarity = planted(times, WHOLE, times, WHOLE)
    (box,) = ALIGNERS[name](similarity, times, times, duration_a=60.0, duration_b=60.0)
    assert (box.a_start, box.a_stop, box.b_start, box.b_stop) == (0, 60, 0, 60)
    assert box.score > 0.9


@EVERY_ALIGNER
@pytest.mark.parametrize("step_a, step_b", [(1.0, 1.0), (0.5, 0.5), (1.0, 0.5), (0.4, 1.0)])
def test_trimmed_copy_in_foreign_footage(name: str, step_a: float, step_b: float) -> None:
    times_a, times_b = regular(40, step_a), regular(70, step_b)
    similarity = planted(times_a, [Part(8, 31, 17.3)], times_b, WHOLE)
    assert_found(ALIGNERS[name](similarity, times_a, times_b), [Truth((8, 31), (17.3, 40.3))], times_a, times_b)


@EVERY_ALIGNER
@pytest.mark.parametrize("speed", [0.5, 0.75, 1.03, 1.25, 2.0])
def test_other_speeds(name: str, speed: float) -> None:
    times_a, times_b = regular(50), regular(90)
    similarity = planted(times_a, [Part(6, 46, 5, speed)], times_b, WHOLE)
    boxes = ALIGNERS[name](similarity, times_a, times_b)
    assert_found(boxes, [Truth((6, 46), (5, 5 + 40 * speed))], times_a, times_b)
    assert boxes[0].line.speed == pytest.approx(speed, rel=0.07)


@EVERY_ALIGNER
def test_two_segments_in_swapped_order(name: str) -> None:
    times_a, times_b = regular(50), regular(60)
    similarity = planted(times_a, [Part(0, 25, 30), Part(25, 50, 0)], times_b, WHOLE)
    truths = [Truth((0, 25), (30, 55)), Truth((25, 50), (0, 25))]
    boxes = ALIGNERS[name](similarity, times_a, times_b)
    assert_found(boxes, truths, times_a, times_b, at_least=1 if name == "dtw" else 2)


@EVERY_ALIGNER
def test_insertion_makes_two_segments(name: str) -> None:
    times_a, times_b = regular(60), regular(50)
    similarity = planted(times_a, [Part(0, 20, 0), Part(32, 60, 20)], times_b, WHOLE)
    truths = [Truth((0, 20), (0, 20)), Truth((32, 60), (20, 48))]
    boxes = ALIGNERS[name](similarity, times_a, times_b)
    assert_found(boxes, truths, times_a, times_b)
    assert len(boxes) == 2


@EVERY_ALIGNER
def test_repeated_segment(name: str) -> None:
    times_a, times_b = regular(20), regular(100)
    repeats = [Part(5, 25, 0), Part(40, 60, 0), Part(70, 90, 0)]
    similarity = planted(times_a, WHOLE, times_b, repeats)
    boxes = ALIGNERS[name](similarity, times_a, times_b)
    if name == "dtw":  # one path, which spends a on whichever repeats it likes
        assert boxes
    else:
        assert_found(boxes, [Truth((0, 20), (part.start, part.stop)) for part in repeats], times_a, times_b)


def test_more_repeats_than_top_k() -> None:
    times_a, times_b = regular(10), regular(120)
    repeats = [Part(start, start + 10, 0) for start in range(0, 120, 12)]
    boxes = network.align(planted(times_a, WHOLE, times_b, repeats), times_a, times_b, NetworkSettings(top_k=2))
    assert_found(boxes, [Truth((0, 10), (part.start, part.stop)) for part in repeats], times_a, times_b)


@EVERY_ALIGNER
@pytest.mark.parametrize("sampling", ["keyframes in both", "keyframes in a", "keyframes in b"])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("speed", [1.0, 2.0])
def test_irregular_axes(name: str, sampling: str, seed: int, speed: float) -> None:
    times_a = regular(90, 0.5) if sampling == "keyframes in b" else keyframes(90, seed)
    times_b = regular(150, 0.5) if sampling == "keyframes in a" else keyframes(150, 100 + seed)
    similarity = planted(times_a, [Part(20, 70, 30, speed)], times_b, WHOLE, pace=3.0)
    boxes = ALIGNERS[name](similarity, times_a, times_b)
    assert_found(boxes, [Truth((20, 70), (30, 30 + 50 * speed))], times_a, times_b)


@EVERY_ALIGNER
def test_two_keyframes_of_a_short_clip(name: str) -> None:
    times_a, times_b = np.array([0.0, 2.0]), regular(60, 2)
    (box,) = ALIGNERS[name](planted(times_a, [Part(0, 4, 10)], times_b, WHOLE), times_a, times_b, duration_a=4.0)
    assert (box.a_start, box.a_stop) == (0, 4)
    assert (box.b_start, box.b_stop) == (10, 14)


def test_one_frame_is_a_match_only_where_that_is_allowed() -> None:
    times_a, times_b = np.array([0.0]), regular(30)
    similarity = planted(times_a, [Part(0, 1, 12)], times_b, WHOLE)
    assert network.align(similarity, times_a, times_b, duration_a=1.0) == []
    (box,) = network.align(similarity, times_a, times_b, NetworkSettings(min_matches=1), duration_a=1.0)
    assert (box.a_start, box.a_stop) == (0, 1)
    assert box.b_start <= 12 < box.b_stop
    assert box.path.tolist() == [[0, 12]]


@EVERY_ALIGNER
@pytest.mark.parametrize("seed", range(3))
def test_nothing_in_noise(name: str, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.08, (200, 300)).astype(np.float32)
    assert ALIGNERS[name](noise, regular(200), regular(300)) == []


@EVERY_ALIGNER
@pytest.mark.parametrize("spread", [0.0, 0.02])
def test_still_scene_is_one_box_at_a_sane_speed(name: str, spread: float) -> None:
    random = np.random.default_rng(1)
    similarity = random.normal(0, 0.05, (80, 80)).astype(np.float32)
    similarity[20:60, 10:50] = 0.9 + random.normal(0, spread, (40, 40))
    (box,) = ALIGNERS[name](similarity, regular(80), regular(80))
    assert overlap(box, Truth((20, 60), (10, 50))) > 0.75
    assert 0.75 < box.line.speed < 1.33


@pytest.mark.parametrize("width", [30, 60])
def test_still_scenes_of_unlike_length_are_taken_at_normal_speed(width: int) -> None:
    similarity = np.full((40, width), 0.9, np.float32)
    longest = max(network.align(similarity, regular(40), regular(width)), key=lambda box: box.a_stop - box.a_start)
    assert longest.line.speed == pytest.approx(1, rel=0.1)
    assert longest.a_stop - longest.a_start > 0.9 * min(40, width)


@EVERY_ALIGNER
def test_still_stretch_within_moving_footage_bends_nothing(name: str) -> None:
    times = regular(60)
    similarity = planted(times, WHOLE, times, WHOLE)
    similarity[20:40, 20:40] = 0.95
    (box,) = ALIGNERS[name](similarity, times, times)
    assert overlap(box, Truth((0, 59.5), (0, 59.5))) > 0.95
    assert np.abs(box.path[:, 0] - box.path[:, 1]).max() <= 3


@EVERY_ALIGNER
def test_one_row_and_one_column(name: str) -> None:
    align = ALIGNERS[name]
    row = np.zeros((1, 40), np.float32)
    assert align(row, np.array([0.0]), regular(40)) == []
    assert align(row.T, regular(40), np.array([0.0])) == []
    row[0, 7] = 1.0
    assert align(row, np.array([0.0]), regular(40)) == []


@EVERY_ALIGNER
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_no_frames_no_boxes(name: str, shape: tuple[int, int]) -> None:
    assert ALIGNERS[name](np.zeros(shape, np.float32), regular(shape[0]), regular(shape[1])) == []


@EVERY_ALIGNER
def test_cells_that_must_not_match(name: str) -> None:
    times = regular(40)
    similarity = planted(times, WHOLE, times, WHOLE)
    similarity[:, 20:] = -np.inf
    boxes = ALIGNERS[name](similarity, times, times)
    assert_found(boxes, [Truth((0, 20), (0, 20))], times, times)
    assert ALIGNERS[name](np.full((9, 9), -np.inf, np.float32), regular(9), regular(9)) == []


@EVERY_ALIGNER
def test_turning_the_map_swaps_a_and_b(name: str) -> None:
    times_a, times_b = regular(50), keyframes(90, 4)
    similarity = planted(times_a, [Part(0, 22, 50), Part(28, 50, 10)], times_b, WHOLE, pace=3.0)
    straight, turned = ALIGNERS[name](similarity, times_a, times_b), ALIGNERS[name](similarity.T, times_b, times_a)
    truths = [Truth((0, 22), (50, 72)), Truth((28, 50), (10, 32))]
    enough = 1 if name == "dtw" else 2
    assert_found(straight, truths, times_a, times_b, at_least=enough)
    assert_found(turned, [Truth(truth.b, truth.a) for truth in truths], times_b, times_a, at_least=enough)


@EVERY_ALIGNER
def test_only_differences_of_time_matter(name: str) -> None:
    times_a, times_b = 10 + keyframes(60, 7), 20 + keyframes(80, 8)
    similarity = planted(times_a - 10, [Part(10, 50, 20)], times_b - 20, WHOLE, pace=3.0)
    boxes = ALIGNERS[name](similarity, times_a, times_b)
    later = ALIGNERS[name](similarity, times_a + 512, times_b + 2048)
    assert boxes
    for box, other in zip(boxes, later, strict=True):
        assert (other.a_start - 512, other.a_stop - 512) == pytest.approx((box.a_start, box.a_stop), abs=1e-6)
        assert (other.b_start - 2048, other.b_stop - 2048) == pytest.approx((box.b_start, box.b_stop), abs=1e-6)
        assert np.array_equal(other.path, box.path)


@EVERY_ALIGNER
@given(data=st.data())
@settings(max_examples=40)
def test_what_holds_for_any_map(name: str, data: st.DataObject) -> None:
    n, m = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    levels = st.sampled_from([-np.inf, -1.0, 0.0, 0.2, 0.25, 0.3, 0.6, 0.9, 1.0, 1.01])
    similarity = data.draw(hnp.arrays(np.float32, (n, m), elements=levels))
    gaps = st.floats(0.05, 12)
    times_a = data.draw(st.floats(0, 5)) + np.cumsum([0.0, *data.draw(st.lists(gaps, min_size=n - 1, max_size=n - 1))])
    times_b = data.draw(st.floats(0, 5)) + np.cumsum([0.0, *data.draw(st.lists(gaps, min_size=m - 1, max_size=m - 1))])
    duration_a = times_a[-1] + data.draw(st.floats(0.1, 9))
    given_map, given_a, given_b = similarity.copy(), times_a.copy(), times_b.copy()

    boxes = ALIGNERS[name](similarity, times_a, times_b, duration_a=duration_a)

    assert np.array_equal(similarity, given_map)
    assert np.array_equal(times_a, given_a) and np.array_equal(times_b, given_b)
    assert boxes == sorted(boxes, key=lambda box: (box.a_start, box.b_start))
    assert len(boxes) <= Settings().max_boxes
    again = ALIGNERS[name](similarity, times_a, times_b, duration_a=duration_a)
    assert [box.path.tolist() for box in again] == [box.path.tolist() for box in boxes]
    lone = 1.0 if m == 1 else (times_b[-1] - times_b[-2]) / 2
    for box in boxes:
        assert np.isfinite([box.a_start, box.a_stop, box.b_start, box.b_stop, box.score]).all()
        assert 0 <= box.a_start < box.a_stop <= duration_a + 1e-9
        assert 0 <= box.b_start < box.b_stop <= times_b[-1] + lone + 1e-9
        assert min(box.a_stop - box.a_start, box.b_stop - box.b_start) >= Settings().min_length
        assert (np.diff(box.path, axis=0) > 0).all()
        values = np.maximum(similarity[box.path[:, 0], box.path[:, 1]], 0)
        assert box.score == pytest.approx(float(values.mean()))
        assert (values >= Settings().min_similarity).sum() >= Settings().min_matches


@given(
    seed=st.integers(0, 10_000),
    start=st.floats(0, 30),
    length=st.floats(20, 60),
    footage=st.floats(0, 40),
    speed=st.sampled_from([0.5, 0.75, 1.0, 1.25, 2.0]),
)
@settings(max_examples=30, derandomize=True)
def test_network_finds_a_clip_planted_anywhere(
    seed: int, start: float, length: float, footage: float, speed: float
) -> None:
    times_a, times_b = regular(95), regular(170)
    similarity = planted(times_a, [Part(start, start + length, footage, speed)], times_b, WHOLE, seed=seed)
    truth = Truth((start, start + length), (footage, footage + length * speed))
    box = max(network.align(similarity, times_a, times_b), key=lambda box: len(box.path))
    # A frame of a that lies between two of b is at most half a gap off either, so that both ends are within a gap
    # and a half.
    slack = 1.5 * max(1, 1 / speed, speed)
    assert (box.a_start, box.a_stop) == pytest.approx(truth.a, abs=slack)
    assert (box.b_start, box.b_stop) == pytest.approx(truth.b, abs=slack)


def test_a_step_longer_than_allowed_parts_a_segment() -> None:
    times = regular(60)
    similarity = planted(times, WHOLE, times, WHOLE)
    similarity[24:30] = 0
    (whole,) = network.align(similarity, times, times, NetworkSettings(max_step=8))
    parts = network.align(similarity, times, times, NetworkSettings(max_step=4))
    assert (whole.a_start, whole.a_stop) == (0, 59.5)
    assert [(box.a_start, box.a_stop) for box in parts] == [(0, 23.5), (29.5, 59.5)]
    assert whole.score < parts[0].score  # the hole is part of the path, and counts


def test_speeds_out_of_bounds_give_scraps_only() -> None:
    times_a, times_b = regular(40), regular(200)
    similarity = planted(times_a, [Part(0, 40, 10, 4.0)], times_b, WHOLE)
    assert all(box.a_stop - box.a_start < 5 for box in network.align(similarity, times_a, times_b))
    (box,) = network.align(similarity, times_a, times_b, NetworkSettings(max_speed=5.0))
    assert box.line.speed == pytest.approx(4, rel=0.05)


def test_long_maps_take_no_long_time() -> None:
    times = regular(600)
    similarity = planted(times, [Part(100, 500, 120)], times, WHOLE)
    began = time.process_time()
    (box,) = network.align(similarity, times, times)
    assert time.process_time() - began < 2  # 0.15 s where this was written
    assert (box.a_start, box.a_stop) == pytest.approx((100, 500), abs=1)


@EVERY_ALIGNER
def test_arguments_that_do_not_fit(name: str) -> None:
    align: Aligner = ALIGNERS[name]
    map_of_ones = np.ones((3, 4), np.float32)
    with pytest.raises(ValueError, match="4 times of a and 4 of b"):
        align(map_of_ones, regular(4), regular(4))
    with pytest.raises(ValueError, match="strictly ascending"):
        align(map_of_ones, np.array([0.0, 2.0, 1.0]), regular(4))
    with pytest.raises(ValueError, match="NaN"):
        align(np.full((3, 4), np.nan, np.float32), regular(3), regular(4))


@pytest.mark.parametrize(
    "wrong", [{"min_speed": 0.0}, {"max_speed": 0.9}, {"min_matches": 0}, {"min_similarity": -1.0}]
)
def test_settings_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


def overlap(box: Box, truth: Truth) -> float:
    """Intersection over union of the two rectangles."""
    width = min(box.a_stop, truth.a[1]) - max(box.a_start, truth.a[0])
    height = min(box.b_stop, truth.b[1]) - max(box.b_start, truth.b[0])
    common = max(width, 0) * max(height, 0)
    area = (box.a_stop - box.a_start) * (box.b_stop - box.b_start)
    return common / (area + (truth.a[1] - truth.a[0]) * (truth.b[1] - truth.b[0]) - common)


def reference_folder() -> Path:
    shared = os.environ.get("TWINREEL_SHARED")
    return (Path(shared) if shared else Path(__file__).parents[3] / "shared") / "reference" / "golden"


@pytest.mark.skipif(not (reference_folder() / "vta_expected.json").is_file(), reason="no reference results here")
@pytest.mark.parametrize("name", ["network", "hough", "dp"])
def test_official_temporal_network_agrees(name: str) -> None:
    """VCSL's network (10, 3, 0.3) on a map of 80 x 120 frames, one a second; its boxes have inclusive ends."""
    expected = json.loads((reference_folder() / "vta_expected.json").read_text())["synthetic"]["TN_bench(10,3,.3)"]
    similarity = np.load(reference_folder() / "synthetic_sim.npy")
    boxes = ALIGNERS[name](similarity, regular(80), regular(120))
    assert len(boxes) == len(expected) == 2
    for box, (a_first, b_first, a_last, b_last) in zip(boxes, sorted(expected), strict=True):
        # The official one starts the first box six rows early, on noise that follows the planted line by chance.
        assert overlap(box, Truth((a_first, a_last + 1), (b_first, b_last + 1))) > 0.7
