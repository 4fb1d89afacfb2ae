"""Labelled collections, and runs over them."""

from __future__ import annotations

from typing import TypedDict


class RefusedShape(TypedDict):
    """A file that nothing could be done with, and why: a clip that could not be used, one that could not be made."""

    path: str
    reason: str


class BenchMakeShape(TypedDict):
    """A labelled collection; kept: files that were there already."""

    folder: str
    files: int
    true_pairs: int
    hard_negatives: int
    ignored: int
    kept: int
    refused: list[RefusedShape]


class FiguresShape(TypedDict):
    """How well an answer agrees with the truth; see docs/bench.md. Null for a threshold that there is not; what comes
    after threshold is at that score, the operating point."""

    true_pairs: int
    predicted_pairs: int
    ap: float
    recall_p99: float
    threshold_p99: float | None
    recall_p90: float
    best_f1: float
    best_threshold: float | None
    threshold: float
    precision: float
    recall: float
    f1: float
    segment_precision: float
    segment_recall: float
    segment_f1: float


class BinShape(TypedDict):
    """The pairs whose scores lie within a tenth: how many, their mean score, the share of them that is true."""

    pairs: int
    score: float
    true: float


class StratumShape(TypedDict):
    """True pairs by how many of the two files are edited, and how strongly; found: how many are reported by default."""

    copies: int
    level: str
    pairs: int
    found: int
    ap: float
    recall_p99: float


class RunShape(TypedDict):
    """A run over a collection. Counts are [reported by default, of how many]; failures are [file, reason]."""

    name: str
    describer: str
    sampling: str
    aligner: str
    seconds: float
    video_seconds: float
    times_real_time: float
    frames: int
    failures: list[list[str]]
    machine: str
    figures: FiguresShape
    strata: list[StratumShape]
    transforms: dict[str, list[int]]
    edits: dict[str, dict[str, list[int]]]
    hard_negatives: list[int]
    calibration_error: float
    bins: list[BinShape]


class BenchReportShape(TypedDict):
    """The files that were written, and the runs in them."""

    html: str | None
    markdown: str | None
    runs: list[RunShape]
