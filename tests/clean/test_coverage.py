"""What of a video exists elsewhere, from matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinreel.clean.coverage import LEAST, Cover, length, outside, seen, union, verdict
from twinreel.types import Match, Relation, Segment

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda p: (float(p[0]), float(p[0] + p[1]))))


def match(*segments: tuple[float, float, float, float]) -> Match:
    return Match("a", "b", Relation.SHARED, 1.0, 0.5, 0.5, tuple(Segment(*s, 1.0) for s in segments))


@given(SPANS, st.integers(1, 60))
def test_inside_and_outside_are_all_there_is(spans: list[tuple[float, float]], duration: int) -> None:
    seconds = {second for start, stop in spans for second in range(int(start), int(stop)) if second < duration}
    assert length(outside(spans, duration)) == duration - len(seconds)
    assert {second for start, stop in union(spans) for second in range(int(start), int(stop))} >= seconds


def test_several_files_cover_a_video_together() -> None:
    found = verdict(30.0, [Cover("x", ((0.0, 10.0),)), Cover("y", ((9.0, 22.0),)), Cover("z", ((20.0, 30.0),))])
    assert [cover.content for cover in found.covers] == ["x", "y", "z"]
    assert (found.unique, found.share) == ((), 1.0)


def test_what_nothing_shows_is_named() -> None:
    found = verdict(30.0, [Cover("x", ((0.0, 10.0),)), Cover("y", ((12.0, 30.0),))])
    assert found.unique == ((10.0, 12.0),)
    assert found.loss == 2.0
    assert found.share == pytest.approx(28 / 30)


def test_a_file_that_adds_nothing_is_not_needed() -> None:
    offered = [Cover("part", ((0.0, 9.0),)), Cover("all", ((0.0, 20.0),)), Cover("other", ((3.0, 18.0),))]
    assert [cover.content for cover in verdict(20.0, offered).covers] == ["all"]


@pytest.mark.parametrize(("gap", "counts"), [(LEAST, False), (LEAST + 0.1, True)])
def test_ends_may_be_off_by_half_a_second_and_no_more(gap: float, counts: bool) -> None:
    found = verdict(10.0, [Cover("x", ((gap, 10.0 - gap),))])
    assert bool(found.unique) == counts


def test_of_a_short_video_less_is_let_go() -> None:
    assert verdict(1.0, [Cover("x", ((0.3, 1.0),))]).unique == ((0.0, 0.3),)


def test_a_segment_promises_nothing_beyond_its_ends() -> None:
    assert seen(match((2.0, 8.0, 12.0, 18.0)), "a", 10.0, 60.0) == ((2.0, 8.0),)
    assert seen(match((2.0, 8.0, 12.0, 18.0)), "b", 60.0, 10.0) == ((12.0, 18.0),)


def test_more_seconds_than_the_other_has_left_are_not_covered() -> None:
    (span,) = seen(match((0.0, 10.0, 0.6, 9.8)), "a", 10.0, 10.0)
    assert span == pytest.approx((0.0, 9.2))


def test_footage_at_another_speed_is_covered() -> None:
    assert seen(match((0.0, 10.0, 5.0, 25.0)), "a", 10.0, 60.0) == ((0.0, 10.0),)


@pytest.mark.parametrize("relation", [Relation.IDENTICAL, Relation.REMUX])
def test_the_same_packets_are_all_of_it(relation: Relation) -> None:
    assert seen(Match("a", "b", relation, 1.0, 1.0, 1.0), "b", 7.0, 7.0) == ((0.0, 7.0),)
