"""Shared content: intros, logos, end cards, adverts, which are found in many videos and say nothing of any two.

A hub of the library, as far as two rules tell:

*   Footage is shared content where ``VIDEOS`` videos show it of which no two are related. Two videos are related where
    more than ``MINOR`` of either lies in the other, or where both have that much in common with a third, both ways.
    Duplicates of one video are all related, so however many there are they make no hub; and of excerpts of one film no
    three that show the same second are unrelated, since of three intervals around one point two always have more than
    half of one in common.
*   It is shared content *within a video* where it is a minor part of it. What consists of nothing else (the advert as
    a file of its own) is footage like any other: two copies of it are duplicates, and a film contains it.

All of it follows from stored matches: a threshold can change without a scan. How many videos there have to be does not
depend on the size of the library, so what is shared content stays it when others are added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import xxhash

from twinreel.match.calibration import MIN_SCORE
from twinreel.match.relation import SLACK, nearly_all, relation, turned, turned_segments
from twinreel.types import Match, Occurrence, Relation, Segment, SharedContent, Span

VIDEOS = 4
"""Unrelated videos that show the same footage, from which it is shared content."""
MINOR = 0.5
"""Share of a video, at most, that is a minor part of it."""
SHORTEST = 1.0
"""Seconds: less is the raggedness of the ends of segments."""
_SAME = 0.5
"""Share of the shorter of two stretches that they must have in common to be taken for the same; less is raggedness,
too."""
_EDGE = 2.0
"""Seconds from an end of a stretch in which the ends of segments are those of all of it."""

Link = tuple[str, str, Segment]
"""a and b, and a segment of their match."""
Spans = Mapping[str, Sequence[Span]]
"""Content id -> disjoint spans of it, in order."""


def shared_content(matches: Iterable[Match], durations: Mapping[str, float]) -> list[SharedContent]:
    """The shared content among some matches, one for each pair at most; in most videos first.

    ``durations``: seconds of every video, by content id. What does not reach ``MIN_SCORE`` says nothing.
    """
    strong = (m for m in matches if m.score >= MIN_SCORE)
    found = sorted((turned(m) if m.a > m.b else m for m in strong), key=lambda m: (m.a, m.b))
    kin = _Kinship(found)
    links = [(m.a, m.b, s) for m in found if not kin.related(m.a, m.b) for s in m.segments if s.score >= MIN_SCORE]
    sightings: dict[str, dict[str, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for a, b, s in links:
        sightings[a][b].append((s.a_start, s.a_stop))
        sightings[b][a].append((s.b_start, s.b_stop))
    common = {content: _common(content, seen, kin, durations) for content, seen in sightings.items()}
    pieces = {
        content: [piece for span in spans for piece in _pieces(span, sightings[content])]
        for content, spans in sorted(_passed_on(common, links).items())
    }
    # What is in fewer videos is a ragged end of something.
    records = [one for one in _records(pieces, links) if one.videos >= VIDEOS]
    return sorted(records, key=lambda one: (-one.videos, -one.seconds, one.id))


def shared_spans(found: Iterable[SharedContent], durations: Mapping[str, float]) -> dict[str, list[Span]]:
    """The seconds of each video that carry no weight; a video that mostly consists of such is left out."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for one in found:
        for place in one.occurrences:
            spans[place.content].append((place.start, place.stop))
    merged = {content: _merged(some) for content, some in spans.items()}
    return {content: some for content, some in merged.items() if _length(some) <= MINOR * durations[content]}


def with_shown_by(content: str, matches: Iterable[Match], shared: Spans, duration: float) -> Spans:
    """``shared`` and, where a video is not part of it, what that shows of it; ``matches``: those of the video."""
    if content in shared:
        return shared
    seen = [turned(match) if match.a == content else match for match in matches]
    shown = _merged(span for m in seen for s in m.segments for span in _shown(shared.get(m.a, ()), s))
    return {**shared, content: shown if _length(shown) <= MINOR * duration else []}


