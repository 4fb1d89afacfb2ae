"""Collections of a few pairs with a known truth, and cells of the tables made of them."""

from __future__ import annotations

import re
from pathlib import Path

import accuracy_page
from twinreel.bench.collection import Labels, Pair, Shared


def labels_of(truth: dict[Pair, str], hard: frozenset[Pair] = frozenset()) -> Labels:
    """True pairs with their transforms, and pairs of other moments of one scene."""
    rows = {pair: (Shared(*pair, 0.0, 5.0, 1.0, 6.0, "hard", edits),) for pair, edits in truth.items()}
    return Labels(rows, hard, {})


def result_of(seed: int, labels: Labels, best: dict[Pair, float], threshold: float) -> accuracy_page.Result:
    """``threshold``: the score at which recall@p99 is reached."""
    figures = dict.fromkeys(("ap", "recall@p99", "precision", "recall", "f1", "segment_f1"), 0.5)
    reported = {pair: value for pair, value in best.items() if value >= 0.5}
    answer = {**figures, "true_pairs": len(labels.truth), "threshold@p99": threshold}
    return accuracy_page.Result(seed, labels, best, reported, answer, answer, 1.0, 1.0, 10, Path("l.sqlite"))


def cells(table: str, first: str) -> list[str]:
    """The row of a table that begins with a word."""
    (line,) = re.findall(rf"^\| {first} +\|(.*)\|$", table, re.MULTILINE)
    return [cell.strip() for cell in line.split("|")]
