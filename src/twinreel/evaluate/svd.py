"""SVD: near-duplicates of short videos.

Jiang et al., "SVD: A Large-Scale Short Video Dataset for Near-Duplicate Video Retrieval", ICCV 2019. 206 test queries,
each with labelled candidates, and half a million unlabelled videos that count as wrong. Average precision of each query
is scikit-learn's, over its labelled and all unlabelled candidates: equal scores come at once, and a candidate without a
score has 0, the lowest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.errors import UserError
from twinreel.evaluate.base import Answer, Figures
from twinreel.evaluate.files import read_lines, unfit
from twinreel.evaluate.ranking import grouped
from twinreel.evaluate.retrieval import Positives, Scores, mean


@dataclass(frozen=True, slots=True)
class Svd:
    """SVD as its files give it; ids are file names without ``.mp4``."""

    labels: Mapping[str, Mapping[str, bool]]
    """Query to candidate to whether it is a near-duplicate."""
    unlabelled: frozenset[str] = frozenset()

    @property
    def queries(self) -> Collection[str]:
        return self.labels.keys()

    @property
    def videos(self) -> Collection[str]:
        return self.unlabelled.union(self.labels, *self.labels.values())

    @property
    def positives(self) -> Positives:
        return {query: {video for video, right in of.items() if right} for query, of in self.labels.items()}

    def precisions(self, scores: Scores, present: Collection[str] | None = None) -> dict[str, float]:
        """Average precision of each query with an answer and a positive that is present (None: all are)."""
        unlabelled = self.unlabelled if present is None else self.unlabelled.intersection(present)
        found = {}
        for query, of in self.labels.items():
            if query not in scores:
                continue
            labelled = [video for video in of if present is None or video in present]
            others = [video for video in scores[query] if video in unlabelled and video not in of]
            relevant = np.array([of.get(video, False) for video in (*labelled, *others)], np.bool_)
            if relevant.any():
                score = np.array([scores[query].get(video, 0.0) for video in (*labelled, *others)], np.float64)
                rest = len(unlabelled - of.keys()) - len(others)
                found[query] = grouped(score, relevant, int(relevant.sum()), rest)
        return found

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        scores = answer.scores(query for query in self.queries if query in present)
        return Figures({"mAP": mean(self.precisions(scores, present).values())})


def read(files: Sequence[Path]) -> Svd:
    """From test_groundtruth (query, candidate, 0 or 1 in each line) and, if given, unlabeled-data-id (an id a line)."""
    labels: dict[str, dict[str, bool]] = {}
    unlabelled: set[str] = set()
    for path in files:
        for words in read_lines(path):
            if len(words) == 1:
                unlabelled.add(_id(words[0]))
            elif len(words) == 3 and words[2] in ("0", "1"):
                labels.setdefault(_id(words[0]), {})[_id(words[1])] = words[2] == "1"
            else:
                raise unfit(path, f"lines like 'query.mp4 candidate.mp4 1', or ids; one is {' '.join(words)!r}")
    if not labels:
        raise UserError("SVD needs its test_groundtruth: give it with --annotations")
    return Svd(labels, frozenset(unlabelled - labels.keys()))


def _id(name: str) -> str:
    return name.removesuffix(".mp4")
