"""What stands in docs/accuracy.md: tables of results, in Markdown, and which diagrams lie beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import bench
import diagrams
import misses
from misses import Gone
from twinreel.bench import scoring
from twinreel.bench.collection import Labels, Pair
from twinreel.bench.scoring import Counts
from twinreel.match.pair import MIN_SCORE
from twinreel.media.sampling import Sampling

LEVELS = ("original", "half", "easy", "medium", "partial", "hard")
FIGURES = ["ap", "recall@p99", "precision", "recall", "f1", "segment f1"]
HARD = ("pip", "vertical", "rotate", "rotate90", "camcord", "bigcrop", "speed")
"""The edits that hide most; ``speed`` stands for all speeds."""
FEW = 25
"""True pairs under which a share says little."""
CURVES, RELIABILITY = "accuracy-curves.svg", "accuracy-reliability.svg"

PREFACE = """# Accuracy

Measured by `benchmarks/accuracy.py` on collections of real clips that were cut, re-encoded and edited by a script which
knows exactly what it did. A collection holds untouched clips, copies of them at three levels of difficulty
(*easy*: resized, another frame rate, brightness or colour; *medium*: blur, noise, crop, letterbox, logo, caption,
mirrored ...; *hard*: rotated, filmed off a screen, heavily cropped, picture in picture, played faster or slower ...),
*partial* copies (compilations, insertions), and negatives: other clips, and pairs of files that show the same scene at
different times (*half*). About half of the copies are trimmed. A true pair shares at least two seconds of footage;
pairs that share less, and other moments of scenes in which nothing moves, count neither way.

- **ap**: micro average precision over all pairs of files, ranked by score, of everything that was aligned
  (`twinreel export --min-score 0`).
- **recall@p99**: the largest share of true pairs found at a precision of at least 0.99.
- **precision, recall, f1**: of the pairs that `twinreel scan` reports by default.
- **segment f1**: of the reported seconds, on the time lines of both files, summed over all pairs: how many are true,
  and how many of the true ones are reported.
- The tables by level and by transform count true pairs: a pair has the level of its harder file and the transforms
  of both. Negatives have no recall; those reported in error lower the precision.

The coefficients of the score were fitted to collections of the same kind made of the same clips (see
`benchmarks/calibrate.py`, which prints how well coefficients fitted to the other collections do), so the figures say
little about precision on footage of another kind.
"""


@dataclass(frozen=True, slots=True)
class Result:
    """One collection scanned with one sampling."""

    seed: int
    labels: Labels
    best: Mapping[Pair, float]
    """The score of every pair that was aligned and counts either way."""
    reported: Mapping[Pair, float]
    """... that is reported by default."""
    all: Mapping[str, Any]
    """The scorer's answer to everything that was aligned."""
    default: Mapping[str, Any]
    """The scorer's answer to the default report."""
    seconds: float
    """Of the scan."""
    minutes: float
    """Of video."""
    frames: int
    library: Path

    @property
    def found(self) -> set[Pair]:
        """Pairs that are reported by default."""
        return set(self.reported)

    @property
    def sure(self) -> set[Pair]:
        """Pairs from the score on at which recall@p99 is reached."""
        least = float(self.all.get("threshold@p99", math.inf))
        return {pair for pair, value in self.best.items() if value >= least}


def figures(results: Sequence[Result]) -> list[str]:
    """ap, recall@p99, precision, recall, f1, segment f1: means."""
    of_all = [f"{mean(result.all[key] for result in results):.3f}" for key in ("ap", "recall@p99")]
    keys = ("precision", "recall", "f1", "segment_f1")
    return of_all + [f"{mean(result.default[key] for result in results):.3f}" for key in keys]


def summed(counts: Iterable[Counts]) -> dict[str, tuple[int, int]]:
    """Name -> found, of how many."""
    sums: dict[str, tuple[int, int]] = {}
    for part in counts:
        for name, (found, total) in part.items():
            before = sums.get(name, (0, 0))
            sums[name] = before[0] + found, before[1] + total
    return sums


def by_level(labels: Labels, found: set[Pair]) -> dict[str, tuple[int, int]]:
    """Level of a pair -> found, of how many."""
    return summed({row.level: (int(pair in found), 1)} for pair, (row, *_) in labels.truth.items())


def by_name(counts: Counts, order: Iterable[str]) -> list[list[str]]:
    """Rows of a table, of the names that there are."""
    return [
        [name, str(total), str(found), f"{found / total:.2f}"]
        for name in order
        for found, total in [counts.get(name, (0, 0))]
        if total
    ]


def hard_negatives(results: Iterable[Result]) -> str:
    """How many pairs of moments of one scene are reported."""
    of = [(len(result.labels.hard_negatives & result.found), len(result.labels.hard_negatives)) for result in results]
    found, total = (sum(part) for part in zip(*of, strict=True))
    return f"{found} of {total}" + (f" ({found / total:.1%})" if total else "")


def in_full(sampling: Sampling, results: Sequence[Result]) -> str:
    """Everything about one sampling."""
    seed_rows = [[str(r.seed), str(r.all["true_pairs"]), *figures([r]), f"{r.seconds:.0f}"] for r in results]
    mean_row = ["mean", "", *figures(results), f"{mean(r.seconds for r in results):.0f}"]
    levels = summed(by_level(r.labels, r.found) for r in results)
    transforms = summed(scoring.by_transform(r.labels, r.found) for r in results)
    return "\n\n".join(
        [
            f"## Sampling {sampling}\n\n{bench.machine()}.",
            bench.table(["seed", "true pairs", *FIGURES, "scan s"], [*seed_rows, mean_row]),
            f"Reported by default (score of at least {MIN_SCORE:g}), summed over the seeds, by level:",
            bench.table(["level", "true pairs", "reported", "recall"], by_name(levels, LEVELS)),
            f"Pairs that show other moments of one scene, reported in error: {hard_negatives(results)}. By transform:",
            bench.table(["transform", "true pairs", "reported", "recall"], by_name(transforms, sorted(transforms))),
        ]
    )


