"""From segments to coverage and relation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from twinreel.types import Match, Relation, Segment

NEARLY_ALL = 0.85
"""Coverage from which nearly all of a video is in another: titles and a black second at an end may differ."""
SLACK = 1.0
"""Seconds (beside the sampling) that the ends of matched stretches may be off."""
AT_AN_END = 2.0
"""Seconds from an end of a video within which a segment reaches it."""


def turned(match: Match) -> Match:
    """The match with a and b exchanged."""
    coverages = match.coverage_b, match.coverage_a
    return Match(match.b, match.a, match.relation, match.score, *coverages, turned_segments(match.segments))


def turned_segments(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments with a and b exchanged, in order of the new a."""
    exchanged = (replace(s, a_start=s.b_start, a_stop=s.b_stop, b_start=s.a_start, b_stop=s.a_stop) for s in segments)
    return tuple(sorted(exchanged, key=lambda s: (s.a_start, s.b_start)))


def covered(spans: Sequence[tuple[float, float]], duration: float) -> float:
    """Share of [0, duration) inside the union of half-open spans, in [0, 1]."""
    total, reached = 0.0, 0.0
    for start, stop in sorted(spans):
        start, stop = max(start, reached), min(stop, duration)
        if stop > start:
            total += stop - start
            reached = stop
    return min(1.0, total / duration) if duration > 0 else float(bool(spans))


def nearly_all(coverage: float, duration: float) -> bool:
    """Is what is not covered within what the method can tell?"""
    return coverage >= NEARLY_ALL or (1 - coverage) * duration <= SLACK


def relation(segments: Sequence[Segment], duration_a: float, duration_b: float) -> tuple[Relation, float, float]:
    """The strongest relation that holds between two videos, and the coverages of a and of b.

    ``CONTAINS`` says that one is in the other, whichever it is: the one whose coverage is not nearly 1 contains.
    """
    a = covered([(s.a_start, s.a_stop) for s in segments], duration_a)
    b = covered([(s.b_start, s.b_stop) for s in segments], duration_b)
    all_a, all_b = nearly_all(a, duration_a), nearly_all(b, duration_b)
    if all_a and all_b:
        return Relation.DUPLICATE, a, b
    if all_a or all_b:
        return Relation.CONTAINS, a, b
    for s in segments:
        if s.backwards:
            continue
        a_ends_b_begins = duration_a - s.a_stop <= AT_AN_END and s.b_start <= AT_AN_END
        b_ends_a_begins = duration_b - s.b_stop <= AT_AN_END and s.a_start <= AT_AN_END
        if a_ends_b_begins or b_ends_a_begins:
            return Relation.OVERLAPS, a, b
    return Relation.SHARED, a, b