def weighed(match: Match, shared: Spans, durations: Mapping[str, float], min_score: float = MIN_SCORE) -> Match:
    """What a match says where shared content carries no weight; all its segments remain.

    Its relation, score and coverages are those of the two videos with the shared content cut out. Where what else they
    have in common would not be reported (it does not reach ``min_score`` or the operating point), the relation is
    ``SHARED``, and score and coverages are those of the shared content.
    """
    in_a, in_b = shared.get(match.a, ()), shared.get(match.b, ())
    a = _weightless(in_a, in_b, match.segments)
    b = _weightless(in_b, in_a, turned_segments(match.segments))
    if match.relation in (Relation.IDENTICAL, Relation.REMUX) or not (a or b):
        return match
    telling = [
        s for s in match.segments if not (_within((s.a_start, s.a_stop), a) and _within((s.b_start, s.b_stop), b))
    ]
    score = max((s.score for s in telling), default=0.0)
    if score < min(match.score, max(min_score, MIN_SCORE)):
        hub = replace(match, relation=Relation.SHARED)
        return turned(hub) if match.a > match.b else hub
    cut = [
        replace(
            s,
            a_start=_cut(s.a_start, a),
            a_stop=_cut(s.a_stop, a),
            b_start=_cut(s.b_start, b),
            b_stop=_cut(s.b_stop, b),
        )
        for s in telling
    ]
    lasts = _cut(durations[match.a], a), _cut(durations[match.b], b)
    what, coverage_a, coverage_b = relation(cut, *lasts)
    contained = nearly_all(coverage_a, lasts[0]) if what is Relation.CONTAINS else match.a > match.b
    rest = replace(match, relation=what, score=score, coverage_a=coverage_a, coverage_b=coverage_b)
    return turned(rest) if contained else rest


def _shortened(s: Segment, a: Sequence[Span], b: Sequence[Span]) -> Segment:
    ends_a, ends_b = (_cut(s.a_start, a), _cut(s.a_stop, a)), (_cut(s.b_start, b), _cut(s.b_stop, b))
    return Segment(*ends_a, *ends_b, s.score, s.mirrored, s.backwards)


class _Kinship:
    """Which videos have much in common."""

    def __init__(self, matches: Iterable[Match]) -> None:
        self._near: dict[str, set[str]] = defaultdict(set)
        """Content id -> those in which most of it lies, and those of which most lies in it, ..."""
        self._close: dict[str, set[str]] = defaultdict(set)
        """... and of these the ones with which it is both ways."""
        for m in matches:
            for least, kept in ((max, self._near), (min, self._close)):
                if least(m.coverage_a, m.coverage_b) > MINOR:
                    kept[m.a].add(m.b)
                    kept[m.b].add(m.a)

    def related(self, a: str, b: str) -> bool:
        """Also where they were aligned badly, but both are close to a third."""
        return b in self._near[a] or not self._close[a].isdisjoint(self._close[b])


def _common(
    content: str,
    seen: Mapping[str, Sequence[Span]],
    kin: _Kinship,
    durations: Mapping[str, float],
) -> list[Span]:
    """The seconds of a video that enough videos show; ``seen``: which of its seconds each of the others shows."""
    if len(seen) < VIDEOS - 1:
        return []
    # Long ones first: one that consists of nothing else is related to all and would stand in their way.
    others = sorted(seen, key=lambda other: (-durations[other], other))
    owners = np.array([number for number, other in enumerate(others) for _ in seen[other]])
    # To a tenth of a second: finer differences between segments mean nothing, and would only be many.
    starts, stops = np.array([span for other in others for span in seen[other]]).round(1).T
    bounds = np.unique(np.concatenate([starts, stops]))
    spans = []
    for start, stop in pairwise(bounds.tolist()):
        here = np.unique(owners[(starts <= start) & (stops >= stop)])
        if _unrelated([content, *(others[number] for number in here)], kin):
            spans.append((start, stop))
    return _merged(spans)


def _unrelated(contents: Iterable[str], kin: _Kinship) -> bool:
    """Are there enough videos of which no two are related? Each in turn is taken that is unrelated to those before."""
    taken: list[str] = []
    for content in contents:
        if not any(kin.related(content, other) for other in taken):
            taken.append(content)
            if len(taken) == VIDEOS:
                return True
    return False


def _passed_on(common: Spans, links: Iterable[Link]) -> dict[str, list[Span]]:
    """The shared seconds, and those of other videos that show the same, of which not all matches may be known.

    A segment that hardly touches a span, as the end of another scene does, passes nothing on.
    """
    spans = defaultdict(list, {content: list(some) for content, some in common.items()})
    for a, b, s in links:
        spans[b] += _shown(common[a], s)
        spans[a] += _shown(common[b], *turned_segments([s]))
    merged = ((content, _merged(some)) for content, some in spans.items())
    return {content: some for content, some in merged if some}


