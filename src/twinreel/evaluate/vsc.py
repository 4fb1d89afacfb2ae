"""VSC2022: the Meta AI Video Similarity Challenge, its descriptor and its matching track.

Pizzi et al., "The 2023 Video Similarity Dataset and Challenge", CVIU 2024; facebookresearch/vsc2022. Both tracks put
all pairs, or all segments, of all queries into one ranking.

- ``micro_ap``: pairs of videos, equal scores at once (``ranking.grouped``). ``simple_micro_ap``: the code of the
  challenge's first months, where equal scores keep their order.
- ``descriptor_micro_ap``: the same of the best 25 pairs a query, counted over all queries together.
- ``segment_ap``: segments of equal score come at once. Precision is the geometric mean, over both time lines, of the
  predicted time that is right; recall that of the true time that is predicted; times are unions within a pair of
  videos, summed over pairs. A true segment counts as met only if its box in two dimensions is touched by a predicted
  one, so that the right seconds of the wrong segment are worth nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twinreel.errors import UserError
from twinreel.evaluate.base import Answer, Box, Figures
from twinreel.evaluate.files import read_table, unfit
from twinreel.evaluate.intervals import common_length, length
from twinreel.evaluate.ranking import Bools, average_precision, grouped
from twinreel.evaluate.retrieval import Positives
from twinreel.types import Float64

Key = tuple[str, str]
"""Query, reference."""
Truth = Mapping[Key, Sequence[Box]]
PAIRS_PER_QUERY = 25
"""Pairs that the descriptor track ranks."""
_TIMES = ("query_start", "ref_start", "query_end", "ref_end")


class Prediction(NamedTuple):
    """A segment that is claimed to be a copy."""

    key: Key
    box: Box
    score: float


def pair_scores(predictions: Iterable[Prediction]) -> dict[Key, float]:
    """The score of each pair of videos: its best segment's, at least 0 as in the official code."""
    best: dict[Key, float] = {}
    for one in predictions:
        best[one.key] = max(one.score, best.get(one.key, 0.0))
    return best


def micro_ap(pairs: Mapping[Key, float], truth: Collection[Key]) -> float:
    return grouped(*_ranking(pairs, truth), len(truth))


def simple_micro_ap(pairs: Mapping[Key, float], truth: Collection[Key]) -> float:
    return average_precision(*_ranking(pairs, truth), len(truth))


def descriptor_micro_ap(pairs: Mapping[Key, float], truth: Collection[Key], queries: int) -> float:
    """queries: how many there are, with a copy or without."""
    best = sorted(pairs.items(), key=lambda pair: pair[1], reverse=True)
    return micro_ap(dict(best[: PAIRS_PER_QUERY * queries]), truth)


def _ranking(pairs: Mapping[Key, float], truth: Collection[Key]) -> tuple[Float64, Bools]:
    scores = np.fromiter(pairs.values(), np.float64, len(pairs))
    return scores, np.fromiter((key in truth for key in pairs), np.bool_, len(pairs))


class _Both(NamedTuple):
    """A length on both time lines."""

    query: float
    other: float

    def plus(self, other: _Both) -> _Both:
        return _Both(self.query + other.query, self.other + other.other)

    def minus(self, other: _Both) -> _Both:
        return _Both(self.query - other.query, self.other - other.other)


NOTHING = _Both(0.0, 0.0)


def _predicted(boxes: Sequence[Box]) -> _Both:
    return _Both(*(length((box[axis], box[axis + 2]) for box in boxes) for axis in (0, 1)))


def _right(boxes: Sequence[Box], truth: Sequence[Box]) -> _Both:
    """The predicted time that lies in true segments which some prediction touches."""
    met = [true for true in truth if any(touch(true, box) for box in boxes)]
    lengths = (
        common_length([(b[axis], b[axis + 2]) for b in boxes], [(t[axis], t[axis + 2]) for t in met]) for axis in (0, 1)
    )
    return _Both(*lengths)


