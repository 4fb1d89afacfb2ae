"""The fit of scores."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import accuracy
import calibrate
import labelled
from twinreel.match.calibration import Calibration
from twinreel.types import Float64


def write_csv(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])


def planted(rng: np.random.Generator, coefficients: tuple[float, ...], count: int) -> list[labelled.Example]:
    """Examples whose truth is drawn with the probability that the coefficients give them."""
    rows = np.c_[np.ones(count), rng.normal(2, [1.0, 3.0], (count, 2))]
    probability = 1 / (1 + np.exp(-rows @ coefficients))
    return [
        labelled.Example(row[None], bool(true)) for row, true in zip(rows, rng.random(count) < probability, strict=True)
    ]


def test_the_fit_finds_the_coefficients_that_examples_were_drawn_with() -> None:
    wanted = (-3.0, 2.0, -0.5)
    found = calibrate.fit(planted(np.random.default_rng(1), wanted, 20_000)).coefficients
    # Standard errors of these are about 0.03, and the ridge pulls by a little more.
    assert np.allclose(found, wanted, atol=0.2)


def test_a_fit_to_one_kind_of_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="of 2 pairs 0 are true"):
        calibrate.fit([labelled.Example(np.ones((1, 3)), False)] * 2)


def test_a_pair_scores_as_its_best_stretch() -> None:
    example = labelled.Example(np.array([[1.0, 0.0], [1.0, 2.0]]), True)
    (score,) = calibrate.scores([example], Calibration((0.0, 1.0)))
    assert score == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_metrics_of_a_ranking_worked_out_by_hand() -> None:
    score: Float64 = np.array([0.9, 0.8, 0.6, 0.3])
    found = calibrate.metrics(score, np.array([1.0, 0.0, 1.0, 1.0]), true_pairs=4)
    assert found["ap"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 4)
    assert found["recall@p99"] == pytest.approx(1 / 4)
    assert found["f1"] == pytest.approx(2 * (2 / 3) * (2 / 4) / (2 / 3 + 2 / 4))
    assert found["best f1"] == pytest.approx(3 / 4)


def test_metrics_are_those_of_the_scorer(shared: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    score = rng.permutation(np.linspace(0.01, 0.99, 300))
    true = (rng.random(300) < score**2).astype(np.float64)
    missed = 20
    write_csv(tmp_path / "hard_negatives.csv", ["a", "b"], [])
    write_csv(tmp_path / "ignore.csv", ["a", "b", "reason"], [])
    names = [(f"a{i:03d}", f"b{i:03d}") for i in range(300 + missed)]
    held = [pair for pair, is_true in zip(names, [*true, *[1] * missed], strict=True) if is_true]
    head = ["a", "b", "a_start", "a_end", "b_start", "b_end", "level", "transforms"]
    write_csv(tmp_path / "truth.csv", head, [[*pair, 0, 1, 0, 1, "easy", "crop"] for pair in held])
    write_csv(tmp_path / "all.csv", ["a", "b", "score"], [[*names[i], score[i]] for i in range(300)])
    write_csv(tmp_path / "m.csv", ["a", "b", "score"], [[*names[i], score[i]] for i in range(300) if score[i] >= 0.5])
    scorer = shared / "bench" / "score.py"
    of_all, default = (accuracy.score(scorer, tmp_path, tmp_path / name) for name in ("all.csv", "m.csv"))
    ours = calibrate.metrics(score, true, len(held))
    theirs = [of_all["ap"], of_all["recall@p99"], default["f1"], of_all["best_f1"]]
    assert list(ours.values()) == pytest.approx(theirs, abs=1e-4)  # it rounds to four places
