"""Fits the coefficients of ``match.calibration.DEFAULT`` anew, to collections with known truth.

    python benchmarks/calibrate.py --on COLLECTION LIBRARY [--on COLLECTION LIBRARY ...]

COLLECTION is a folder with ``truth.csv`` and ``ignore.csv`` (columns a and b: names of files), LIBRARY what
``twinreel scan COLLECTION/videos --library LIBRARY`` made, for example by ``benchmarks/accuracy.py --work``. For every
pair of videos that the candidate search of that library proposes, the pair is aligned as a scan does it, and the
evidence for its strongest stretch becomes one row of a logistic regression on whether the pair is true. Pairs to be
ignored are left out.

Prints how good the coefficients are that are fitted to all collections but one, on that one, beside those of the
package; and last the coefficients fitted to all of them, to be put into ``match/calibration.py``. Whoever changes a
term, the reference or the candidate search should run it.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import bench
from twinreel.describe.registry import DEFAULT as DEFAULT_DESCRIBER
from twinreel.describe.registry import load_describer
from twinreel.engine.matching import facts_of, fill_haystack
from twinreel.engine.space import Space, View, fingerprinted, library_reference
from twinreel.engine.state import Recipe
from twinreel.match.alignment import ALIGNERS
from twinreel.match.calibration import DEFAULT, MIN_SCORE, Calibration, terms
from twinreel.match.candidates import Haystack
from twinreel.match.pair import align_pair
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.types import Float64

RIDGE = 1e-3
"""Weight of the squared coefficients of the standardised terms against the mean log-likelihood of a pair."""

Pair = tuple[str, str]
"""Content ids, the lower first."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One proposed pair."""

    terms: Float64
    """(k, t) the terms of every stretch that aligns, the strongest first."""
    true: bool


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One collection."""

    name: str
    examples: list[Example]
    true_pairs: int
    """Proposed or not."""


def read_pairs(file: Path, contents: dict[str, str]) -> set[Pair]:
    """The pairs of a CSV file, by content id; those of files that the library does not hold are left out."""
    with file.open(encoding="utf-8", newline="") as stream:
        named = [(row["a"], row["b"]) for row in csv.DictReader(stream)]
    found = [sorted((contents[a], contents[b])) for a, b in named if a in contents and b in contents]
    return {(a, b) for a, b in found if a != b}


def label(collection: Path, library: Path) -> Labelled:
    """Proposes and aligns the pairs of a library as a scan does, and looks up which are true."""
    with Catalogue.open(library, create=False) as catalogue:
        meta = catalogue.meta
        recipe = Recipe(
            load_describer(meta.get("describer") or DEFAULT_DESCRIBER),
            Sampling.parse(meta.get("sampling") or str(Sampling())),
        )
        aligner = meta.get("aligner") or next(iter(ALIGNERS))
        named = {Path(record.path).name: record.content for record in catalogue.paths.load().values()}
        contents = {name: content for name, content in named.items() if content is not None}
        truth, ignored = (read_pairs(collection / f"{name}.csv", contents) for name in ("truth", "ignore"))
        described = fingerprinted(catalogue, recipe)
        if not described:
            raise SystemExit(f"{library} has no fingerprints of {' '.join(recipe.key)}: scan again")
        facts = facts_of(catalogue)
        space = Space(catalogue, recipe, library_reference(catalogue, recipe, keep=False))
        haystack = fill_haystack(catalogue, recipe, space, facts)
        views = {facts[content].number: space.view(content, facts[content].duration) for content in described}
        examples = []
        for pair in propose(haystack, views):
            a, b = sorted((views[number] for number in pair), key=lambda view: view.video.content)
            known = a.video.content, b.video.content
            if known not in ignored and len(rows := align(a, b, aligner)):
                examples.append(Example(rows, known in truth))
    return Labelled(collection.name, examples, len(truth))


def propose(haystack: Haystack, views: Mapping[int, View]) -> list[tuple[int, int]]:
    """The candidates of all videos, by their numbers, each pair once."""
    pairs: dict[tuple[int, int], None] = {}
    for number, view in views.items():
        for found in haystack.find(view.video, view.mirrored, exclude=number):
            pairs[min(number, found.number), max(number, found.number)] = None
    return list(pairs)


def align(a: View, b: View, aligner: str) -> Float64:
    """(k, t) the terms of the stretches that align, the strongest first; see ``match_pair``."""
    found = align_pair(a.video, b.video, aligner=aligner)
    if a.mirrored is not None:
        found += align_pair(replace(a.video, vectors=a.mirrored), b.video, aligner=aligner)
    found.sort(key=lambda one: -one.evidence.mean * one.evidence.frames)
    return np.array([terms(one.evidence) for one in found])


def fit(examples: Sequence[Example]) -> Calibration:
    """Logistic regression on the strongest stretches, the first term being constant; see ``RIDGE``.

    ValueError where the examples are all true or all false.
    """
    rows = np.array([example.terms[0] for example in examples])
    true = np.array([example.true for example in examples], np.float64)
    if not 0 < true.sum() < len(true):
        raise ValueError(f"of {len(true)} pairs {true.sum():.0f} are true: some true and some false ones are needed")
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    centre[0], spread[0] = 0.0, 1.0
    spread[spread == 0] = 1.0
    standard = (rows - centre) / spread
    penalty = np.full(rows.shape[1], RIDGE)
    penalty[0] = 0.0

    def loss(weights: Float64) -> tuple[float, Float64]:
        logits = standard @ weights
        value = (np.logaddexp(0, logits) - true * logits).mean() + (penalty * weights**2).sum()
        slope = standard.T @ (1 / (1 + np.exp(-logits)) - true) / len(true) + 2 * penalty * weights
        return float(value), slope

    weights = minimize(loss, np.zeros(rows.shape[1]), jac=True).x / spread
    weights[0] -= (weights * centre).sum()
    return Calibration(tuple(map(float, weights)))


def scores(examples: Sequence[Example], calibration: Calibration) -> Float64:
    """(n,) the score of each pair: that of its best stretch."""
    best = [float((example.terms @ calibration.coefficients).max()) for example in examples]
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


def report(one: Labelled, calibration: Calibration) -> list[str]:
    true = np.array([example.true for example in one.examples], np.float64)
    return [f"{value:.3f}" for value in metrics(scores(one.examples, calibration), true, one.true_pairs).values()]


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits the calibration of scores to collections with known truth.")
    parser.add_argument(
        "--on", nargs=2, type=Path, action="append", required=True, metavar=("COLLECTION", "LIBRARY"), dest="given"
    )
    args = parser.parse_args()
    collections = []
    for collection, library in args.given:
        one = label(collection, library)
        found = sum(example.true for example in one.examples)
        print(f"{one.name}: {len(one.examples)} pairs align, {found} of {one.true_pairs} true ones", flush=True)
        collections.append(one)
    rows = []
    for one in collections:
        rows.append([one.name, "the package's", *report(one, DEFAULT)])
        others = [example for other in collections if other is not one for example in other.examples]
        if others:
            rows.append([one.name, "fitted to the others", *report(one, fit(others))])
    print(bench.table(["collection", "coefficients", "ap", "recall@p99", "f1", "best f1"], rows))
    whole = fit([example for one in collections for example in one.examples])
    print(f"DEFAULT = Calibration(({', '.join(f'{value:.2f}' for value in whole.coefficients)}))")


if __name__ == "__main__":
    main()
