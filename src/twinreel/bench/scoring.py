"""How well an answer agrees with the truth of a collection.

Figures are over pairs of files, a pair's score being that of its best row, and over seconds:

    ap               micro average precision of all pairs, ranked by score; equal scores count together
    recall@p99, p90  the largest recall at a precision of at least 0.99, 0.90
    precision, recall, f1    of the pairs from a threshold on
    segment_...      of the rows from the threshold on: how much of the reported time is true, and how much of the true
                     time is reported, on the time lines of both files, summed over all pairs

Pairs that the collection ignores count neither way.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from twinreel.bench.collection import LEVELS, File, Labels, Pair, Transform, read_csv
from twinreel.store.exports import text_to_path
from twinreel.types import Span

BINS = 10
"""Of a reliability diagram."""
Counts = Mapping[str, tuple[int, int]]
"""Name -> found, of how many."""


class Reported(NamedTuple):
    """A row of an answer: a stretch of two files that is said to be the same footage."""

    a: str
    b: str
    score: float
    a_start: float
    a_end: float
    b_start: float
    b_end: float

    @property
    def pair(self) -> Pair:
        return self.a, self.b


class Point(NamedTuple):
    """Of a precision-recall curve."""

    score: float
    precision: float
    recall: float


class Bin(NamedTuple):
    """Of a reliability diagram: the pairs whose scores lie within a tenth."""

    pairs: int
    score: float
    """Their mean."""
    true: float
    """Share of them that is true."""


class Stratum(NamedTuple):
    """How well true pairs of one difficulty are told apart from all that are not true; other true pairs count neither
    way."""

    copies: int
    """How many of the two files are edited: 1, a copy and footage as it was, or 2, copies of the same footage."""
    level: str
    """Of what was done more strongly to one of the two."""
    pairs: int
    found: int
    """From the threshold on."""
    ap: float
    recall_p99: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one answer."""

    true_pairs: int
    predicted_pairs: int
    ap: float
    recall_p99: float
    threshold_p99: float
    """Infinite where no threshold is that precise."""
    recall_p90: float
    best_f1: float
    best_threshold: float
    threshold: float
    """The one that what follows is at."""
    precision: float
    recall: float
    f1: float
    segment_precision: float
    segment_recall: float
    segment_f1: float


def read_rows(file: Path) -> list[Reported]:
    """The rows of an export, by file names, the lower first; files of the same name as each other are left out."""
    rows = []
    for row in read_csv(file):
        a, b = (Path(text_to_path(row[side])).name for side in ("a", "b"))
        seconds = [(float(row[f"{side}_start"]), float(row[f"{side}_end"])) for side in ("a", "b")]
        (a, first), (b, second) = sorted([(a, seconds[0]), (b, seconds[1])], key=lambda side: side[0])
        if a != b:
            rows.append(Reported(a, b, float(row["score"]), *first, *second))
    return rows


def best_scores(labels: Labels, rows: Iterable[Reported]) -> dict[Pair, float]:
    """The score of every pair that counts and has a row."""
    best: dict[Pair, float] = {}
    for row in rows:
        if row.pair not in labels.ignored:
            best[row.pair] = max(row.score, best.get(row.pair, -math.inf))
    return best


def curve(labels: Labels, best: Mapping[Pair, float]) -> list[Point]:
    """Precision and recall from each score that occurs on, the highest first."""
    points: list[Point] = []
    seen = hits = 0
    ranked = sorted(best.items(), key=lambda item: -item[1])
    for score, tied in groupby(ranked, key=lambda item: item[1]):
        found = [pair in labels.truth for pair, _ in tied]
        seen, hits = seen + len(found), hits + sum(found)
        points.append(Point(score, hits / seen, hits / max(1, len(labels.truth))))
    return points


def score(labels: Labels, rows: Sequence[Reported], threshold: float) -> Figures:
    """The figures of all rows, and of those from a threshold on."""
    best = best_scores(labels, rows)
    points = curve(labels, best)
    at99, at90 = (_recall_at(points, least) for least in (0.99, 0.90))
    best_f1, best_threshold = max([(0.0, math.inf), *((_f1(p.precision, p.recall), p.score) for p in points)])
    kept = {pair for pair, value in best.items() if value >= threshold}
    hits = len(kept & labels.truth.keys())
    precision, recall = _share(hits, len(kept)), _share(hits, max(1, len(labels.truth)))
    seconds_right, seconds_found = _segments(labels, [row for row in rows if row.score >= threshold])
    return Figures(
        true_pairs=len(labels.truth),
        predicted_pairs=len(best),
        ap=_average_precision(points),
        recall_p99=at99.recall,
        threshold_p99=at99.score,
        recall_p90=at90.recall,
        best_f1=best_f1,
        best_threshold=best_threshold,
        threshold=threshold,
        precision=precision,
        recall=recall,
        f1=_f1(precision, recall),
        segment_precision=seconds_right,
        segment_recall=seconds_found,
        segment_f1=_f1(seconds_right, seconds_found),
    )


