"""EVVE: event retrieval.

Revaud, Douze, Schmid & Jégou, "Event Retrieval in Large Video Collections with Circulant Temporal Encoding", CVPR 2013:
620 queries of 13 events, a database of 2,373 videos. Average precision is summed by trapezoids
(``ranking.trapezoid``); ``mAP`` is the mean over queries, ``avg mAP`` the mean of the events' means. S2VS adds ``uAP``,
the average precision of all pairs in one ranking, summed by rectangles.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinreel.errors import UserError
from twinreel.evaluate.base import Answer, Figures
from twinreel.evaluate.files import read_plain, unfit
from twinreel.evaluate.ranking import trapezoid
from twinreel.evaluate.retrieval import Positives, Scores, mean, micro_average_precision, ranking


@dataclass(frozen=True, slots=True)
class Evve:
    """EVVE as its files give it."""

    database: frozenset[str]
    events: Mapping[str, str]
    """Query to the name of its event."""
    shown: Mapping[str, frozenset[str]]
    """Event to the videos of the database that show it."""

    @property
    def queries(self) -> Collection[str]:
        return self.events.keys()

    @property
    def videos(self) -> Collection[str]:
        return self.database | self.events.keys()

    @property
    def positives(self) -> Positives:
        return {query: self.shown[event] for query, event in self.events.items()}

    def precisions(self, scores: Scores, present: Collection[str] | None = None) -> dict[str, float]:
        """Average precision of each query with an answer.

        present: None for everything. A query without a positive present is left out; the official code, which was not
        written for parts, gives it 0.
        """
        ranked = self._ranked(present)
        found = {}
        for query, event in self.events.items():
            right = self.shown[event] & ranked
            if query in scores and right:
                found[query] = trapezoid(*ranking(scores[query], right, ranked), len(right))
        return found

    def settings(self, scores: Scores, present: Collection[str] | None = None) -> dict[str, float | None]:
        """mAP, the mean over events, uAP, and the mean of each event."""
        by_event: dict[str, list[float]] = {}
        found = self.precisions(scores, present)
        for query, value in found.items():
            by_event.setdefault(self.events[query], []).append(value)
        means = {f"mAP of {event}": float(np.mean(values)) for event, values in sorted(by_event.items())}
        return {
            "mAP": mean(found.values()),
            "avg mAP": mean(means.values()),
            "uAP (S2VS)": micro_average_precision(scores, self.positives, self._ranked(present)),
            **means,
        }

    def _ranked(self, present: Collection[str] | None) -> frozenset[str]:
        return self.database if present is None else self.database.intersection(present)

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        return Figures(self.settings(answer.scores(query for query in self.queries if query in present), present))


def read(files: Sequence[Path]) -> Evve:
    """From the pickle that ViSiL, DnS and S2VS use, or the same as JSON."""
    if len(files) != 1:
        raise UserError(f"EVVE has one file of annotations, evve.pickle, and {len(files)} were given")
    held = read_plain(files[0])
    try:
        return _from(held)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise unfit(files[0], "queries, database and annotation, as evve.pickle does") from None


def _from(held: Any) -> Evve:
    """An event is (queries, positives, null) in the pickle, and has these keys in JSON."""
    events, shown = {}, {}
    for event, parts in (held.get("annotation") or held["events"]).items():
        queries, right = (parts["queries"], parts["positives"]) if isinstance(parts, dict) else parts[:2]
        events.update(dict.fromkeys(sorted(queries), event))
        shown[event] = frozenset(right)
    known = set(held["queries"])
    return Evve(frozenset(held["database"]), {q: e for q, e in events.items() if q in known}, shown)
