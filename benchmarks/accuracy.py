"""How well copies are found, on collections of transformed clips with exact truth, for one or several samplings.

    python benchmarks/accuracy.py CLIPS MAKER SCORER [--seeds 1 2 3] [--sampling auto:1 ...]
                                  [--work DIR] [--out docs/accuracy.md] [--readme README.md]

For every seed a collection is made (``python MAKER CLIPS WORK/seed-S --seed S --sources 100 --height 288
--max-len 30``; one that is there is used again), and for every sampling

    twinreel scan WORK/seed-S/videos --library L --sampling MODE --export m.csv      the default report
    twinreel export all.csv --library L --min-score 0                                everything that was aligned

``python SCORER COLLECTION FILE --json`` scores both: ``ap`` and ``recall@p99`` of everything, ``f1`` and
``segment_f1`` of the default report. Recall by level and by transform, at the default operating point, is counted here
from the collection's ``truth.csv`` and summed over the seeds. The first sampling is the one that is reported in full.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import bench
from twinreel.match.pair import MIN_SCORE
from twinreel.media.sampling import Sampling

COLLECTION = ("--sources", "100", "--height", "288", "--max-len", "30")
LEVELS = ("original", "half", "easy", "medium", "partial", "hard")
MARK, COMPARED = "accuracy", "accuracy-samplings"

Pair = tuple[str, str]
"""File names, the lower first."""
Counts = Mapping[str, tuple[int, int]]
"""Level or transform -> true pairs reported, true pairs."""

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

    all: Mapping[str, Any]
    """The scorer's answer to everything that was aligned."""
    default: Mapping[str, Any]
    """The scorer's answer to the default report."""
    levels: Counts
    transforms: Counts
    hard_negatives: tuple[int, int]
    """Of other moments of a scene: pairs reported, pairs."""
    seconds: float
    """Of the scan."""
    minutes: float
    """Of video."""
    frames: int


def make_collection(maker: Path, clips: Path, folder: Path, seed: int) -> None:
    """Makes a collection, unless it is there already."""
    if (folder / "files.json").exists():  # what the maker writes last
        return
    subprocess.run([sys.executable, str(maker), str(clips), str(folder), "--seed", str(seed), *COLLECTION], check=True)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def pairs_of(rows: Iterable[Mapping[str, str]]) -> set[Pair]:
    """Pairs of file names, whatever folders are in front."""
    named = ((Path(row["a"]).name, Path(row["b"]).name) for row in rows)
    return {(min(pair), max(pair)) for pair in named}


def recalls(truth: Iterable[Mapping[str, str]], reported: set[Pair]) -> tuple[Counts, Counts]:
    """By level and by transform; a pair counts once for each of its transforms."""
    first: dict[Pair, Mapping[str, str]] = {}
    for row in truth:
        first.setdefault((min(row["a"], row["b"]), max(row["a"], row["b"])), row)
    levels = {pair: {row["level"]} for pair, row in first.items()}
    transforms = {pair: set(row["transforms"].split("+")) - {""} for pair, row in first.items()}
    return count(levels, reported), count(transforms, reported)


def count(names: Mapping[Pair, set[str]], reported: set[Pair]) -> Counts:
    total = Counter(name for pair in names for name in names[pair])
    found = Counter(name for pair in names if pair in reported for name in names[pair])
    return {name: (found[name], total[name]) for name in sorted(total)}


def score(scorer: Path, collection: Path, predictions: Path) -> dict[str, Any]:
    words = [sys.executable, str(scorer), str(collection), str(predictions), "--json"]
    answer = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(answer))


def measure(scorer: Path, collection: Path, sampling: Sampling, folder: Path) -> Result:
    """Scans a collection into a new library in ``folder`` and scores what came of it."""
    stem = f"{collection.name}-{str(sampling).replace(':', '-')}"
    library = bench.new_library(folder / f"{stem}.sqlite")
    report, everything = folder / f"{stem}-m.csv", folder / f"{stem}-all.csv"
    bench.read_all((collection / "videos").iterdir())
    seconds = bench.run(
        "scan", collection / "videos", "--library", library, "--sampling", str(sampling), "--export", report
    )
    bench.run("export", everything, "--library", library, "--min-score", "0")
    scan = bench.last_scan(library)
    reported = pairs_of(rows_of(report))
    levels, transforms = recalls(rows_of(collection / "truth.csv"), reported)
    hard = pairs_of(rows_of(collection / "hard_negatives.csv"))
    return Result(
        score(scorer, collection, everything),
        score(scorer, collection, report),
        levels,
        transforms,
        (len(hard & reported), len(hard)),
        seconds,
        scan.seconds_of_video / 60,
        scan.frames,
    )


