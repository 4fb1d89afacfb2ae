"""Which seconds of a segment are proven, frame by frame, where a score only says that it is likely as a whole.

A score is right nearly always, and that is not enough to remove a file. Other moments of a scene look alike, and where
little moves even their score is high; a segment runs on where two videos go on alike. So, with dense frames, every
moment has to show by itself that it is the same: within a second and a half of it, frames of the one video differ from
those of the other, moment against another moment, as they differ within the video (``match.evidence`` asks that of a
whole segment). Stretches in which nothing moves prove nothing; they count where both videos go on alike from a proven
moment, longer where they go on to another one, or to where both begin or end together. What noise or blur has left too
little of is believed, however long it lasts, where it lies between proven moments and all of it agrees faintly.

Only footage at the same speed, and forwards, is proven. Which offset it has is searched around that of the segment:
in the half second that its ends may be off, the proof falls apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twinreel.match.prepared import Prepared
from twinreel.types import Float32, Float64, Segment, Span

STEP = 0.25
"""Seconds between the frames that a proof wants."""
SEARCH = 1.0
"""Seconds around the offsets of a segment's two ends that are searched for the best offset."""
SHARPNESS = 2
"""How much more the mean likeness of proven moments counts than their number, which grows with the overlap."""
ENDS = 0.5
"""Seconds that beginnings, or ends, may lie apart and be the same: how exact an offset is, and a header's duration."""
NEAR = 0.3
"""Seconds that the frame of the other video may be away: a little over STEP, as frames lie where they lie."""
WINDOW = 1.6
"""Seconds on either side of a moment that speak for it."""
APART = 0.8
"""Seconds: moments closer than this are too alike to be compared."""
LIKENESS = 0.2
"""Inner product from which two frames may be the same."""
SLOPE = 0.5
"""Differences across the videos, as a share of those within and in proportion to the likeness: 1 in a perfect copy."""
MOVES = 0.03
"""Mean difference within a video from which something moves."""
COSINE = 0.9
"""How far the differences across and within go together."""
FAINT_SLOPE, FAINT_COSINE = 0.15, 0.5
"""The same of moments that agree faintly: one in ten does by chance, all of several seconds do not."""
RUN = 2
"""Proven moments in a row: one alone may be chance."""
CONTRARY = -0.2
"""Cosine below which what moves in both videos moves against one another: such moments are not the same, whatever lies
beside them. A single cut between the same two views proves the seconds around it in any two takes of a scene."""
ALIKE = 0.6
"""Share of the likeness of proven moments that other frames need to have beside them ..."""
REACH = 1.5
"""... and for how many seconds they are believed ..."""
STILL = 0.85
"""... and beyond, as long as the video still shows the picture of the proven moment: inner product of the two, as a
share of what frames in a row have where least moves: noise makes them differ, too ..."""
STILLEST = 0.9
"""Quantile of the inner products of frames in a row that is taken for that."""
BETWEEN = 10.0
"""... where there are proven moments on both sides of them: there the scene was the same before and after. Longer where
all of it agrees faintly, with no more than REACH between such moments. That both videos begin, or end, at that moment
is as good as one: no two takes of a scene are cut at the same frame."""

Bools = NDArray[np.bool_]


def proven(a: Prepared, b: Prepared, segments: Iterable[Segment]) -> tuple[Span, ...]:
    """The spans of a that b is proven to show within the segments of a pair, seconds; they may overlap.

    A moment of b stands for one moment of a: of two segments that see it at different ones, the surer has it. What a
    shows twice and b once is therefore proven once.
    a, b: with frames about every STEP seconds; pictures within the picture do not count.
    """
    found: list[Span] = []
    taken: list[tuple[float, Span]] = []
    forwards = (segment for segment in segments if not segment.backwards)
    proofs = sorted((_prove(a, b, segment) for segment in forwards), key=lambda proof: -proof.worth)
    for proof in proofs:
        others = [span for offset, span in taken if abs(offset - proof.offset) > NEAR]
        for start, stop in proof.spans:
            there = start + proof.offset, stop + proof.offset
            free = without(there, others)
            found += [(low - proof.offset, high - proof.offset) for low, high in free]
            taken.append((proof.offset, there))
    return tuple(found)


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """What is left of a span, in order."""
    left = [span]
    for low, high in others:
        pieces = [piece for start, stop in left for piece in ((start, min(stop, low)), (max(start, high), stop))]
        left = [(start, stop) for start, stop in pieces if start < stop]
    return left


@dataclass(frozen=True, slots=True)
class _Proof:
    """What is proven of one segment."""

    offset: float
    """Seconds: time in b minus time in a."""
    worth: float
    spans: tuple[Span, ...]
    """Of a."""


