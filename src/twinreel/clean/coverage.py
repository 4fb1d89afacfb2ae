"""Which seconds of a video exist elsewhere, over several other files together.

    match, seen from the video  ->  spans of it that the other shows  ->  the fewest others, and what none shows

A stretch counts as unique where it is longer than ``LEAST``: the ends of segments are as exact as the frames that they
rest on, and without that no copy would ever be covered to its last frame. Beyond its ends a segment promises nothing,
even where the other file goes on: it may go on with something else. Where a segment is longer in the video than in the
other and reaches an end of the other, it is cut to the shorter length: the surplus cannot be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twinreel.match.relation import turned_segments
from twinreel.types import Match, Relation, Segment, Span

LEAST = 0.5
"""Seconds: what is not longer counts for nothing, wherever it is ..."""
LEAST_SHARE = 0.1
"""... unless it is a greater share of a short video."""
SAME_SPEED = 0.1
"""Segments whose speed is nearer to 1 play at the same speed: over the few seconds of a clip, ends that are off look
like another speed."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What another video shows of a video."""

    content: str
    """Content id of the other."""
    spans: tuple[Span, ...]
    """Of the video: ascending, disjoint."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How much of a video exists elsewhere."""

    duration: float
    """Seconds of the video."""
    covers: tuple[Cover, ...]
    """Of those offered the ones that are needed, in the order that they were offered in."""
    unique: tuple[Span, ...]
    """The stretches that no cover shows and that count."""

    @property
    def loss(self) -> float:
        """Seconds that exist nowhere else."""
        return length(self.unique)

    @property
    def gap(self) -> float:
        """Seconds of the longest stretch that no cover shows, whether or not it counts."""
        rest = outside((span for cover in self.covers for span in cover.spans), self.duration)
        return max((stop - start for start, stop in rest), default=0.0)

    @property
    def share(self) -> float:
        """Share of the video that exists elsewhere, [0, 1]; 0 for a video without a duration."""
        return max(0.0, 1 - self.loss / self.duration) if self.duration > 0 else 0.0


def union(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same seconds as ascending, disjoint spans; empty ones are dropped."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if stop <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return tuple(merged)


def length(spans: Iterable[Span]) -> float:
    """Seconds in disjoint spans."""
    return sum(stop - start for start, stop in spans)


def outside(spans: Iterable[Span], duration: float) -> tuple[Span, ...]:
    """What is left of ``[0, duration)``."""
    left, reached = [], 0.0
    for start, stop in union(spans):
        if min(start, duration) > reached:
            left.append((reached, min(start, duration)))
        reached = max(reached, stop)
    return (*left, (reached, duration)) if reached < duration else tuple(left)


def seen(match: Match, video: str, duration: float, other: float) -> tuple[Span, ...]:
    """The spans of ``video``, one of the two of a match, that the other shows.

    duration, other: seconds of the video and of the other.
    """
    if match.relation in (Relation.IDENTICAL, Relation.REMUX):
        return ((0.0, duration),)
    segments = match.segments if match.a == video else turned_segments(match.segments)
    cut = (_cut(segment, other) for segment in segments)
    return union((max(0.0, segment.a_start), min(duration, segment.a_stop)) for segment in cut)


def _cut(segment: Segment, other: float) -> Segment:
    """The segment, no longer in a than in b where b is at an end; only where both play at the same speed."""
    surplus = (segment.a_stop - segment.a_start) - (segment.b_stop - segment.b_start)
    if surplus <= 0 or abs(segment.speed - 1) >= SAME_SPEED:
        return segment
    start, stop = segment.a_start, segment.a_stop
    if other - segment.b_stop <= LEAST:
        stop -= surplus
    elif segment.b_start <= LEAST:
        start += surplus
    return Segment(start, stop, segment.b_start, segment.b_stop, segment.score, segment.mirrored)


def verdict(duration: float, offered: Sequence[Cover]) -> Verdict:
    """Which of the offered covers together show the video, and what none of them shows.

    Covers are taken in the order that they are offered in (best first) as long as they add more than ``LEAST``, then
    those that the others make needless are dropped, the last first: the greedy set cover of Johnson (1974), ordered
    by preference instead of by size.
    """
    taken: list[Cover] = []
    for cover in offered:
        spans = [span for other in taken for span in other.spans]
        if _unseen(spans, duration) - _unseen([*spans, *cover.spans], duration) > LEAST or (not taken and cover.spans):
            taken.append(cover)
    everything = _unique(taken, duration)
    for cover in reversed(tuple(taken)):
        fewer = [other for other in taken if other is not cover]
        if _unique(fewer, duration) == everything:
            taken = fewer
    return Verdict(duration, tuple(taken), everything)


def _unseen(spans: Iterable[Span], duration: float) -> float:
    return length(outside(spans, duration))


def _unique(covers: Iterable[Cover], duration: float) -> tuple[Span, ...]:
    rest = outside((span for cover in covers for span in cover.spans), duration)
    return tuple(span for span in rest if span[1] - span[0] > least(duration))


def least(duration: float) -> float:
    """Seconds up to which a stretch of a video of this duration counts for nothing."""
    return min(LEAST, LEAST_SHARE * duration)
