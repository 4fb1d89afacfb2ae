"""Which seconds are proven: of copies all, of other moments none, and nothing where nothing moves."""

from __future__ import annotations

import numpy as np
import pytest
from planted import Part, video

from twinreel.match.prepared import Prepared
from twinreel.match.proof import STEP, proven, without
from twinreel.types import Segment


def segment(a_start: float, a_stop: float, b_start: float, b_stop: float) -> Segment:
    return Segment(a_start, a_stop, b_start, b_stop, 1.0)


def dense(content: str, duration: float, *parts: Part, own: int = 1, noise: float = 0.1) -> Prepared:
    return video(content, duration, parts, step=STEP, own=own, noise=noise)


FILM = dense("film", 60.0, Part(0, 60, 1000.0))


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_a_copy_is_proven_to_its_ends(noise: float) -> None:
    copy = dense("copy", 12.0, Part(0, 12, 1020.0), own=2, noise=noise)
    ((start, stop),) = proven(copy, FILM, [segment(0, 12, 20, 32)])
    assert (start, stop) == pytest.approx((0.0, 12.0), abs=0.25)


def test_ends_that_are_off_are_put_right() -> None:
    copy = dense("copy", 12.0, Part(0, 12, 1020.0), own=2)
    ((start, stop),) = proven(copy, FILM, [segment(0.9, 11.0, 21.6, 31.2)])
    assert (start, stop) == pytest.approx((0.0, 12.0), abs=0.25)


def test_what_lies_beyond_the_other_s_ends_is_not_covered() -> None:
    longer = dense("longer", 12.0, Part(0, 12, 1052.0), own=2)  # the film ends 8 s into it
    ((start, stop),) = proven(longer, FILM, [segment(0, 10, 52, 60)])
    assert (start, stop) == pytest.approx((0.0, 8.0), abs=0.3)


def test_footage_in_between_that_is_another_is_not_covered() -> None:
    cut = dense("cut", 30.0, Part(0, 10, 1010.0), Part(20, 30, 1030.0), own=2)
    spans = proven(cut, FILM, [segment(0, 30, 10, 40)])
    assert len(spans) == 2
    assert spans[0] == pytest.approx((0.0, 10.0), abs=0.3) and spans[1] == pytest.approx((20.0, 30.0), abs=0.3)


def still(content: str, own: int, turns: float) -> Prepared:
    """A scene that hardly changes: every frame is nearly the first one's, and wavers in a way of its own."""
    made = dense(content, 12.0, Part(0, 12, 1000.0), own=own)
    rng = np.random.default_rng(own)
    waver = np.cumsum(rng.standard_normal(made.vectors.shape), axis=0) * turns / np.sqrt(made.vectors.shape[1])
    vectors = made.vectors[:1] + waver
    vectors = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
    return Prepared(content, 12.0, made.times, vectors, made.weights, made.bias, made.layout, made.parts)


@pytest.mark.parametrize("turns", [0.0, 0.05, 0.1])
def test_other_moments_of_a_scene_are_not_proven_however_alike(turns: float) -> None:
    one, other = still("one", 2, turns), still("other", 3, turns)
    assert float((one.vectors @ other.vectors.T).mean()) > 0.7
    assert proven(one, other, [segment(0, 12, 0, 12)]) == ()


def calm_at_the_end(content: str, duration: float, own: int) -> Prepared:
    """A scene that changes for 6 s, then hardly any more: it drifts away from its picture, in a way of its own."""
    made = dense(content, duration, Part(0, duration, 1000.0), own=own, noise=0.05)
    late = made.times >= 6.0
    held, drift = made.vectors[~late][-1], dense("drift", 1.0, Part(0, 1, 5000.0 + 100 * own)).vectors[0]
    angle = (made.times[late] - 6.0)[:, None] * 0.11
    calm = np.cos(angle) * held + np.sin(angle) * drift
    vectors = made.vectors.copy()
    vectors[late] = calm / np.linalg.norm(calm, axis=1, keepdims=True)
    return Prepared(content, duration, made.times, vectors, made.weights, made.bias, made.layout, made.parts)


def calm_in_the_middle(own: int, share: float, noise: float, scene: float = 1010.0) -> Prepared:
    """40 s of the film, but for 24 s of a scene that moves like a share of the film from there on."""
    made = dense(str(own), 40.0, Part(0, 40, 1010.0), own=own)
    moving = dense("moving", 40.0, Part(0, 40, scene), own=own, noise=noise).vectors
    middle = (made.times >= 8.0) & (made.times < 32.0)
    calm = FILM.vectors[:1] + share * moving[middle]
    vectors = made.vectors.copy()
    vectors[middle] = calm / np.linalg.norm(calm, axis=1, keepdims=True)
    return Prepared(str(own), 40.0, made.times, vectors, made.weights, made.bias, made.layout, made.parts)


def test_what_agrees_faintly_between_proven_moments_is_believed() -> None:
    noisy, clean = calm_in_the_middle(2, 0.6, 2.0), calm_in_the_middle(3, 1.0, 0.1)
    ((start, stop),) = proven(noisy, clean, [segment(0, 40, 0, 40)])
    assert (start, stop) == pytest.approx((0.0, 40.0), abs=0.3)
    other = calm_in_the_middle(4, 1.0, 0.1, scene=2000.0)
    assert sum(stop - start for start, stop in proven(noisy, other, [segment(0, 40, 0, 40)])) < 22


def test_what_ends_together_is_proven_to_the_end() -> None:
    one, same, longer = (calm_at_the_end(str(own), 12.0 + 3 * (own == 4), own) for own in (2, 3, 4))
    ((start, stop),) = proven(one, same, [segment(0, 12, 0, 12)])
    assert (start, stop) == pytest.approx((0.0, 12.0), abs=0.3)
    ((start, stop),) = proven(one, longer, [segment(0, 12, 0, 12)])
    assert stop < 11.5


def test_footage_at_another_speed_is_not_proven() -> None:
    slow = dense("slow", 24.0, Part(0, 24, 1020.0, speed=0.5), own=2)
    assert sum(stop - start for start, stop in proven(slow, FILM, [segment(0, 24, 20, 32)])) < 12


def test_what_is_shown_twice_is_proven_by_one_showing_once() -> None:
    once = dense("once", 6.0, Part(0, 6, 1020.0), own=2)
    twice = dense("twice", 12.0, Part(0, 6, 1020.0), Part(6, 12, 1020.0), own=3)
    spans = proven(twice, once, [segment(0, 6, 0, 6), segment(6, 12, 0, 6)])
    assert sum(stop - start for start, stop in spans) == pytest.approx(6.0, abs=0.8)


def test_the_rest_of_a_span_is_in_order() -> None:
    assert without((0.0, 10.0), [(2.0, 3.0), (6.0, 20.0)]) == [(0.0, 2.0), (3.0, 6.0)]
    assert without((0.0, 1.0), [(0.0, 1.0)]) == []


def test_nothing_is_proven_of_nothing() -> None:
    short = dense("short", 0.2, Part(0, 1, 1020.0), own=2)
    assert proven(short, FILM, [segment(0, 0.2, 20, 20.2)]) == ()
