"""Coverage against sets of whole seconds, and every relation by hand-drawn segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinreel.match.relation import NEARLY_ALL, SLACK, covered, nearly_all, relation
from twinreel.types import Relation, Segment

SECONDS = 40

spans = st.lists(st.tuples(st.integers(0, SECONDS), st.integers(0, SECONDS + 10)).filter(lambda s: s[0] <= s[1]))


def segment(a: tuple[float, float], b: tuple[float, float]) -> Segment:
    return Segment(*a, *b, score=0.9)


@given(spans, st.integers(1, SECONDS))
def test_coverage_is_the_union_within_the_duration(drawn: list[tuple[int, int]], duration: int) -> None:
    seconds = {second for start, stop in drawn for second in range(start, stop) if second < duration}
    assert covered(drawn, duration) == pytest.approx(len(seconds) / duration)
    assert covered(drawn[::-1], duration) == covered(drawn, duration)


@given(
    st.lists(st.tuples(st.floats(-5, 50), st.floats(-5, 50))),
    st.floats(0, 45),
    st.tuples(st.floats(0, 45), st.floats(0, 45)),
)
def test_coverage_is_a_share_and_only_grows(
    drawn: list[tuple[float, float]], duration: float, more: tuple[float, float]
) -> None:
    share = covered(drawn, duration)
    assert 0 <= share <= 1
    assert covered([*drawn, more], duration) >= share - 1e-12
    assert covered([*drawn, (-1.0, 60.0)], duration) == 1


def test_coverage_of_nothing() -> None:
    assert covered([], 10) == 0
    assert covered([], 0) == 0
    assert covered([(0, 0.1)], 0) == 1  # a duration that is not known


def test_nearly_all_leaves_a_share_or_a_second() -> None:
    assert nearly_all(NEARLY_ALL, 1000) and not nearly_all(NEARLY_ALL - 0.01, 1000)
    assert nearly_all(0.7, 3) and not nearly_all(0.6, 3)
    assert nearly_all(1 - SLACK / 4, 4)


@pytest.mark.parametrize(
    ("segments", "durations", "expected", "coverages"),
    [
        ([((0, 60), (0, 60))], (60, 60), Relation.DUPLICATE, (1, 1)),
        # titles of five seconds each
        ([((0, 55), (5, 60))], (60, 60), Relation.DUPLICATE, (55 / 60, 55 / 60)),
        # the same in another order, at another speed
        ([((0, 30), (15, 30)), ((30, 60), (0, 15))], (60, 30), Relation.DUPLICATE, (1, 1)),
        ([((50, 60), (0, 10))], (120, 10), Relation.CONTAINS, (10 / 120, 1)),
        ([((0, 10), (50, 60))], (10, 120), Relation.CONTAINS, (1, 10 / 120)),
        # pieces that together make the whole
        ([((0, 5), (50, 55)), ((5, 10), (90, 95))], (10, 120), Relation.CONTAINS, (1, 10 / 120)),
        # one goes on where the other stops
        ([((40, 60), (0, 20))], (60, 60), Relation.OVERLAPS, (1 / 3, 1 / 3)),
        ([((0, 20), (40, 60))], (60, 60), Relation.OVERLAPS, (1 / 3, 1 / 3)),
        ([((1.5, 20), (40, 58.5))], (60, 60), Relation.OVERLAPS, (18.5 / 60, 18.5 / 60)),
        ([((20, 25), (30, 35)), ((40, 60), (0, 20))], (60, 60), Relation.OVERLAPS, (25 / 60, 25 / 60)),
        # the same beginning, the same end, the same middle
        ([((0, 20), (0, 20))], (60, 60), Relation.SHARED, (1 / 3, 1 / 3)),
        ([((40, 60), (40, 60))], (60, 60), Relation.SHARED, (1 / 3, 1 / 3)),
        ([((20, 40), (30, 50))], (60, 100), Relation.SHARED, (1 / 3, 0.2)),
        # an end of one in the middle of the other
        ([((40, 60), (20, 40))], (60, 60), Relation.SHARED, (1 / 3, 1 / 3)),
        # what is said twice counts once
        ([((0, 30), (0, 30)), ((10, 30), (70, 90))], (60, 100), Relation.SHARED, (0.5, 0.5)),
        # short clips: a second may be missing
        ([((0, 2), (0, 2))], (3, 3), Relation.DUPLICATE, (2 / 3, 2 / 3)),
        ([((0, 0.04), (30, 30.04))], (0.04, 60), Relation.CONTAINS, (1, 0.04 / 60)),
        ([((0, 0.04), (0, 0.04))], (0.04, 0.04), Relation.DUPLICATE, (1, 1)),
        ([((0, 1), (0, 1))], (4, 4), Relation.SHARED, (0.25, 0.25)),
        ([((3, 4), (0, 1))], (4, 4), Relation.OVERLAPS, (0.25, 0.25)),
    ],
)
def test_the_strongest_relation_that_holds(
    segments: list[tuple[tuple[float, float], tuple[float, float]]],
    durations: tuple[float, float],
    expected: Relation,
    coverages: tuple[float, float],
) -> None:
    found, *shares = relation([segment(a, b) for a, b in segments], *durations)
    assert found is expected and shares == pytest.approx(coverages)
    # seen from the other side
    found, *shares = relation([segment(b, a) for a, b in segments], *durations[::-1])
    assert found is expected and shares == pytest.approx(coverages[::-1])