def touch(a: Box, b: Box) -> bool:
    """Do both share an area?"""
    return min(a.q_stop, b.q_stop) > max(a.q_start, b.q_start) and min(a.r_stop, b.r_stop) > max(a.r_start, b.r_start)


def segment_ap(predictions: Iterable[Prediction], truth: Truth) -> float:
    """``truth`` has at least one box of positive lengths."""
    true = NOTHING
    for boxes in truth.values():
        true = true.plus(_predicted(boxes))
    claimed: dict[Key, list[Box]] = {}
    lengths: dict[Key, tuple[_Both, _Both]] = {}
    right, total, recall, area = NOTHING, NOTHING, 0.0, 0.0
    ranked = sorted(predictions, key=lambda one: one.score, reverse=True)
    for _, equal in groupby(ranked, key=lambda one: one.score):
        changed = set()
        for one in equal:
            claimed.setdefault(one.key, []).append(one.box)
            changed.add(one.key)
        for key in changed:
            before = lengths.get(key, (NOTHING, NOTHING))
            after = _right(claimed[key], truth.get(key, ())), _predicted(claimed[key])
            right, total = right.plus(after[0].minus(before[0])), total.plus(after[1].minus(before[1]))
            lengths[key] = after
        now = sqrt(right.query / true.query * right.other / true.other)
        if now != recall:
            area += sqrt(right.query / total.query * right.other / total.other) * (now - recall)
            recall = now
    return area


@dataclass(frozen=True, slots=True)
class Vsc2022:
    """VSC2022 as its files give it."""

    truth: Truth
    queries: frozenset[str]
    references: frozenset[str]

    @property
    def videos(self) -> Collection[str]:
        return self.queries | self.references

    @property
    def positives(self) -> Positives:
        right: dict[str, set[str]] = {}
        for query, reference in self.truth:
            right.setdefault(query, set()).add(reference)
        return right

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        truth = {key: boxes for key, boxes in self.truth.items() if key[0] in present and key[1] in present}
        queries = self.queries.intersection(present)
        predictions, pairs = [], {}
        for a, b in answer.pairs:
            query, reference = (b, a) if b in queries else (a, b)
            found = answer.pair(query, reference)
            if query in queries and reference in self.references and found is not None:
                pairs[query, reference] = found.score
                predictions += [Prediction((query, reference), one.box, one.score) for one in found.segments]
        if not truth:
            return Figures(dict.fromkeys(("descriptor uAP", "segment AP", "pairwise uAP"), None))
        return Figures(
            {
                "descriptor uAP": descriptor_micro_ap(pairs, truth.keys(), len(queries)),
                "segment AP": segment_ap(predictions, truth),
                "pairwise uAP": micro_ap(pair_scores(predictions), truth.keys()),
            }
        )


def read(files: Sequence[Path]) -> Vsc2022:
    """From the matching track's ground truth and, if given, the metadata of queries and of references (``video_id``).

    Without metadata there are the videos that the ground truth names, and no query without a copy.
    """
    truth: dict[Key, list[Box]] = {}
    listed: set[str] = set()
    for path in files:
        rows = read_table(path)
        if rows and "video_id" in rows[0]:
            listed.update(row["video_id"] for row in rows)
            continue
        try:
            for row in rows:
                box = Box(*(float(row[name]) for name in _TIMES))
                truth.setdefault((row["query_id"], row["ref_id"]), []).append(box)
        except (KeyError, TypeError, ValueError):
            raise unfit(path, f"a number in each of {', '.join(_TIMES)}, and query_id and ref_id") from None
    if not truth:
        raise UserError("VSC2022 needs the ground truth of its matching track: give it with --annotations")
    queries = {query for query, _ in truth} | {video for video in listed if video.startswith("Q")}
    references = {reference for _, reference in truth} | {video for video in listed if video.startswith("R")}
    return Vsc2022(truth, frozenset(queries), frozenset(references))