def side_by_side(results: Mapping[Sampling, Sequence[Result]]) -> str:
    """The samplings compared: means over the seeds, seconds of scanning also relative to the first."""
    rows = []
    first = next(iter(results.values()))
    for sampling, runs in results.items():
        seconds, minutes = sum(r.seconds for r in runs), sum(r.minutes for r in runs)
        ratio = seconds / sum(r.seconds for r in first)
        speed = f"{minutes * 60 / seconds:.0f}", f"{ratio:.2f}"
        rows.append([str(sampling), *figures(runs), str(sum(r.frames for r in runs)), *speed])
    return bench.table(["sampling", *FIGURES, "frames", "times real time", "relative time"], rows)


def hidden(results: Sequence[Result]) -> str:
    """What becomes of the edits that hide most, all collections together."""
    counts = summed(_hard_edits(result.labels, result.sure) for result in results)
    rows = [[*row, "few" if int(row[1]) < FEW else ""] for row in by_name(counts, HARD)]
    words = (
        f"Of true pairs with an edit that hides much, summed over {_seeds(results)}: how many have a score at which "
        "their collection's precision is still 0.99. `speed` stands for all speeds; of under "
        f"{FEW} pairs (*few*) a share says little. Pairs that show other moments of one scene, reported by default: "
        f"{hard_negatives(results)}."
    )
    table = bench.table(["edit", "true pairs", "found", "recall@p99", ""], rows)
    return f"## What hides most\n\n{bench.wrap(words)}\n\n{table}"


def _hard_edits(labels: Labels, found: set[Pair]) -> Counts:
    """By edit of ``HARD``; a pair counts once for each."""
    counts: dict[str, tuple[int, int]] = {}
    for pair, (row, *_) in labels.truth.items():
        for name in {"speed" if edit.startswith("speed") else edit for edit in row.transforms.split("+")} & set(HARD):
            hits, total = counts.get(name, (0, 0))
            counts[name] = hits + (pair in found), total + 1
    return counts


def _seeds(results: Iterable[Result]) -> str:
    return "seeds " + ", ".join(str(result.seed) for result in results)


def pooled(results: Iterable[Result]) -> tuple[Labels, dict[Pair, float], dict[Pair, float]]:
    """Several collections as one: labels, scores of all aligned pairs, and of those reported by default."""
    truth, best, reported = {}, {}, {}
    for result in results:
        truth.update({_of(result.seed, pair): rows for pair, rows in result.labels.truth.items()})
        best.update({_of(result.seed, pair): value for pair, value in result.best.items()})
        reported.update({_of(result.seed, pair): value for pair, value in result.reported.items()})
    return Labels(truth, frozenset(), {}), best, reported


def _of(seed: int, pair: Pair) -> Pair:
    return f"{seed}/{pair[0]}", f"{seed}/{pair[1]}"


def curves(results: Mapping[Sampling, Sequence[Result]], folder: Path) -> str:
    """Writes the precision-recall curves; a section that shows them."""
    lines = []
    for sampling, runs in results.items():
        labels, best, _ = pooled(runs)
        lines.append((str(sampling), scoring.curve(labels, best)))
    diagrams.write_curves(folder / CURVES, lines)
    seeds = _seeds(next(iter(results.values())))
    words = f"Of everything that was aligned, ranked by score, {seeds} in one ranking; a line ends with the last pair."
    return f"## Precision over recall\n\n{bench.wrap(words)}\n\n![Precision over recall]({CURVES})"


def reliability(results: Sequence[Result], folder: Path) -> str:
    """Writes the reliability diagram; a section that shows it and says how far scores are off."""
    labels, best, reported = pooled(results)
    error, bins = scoring.reliability(labels, best)
    error_reported, _ = scoring.reliability(labels, reported)
    diagrams.write_reliability(folder / RELIABILITY, "aligned pairs", bins)
    words = (
        f"Of the pairs of about a score, how many are right, {_seeds(results)} together; on the dashed line a score of "
        f"0.9 means nine of ten. Expected calibration error over tenths of the score: {error:.3f} of the {len(best)} "
        f"pairs that were aligned, {error_reported:.3f} of the {len(reported)} reported by default."
    )
    return "\n\n".join(
        [
            f"## What scores mean\n\n{bench.wrap(words)}",
            f"![Share of right pairs over score]({RELIABILITY})",
            bench.reliability_table(bins),
        ]
    )


def gone_wrong(results: Sequence[Result], missed: Sequence[Gone], wrong: Sequence[Gone]) -> str:
    """The pairs that went wrong, by kind."""
    truth = sum(len(result.labels.truth) for result in results)
    reported = sum(len(result.reported) for result in results)
    words = (
        f"{len(missed)} of {truth} true pairs are not reported by default, and {len(wrong)} of {reported} reported "
        f"pairs are not true ({_seeds(results)}). Each was searched for and aligned once more, and `benchmarks/"
        "misses.py` tells by a few rules what was in the way; the first that holds names the kind, so an edit may "
        "well have done more than one thing. The edits named beside a kind are those of most of its pairs."
    )
    return "\n\n".join(
        [
            f"## What is still missed\n\n{bench.wrap(words)}",
            misses.table(missed, misses.MISSED),
            "And reported in error:",
            misses.table(wrong, misses.WRONG),
        ]
    )
