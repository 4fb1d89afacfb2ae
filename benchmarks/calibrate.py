"""Fits the coefficients of ``match.calibration.DEFAULT`` anew, to collections with known truth.

    python benchmarks/calibrate.py --on COLLECTION LIBRARY [--on COLLECTION LIBRARY ...] [--crowd PHOTOGRAPHS]

COLLECTION is a folder with ``truth.csv`` and ``ignore.csv`` (columns a, b and, of the truth, the seconds of each),
LIBRARY what ``twinreel scan COLLECTION/videos --library LIBRARY`` made, for example by ``benchmarks/accuracy.py
--work``, by the default sampling and by keyframes, since scores have to hold for both. The pairs of ``labelled.py`` are
aligned as a scan does it, with ``--crowd`` those of the first ``CROWDED`` collections among pans and zooms over
photographs as well (``crowd.py``; other ones than it measures with), and the evidence for the strongest stretch of each
becomes one row of a logistic regression on whether the pair is true. Pairs to be ignored are left out.

Prints how good the coefficients are that are fitted to all collections but one, on that one, beside those of the
package; and last the coefficients fitted to all of them, to be put into ``match/calibration.py``. Whoever changes a
term, the reference or the candidate search should run it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import bench
import crowd
from labelled import Example, Labelled, label
from twinreel.describe.registry import DEFAULT as DEFAULT_DESCRIBER
from twinreel.describe.registry import load_describer
from twinreel.engine.state import Recipe
from twinreel.match.calibration import DEFAULT, MIN_SCORE, Calibration
from twinreel.media.sampling import Sampling
from twinreel.train.views import photographs_in
from twinreel.types import Float64

RIDGE = 1e-3
"""Weight of the squared coefficients of the standardised terms against the mean log-likelihood of a pair."""
WEIGHTS = {"library": 1.0, "small": 0.3, "fragments": 0.2, "moments": 0.7, "cards": 0.35}
"""What a pair of each kind counts: whole videos in a library of some size are what matters most, and that other moments
of a scene are not taken for copies. In a collection few pairs are of that kind; in a library of news, lectures or games
most of what looks alike is."""
SPARSE = 0.12
"""... where videos were sampled by keyframes alone, relative to the default, ..."""
CROWD = 0.4
"""... and in a crowd, where far more pairs are aligned."""
CROWDED = 2
CROWD_VIDEOS = 2000


def fit(examples: Sequence[Example], weights: Sequence[float] | None = None) -> Calibration:
    """Logistic regression on the strongest stretches, the first term being constant; see ``RIDGE``.

    ``weights``: what each example counts, all the same where None. ValueError where the examples are all true or all
    false.
    """
    rows = np.array([example.terms[0] for example in examples])
    crowds = np.log([example.crowd for example in examples])
    true = np.array([example.true for example in examples], np.float64)
    if not 0 < true.sum() < len(true):
        raise ValueError(f"of {len(true)} pairs {true.sum():.0f} are true: some true and some false ones are needed")
    share = np.ones(len(rows)) if weights is None else np.array(weights, np.float64)
    share /= share.sum()
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    centre[0], spread[0] = 0.0, 1.0
    spread[spread == 0] = 1.0
    standard = (rows - centre) / spread
    penalty = np.full(rows.shape[1], RIDGE)
    penalty[0] = 0.0

    def loss(coefficients: Float64) -> tuple[float, Float64]:
        logits = standard @ coefficients - crowds
        value = (share * (np.logaddexp(0, logits) - true * logits)).sum() + (penalty * coefficients**2).sum()
        slope = standard.T @ (share * (1 / (1 + np.exp(-logits)) - true)) + 2 * penalty * coefficients
        return float(value), slope

    coefficients = minimize(loss, np.zeros(rows.shape[1]), jac=True).x / spread
    coefficients[0] -= (coefficients * centre).sum()
    return Calibration(tuple(map(float, coefficients)))


def fit_all(collections: Sequence[Labelled]) -> Calibration:
    """Fitted to all kinds of pairs of some collections."""
    weighted = [
        (one, WEIGHTS[kind] * (SPARSE if each.sampling == "keyframes" else 1.0) * (CROWD if each.crowded else 1.0))
        for each in collections
        for kind in each.examples
        for one in each.examples[kind]
        if len(one.terms)
    ]
    return fit([one for one, _ in weighted], [weight for _, weight in weighted])


def scores(examples: Sequence[Example], calibration: Calibration) -> Float64:
    """(n,) the score of each pair: that of its best stretch. Something of each has to align."""
    best = [float((one.terms @ calibration.coefficients).max()) - np.log(one.crowd) for one in examples]
    return np.asarray(1 / (1 + np.exp(-np.clip(best, -40, 40))), np.float64)


def metrics(score: Float64, true: Float64, true_pairs: int) -> dict[str, float]:
    """Average precision, largest recall at a precision of 0.99, F1 at the operating point and at the best one.

    score, true: (n,) of the pairs that were aligned; true pairs that were not count as missed.
    """
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(true[order])
    precision, recall = hits / np.arange(1, len(order) + 1), hits / true_pairs
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    reported = int((score >= MIN_SCORE).sum())
    return {
        "ap": float((precision * true[order]).sum() / true_pairs),
        "recall@p99": float(recall[precision >= 0.99].max(initial=0.0)),
        "f1": float(f1[reported - 1]) if reported else 0.0,
        "best f1": float(f1.max(initial=0.0)),
    }


def report(one: Labelled, kind: str, calibration: Calibration) -> list[str]:
    aligned = [example for example in one.examples[kind] if len(example.terms)]
    true = np.array([example.true for example in aligned], np.float64)
    values = metrics(scores(aligned, calibration), true, sum(example.true for example in one.examples[kind]))
    return [f"{value:.3f}" for value in values.values()]


def name_of(one: Labelled) -> str:
    return f"{one.name} {one.sampling}{' in a crowd' if one.crowded else ''}"


def crowded(given: Sequence[Sequence[Path]], pictures: Sequence[Path]) -> list[Labelled]:
    """Some collections with their libraries, each among pans and zooms over photographs."""
    recipe, labelled = Recipe(load_describer(DEFAULT_DESCRIBER), Sampling()), []
    with tempfile.TemporaryDirectory() as temporary:
        for seed, (collection, library) in enumerate(given):
            names = frozenset(path.name for path in (collection / "videos").iterdir())
            chosen = crowd.crowd_to_learn_from(pictures, CROWD_VIDEOS, seed)
            target = Path(temporary) / f"{seed}.sqlite"
            crowd.add_crowd(target, library, names, chosen, recipe, seed)
            labelled.append(label(collection, target, crowded=True))
    return labelled


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits the calibration of scores to collections with known truth.")
    parser.add_argument(
        "--on", nargs=2, type=Path, action="append", required=True, metavar=("COLLECTION", "LIBRARY"), dest="given"
    )
    parser.add_argument("--crowd", type=Path, help="folder of photographs", metavar="PHOTOGRAPHS")
    args = parser.parse_args()
    collections = [label(collection, library) for collection, library in args.given]
    if args.crowd:
        collections += crowded(args.given[:CROWDED], photographs_in(args.crowd))
    for one in collections:
        for kind, examples in one.examples.items():
            true = [len(example.terms) > 0 for example in examples if example.true]
            pairs = sum(len(example.terms) > 0 for example in examples)
            print(f"{name_of(one)}, {kind}: {pairs} pairs align, {sum(true)} of {len(true)} true ones", flush=True)
    rows = []
    for one in collections:
        others = [other for other in collections if other.name != one.name]
        fitted = fit_all(others) if others else None
        for kind, examples in one.examples.items():
            if not any(example.true for example in examples):
                continue
            rows.append([name_of(one), kind, "the package's", *report(one, kind, DEFAULT)])
            if fitted is not None:
                rows.append([name_of(one), kind, "fitted to the others", *report(one, kind, fitted)])
    print(bench.table(["collection", "pairs", "coefficients", "ap", "recall@p99", "f1", "best f1"], rows))
    print(f"DEFAULT = Calibration(({', '.join(f'{value:.2f}' for value in fit_all(collections).coefficients)}))")


if __name__ == "__main__":
    main()
