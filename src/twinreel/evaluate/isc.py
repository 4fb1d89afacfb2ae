"""ISC 2021 / DISC21, the image similarity challenge: all pairs of a query and a reference in one ranking.

Douze et al., "The 2021 Image Similarity Dataset and Challenge", arXiv 2106.09672. Of equal scores the wrong ones come
first. There is no reader: twinreel compares videos, and the metric serves as the reference for pairs of any kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from twinreel.evaluate.ranking import worst_case

Pair = tuple[str, str]
"""Query, reference."""


@dataclass(frozen=True, slots=True)
class IscFigures:
    """What the challenge reports."""

    micro_ap: float
    recall_at_p90: float | None
    """The most recall at a precision of at least 0.9; None where that is never reached."""
    threshold_at_p90: float | None
    """The score there."""
    recall_at_1: float
    """Share of the true pairs for which no other reference of the query scores as high."""
    recall_at_10: float
    """The same with fewer than ten others."""


def isc(predictions: Mapping[Pair, float], truth: Collection[Pair]) -> IscFigures:
    """``truth``: pairs that are right, at least one."""
    true = set(truth)
    scores = np.fromiter(predictions.values(), np.float64, len(predictions))
    relevant = np.fromiter((pair in true for pair in predictions), np.bool_, len(predictions))
    order = np.lexsort((relevant, -scores))
    hits = np.cumsum(relevant[order])
    good = np.flatnonzero(hits / (np.arange(len(hits)) + 1) >= 0.9)
    best = good[np.argmax(hits[good])] if len(good) else None
    by_query: dict[str, list[float]] = {}
    for (query, _), score in predictions.items():
        by_query.setdefault(query, []).append(score)
    others = np.array(
        [
            sum(score >= predictions[pair] for score in by_query[pair[0]]) - 1 if pair in predictions else np.inf
            for pair in true
        ]
    )
    return IscFigures(
        worst_case(scores, relevant, len(true)),
        None if best is None else float(hits[best] / len(true)),
        None if best is None else float(scores[order][best]),
        float(np.mean(others < 1)),
        float(np.mean(others < 10)),
    )