def _prove(a: Prepared, b: Prepared, segment: Segment) -> _Proof:
    times, vectors = _whole(a)
    other_times, other_vectors = _whole(b)
    inside = (times >= segment.a_start - BETWEEN) & (times <= segment.a_stop + BETWEEN)
    times, vectors = times[inside], vectors[inside]
    if len(times) < RUN or not len(other_times):
        return _Proof(0.0, 0.0, ())
    across, within, others = vectors @ other_vectors.T, vectors @ vectors.T, other_vectors @ other_vectors.T
    ends = segment.b_start - segment.a_start, segment.b_stop - segment.a_stop
    offsets = np.arange(min(ends) - SEARCH, max(ends) + SEARCH + STEP / 4, STEP / 2).tolist()
    tried = [(offset, *_moments(times, other_times, across, within, others, offset)) for offset in offsets]
    offset, likeness, moments, faint, contrary = max(tried, key=lambda one: _worth(one[1][one[2]]))
    # Whatever is alike there, the other video shows nothing before its beginning nor after its end.
    first, last = max(0.0, -offset), min(a.duration, b.duration - offset)
    # Frames are those of the segment and around it; they end where the video ends only if they reach as far.
    begins = abs(offset) <= ENDS and times[0] <= ENDS
    ends = abs(a.duration + offset - b.duration) <= ENDS and a.duration - times[-1] <= ENDS
    likeness = np.where(contrary & ~moments, -1.0, likeness)
    found = _spans(times, within, likeness, moments, faint, begins=bool(begins), ends=bool(ends))
    spans = ((max(first, start), min(last, stop)) for start, stop in found)
    return _Proof(offset, _worth(likeness[moments]), tuple((start, stop) for start, stop in spans if start < stop))


def _worth(likeness: Float64) -> float:
    """How good an offset is whose proven moments have this likeness."""
    return float(likeness.sum() * likeness.mean() ** SHARPNESS) if len(likeness) else 0.0


def _whole(video: Prepared) -> tuple[Float64, Float32]:
    rows = video.parts == 0
    return video.times[rows], video.vectors[rows]


def _moments(
    times: Float64, other_times: Float64, across: Float32, within: Float32, others: Float32, offset: float
) -> tuple[Float64, Bools, Bools, Bools]:
    """For each of (n,) times how alike the other video's frame is then, -1 where it has none; which are proven, which
    agree at least faintly, and which speak against it."""
    away = np.abs(other_times[None, :] - times[:, None] - offset)
    nearest = away.argmin(axis=1)
    there = away.min(axis=1) <= NEAR
    shown = across[:, nearest]
    likeness = np.where(there, np.diag(shown), -1.0).astype(np.float64)
    lost = (likeness[:, None] + likeness[None, :] - shown - shown.T) / 2
    # The lesser difference: noise makes the frames of one video differ where nothing moves.
    due = 1.0 - np.maximum(within, others[np.ix_(nearest, nearest)]).astype(np.float64)
    gap = np.abs(times[:, None] - times[None, :])
    pair = there[:, None] & there[None, :] & (gap > APART)
    # Each moment is judged by the pairs whose two moments both lie in its window.
    member = (gap <= WINDOW).astype(np.float64)
    both, alone, crossed, count = (
        ((member @ np.where(pair, values, 0.0)) * member).sum(axis=1)
        for values in (lost * due, due * due, lost * lost, np.ones_like(due))
    )
    total = ((member @ np.where(pair, due, 0.0)) * member).sum(axis=1)
    slope = both / (alone + 1e-3) / np.maximum(likeness, 0.05)
    cosine = both / np.sqrt(alone * crossed + 1e-9)
    moves = total / np.maximum(count, 1.0)
    telling = there & (likeness > LIKENESS) & (moves > MOVES)
    sure = telling & (slope > SLOPE) & (cosine > COSINE)
    faint = telling & (slope > FAINT_SLOPE) & (cosine > FAINT_COSINE)
    return likeness, _in_runs(sure), faint, telling & (cosine < CONTRARY)


def _in_runs(sure: Bools) -> Bools:
    """Without those that stand alone."""
    kept = np.zeros_like(sure)
    for start, stop in _runs(sure):
        kept[start:stop] = stop - start >= RUN
    return kept


def _runs(flags: Bools) -> list[tuple[int, int]]:
    """First and one behind the last of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _spans(
    times: Float64, within: Float32, likeness: Float64, moments: Bools, faint: Bools, *, begins: bool, ends: bool
) -> list[Span]:
    """Seconds around proven moments, as far as the frames beside them are alike, or agree at least faintly.

    begins, ends: do both videos begin, and end, together?
    """
    if not moments.any():
        return []
    alike = likeness >= ALIKE * float(np.median(likeness[moments]))
    still = STILL * float(np.quantile(np.diag(within, 1), STILLEST))
    spans = []
    for start, stop in _runs(alike | moments):
        known = (np.flatnonzero(moments[start:stop]) + start).tolist()
        if not known:
            continue

        def reached(moment: int, rows: range, start: int = start, stop: int = stop) -> float:
            """How far a proven moment speaks for the rows before or after it."""
            last = moment
            for row in rows:
                near = abs(times[row] - times[moment]) <= REACH
                if not (start <= row < stop and (near or within[row, moment] >= still)):
                    break
                last = row
            return float(times[last])

        if begins and start == 0 and times[known[0]] - times[0] <= BETWEEN:
            begun = float(times[0])
        else:
            begun = reached(known[0], range(known[0] - 1, -1, -1))
        for before, after in pairwise(known):
            agreeing = np.flatnonzero(faint[before : after + 1]) + before
            faintly = np.diff(times[[before, *agreeing, after]]).max() <= REACH
            if times[after] - times[before] > BETWEEN and not faintly:
                spans.append((begun, reached(before, range(before + 1, after))))
                begun = reached(after, range(after - 1, before, -1))
        if ends and stop == len(times) and times[-1] - times[known[-1]] <= BETWEEN:
            spans.append((begun, float(times[-1])))
        else:
            spans.append((begun, reached(known[-1], range(known[-1] + 1, len(times)))))
    return [(start, stop + STEP) for start, stop in spans]