def _average_precision(points: Sequence[Point]) -> float:
    before = [0.0, *(point.recall for point in points)]
    return sum(point.precision * (point.recall - last) for point, last in zip(points, before, strict=False))


def _recall_at(points: Sequence[Point], least: float) -> Point:
    """The first point of the largest recall among those that are precise enough."""
    return max(
        (point for point in points if point.precision >= least and point.recall > 0),
        key=lambda point: point.recall,
        default=Point(math.inf, 0.0, 0.0),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _f1(precision: float, recall: float) -> float:
    return _share(2 * precision * recall, precision + recall)


def _segments(labels: Labels, rows: Iterable[Reported]) -> tuple[float, float]:
    """Shares of the reported time that is true, and of the true time that is reported."""
    reported: dict[Pair, list[Reported]] = defaultdict(list)
    for row in rows:
        if row.pair not in labels.ignored:
            reported[row.pair].append(row)
    said = true = right = 0.0
    for pair in labels.truth.keys() | reported.keys():
        for start, end in (("a_start", "a_end"), ("b_start", "b_end")):
            held = union((getattr(row, start), getattr(row, end)) for row in labels.truth.get(pair, ()))
            told = union((getattr(row, start), getattr(row, end)) for row in reported[pair])
            said, true, right = said + length(told), true + length(held), right + common(held, told)
    return _share(right, said), _share(right, true)


def union(spans: Iterable[Span]) -> list[Span]:
    """The same seconds in spans that do not touch."""
    joined: list[Span] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], stop)
        else:
            joined.append((start, stop))
    return joined


def length(spans: Iterable[Span]) -> float:
    return sum(stop - start for start, stop in spans)


def common(one: Iterable[Span], other: Sequence[Span]) -> float:
    """Seconds that are in both of two unions."""
    return sum(max(0.0, min(stop, end) - max(start, begin)) for start, stop in one for begin, end in other)


def strata(labels: Labels, files: Mapping[str, File], best: Mapping[Pair, float], threshold: float) -> list[Stratum]:
    """By how many files of a pair are edited, and by level; those that no pair belongs to are left out."""
    members: dict[tuple[int, str], set[Pair]] = defaultdict(set)
    for pair, (easiest, *_) in labels.truth.items():
        members[sum(files[name].edited for name in pair), easiest.level].add(pair)
    found = []
    for copies, level in sorted(members, key=lambda one: (one[0], LEVELS.index(one[1]))):
        pairs = members[copies, level]
        limited = Labels({pair: labels.truth[pair] for pair in pairs}, labels.hard_negatives, labels.ignored)
        scored = {pair: value for pair, value in best.items() if pair in pairs or pair not in labels.truth}
        points = curve(limited, scored)
        hits = sum(scored.get(pair, -math.inf) >= threshold for pair in pairs)
        figures = _average_precision(points), _recall_at(points, 0.99).recall
        found.append(Stratum(copies, level, len(pairs), hits, *figures))
    return found


def by_transform(labels: Labels, found: set[Pair]) -> Counts:
    """A pair counts once for each transform of its files."""
    return _count(
        (name, pair in found)
        for pair, (row, *_) in labels.truth.items()
        for name in set(row.transforms.split("+")) - {""}
    )


def by_edit(labels: Labels, files: Mapping[str, File], found: set[Pair]) -> dict[str, Counts]:
    """Kind -> strength -> counts, of the pairs of a copy and footage as it was: of two copies, who knows which of them
    is to blame?"""
    cells = [(_kind(files, pair), pair in found) for pair in labels.truth if sum(files[n].edited for n in pair) == 1]
    return {
        name: _count((kind.strength, hit) for kind, hit in cells if kind.name == name)
        for name in sorted({kind.name for kind, _ in cells})
    }


def _kind(files: Mapping[str, File], pair: Pair) -> Transform:
    """What was done to the footage that a copy has in common with a file that is none."""
    plain, copy = sorted((files[name] for name in pair), key=lambda file: file.edited)
    sources = {part.source for part in plain.parts}
    return next(part.transforms[0] for part in copy.parts if part.source in sources and part.transforms)


def _count(outcomes: Iterable[tuple[str, bool]]) -> Counts:
    counted: dict[str, tuple[int, int]] = {}
    for name, hit in outcomes:
        found, total = counted.get(name, (0, 0))
        counted[name] = found + hit, total + 1
    return dict(sorted(counted.items()))


def reliability(labels: Labels, best: Mapping[Pair, float]) -> tuple[float, list[Bin]]:
    """Expected calibration error (Naeini et al., AAAI 2015) and its bins, tenths of the scores, without empty ones.

    The mean over all scored pairs of how far the score of their bin lies from the share of it that is true.
    """
    members: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for pair, value in best.items():
        members[min(int(value * BINS), BINS - 1)].append((value, pair in labels.truth))
    bins = []
    for _, held in sorted(members.items()):
        size = len(held)
        bins.append(Bin(size, sum(value for value, _ in held) / size, sum(true for _, true in held) / size))
    error = sum(one.pairs * abs(one.score - one.true) for one in bins)
    return _share(error, len(best)), bins
