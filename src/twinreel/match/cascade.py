"""What a cascade decides: which seconds of which videos are worth a second look, and what becomes of fingerprints.

Of each pair that has something to it, the stretches are decoded anew. Where a match that is to be reported reaches
beyond what was looked into, this goes on, so that its ends do not rest on keyframes.

How little will do (``DEPTHS``) depends on what it costs. Among many videos most have some other that is faintly like
them, so faint pairs are looked into as long as they take a small part of the library's time.

A pair of which neither video is new counts only where it is to be reported, so that a library does not look deeper and
deeper into what it knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from twinreel.match.calibration import MIN_SCORE, in_crowd
from twinreel.types import Fingerprint, Match, Relation, Span

DEPTHS = (0.02, 0.05, 0.1, 0.2)
"""Score that the keyframes of two videos reach where they are worth a second look: the first that is affordable, or the
last."""
SHARE, ALWAYS = 0.1, 7200.0
"""What is affordable beyond what the last depth asks for: a share of the seconds of the new videos, and seconds."""
AROUND = 10.0
"""Seconds before and after a stretch that are looked into as well: as far apart as keyframes usually are at most."""
SHORT = 60.0
"""Seconds of a video that is looked into as a whole."""

Spans = tuple[Span, ...]


def settings() -> list[object]:
    """All numbers that decide, as JSON has them: two cascades with the same ones look into the same."""
    return [list(DEPTHS), SHARE, ALWAYS, AROUND, SHORT]


class Stretch(NamedTuple):
    """Seconds of a video that another one shows as well."""

    content: str
    score: float
    """What the match would have in a library of few videos: as many are looked into for as faint a likeness in any."""
    span: Span


def faintest(crowd: float) -> float:
    """Score of the matches that may be worth a second look; crowd: of their library (``Reference``)."""
    return in_crowd(DEPTHS[0], crowd)


def stretches(matches: Iterable[Match], new: Callable[[str], bool], crowd: float) -> Iterator[Stretch]:
    """What may be worth a second look. new: was a video, by its content id, not compared before?"""
    least = faintest(crowd)
    for match in matches:
        if match.relation is Relation.REMUX or match.score < least:
            continue
        if match.score >= MIN_SCORE or new(match.a) or new(match.b):
            score = in_crowd(match.score, 1 / crowd)
            for segment in match.segments:
                yield Stretch(match.a, score, (segment.a_start, segment.a_stop))
                yield Stretch(match.b, score, (segment.b_start, segment.b_stop))


def by_depth(
    common: Sequence[Stretch], known: Mapping[str, Spans], durations: Mapping[str, float], step: float
) -> list[dict[str, Spans]]:
    """What is wanted at each of the ``DEPTHS``, of the videos of which it is more than was known.

    durations: seconds of each video; what is not among them is left out. step: of the sampling, seconds.
    """
    return [_wanted((one for one in common if one.score >= depth), known, durations, step) for depth in DEPTHS]


def _wanted(
    common: Iterable[Stretch], known: Mapping[str, Spans], durations: Mapping[str, float], step: float
) -> dict[str, Spans]:
    spans: dict[str, list[Span]] = defaultdict(list)
    for one in common:
        if one.content in durations:
            spans[one.content].append(one.span)
    now = {c: widened(known.get(c, ()), spans[c], durations[c], step) for c in sorted(spans)}
    return {content: found for content, found in now.items() if found != known.get(content, ())}


def added(now: Mapping[str, Spans], known: Mapping[str, Spans]) -> float:
    """Seconds that are wanted beyond what was known."""
    spans = [(1, span) for content in now for span in now[content]]
    spans += [(-1, span) for content in now for span in known.get(content, ())]
    return sum(sign * (stop - start) for sign, (start, stop) in spans)


def affordable(seconds: Sequence[float], new: float) -> int:
    """Which of the ``DEPTHS`` is gone to. seconds: that each of them adds; new: seconds of the new videos."""
    most = seconds[-1] + max(ALWAYS, SHARE * new)
    return next(number for number, one in enumerate(seconds) if one <= most)


def widened(before: Spans, stretches: Iterable[Span], duration: float, step: float) -> Spans:
    """Spans of a video that is to be looked into at these stretches as well, and around them.

    A stretch is new only where it does not end within a span by a ``step``: what is on both sides of it is known.
    """
    whole = (0.0, duration)
    wanted = list(before)
    for start, stop in stretches:
        least = max(0.0, start - step), min(duration, stop + step)
        if not any(low <= least[0] and least[1] <= high for low, high in wanted):
            wanted.append(whole if duration <= SHORT else (max(0.0, start - AROUND), min(duration, stop + AROUND)))
    return union(wanted)


def union(spans: Iterable[Span]) -> Spans:
    """Spans ascending and apart; a gap that is not worth a jump is none."""
    result: list[Span] = []
    for start, stop in sorted(spans):
        if result and start <= result[-1][1] + AROUND:
            result[-1] = result[-1][0], max(result[-1][1], stop)
        else:
            result.append((start, stop))
    return tuple(result)


def merged(old: Fingerprint, new: Fingerprint, spans: Spans) -> Fingerprint:
    """A fingerprint of whose frames those within spans are exchanged for others."""
    kept = np.ones(len(old.times), bool)
    for start, stop in spans:
        kept &= (old.times < start) | (old.times > stop)
    pairs = (
        (old.times, new.times),
        (old.vectors, new.vectors),
        (old.weights, new.weights),
        (old.layout, new.layout),
        (old.parts, new.parts),
    )
    times, vectors, weights, layout, parts = (np.concatenate([before[kept], after]) for before, after in pairs)
    order = np.lexsort((times, parts))
    order = order[np.r_[True, (np.diff(times[order]) > 0) | (np.diff(parts[order]) > 0)][: len(order)]]
    return Fingerprint(
        times[order], vectors[order], weights[order], layout[order], old.describer, old.sampling, parts[order]
    )
