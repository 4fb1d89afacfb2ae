"""Lengths of sets of intervals on a line."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[float, float]
"""Start and stop, the latter not before the former."""


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The union, in order, without overlaps."""
    union: list[Interval] = []
    for start, stop in sorted(intervals):
        if union and start <= union[-1][1]:
            union[-1] = union[-1][0], max(stop, union[-1][1])
        else:
            union.append((start, stop))
    return union


def length(intervals: Iterable[Interval]) -> float:
    """Of the union."""
    return sum(stop - start for start, stop in merged(intervals))


def common_length(a: Iterable[Interval], b: Iterable[Interval]) -> float:
    """Of what lies in both unions: |A| + |B| - |A or B|."""
    first, second = list(a), list(b)
    return length(first) + length(second) - length([*first, *second])