def figures(results: Sequence[Result]) -> list[str]:
    """ap, recall@p99, precision, recall, f1, segment f1: means."""
    of_all = [f"{mean(result.all[key] for result in results):.3f}" for key in ("ap", "recall@p99")]
    keys = ("precision", "recall", "f1", "segment_f1")
    return of_all + [f"{mean(result.default[key] for result in results):.3f}" for key in keys]


FIGURES = ["ap", "recall@p99", "precision", "recall", "f1", "segment f1"]


def by_name(counts: Sequence[Counts], order: Sequence[str]) -> list[list[str]]:
    """Rows of a table: counts summed over the seeds."""
    rows = []
    for name in order:
        found = sum(part.get(name, (0, 0))[0] for part in counts)
        total = sum(part.get(name, (0, 0))[1] for part in counts)
        if total:
            rows.append([name, str(total), str(found), f"{found / total:.2f}"])
    return rows


def in_full(seeds: Sequence[int], sampling: Sampling, results: Sequence[Result]) -> str:
    """Everything about one sampling, in Markdown."""
    seed_rows = [
        [str(seed), str(r.all["true_pairs"]), *figures([r]), f"{r.seconds:.0f}"]
        for seed, r in zip(seeds, results, strict=True)
    ]
    mean_row = ["mean", "", *figures(results), f"{mean(r.seconds for r in results):.0f}"]
    transforms = sorted({name for result in results for name in result.transforms})
    hard = [sum(part) for part in zip(*(result.hard_negatives for result in results), strict=True)]
    return "\n\n".join(
        [
            f"## Sampling {sampling}\n\n{bench.machine()}.",
            bench.table(["seed", "true pairs", *FIGURES, "scan s"], [*seed_rows, mean_row]),
            f"Reported by default (score of at least {MIN_SCORE:g}), summed over the seeds, by level:",
            bench.table(["level", "true pairs", "reported", "recall"], by_name([r.levels for r in results], LEVELS)),
            f"Pairs that show other moments of one scene, reported in error: {hard[0]} of {hard[1]}. By transform:",
            bench.table(
                ["transform", "true pairs", "reported", "recall"], by_name([r.transforms for r in results], transforms)
            ),
        ]
    )


def side_by_side(results: Mapping[Sampling, Sequence[Result]]) -> str:
    """The samplings compared, in Markdown: means over the seeds, seconds of scanning also relative to the first."""
    rows = []
    first = next(iter(results.values()))
    for sampling, runs in results.items():
        seconds, minutes = sum(r.seconds for r in runs), sum(r.minutes for r in runs)
        ratio = seconds / sum(r.seconds for r in first)
        speed = f"{minutes * 60 / seconds:.0f}", f"{ratio:.2f}"
        rows.append([str(sampling), *figures(runs), str(sum(r.frames for r in runs)), *speed])
    return bench.table(["sampling", *FIGURES, "frames", "times real time", "relative time"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on collections of transformed clips with exact truth.")
    parser.add_argument("clips", type=Path, help="folder of clips")
    parser.add_argument("maker", type=Path, help="script that makes a collection of them")
    parser.add_argument("scorer", type=Path, help="script that scores an answer")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--sampling", nargs="+", type=Sampling.parse, default=[Sampling()], help="the first in full")
    parser.add_argument("--work", type=Path, help="folder for collections and libraries, kept (default: a temporary)")
    parser.add_argument("--out", type=Path, help="document to write the tables to")
    parser.add_argument("--readme", type=Path, help="document to write the comparison of samplings to")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        results: dict[Sampling, list[Result]] = {sampling: [] for sampling in args.sampling}
        for seed in args.seeds:
            collection = folder / f"seed-{seed}"
            make_collection(args.maker, args.clips, collection, seed)
            for sampling, runs in results.items():
                runs.append(measure(args.scorer, collection, sampling, folder))
                named = ", ".join(f"{name} {value}" for name, value in zip(FIGURES, figures(runs[-1:]), strict=True))
                print(f"seed {seed}, {sampling}: {named}, scan {runs[-1].seconds:.1f} s", flush=True)
    sampling, runs = next(iter(results.items()))
    full, compared = in_full(args.seeds, sampling, runs), side_by_side(results)
    print(f"\n{full}\n\n{compared}")
    if args.out:
        bench.write_section(args.out, COMPARED, f"## Samplings compared\n\n{compared}", PREFACE)
        bench.write_section(args.out, MARK, full)
    if args.readme:
        bench.write_section(args.readme, COMPARED, compared)


if __name__ == "__main__":
    main()
