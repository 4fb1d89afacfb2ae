"""Matches of planted pairs: seconds, relation, coverage, and who is a."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import APART, Part, turn, video, with_inset

from twinreel.match.alignment import ALIGNERS
from twinreel.match.calibration import in_crowd
from twinreel.match.pair import MIN_SCORE, align_parts, match_pair
from twinreel.match.prepared import Prepared
from twinreel.types import MIDDLE, Match, Relation, Segment

FOOTAGE = 1e7
"""Where footage lies that the videos share."""

Span = tuple[float, float, float, float]
"""a_start, a_stop, b_start, b_stop: seconds."""


def spans(match: Match | None) -> list[Span]:
    assert match is not None
    return [(s.a_start, s.a_stop, s.b_start, s.b_stop) for s in match.segments]


def reported(a: Prepared, b: Prepared) -> Match:
    """The match, which does not depend on which is which."""
    match = match_pair(a, b)
    assert match is not None and match.score >= MIN_SCORE
    assert match == match_pair(b, a)
    assert match.score == max(s.score for s in match.segments)
    return match


def test_a_copy_sampled_elsewhere_is_a_duplicate() -> None:
    a = video("a", 60, [Part(0, 60, FOOTAGE)])
    b = video("b", 60, [Part(0, 60, FOOTAGE)], own=2, first=0.4, step=0.7)
    match = reported(a, b)
    assert (match.a, match.b, match.relation) == ("a", "b", Relation.DUPLICATE)
    np.testing.assert_allclose(spans(match), [(0, 60, 0, 60)], atol=0.5)
    assert match.coverage_a == pytest.approx(1, abs=0.01) and match.coverage_b == pytest.approx(1, abs=0.01)
    assert not match.segments[0].mirrored


@pytest.mark.parametrize(("film", "clip"), [("a", "b"), ("z", "b")])
def test_the_one_that_contains_is_a_whatever_they_are_called(film: str, clip: str) -> None:
    match = reported(video(film, 120), video(clip, 20, [Part(0, 20, APART + 50)], own=2, first=0.3))
    assert (match.a, match.b, match.relation) == (film, clip, Relation.CONTAINS)
    np.testing.assert_allclose(spans(match), [(50, 70, 0, 20)], atol=0.6)
    assert match.coverage_a == pytest.approx(20 / 120, abs=0.01)
    assert match.coverage_b == pytest.approx(1, abs=0.03)


def test_trimmed_at_both_ends() -> None:
    match = reported(video("a", 60, [Part(0, 60, FOOTAGE)]), video("b", 40, [Part(0, 40, FOOTAGE + 12)], own=2))
    assert match.relation is Relation.CONTAINS
    np.testing.assert_allclose(spans(match), [(12, 52, 0, 40)], atol=0.5)


@pytest.mark.parametrize("crowd", [2.0, 40.0, 4e6])
def test_in_a_crowd_the_odds_are_lower_and_the_seconds_are_the_same(crowd: float) -> None:
    a = video("a", 60, [Part(0, 30, FOOTAGE), Part(30, 60, FOOTAGE + 500)])
    b = video("b", 60, [Part(0, 30, FOOTAGE + 500), Part(30, 40, FOOTAGE)], own=2, noise=1.0)
    alone = match_pair(a, b)
    among = match_pair(replace(a, crowd=crowd), replace(b, crowd=crowd))
    assert alone is not None and among is not None
    assert spans(alone) == spans(among) and len(alone.segments) > 1
    scores = [(alone.score, among.score)]
    scores += [(one.score, other.score) for one, other in zip(alone.segments, among.segments, strict=True)]
    for one, other in scores:
        assert (1 - other) / other == pytest.approx(crowd * (1 - one) / one)


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_a_score_in_a_crowd_is_a_score(score: float, crowd: float) -> None:
    found = in_crowd(score, crowd)
    assert 0 <= found <= score
    assert in_crowd(score, 1.0) == score
    assert in_crowd(found, 1 / crowd) == pytest.approx(score, abs=1e-9)


def test_two_segments_that_changed_places() -> None:
    a = video("a", 60, [Part(0, 30, FOOTAGE), Part(30, 60, FOOTAGE + 500)])
    b = video("b", 60, [Part(0, 30, FOOTAGE + 500), Part(30, 60, FOOTAGE)], own=2)
    match = reported(a, b)
    assert match.relation is Relation.DUPLICATE
    np.testing.assert_allclose(spans(match), [(0, 30, 30, 60), (30, 60, 0, 30)], atol=0.6)


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_played_at_another_speed(speed: float) -> None:
    seconds = 60 / speed
    a = video("a", 60, [Part(0, 60, FOOTAGE)])
    match = reported(a, video("b", seconds, [Part(0, seconds, FOOTAGE, speed)], own=2))
    assert match.relation is Relation.DUPLICATE
    np.testing.assert_allclose(spans(match), [(0, 60, 0, seconds)], atol=1.0)
    assert match.segments[0].speed == pytest.approx(1 / speed, rel=0.02)


@pytest.mark.parametrize("speed", [1.0, 1.5])
def test_played_backwards(speed: float) -> None:
    seconds = 40 / speed
    a = video("a", 60, [Part(0, 60, FOOTAGE)])
    match = reported(a, video("b", seconds, [Part(0, seconds, FOOTAGE + 50, -speed)], own=2, first=0.3))
    assert match.relation is Relation.CONTAINS and match.coverage_b == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(spans(match), [(10, 50, 0, seconds)], atol=1.0)
    assert match.segments[0].backwards and match.segments[0].speed == pytest.approx(-1 / speed, rel=0.03)
    assert match.segments[0].seen_in_b(50) == pytest.approx(0, abs=1)


def test_a_stretch_played_forwards_is_not_said_to_be_played_backwards() -> None:
    still_and_moving = [Part(0, 20, FOOTAGE, 0.0), Part(20, 60, FOOTAGE + 500)]
    match = reported(video("a", 60, still_and_moving), video("b", 60, still_and_moving, own=2, first=0.4))
    assert not any(s.backwards for s in match.segments)


def test_shared_in_the_middle_and_at_the_ends() -> None:
    middle = reported(
        video("a", 100, [Part(40, 70, FOOTAGE)]), video("b", 200, [Part(120, 150, FOOTAGE)], own=2, first=0.3)
    )
    assert middle.relation is Relation.SHARED
    np.testing.assert_allclose(spans(middle), [(40, 70, 120, 150)], atol=0.6)
    goes_on = reported(video("a", 60, [Part(35, 60, FOOTAGE)]), video("b", 60, [Part(0, 25, FOOTAGE)], own=2))
    assert goes_on.relation is Relation.OVERLAPS
    np.testing.assert_allclose(spans(goes_on), [(35, 60, 0, 25)], atol=0.6)


def test_unrelated_videos_are_not_reported() -> None:
    scores = []
    for other in range(2, 12):
        match = match_pair(video("a", 60), video("b", 60, own=other))
        scores.append(match.score if match else 0.0)
    assert max(scores) < 0.1


def test_nothing_matches_a_video_without_frames() -> None:
    assert match_pair(video("a", 60), video("b", 0.0, own=2)) is None
    assert align_parts([(video("a", 0.0), video("b", 0.0, own=2))]) == []


# Mirrored


def test_a_mirrored_copy_is_said_to_be() -> None:
    """With a descriptor that does not care; the left-right signature tells."""
    a = video("a", 60, [Part(0, 60, FOOTAGE)])
    match = reported(a, video("b", 60, [Part(0, 60, FOOTAGE, mirrored=True)], own=2))
    assert match.relation is Relation.DUPLICATE
    assert [s.mirrored for s in match.segments] == [True]


def test_a_mirrored_part_beside_one_that_is_not() -> None:
    a = video("a", 80, [Part(0, 40, FOOTAGE), Part(40, 80, FOOTAGE + 500)])
    b = video("b", 80, [Part(0, 40, FOOTAGE + 500, mirrored=True), Part(40, 80, FOOTAGE)], own=2)
    assert [(round(s.a_start), s.mirrored) for s in reported(a, b).segments] == [(0, False), (40, True)]


@pytest.mark.parametrize("swapped", [False, True])
def test_mirrored_vectors_of_either_find_a_mirrored_copy(swapped: bool) -> None:
    """With a descriptor that tells mirrored frames apart: without mirrored vectors there is nothing to see."""
    a = video("a", 60, [Part(0, 30, FOOTAGE), Part(30, 60, FOOTAGE + 500)], turned=True)
    b = video("b", 60, [Part(0, 30, FOOTAGE), Part(30, 60, FOOTAGE + 500, mirrored=True)], own=2, turned=True)
    if swapped:
        a, b = b, a
    straight = match_pair(a, b)
    assert straight is not None
    np.testing.assert_allclose(spans(straight), [(0, 30, 0, 30)], atol=0.6)
    both = match_pair(a, b, a.vectors[:, turn()])
    assert both is not None and both.relation is Relation.DUPLICATE
    np.testing.assert_allclose(spans(both), [(0, 30, 0, 30), (30, 60, 30, 60)], atol=0.6)
    assert [s.mirrored for s in both.segments] == [False, True]


# Short clips and single frames: a single matching frame is a segment, and likeness alone decides


def test_a_still_image_of_a_film() -> None:
    film = video("film", 60)
    match = reported(film, video("still", 0.04, [Part(0, 1, APART + 30)], own=2))
    assert (match.a, match.b, match.relation) == ("film", "still", Relation.CONTAINS)
    best = max(match.segments, key=lambda s: s.score)
    assert best.a_start <= 30 <= best.a_stop + 0.04
    assert match.coverage_b == 1.0


def test_two_single_frames_match_by_likeness_alone() -> None:
    one = video("a", 0.04, [Part(0, 1, FOOTAGE)])
    same = reported(one, video("b", 0.04, [Part(0, 1, FOOTAGE)], own=2))
    assert same.relation is Relation.DUPLICATE
    np.testing.assert_allclose(spans(same), [(0, 0.04, 0, 0.04)], atol=1e-9)
    scores = [same.score]
    for apart in (1.5, 2.5, 4.0):
        other = match_pair(one, video("b", 0.04, [Part(0, 1, FOOTAGE + apart)], own=2))
        scores.append(other.score if other else 0.0)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < MIN_SCORE


def test_a_picture_in_a_picture_and_its_host_are_both_found() -> None:
    inset = video("b", 60, [Part(20, 50, FOOTAGE)], own=3, first=20)
    shown = with_inset(video("b", 60, own=2), inset)
    small = reported(video("a", 80, [Part(10, 80, FOOTAGE)]), shown)
    np.testing.assert_allclose(spans(small), [(10, 40, 20, 50)], atol=0.6)
    host = reported(video("c", 60, own=2, noise=0.2), shown)
    np.testing.assert_allclose(spans(host), [(0, 60, 0, 60)], atol=0.6)


def test_a_picture_in_two_different_pictures_is_found() -> None:
    first, second = (
        with_inset(video(name, 40, own=own), video(name, 40, [Part(0, 40, FOOTAGE)], own=own + 10))
        for own, name in enumerate("ab", 1)
    )
    np.testing.assert_allclose(spans(reported(first, second)), [(0, 40, 0, 40)], atol=0.5)


def test_a_large_crop_is_found_by_the_middle_of_what_it_was_cut_out_of() -> None:
    shown = video("a", 60, [Part(0, 60, FOOTAGE)], own=3)
    whole = with_inset(video("b", 60, own=2), video("b", 60, [Part(0, 60, FOOTAGE)], own=4, step=3.0), MIDDLE)
    np.testing.assert_allclose(spans(reported(shown, whole)), [(0, 60, 0, 60)], atol=1.6)


def test_that_only_the_middles_of_two_pictures_are_alike_is_no_match() -> None:
    """Were they the same, so would be what is around them."""
    first, second = (
        with_inset(video(name, 40, own=own), video(name, 40, [Part(0, 40, FOOTAGE)], own=own + 10), MIDDLE)
        for own, name in enumerate("ab", 1)
    )
    match = match_pair(first, second)
    assert match is None or match.score < MIN_SCORE


@pytest.mark.parametrize("duration", [0.5, 1.0, 1.9])
def test_clips_under_two_seconds(duration: float) -> None:
    clip = video("clip", duration, [Part(0, duration, APART + 30)], own=2)
    contained = reported(video("film", 60), clip)
    assert (contained.a, contained.relation) == ("film", Relation.CONTAINS)
    assert contained.coverage_b == pytest.approx(1)
    copied = reported(clip, video("copy", duration, [Part(0, duration, APART + 30)], own=3))
    assert copied.relation is Relation.DUPLICATE


def test_a_short_loop_lies_in_what_repeats_it() -> None:
    """Less of the short one is covered than of the long one, but what is missing of it is within a second."""
    short = video("z", 3, [Part(0, 2.2, FOOTAGE)], step=0.25)
    match = reported(short, video("b", 5.9, [Part(0, 2.2, FOOTAGE), Part(2.2, 4.4, FOOTAGE)], own=2, step=0.25))
    assert match.relation is Relation.CONTAINS
    assert (match.a, match.b) == ("b", "z")
    assert match.coverage_b < match.coverage_a < 0.85


# What holds for all


@settings(max_examples=20)
@given(
    name=st.sampled_from(list(ALIGNERS)),
    speed=st.sampled_from([0.5, 0.8, 1.0, 1.25, 2.0]),
    steps=st.tuples(st.sampled_from([0.4, 1.0, 2.3]), st.sampled_from([0.4, 1.0, 2.3])),
    start=st.floats(0, 20),
    shift=st.floats(0, 20),
    noise=st.sampled_from([0.0, 0.6]),
)
def test_which_is_a_makes_no_difference(
    name: str, speed: float, steps: tuple[float, float], start: float, shift: float, noise: float
) -> None:
    a = video("a", 50, [Part(start, 40, FOOTAGE)], step=steps[0], noise=noise)
    b = video("b", 40, [Part(5, 35, FOOTAGE + shift, speed), Part(36, 40, FOOTAGE)], own=2, step=steps[1], noise=noise)
    match = match_pair(a, b, aligner=name)
    assert match == match_pair(b, a, aligner=name)
    if match is None:
        return
    assert 0 <= match.score <= 1 and 0 < match.coverage_a <= 1 and 0 < match.coverage_b <= 1
    durations = {"a": 50.0, "b": 40.0}
    assert list(match.segments) == sorted(match.segments, key=lambda s: (s.a_start, s.b_start))
    for s in match.segments:
        assert 0 <= s.a_start < s.a_stop <= durations[match.a] + 1e-9
        assert 0 <= s.b_start < s.b_stop <= durations[match.b] + 1e-9
        assert 0.45 <= s.speed <= 2.2
    assert not any(crossed(s, other) for s in match.segments for other in match.segments if s is not other)


def crossed(one: Segment, other: Segment) -> bool:
    """Do two segments lie mostly on the same seconds of both?"""
    across = min(one.a_stop, other.a_stop) - max(one.a_start, other.a_start)
    down = min(one.b_stop, other.b_stop) - max(one.b_start, other.b_start)
    return across > 0.5 * (one.a_stop - one.a_start) and down > 0.5 * (one.b_stop - one.b_start)
