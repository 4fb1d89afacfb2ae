"""Average precisions of rankings worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinreel.evaluate.isc import isc
from twinreel.evaluate.ranking import Bools, average_precision, grouped, hits_by_score, trapezoid, worst_case
from twinreel.evaluate.retrieval import mean_average_precision, micro_average_precision, precisions
from twinreel.types import Float64


def ranked(*entries: tuple[float, int]) -> tuple[Float64, Bools]:
    return np.array([score for score, _ in entries]), np.array([bool(right) for _, right in entries])


NO_TIES = ranked((0.2, 1), (0.9, 0), (0.8, 1), (0.5, 0), (0.4, 1))
"""Hits at ranks 2, 4 and 5."""
TIES = ranked((0.9, 0), (0.5, 1), (0.5, 0), (0.5, 1))


def test_what_was_not_returned_is_a_miss() -> None:
    assert average_precision(*NO_TIES, 3) == pytest.approx((1 / 2 + 2 / 4 + 3 / 5) / 3)
    assert average_precision(*NO_TIES, 6) == pytest.approx((1 / 2 + 2 / 4 + 3 / 5) / 6)
    assert average_precision(*ranked(), 4) == 0


def test_a_depth_limits_ranks_and_what_can_be_found_in_them() -> None:
    assert average_precision(*NO_TIES, 6, depth=4) == pytest.approx((1 / 2 + 2 / 4) / 4)
    assert average_precision(*NO_TIES, 3, depth=2) == pytest.approx((1 / 2) / 2)


def test_equal_scores() -> None:
    """In the order given hits come at ranks 2 and 4, at worst at 3 and 4, all at once at 4."""
    assert average_precision(*TIES, 2) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert worst_case(*TIES, 2) == pytest.approx((1 / 3 + 2 / 4) / 2)
    assert grouped(*TIES, 2) == pytest.approx(2 / 4)


def test_without_equal_scores_there_is_one_average_precision() -> None:
    assert grouped(*NO_TIES, 3) == pytest.approx(average_precision(*NO_TIES, 3))
    assert worst_case(*NO_TIES, 3) == pytest.approx(average_precision(*NO_TIES, 3))


def test_trapezoids_begin_at_precision_one() -> None:
    """Before the hits at ranks 1 and 3: precision 1 (nothing was wrong yet) and 1/2."""
    assert trapezoid(*ranked((3, 1), (2, 0), (1, 1)), 2) == pytest.approx(((1 + 1) / 2 + (1 / 2 + 2 / 3) / 2) / 2)
    assert trapezoid(*ranked((3, 0), (2, 1)), 4) == pytest.approx((0 + 1 / 2) / 2 / 4)


def test_those_without_a_score_come_at_zero() -> None:
    assert grouped(*ranked((0.5, 1), (0.0, 1)), 2, rest=2) == pytest.approx((1 + 2 / 4) / 2)
    hits, ranks = hits_by_score(*ranked((0.5, 1), (0.0, 0), (-1.0, 1)), rest=(1, 3))
    assert (hits.tolist(), ranks.tolist()) == ([1, 2, 3], [1, 5, 6])


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12))
def test_by_definition(entries: list[tuple[int, bool]]) -> None:
    """Counted again one by one: sorted, equal scores as given, at worst, or at once."""
    scores, relevant = ranked(*entries)
    positives = int(relevant.sum()) + 1

    def along(order: list[tuple[int, bool]]) -> float:
        hits = [right for _, right in order]
        return sum(sum(hits[: rank + 1]) / (rank + 1) for rank in range(len(hits)) if hits[rank]) / positives

    assert math.isclose(average_precision(scores, relevant, positives), along(sorted(entries, key=lambda e: -e[0])))
    assert math.isclose(worst_case(scores, relevant, positives), along(sorted(entries, key=lambda e: (-e[0], e[1]))))
    at_once = 0.0
    for level in set(scores.tolist()):
        reaching = [right for score, right in entries if score >= level]
        gained = sum(right for score, right in entries if score == level)
        at_once += sum(reaching) / len(reaching) * gained / positives
    assert math.isclose(grouped(scores, relevant, positives), at_once, abs_tol=1e-12)


SCORES = {"q": {"q": 1.0, "a": 0.9, "x": 0.8, "b": 0.7}, "r": {"x": 0.95, "c": 0.1}, "s": {"x": 0.85}}
RIGHT = {"q": {"q", "a", "b"}, "r": {"c", "gone"}, "s": {"gone"}, "silent": {"a"}}
DATABASE = {"q", "a", "b", "c", "x"}


def test_mean_over_the_queries_with_something_to_find() -> None:
    """The query is no answer to itself, ``gone`` cannot be found, ``s`` has nothing to find, ``silent`` no answer."""
    assert precisions(SCORES, RIGHT, DATABASE) == pytest.approx({"q": (1 + 2 / 3) / 2, "r": 1 / 2})
    assert mean_average_precision(SCORES, RIGHT, DATABASE) == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert mean_average_precision(SCORES, RIGHT, DATABASE, depth=1) == pytest.approx((1 + 0) / 2)
    assert mean_average_precision(SCORES, RIGHT, {"x"}) is None


def test_pooled_a_query_without_positives_can_only_be_wrong() -> None:
    """x of r .95, a .9, x of s .85, x of q .8, b .7, c .1: hits at ranks 2, 5, 6."""
    wanted = (1 / 2 + 2 / 5 + 3 / 6) / 3
    assert micro_average_precision(SCORES, RIGHT, DATABASE) == pytest.approx(wanted)
    assert micro_average_precision(SCORES, RIGHT, {"x"}) is None


def test_isc() -> None:
    """Wrong first among equals: (q, x) .9, (q, a) .9, (r, b) .5, (r, y) .4; (s, c) was not returned."""
    scores = {("q", "a"): 0.9, ("q", "x"): 0.9, ("r", "b"): 0.5, ("r", "y"): 0.4}
    found = isc(scores, [("q", "a"), ("r", "b"), ("s", "c")])
    assert found.micro_ap == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert (found.recall_at_p90, found.threshold_at_p90) == (None, None)
    assert (found.recall_at_1, found.recall_at_10) == pytest.approx((1 / 3, 2 / 3))
    sure = isc({("q", "a"): 0.9, ("r", "b"): 0.8, ("r", "y"): 0.7}, [("q", "a"), ("r", "b"), ("s", "c")])
    assert (sure.recall_at_p90, sure.threshold_at_p90) == pytest.approx((2 / 3, 0.8))
