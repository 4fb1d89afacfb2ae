"""Average precision of one ranking, in the ways that the benchmarks mean by it.

``scores`` are (n,) numbers, higher is better; ``relevant`` (n,) says which of them are right; ``positives`` is how many
right ones there are, found or not: what was not returned counts as a miss. They differ in what is done with equal
scores, and in how the area under the curve is summed:

- ``average_precision``: the precision at each hit, averaged; equal scores keep the order in which they are given.
- ``grouped``: equal scores come at once, as in scikit-learn.
- ``worst_case``: of equal scores the wrong ones come first (ISC 2021).
- ``trapezoid``: the mean of the precision before and after each hit (EVVE; Revaud et al., CVPR 2013).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinreel.types import Float64

Bools = NDArray[np.bool_]
Order = NDArray[np.intp]


def descending(scores: Float64) -> Order:
    """(n,) the order of scores, highest first; equal ones in the order in which they are given."""
    return np.argsort(-scores, kind="stable")


def average_precision(scores: Float64, relevant: Bools, positives: int, depth: int | None = None) -> float:
    """The sum over hits of (hits so far / rank), divided by the positives.

    depth: only so many ranks count, and no more than so many positives can be found in them (AP@k).
    """
    ranked = relevant[descending(scores)][:depth]
    within = positives if depth is None else min(positives, depth)
    return float(np.sum(_precisions(ranked)) / within)


def worst_case(scores: Float64, relevant: Bools, positives: int) -> float:
    """The same where of equal scores the wrong ones come first."""
    return float(np.sum(_precisions(relevant[np.lexsort((relevant, -scores))])) / positives)


def trapezoid(scores: Float64, relevant: Bools, positives: int) -> float:
    """The area under the lines that join the points before and after each hit; before the first place: precision 1."""
    places = np.flatnonzero(relevant[descending(scores)])
    before = np.divide(np.arange(len(places)), places, out=np.ones(len(places)), where=places > 0)
    return float(np.sum(before + (np.arange(len(places)) + 1) / (places + 1)) / 2 / positives)


def grouped(scores: Float64, relevant: Bools, positives: int, rest: int = 0) -> float:
    """The sum of (precision x gained recall) over the distinct scores.

    rest: how many wrong ones there are beside these, which have no score and count as 0.
    """
    hits, ranks = hits_by_score(scores, relevant, (0, rest))
    return float(np.sum(hits / ranks * np.diff(hits, prepend=0)) / positives)


def hits_by_score(scores: Float64, relevant: Bools, rest: tuple[int, int] = (0, 0)) -> tuple[Float64, Float64]:
    """For each distinct score, highest first: right ones that reach it, and all that reach it.

    rest: right ones, and all, of those without a score, which count as 0.
    """
    hits, counts = relevant.astype(np.float64), np.ones(len(scores))
    if rest[1] > 0:
        scores, hits, counts = np.append(scores, 0.0), np.append(hits, rest[0]), np.append(counts, rest[1])
    order = descending(scores)
    ends = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)
    return np.cumsum(hits[order])[ends], np.cumsum(counts[order])[ends]


def _precisions(ranked: Bools) -> Float64:
    """At each hit: hits so far / rank."""
    places = np.flatnonzero(ranked)
    return np.asarray((np.arange(len(places)) + 1) / (places + 1), np.float64)
