"""The scorer: cases worked out by hand, and the figures of the script that the project measures itself with."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinreel.bench import scoring
from twinreel.bench.collection import File, Labels, Part, Shared, Transform, write_labels
from twinreel.bench.scoring import Reported


def shared(a: str, b: str, start: float = 0, stop: float = 10, level: str = "light", transforms: str = "") -> Shared:
    return Shared(a, b, start, stop, start, stop, level, transforms)


def labels_of(
    *rows: Shared, hard: tuple[tuple[str, str], ...] = (), ignored: tuple[tuple[str, str], ...] = ()
) -> Labels:
    truth: dict[tuple[str, str], tuple[Shared, ...]] = {}
    for row in rows:
        truth[row[:2]] = (*truth.get(row[:2], ()), row)
    return Labels(truth, frozenset(hard), dict.fromkeys(ignored, "short"))


def said(a: str, b: str, score: float, start: float = 0, stop: float = 10) -> Reported:
    return Reported(a, b, score, start, stop, start, stop)


def test_a_ranking_worked_out_by_hand() -> None:
    labels = labels_of(shared("a", "b"), shared("a", "c"), shared("b", "c"), shared("c", "d"))
    rows = [said("a", "b", 0.9), said("a", "d", 0.8), said("a", "c", 0.6), said("b", "c", 0.3), said("a", "b", 0.1)]
    found = scoring.score(labels, rows, 0.5)
    assert found.ap == pytest.approx((1 + 2 / 3 + 3 / 4) / 4)
    assert (found.recall_p99, found.threshold_p99) == (0.25, 0.9)
    assert found.recall_p90 == 0.25
    assert (found.precision, found.recall) == pytest.approx((2 / 3, 0.5))
    assert (found.best_f1, found.best_threshold) == pytest.approx((0.75, 0.3))
    assert (found.true_pairs, found.predicted_pairs) == (4, 4)


def test_equal_scores_count_together() -> None:
    labels = labels_of(shared("a", "b"), shared("a", "c"))
    found = scoring.score(labels, [said("a", "b", 0.5), said("b", "c", 0.5), said("a", "c", 0.5)], 0.0)
    assert found.ap == pytest.approx(2 / 3)
    assert (found.recall_p99, found.threshold_p99) == (0, math.inf)


def test_what_is_ignored_counts_neither_way() -> None:
    labels = labels_of(shared("a", "b"), ignored=(("a", "c"),))
    found = scoring.score(labels, [said("a", "c", 0.9, 0, 100), said("a", "b", 0.5)], 0.0)
    assert (found.ap, found.precision, found.segment_precision) == (1, 1, 1)


def test_seconds_that_are_reported_twice_count_once() -> None:
    labels = labels_of(shared("a", "b", 0, 10), shared("a", "b", 5, 15))
    rows = [said("a", "b", 0.9, 5, 10), said("a", "b", 0.9, 8, 25), said("a", "b", 0.2, 0, 5)]
    found = scoring.score(labels, rows, 0.5)
    assert found.segment_precision == pytest.approx(10 / 20)
    assert found.segment_recall == pytest.approx(10 / 15)


def test_no_answer_is_no_error() -> None:
    found = scoring.score(labels_of(shared("a", "b")), [], 0.5)
    assert (found.ap, found.precision, found.recall, found.f1, found.segment_f1) == (0, 0, 0, 0, 0)
    assert (found.best_f1, found.best_threshold) == (0, math.inf)


def copy_of(name: str, *done: tuple[str, str, str]) -> File:
    """A file that shows footage of (source, kind, strength) each; an original where the kind is empty."""
    parts = tuple(
        Part(source, 0, 9, 0, 9, transforms=(Transform(kind, strength), Transform("trim", "light")) if kind else ())
        for source, kind, strength in done
    )
    return File(name, parts, "", parts[0].transforms)


FILES = {
    file.name: file
    for file in (
        copy_of("a", ("clip", "", "")),
        copy_of("b", ("clip", "crop", "heavy")),
        copy_of("c", ("clip", "picture_in_picture", "heavy"), ("host", "picture_behind", "light")),
        copy_of("d", ("host", "", "")),
    )
}


def test_recall_by_edit_is_of_one_copy_and_of_what_was_done_to_what_it_shares() -> None:
    pairs = ("a", "b"), ("a", "c"), ("b", "c"), ("c", "d")
    labels = labels_of(*(shared(*pair, transforms="crop+trim") for pair in pairs))
    found = {("a", "c"), ("b", "c")}
    assert scoring.by_edit(labels, FILES, found) == {
        "crop": {"heavy": (0, 1)},
        "picture_in_picture": {"heavy": (1, 1)},
        "picture_behind": {"light": (0, 1)},
    }
    assert scoring.by_transform(labels, found) == {"crop": (2, 4), "trim": (2, 4)}


def test_figures_by_difficulty_leave_out_the_other_true_pairs() -> None:
    labels = labels_of(
        shared("a", "b", level="heavy"),
        shared("a", "c", level="heavy"),
        shared("b", "c", level="heavy"),
        shared("c", "d"),
    )
    best = {("b", "c"): 0.9, ("b", "d"): 0.8, ("a", "b"): 0.7, ("c", "d"): 0.6, ("a", "d"): 0.5}
    assert scoring.strata(labels, FILES, best, 0.65) == [
        (1, "light", 1, 0, pytest.approx(1 / 2), 0.0),
        (1, "heavy", 2, 1, pytest.approx(1 / 2 / 2), 0.0),
        (2, "heavy", 1, 1, 1.0, 1.0),
    ]


def test_calibration_worked_out_by_hand() -> None:
    labels = labels_of(shared("a", "b"), shared("a", "c"))
    best = {("a", "b"): 1.0, ("a", "c"): 0.92, ("a", "d"): 0.94, ("b", "c"): 0.05, ("b", "d"): 0.03}
    error, bins = scoring.reliability(labels, best)
    assert [one.pairs for one in bins] == [2, 3]
    assert [value for one in bins for value in one[1:]] == pytest.approx([0.04, 0.0, 2.86 / 3, 2 / 3])
    assert error == pytest.approx((2 * 0.04 + 3 * abs(2.86 / 3 - 2 / 3)) / 5)
    assert scoring.reliability(labels, {}) == (0.0, [])


def test_rows_of_an_export_are_read_by_name_in_order(tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text(
        "a,b,relation,score,a_start,a_end,b_start,b_end\n"
        "/videos/z.mp4,/videos/y.mp4,overlaps,0.5,1,2,3,4\n"
        "file:///videos/x%FF.mp4,/other/y.mp4,overlaps,0.25,1,2,3,4\n"
    )
    first, second = scoring.read_rows(file)
    assert first == ("y.mp4", "z.mp4", 0.5, 3, 4, 1, 2)
    assert second[1:3] == ("y.mp4", 0.25)


def their_figures(shared_folder: Path, collection: Path, predictions: Path, *options: str) -> dict[str, Any]:
    scorer = shared_folder / "bench" / "score.py"
    words = [sys.executable, str(scorer), str(collection), str(predictions), "--json", *options]
    return dict(json.loads(subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout))


def agrees(found: scoring.Figures, theirs: dict[str, Any]) -> None:
    """With what score.py prints, rounded to four places."""
    names = {"recall@p99": "recall_p99", "threshold@p99": "threshold_p99", "recall@p90": "recall_p90"}
    for name in ("ap", "recall@p99", "threshold@p99", "recall@p90", "precision", "recall", "f1", "best_f1"):
        assert getattr(found, names.get(name, name)) == pytest.approx(theirs[name], abs=6e-5), name
    for name in (
        "true_pairs",
        "predicted_pairs",
        "best_threshold",
        "segment_precision",
        "segment_recall",
        "segment_f1",
    ):
        assert getattr(found, name) == pytest.approx(theirs[name], abs=6e-5), name


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_are_those_of_the_scorer(seed: int, shared: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    names = [f"v{number:02d}.mp4" for number in range(24)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    truth: list[Shared] = []
    hard: list[tuple[str, str]] = []
    ignored: list[tuple[str, str]] = []
    rows: list[list[str | float]] = [["a", "b", "score", "a_start", "a_end", "b_start", "b_end"]]
    for pair in pairs:
        kind = rng.random()
        start = np.round(rng.uniform(0, 8, 4), 3)
        spans = [(float(s), float(s + 2 + rng.integers(6))) for s in start]
        if kind < 0.3:
            level, transforms = str(rng.choice(["light", "heavy"])), "+".join(rng.choice(["crop", "blur", "trim"], 2))
            truth += [Shared(*pair, *spans[0], *spans[1], level, transforms) for _ in range(rng.integers(1, 3))]
        elif kind < 0.4:
            hard.append(pair)
        elif kind < 0.45:
            ignored.append(pair)
        if rng.random() < (0.8 if kind < 0.3 else 0.3):
            for _ in range(rng.integers(1, 4)):
                # tenths: many pairs have the same score
                score = round(float(rng.beta(4, 2) if kind < 0.3 else rng.beta(2, 4)), 1)
                swapped = pair[::-1] if rng.random() < 0.5 else pair
                rows.append([*swapped, score, *spans[2], *spans[3]])
    labels = labels_of(*truth, hard=tuple(hard), ignored=tuple(ignored))
    write_labels(tmp_path, labels)
    predictions = tmp_path / "all.csv"
    predictions.write_text("\n".join(",".join(map(str, row)) for row in rows))
    ours = scoring.read_rows(predictions)
    theirs = their_figures(shared, tmp_path, predictions, "--threshold", "0.5")
    found = scoring.score(labels, ours, 0.5)
    agrees(found, theirs)
    sure = {pair for pair, value in scoring.best_scores(labels, ours).items() if value >= found.threshold_p99}
    counted = scoring.by_transform(labels, sure)
    assert {name: f"{hit}/{of}" for name, (hit, of) in counted.items()} == theirs["transform"]
    assert theirs["hard_negatives"] == f"{len(labels.hard_negatives & sure)}/{len(hard)}"
