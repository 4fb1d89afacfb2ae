"""VCDB: partial copies in 528 videos.

Jiang, Jiang & Wang, "VCDB: A Large-Scale Database for Partial Copy Detection in Videos", ECCV 2014, read as TransVCL
(He et al., AAAI 2023) publishes it in VCSL's format. Three protocols:

- native: a predicted segment is right if it overlaps a true one on both time lines; segment precision is the share of
  predicted segments that are, segment recall the share of true segments that are met; at the threshold of the best F1;
- VCSL's segment precision and recall (``vcsl``);
- S2VS's retrieval: every video is a query to all others, right are those with which it shares a segment.

The label file pairs each video with itself, too; twinreel compares no video with itself, and these pairs are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from twinreel.evaluate.base import Answer, Box, Figures
from twinreel.evaluate.retrieval import Positives, mean_average_precision, micro_average_precision
from twinreel.evaluate.vcsl import Key, both_points, present_pairs, read_labels
from twinreel.evaluate.vsc import Prediction, touch

DEPTH = 20
"""Ranks of the mAP@k that is reported."""


class SegmentF1(NamedTuple):
    """The best operating point."""

    precision: float
    recall: float
    f1: float
    threshold: float
    """Score of the last segment that is taken."""


def best_f1(predictions: Iterable[Prediction], truth: Mapping[Key, Sequence[Box]]) -> SegmentF1 | None:
    """VCDB's own protocol; None where nothing is right at any threshold."""
    true = sum(map(len, truth.values()))
    met: set[tuple[Key, int]] = set()
    taken = right = 0
    best: SegmentF1 | None = None
    for score, equal in groupby(sorted(predictions, key=lambda p: p.score, reverse=True), key=lambda p: p.score):
        for one in equal:
            hits = [number for number, box in enumerate(truth.get(one.key, ())) if touch(one.box, box)]
            taken, right = taken + 1, right + bool(hits)
            met.update((one.key, number) for number in hits)
        if right:
            precision, recall = right / taken, len(met) / true
            f1 = 2 * precision * recall / (precision + recall)
            if best is None or f1 > best.f1:
                best = SegmentF1(precision, recall, f1, score)
    return best


@dataclass(frozen=True, slots=True)
class Vcdb:
    """VCDB's core as its label file gives it."""

    truth: Mapping[Key, Sequence[Box]]
    """Of every pair that shares a segment, in one direction."""

    @property
    def queries(self) -> Collection[str]:
        return self.videos

    @property
    def videos(self) -> Collection[str]:
        return {video for key in self.truth for video in key}

    @property
    def positives(self) -> Positives:
        right: dict[str, set[str]] = {video: set() for video in sorted(self.videos)}
        for (a, b), boxes in self.truth.items():
            if boxes and a != b:
                right[a].add(b)
                right[b].add(a)
        return right

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        there = set(self.videos).intersection(present)
        scores, right = answer.scores(there), self.positives
        truth = present_pairs(self.truth, there)
        native = best_f1(self._predictions(answer, there), truth)
        values: dict[str, float | None] = {
            "segment precision": native.precision if native else None,
            "segment recall": native.recall if native else None,
            "segment F1": native.f1 if native else None,
            "threshold": native.threshold if native else None,
            "mAP (S2VS)": mean_average_precision(scores, right, there),
            "uAP (S2VS)": micro_average_precision(scores, right, there),
            f"mAP@{DEPTH}": mean_average_precision(scores, right, there, DEPTH),
        }
        return Figures({**values, **{f"{name} (VCSL)": value for name, value in both_points(truth, answer).items()}})

    def _predictions(self, answer: Answer, there: Collection[str]) -> Iterable[Prediction]:
        """Every segment between two videos that are there, in the direction of the truth."""
        for a, b in answer.pairs:
            if a in there and b in there:
                key = (b, a) if (b, a) in self.truth else (a, b)
                found = answer.pair(*key)
                if found is not None:
                    yield from (Prediction(key, one.box, one.score) for one in found.segments)


def read(files: Sequence[Path]) -> Vcdb:
    """From TransVCL's label_file.json, alone or with its pair_file.csv."""
    return Vcdb(read_labels(files, "VCDB"))
