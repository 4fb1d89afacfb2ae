"""CC_WEB_VIDEO: near-duplicates of the results of 24 searches.

Wu, Hauptmann & Ngo, "Practical Elimination of Near-Duplicates from Web Video Search", ACM Multimedia 2007; evaluated as
ViSiL, DnS and S2VS do. The 24 queries rank 13,115 videos. Labels are E (exact), S (similar), L (longer), M (major
change), V (another version): all of them right; X (other) and one stray x are wrong.

- ``mAP``: only the videos with a label of the query's own set are ranked. ``mAP_star``: all are.
- ``_c``: without the videos that a later check of the labels excludes, 125 in all, some for each query.

The query ranks itself. Positives are counted whether they were returned, or are in the index, or not. One is not, so
that a perfect answer has 0.99974. The mean is over the queries with an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinreel.errors import UserError
from twinreel.evaluate.base import Answer, Figures
from twinreel.evaluate.files import read_plain, unfit
from twinreel.evaluate.ranking import average_precision
from twinreel.evaluate.retrieval import Positives, Scores, mean, ranking

RIGHT = frozenset("ESLMV")


@dataclass(frozen=True, slots=True)
class CcWebVideo:
    """CC_WEB_VIDEO as its files give it. Ids are ``set/name``; a file has the name alone."""

    index: frozenset[str]
    """Videos that can be ranked."""
    labels: Mapping[str, Mapping[str, str]]
    """Query to video to label; labelled videos that the index lacks have names that no file has."""
    excluded: Mapping[str, frozenset[str]]
    """Query to videos."""

    @property
    def queries(self) -> Collection[str]:
        return self.labels.keys()

    @property
    def videos(self) -> Collection[str]:
        return self.index

    @property
    def positives(self) -> Positives:
        return {query: self._right(query, clean=False) & self.index for query in self.queries}

    def _right(self, query: str, clean: bool) -> set[str]:
        right = {video for video, label in self.labels[query].items() if label in RIGHT}
        return right - self.excluded[query] if clean else right

    def mean_average_precision(
        self, scores: Scores, *, everything: bool, clean: bool, present: Collection[str] | None = None
    ) -> float | None:
        """One of the four settings. present: the videos that can be found at all; None for the official count."""
        found = []
        for query, labels in self.labels.items():
            if query not in scores:
                continue
            right = self._right(query, clean)
            ranked = self.index if everything else self.index & labels.keys()
            if clean:
                ranked -= self.excluded[query]
            if present is not None:
                ranked, right = ranked.intersection(present), right.intersection(present)
            if right:
                found.append(average_precision(*ranking(scores[query], right, ranked), len(right)))
        return mean(found)

    def settings(self, scores: Scores, present: Collection[str] | None = None) -> dict[str, float | None]:
        """All four."""
        return {
            f"mAP{'_c' * clean}{'_star' * star}": self.mean_average_precision(
                scores, everything=star, clean=clean, present=present
            )
            for clean in (False, True)
            for star in (False, True)
        }

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        scores = answer.scores(query for query in self.queries if query in present)
        for query, answers in scores.items():
            answers[query] = 1.0  # it is in the index, and exactly itself
        whole = all(video in present for video in self.index)
        return Figures(self.settings(scores, None if whole else present))


def read(files: Sequence[Path]) -> CcWebVideo:
    """From the pickle that ViSiL, DnS and S2VS use, or the same as JSON."""
    if len(files) != 1:
        raise UserError(f"CC_WEB_VIDEO has one file of annotations, cc_web_video.pickle, and {len(files)} were given")
    held = read_plain(files[0])
    try:
        return _from(held)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        expected = "index, queries, ground_truth and excluded, as cc_web_video.pickle does"
        raise unfit(files[0], expected) from None


def _from(held: Any) -> CcWebVideo:
    names = {int(number): str(name) for name, number in held["index"].items()}

    def name(number: Any) -> str:
        return names.get(int(number), f"number {number}, not in the index")

    labels, excluded = {}, {}
    for query, of, without in zip(held["queries"], held["ground_truth"], held["excluded"], strict=True):
        labels[query] = {name(number): label for number, label in of.items()}
        excluded[query] = frozenset(map(name, without))
    return CcWebVideo(frozenset(names.values()), labels, excluded)
