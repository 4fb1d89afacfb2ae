"""FIVR-200K and FIVR-5K: fine-grained incident video retrieval.

Kordopatis-Zilos et al., "FIVR: Fine-grained Incident Video Retrieval", IEEE Trans. Multimedia 21(10), 2019. A video is
to a query a near-duplicate (ND), a duplicate scene (DS), a complementary scene (CS), of the same incident (IS), or has
the same sound (DA). Tasks differ in what counts as right.

Two evaluations are in use. ``official`` is that of the data set's repository. ``S2VS`` (Kordopatis-Zilos et al.,
"Self-Supervised Video Similarity Learning", CVPR workshops 2023) leaves the query out of ranking and positives alike,
adds detection (all pairs in one ranking), and all that again without 4,873 easy duplicates (``_h``). The annotation
lists one query, eCrhXArKE24, as of its own incident: officially that is a positive that cannot be found unless the
query answers itself, so that a perfect ISVR is 0.99996.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinreel.errors import UserError
from twinreel.evaluate.base import Answer, Figures
from twinreel.evaluate.files import read_lines, read_plain, unfit
from twinreel.evaluate.ranking import Bools, average_precision, hits_by_score
from twinreel.evaluate.retrieval import (
    Positives,
    Scores,
    mean,
    mean_average_precision,
    micro_average_precision,
    ranking,
)
from twinreel.types import Float64

Labels = Mapping[str, Mapping[str, Sequence[str]]]
"""Query to label to videos."""
TASKS = {"DSV": ("ND", "DS"), "CSV": ("ND", "DS", "CS"), "ISV": ("ND", "DS", "CS", "IS"), "DAV": ("DA",)}
"""Task to the labels that count as right; retrieval adds an R to the name, detection a D."""
POINTS = 21
"""Of an interpolated curve: recall 0, 0.05, ..., 1."""


def relevant_videos(labels: Labels, task: str) -> dict[str, set[str]]:
    """Query to the videos that a task takes for right."""
    return {query: {v for label in TASKS[task] for v in of.get(label, ())} for query, of in labels.items()}


def official(scores: Scores, labels: Labels, task: str, database: Collection[str]) -> dict[str, float]:
    """Average precision of each query that has an answer, and positives in the database."""
    found = {}
    for query, right in relevant_videos(labels, task).items():
        within = {video for video in right if video in database}
        if query in scores and within:
            found[query] = average_precision(*ranking(scores[query], within, database), len(within))
    return found


def official_curve(scores: Scores, labels: Labels, task: str, database: Collection[str]) -> tuple[float, ...]:
    """Precision at ``POINTS`` recalls, interpolated, averaged over queries; what was not returned has the score 0."""
    curves = []
    for query, right in relevant_videos(labels, task).items():
        within = {video for video in right if video in database}
        if query in scores and within:
            found, relevant = ranking(scores[query], within, database)
            curves.append(interpolated(found, relevant, len(within), len(database)))
    return tuple(np.mean(curves, axis=0).tolist()) if curves else ()


def interpolated(scores: Float64, relevant: Bools, positives: int, database: int) -> Float64:
    """(POINTS,) at each recall the highest precision at that or a higher one; equal scores come at once.

    positives, database: how many there are, returned or not.
    """
    missed = positives - int(relevant.sum())
    hits, ranks = hits_by_score(scores, relevant, (missed, database - len(scores)))
    best = np.maximum.accumulate((hits / ranks)[::-1])[::-1]
    points = best[np.searchsorted(hits / positives, np.arange(POINTS) * 0.05)]
    points[0] = 1.0  # a curve begins at recall 0 with precision 1
    return np.asarray(points, np.float64)


def s2vs(
    scores: Scores, labels: Labels, database: Collection[str], tasks: Iterable[str] = ("DSV", "CSV", "ISV")
) -> dict[str, float | None]:
    """mAP of each task (R) and micro average precision (D)."""
    found: dict[str, float | None] = {}
    for task in tasks:
        right = relevant_videos(labels, task)
        found[f"{task}R"] = mean_average_precision(scores, right, database)
        found[f"{task}D"] = micro_average_precision(scores, right, database)
    return found


@dataclass(frozen=True, slots=True)
class Fivr:
    """FIVR as its files give it."""

    labels: Labels
    """Of the queries."""
    database: frozenset[str]
    """Videos that are ranked; queries may be among them."""
    easy: frozenset[str] = frozenset()
    """Left out of the hard variants."""

    @property
    def queries(self) -> Collection[str]:
        return self.labels.keys()

    @property
    def videos(self) -> Collection[str]:
        return self.database | self.labels.keys()

    @property
    def positives(self) -> Positives:
        return {
            query: {v for videos in of.values() for v in videos if v in self.database}
            for query, of in self.labels.items()
        }

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        there = self.database.intersection(present)
        scores = answer.scores(query for query in self.queries if query in present)
        values: dict[str, float | None] = {}
        for task in TASKS:
            values[f"{task}R"] = mean(official(scores, self.labels, task, there).values())
        for name, value in s2vs(scores, self.labels, there).items():
            values[f"{name} (S2VS)"] = value
        if self.easy:
            for name, value in s2vs(scores, self.labels, there - self.easy).items():
                values[f"{name}_h (S2VS)"] = value
        curves = {f"{task}R": official_curve(scores, self.labels, task, there) for task in TASKS}
        return Figures(values, {name: points for name, points in curves.items() if points})


def read_200k(files: Sequence[Path]) -> Fivr:
    """From annotation.json and, if given, youtube_ids.txt and fivr_easy_duplicates.txt.

    Without a list of ids the database is what the annotations name. A pickle of S2VS (fivr_audio.pickle) or DnS stands
    for annotation and list.
    """
    return _read(files, "200k")


def read_5k(files: Sequence[Path]) -> Fivr:
    """The same for the subset: needs the pickle, or a JSON file with ``queries`` and ``database`` more."""
    return _read(files, "5k")


def _read(files: Sequence[Path], version: str) -> Fivr:
    labels: dict[str, dict[str, list[str]]] = {}
    split: Mapping[str, Any] | None = None
    ids: set[str] = set()
    easy: set[str] = set()
    for path in files:
        if path.suffix.lower() == ".txt":
            (easy if "easy" in path.stem else ids).update(words[0] for words in read_lines(path))
            continue
        held = read_plain(path)
        if not isinstance(held, dict):
            raise unfit(path, "an annotation of FIVR")
        if "annotation" in held and version in held:  # a pickle of S2VS or DnS
            labels, split = _labels(path, held["annotation"]), held[version]
        elif held.keys() >= {"queries", "database"}:
            split = held
        else:
            labels = _labels(path, held)
    if not labels:
        raise UserError("FIVR needs its annotation.json, or a pickle of S2VS: give it with --annotations")
    if split is not None:
        labels = {query: labels[query] for query in sorted(split["queries"]) if query in labels}
        ids.update(split["database"])
    elif version == "5k":
        raise UserError(
            "FIVR-5K needs its queries and database too: add a JSON file with these two keys, or give a pickle of S2VS"
        )
    return Fivr(labels, frozenset(ids or _named(labels)), frozenset(easy))


def _labels(path: Path, held: Any) -> dict[str, dict[str, list[str]]]:
    try:
        return {query: {label: list(videos) for label, videos in of.items()} for query, of in held.items()}
    except (AttributeError, TypeError):
        raise unfit(path, "an annotation of FIVR: query to label to videos") from None


def _named(labels: Labels) -> set[str]:
    return {*labels, *(video for of in labels.values() for videos in of.values() for video in videos)}
