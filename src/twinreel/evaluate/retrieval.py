"""Measures over many queries: the mean of their average precisions, and the average precision of all pairs pooled.

Scores of pairs that were never compared may be left out: they rank behind all others, and their positives are missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from twinreel.evaluate.ranking import Bools, average_precision
from twinreel.types import Float64

Scores = Mapping[str, Mapping[str, float]]
"""Query to video to score, higher is more alike."""
Positives = Mapping[str, Collection[str]]
"""Query to the videos that are right."""


def mean(values: Collection[float]) -> float | None:
    """None where there is nothing to average."""
    return float(np.mean(list(values))) if values else None


def ranking(
    answers: Mapping[str, float], right: Collection[str], database: Collection[str], without: str | None = None
) -> tuple[Float64, Bools]:
    """Scores of the answers that are in the database, in the order given, and which are right.

    without: a video that does not take part, usually the query.
    """
    taken = [(video, score) for video, score in answers.items() if video in database and video != without]
    scores = np.fromiter((score for _, score in taken), np.float64, len(taken))
    return scores, np.fromiter((video in right for video, _ in taken), np.bool_, len(taken))


def precisions(
    scores: Scores, positives: Positives, database: Collection[str], depth: int | None = None
) -> dict[str, float]:
    """The average precision of each query that has positives in the database and an answer; itself is no answer."""
    found = {}
    for query, right in _queries(scores, positives, database):
        if right:
            pair = ranking(scores[query], right, database, query)
            found[query] = average_precision(*pair, len(right), depth)
    return found


def mean_average_precision(
    scores: Scores, positives: Positives, database: Collection[str], depth: int | None = None
) -> float | None:
    """mAP; with a depth k mAP@k, where a query can find no more than k positives. None without any query."""
    return mean(precisions(scores, positives, database, depth).values())


def micro_average_precision(scores: Scores, positives: Positives, database: Collection[str]) -> float | None:
    """Average precision of all pairs of all queries in one ranking.

    A query without positives takes part: whatever it is given is wrong. None where no query has positives.
    """
    parts, total = [], 0
    for query, right in _queries(scores, positives, database):
        parts.append(ranking(scores[query], right, database, query))
        total += len(right)
    if not total:
        return None
    pooled, relevant = (np.concatenate(part) for part in zip(*parts, strict=True))
    return average_precision(pooled, relevant, total)


def _queries(scores: Scores, positives: Positives, database: Collection[str]) -> Iterator[tuple[str, set[str]]]:
    """The queries with an answer, and their positives in the database."""
    for query, right in positives.items():
        if query in scores:
            yield query, {video for video in right if video in database and video != query}