def _shown(spans: Iterable[Span], s: Segment) -> Iterator[Span]:
    """Where b shows those of the spans of a of which most, or which most of the segment, is common."""
    for first, last in spans:
        start, stop = max(first, s.a_start), min(last, s.a_stop)
        if stop - start > _SAME * min(last - first, s.a_stop - s.a_start):
            ends = s.seen_in_b(start), s.seen_in_b(stop)
            yield min(ends), max(ends)


def _pieces(span: Span, seen: Mapping[str, Sequence[Span]]) -> Iterator[Span]:
    """Cuts a span where one piece of shared content ends and the next begins, as adverts that follow one another do.

    That is where more videos begin or stop showing what this one shows than go on.
    """
    first, last = span
    ends = sorted({end for spans in seen.values() for one in spans for end in one})
    ends = [end for end in ends if first + _EDGE < end < last - _EDGE]
    groups = np.split(np.array(ends), np.flatnonzero(np.diff(ends) > SLACK) + 1) if ends else []
    for group in groups:
        low, high, middle = float(group[0]), float(group[-1]), float(np.median(group))
        going_on = ending = 0
        for spans in seen.values():
            if any(start < low - SLACK and stop > high + SLACK for start, stop in spans):
                going_on += 1
            elif any(low <= end <= high for one in spans for end in one):
                ending += 1
        if ending > going_on and middle - first > _EDGE:
            yield first, middle
            first = middle
    yield first, last


def _records(pieces: Mapping[str, Sequence[Span]], links: Iterable[Link]) -> Iterator[SharedContent]:
    """The pieces that show the same, together."""
    places = [Occurrence(content, *span) for content, spans in pieces.items() for span in spans]
    at: dict[str, list[int]] = defaultdict(list)
    for number, place in enumerate(places):
        at[place.content].append(number)
    home = list(range(len(places)))
    shown_by: list[set[str]] = [set() for _ in places]

    def root(number: int) -> int:
        while home[number] != number:
            home[number] = number = home[home[number]]
        return number

    for a, b, s in links:
        for i in at[a]:
            for start, stop in _shown([(places[i].start, places[i].stop)], s):
                for j in at[b]:
                    shorter = min(places[i].stop - places[i].start, places[j].stop - places[j].start)
                    if min(stop, places[j].stop) - max(start, places[j].start) >= _SAME * shorter:
                        shown_by[i].add(b)
                        shown_by[j].add(a)
                        home[max(root(i), root(j))] = min(root(i), root(j))
    together: dict[int, list[int]] = defaultdict(list)
    for number in range(len(places)):
        together[root(number)].append(number)
    for numbers in together.values():
        example, *others = sorted(numbers, key=lambda number: (-len(shown_by[number]), number))
        best = places[example]
        name = xxhash.xxh3_64_hexdigest(f"{best.content} {best.start:.1f}".encode())
        yield SharedContent(name, (best, *(places[number] for number in sorted(others))))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The union of spans without what is too short; what lies closer than ``SLACK`` is one."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start - merged[-1][1] <= SLACK:
            merged[-1] = merged[-1][0], max(merged[-1][1], stop)
        else:
            merged.append((start, stop))
    return [(start, stop) for start, stop in merged if stop - start >= SHORTEST]


def _length(spans: Iterable[Span]) -> float:
    return sum(stop - start for start, stop in spans)


def _within(span: Span, spans: Iterable[Span]) -> bool:
    """Is most of a stretch shared content, and nearly all as far as the method can tell?"""
    first, last = span
    common = ((max(start, first), min(stop, last)) for start, stop in spans if start < last and stop > first)
    share = _length(common) / (last - first)
    return share > MINOR and nearly_all(share, last - first)


def _weightless(spans: Iterable[Span], others: Sequence[Span], segments: Sequence[Segment]) -> list[Span]:
    """The shared content of a video but for what it shows of the other one's own: of an advert as a file of its own."""
    return [span for span in spans if all(_within(shown, others) for s in segments for shown in _shown([span], s))]


def _cut(seconds: float, spans: Iterable[Span]) -> float:
    """A moment on the clock of a video from which the spans were cut out."""
    return seconds - _length((start, min(stop, seconds)) for start, stop in spans if start < seconds)
