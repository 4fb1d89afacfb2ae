"""Benchmarks measured, and a describer trained."""

from __future__ import annotations

from typing import TypedDict

from twinreel.cli.shapes.library import FailureShape


class ShareShape(TypedDict):
    """So many of so many."""

    present: int
    total: int


class PartShape(TypedDict):
    """How much of a benchmark is there; positives: right pairs of query and video."""

    whole: bool
    queries: ShareShape
    videos: ShareShape
    positives: ShareShape
    queries_without_positives: int


class EvaluateShape(TypedDict):
    """A benchmark measured; metrics: null where there is nothing to measure on.

    curves: precision at recall 0, 0.05, ... 1; missing: ids without a file; unusable: files that count as present all
    the same; not_counted: files that are no video of the benchmark, or a second file of one; truncated: aligned pairs
    that were not kept.
    """

    dataset: str
    describer: str
    sampling: str
    aligner: str
    part: PartShape
    metrics: dict[str, float | None]
    curves: dict[str, list[float]]
    missing: list[str]
    unusable: list[FailureShape]
    not_counted: list[str]
    truncated: int


class TrainShape(TypedDict):
    """A trained describer; ap, recall_p99, nearest: how well edited views of photographs that were not trained on find
    their originals, [0, 1]."""

    model: str
    steps: int
    ap: float
    recall_p99: float
    nearest: float
