"""Repeats planted in single videos: seconds, loops, speeds, mirrors; and what is no repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from planted import DIMENSIONS, Part, turn, video

from twinreel.match.alignment import ALIGNERS
from twinreel.match.pair import MIN_SCORE
from twinreel.match.prepared import Prepared
from twinreel.match.repeats import repeats
from twinreel.types import Segment

FOOTAGE = 1e7
STEP = 0.25
"""As dense as frames of a single file are taken."""


def shows(*parts: Part, seconds: float = 60, noise: float = 0.1, turned: bool = False) -> Prepared:
    return video("a", seconds, parts, step=STEP, noise=noise, turned=turned)


def spans(found: Sequence[Segment]) -> list[tuple[float, float, float, float]]:
    assert all(s.score >= MIN_SCORE for s in found)
    return [(s.a_start, s.a_stop, s.b_start, s.b_stop) for s in found]


def still(own: Prepared, start: float, stop: float, scene: int, noise: float = 0.05) -> Prepared:
    """The video with one frame for some seconds, but for the noise of coding."""
    rng = np.random.default_rng(scene)
    frame, vectors = rng.standard_normal(DIMENSIONS), own.vectors.copy()
    inside = (own.times >= start) & (own.times < stop)
    shown = frame / np.linalg.norm(frame) + noise / np.sqrt(DIMENSIONS) * rng.standard_normal(
        (inside.sum(), DIMENSIONS)
    )
    vectors[inside] = shown / np.linalg.norm(shown, axis=1, keepdims=True)
    return replace(own, vectors=vectors)


@pytest.mark.parametrize("aligner", ALIGNERS)
def test_a_stretch_that_is_seen_again(aligner: str) -> None:
    found = repeats(shows(Part(10, 18, FOOTAGE), Part(40, 48, FOOTAGE)), aligner=aligner)
    np.testing.assert_allclose(spans(found), [(10, 18, 40, 48)], atol=0.5)


def test_three_times_are_three_pairs() -> None:
    found = repeats(shows(Part(5, 15, FOOTAGE), Part(25, 35, FOOTAGE), Part(45, 55, FOOTAGE)))
    np.testing.assert_allclose(spans(found), [(5, 15, 25, 35), (5, 15, 45, 55), (25, 35, 45, 55)], atol=0.5)


def test_a_replay_in_slow_motion() -> None:
    (found,) = repeats(shows(Part(10, 16, FOOTAGE), Part(30, 42, FOOTAGE, 0.5)))
    np.testing.assert_allclose(spans([found]), [(10, 16, 30, 42)], atol=1.0)
    assert found.speed == pytest.approx(2, rel=0.05)


def test_a_loop_is_seen_again_one_round_later() -> None:
    found = repeats(shows(*(Part(5 * n, 5 * n + 5, FOOTAGE) for n in range(6)), seconds=30))
    np.testing.assert_allclose(spans(found), [(0, 25, 5, 30)], atol=0.5)


@pytest.mark.parametrize("told", [False, True])
def test_what_is_seen_again_in_a_mirror(told: bool) -> None:
    """With a describer that does not care, and with one that can tell."""
    own = shows(Part(10, 18, FOOTAGE), Part(40, 48, FOOTAGE, mirrored=True), turned=told)
    (found,) = repeats(own, own.vectors[:, turn()] if told else None)
    np.testing.assert_allclose(spans([found]), [(10, 18, 40, 48)], atol=0.5)
    assert found.mirrored


def test_a_repeat_beside_a_long_still_scene_is_found() -> None:
    own = shows(Part(10, 16, FOOTAGE), Part(150, 156, FOOTAGE), seconds=160)
    np.testing.assert_allclose(spans(repeats(still(own, 20, 140, 1))), [(10, 16, 150, 156)], atol=0.5)


def test_nothing_is_repeated_in_footage_that_goes_on() -> None:
    assert repeats(shows()) == []
    assert repeats(shows(Part(0, 60, FOOTAGE, speed=0.05))) == []  # a slow pan, hardly to be told from a still


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
def test_a_still_video_repeats_nothing(noise: float) -> None:
    assert repeats(still(shows(), 0, 60, 1, noise)) == []


def test_a_still_that_comes_back_is_no_repeat() -> None:
    """Two shots of one fixed camera look like that, too."""
    assert repeats(still(still(shows(), 5, 20, 1), 35, 50, 1)) == []


def test_a_video_of_no_frames_or_few() -> None:
    for seconds in (0.0, 0.25, 1.0, 3.0):
        assert repeats(shows(seconds=seconds)) == []


def test_frames_that_say_nothing_repeat_nothing() -> None:
    own = shows(Part(10, 18, FOOTAGE), Part(40, 48, FOOTAGE))
    assert repeats(replace(own, weights=np.zeros(len(own), np.float32))) == []
