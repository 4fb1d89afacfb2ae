"""Made-up ground truths as files, in the formats of the benchmarks, and made-up answers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twinreel.evaluate.base import Answer, Box, Pair, Scored


def write_json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])
    return path


def answer(
    pairs: Mapping[tuple[str, str], tuple[float, Sequence[tuple[float, ...]]]], min_score: float = 0.5
) -> Answer:
    """Of pairs, each its score and boxes (q0, r0, q1, r1), which have the same score; the first id is the query."""
    made = {}
    for (query, other), (score, boxes) in pairs.items():
        pair = Pair(score, tuple(Scored(Box(*box), score) for box in boxes))
        made[min(query, other), max(query, other)] = pair if query < other else pair.turned
    return Answer(made, min_score)


def scores_only(scores: Mapping[tuple[str, str], float]) -> Answer:
    return answer({pair: (score, ()) for pair, score in scores.items()})
