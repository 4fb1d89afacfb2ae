"""How well copies are found, on collections of transformed clips with exact truth, for one or several samplings.

    python benchmarks/accuracy.py CLIPS MAKER SCORER [--seeds 1 2 3] [--further 4 5] [--sampling auto:1 ...]
                                  [--work DIR] [--out docs/accuracy.md] [--readme README.md]

For every seed a collection is made (``python MAKER CLIPS WORK/seed-S --seed S --sources 100 --height 288
--max-len 30``; one that is there is used again), and for every sampling

    twinreel scan WORK/seed-S/videos --library L --sampling MODE --export m.csv      the default report
    twinreel export all.csv --library L --min-score 0                                everything that was aligned

``python SCORER COLLECTION FILE --json`` scores both: ``ap`` and ``recall@p99`` of everything, ``f1`` and
``segment_f1`` of the default report. The first sampling is the one that is reported in full: recall by level and by
transform, how reliable scores are, and why pairs went wrong (``misses.py``; each of them is listed in
WORK/seed-S-MODE-missed.csv and -wrong.csv). For what needs many pairs the --further seeds are scanned by it as well.
The diagrams are written beside the document.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import accuracy_page as page
import bench
import misses
from accuracy_page import FIGURES, PREFACE, Result, figures
from misses import Gone
from twinreel.bench import scoring
from twinreel.bench.collection import FILES, read_json, read_labels
from twinreel.media.sampling import Sampling

COLLECTION = ("--sources", "100", "--height", "288", "--max-len", "30")
COMPARED = "accuracy-samplings"


def make_collection(maker: Path, clips: Path, folder: Path, seed: int) -> None:
    """Makes a collection, unless it is there already."""
    if (folder / FILES).exists():  # what the maker writes last
        return
    subprocess.run([sys.executable, str(maker), str(clips), str(folder), "--seed", str(seed), *COLLECTION], check=True)


def score(scorer: Path, collection: Path, predictions: Path) -> dict[str, Any]:
    words = [sys.executable, str(scorer), str(collection), str(predictions), "--json"]
    answer = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    return dict(json.loads(answer))


def measure(args: argparse.Namespace, folder: Path, seed: int, sampling: Sampling) -> Result:
    """Makes a collection where there is none, scans it into a new library, and scores what came of it; says it, too."""
    collection = folder / f"seed-{seed}"
    make_collection(args.maker, args.clips, collection, seed)
    stem = f"{collection.name}-{str(sampling).replace(':', '-')}"
    library = bench.new_library(folder / f"{stem}.sqlite")
    report, everything = folder / f"{stem}-m.csv", folder / f"{stem}-all.csv"
    bench.read_all((collection / "videos").iterdir())
    seconds = bench.run(
        "scan", collection / "videos", "--library", library, "--sampling", str(sampling), "--export", report
    )
    bench.run("export", everything, "--library", library, "--min-score", "0")
    scan, labels = bench.last_scan(library), read_labels(collection)
    result = Result(
        seed=seed,
        labels=labels,
        best=scoring.best_scores(labels, scoring.read_rows(everything)),
        reported=scoring.best_scores(labels, scoring.read_rows(report)),
        all=score(args.scorer, collection, everything),
        default=score(args.scorer, collection, report),
        seconds=seconds,
        minutes=scan.seconds_of_video / 60,
        frames=scan.frames,
        library=library,
    )
    named = ", ".join(f"{name} {value}" for name, value in zip(FIGURES, figures([result]), strict=True))
    print(f"seed {seed}, {sampling}: {named}, scan {seconds:.1f} s", flush=True)
    return result


def explain(results: Sequence[Result], folder: Path) -> tuple[list[Gone], list[Gone]]:
    """The true pairs that are not reported and those reported in error, of all collections; lists them, too."""
    missed, wrong = [], []
    for result in results:
        files = read_json(folder / f"seed-{result.seed}" / FILES)
        edits = {file["name"]: frozenset(file["transforms"]) for file in files}
        lost, false = misses.misses(result.library, result.labels, result.best, set(result.reported), edits)
        misses.write(result.library.with_name(f"{result.library.stem}-missed.csv"), lost)
        misses.write(result.library.with_name(f"{result.library.stem}-wrong.csv"), false)
        missed += lost
        wrong += false
    return missed, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy on collections of transformed clips with exact truth.")
    parser.add_argument("clips", type=Path, help="folder of clips")
    parser.add_argument("maker", type=Path, help="script that makes a collection of them")
    parser.add_argument("scorer", type=Path, help="script that scores an answer")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument(
        "--further", nargs="*", type=int, default=[4, 5], help="seeds for what needs many pairs, by the first sampling"
    )
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
            for sampling, runs in results.items():
                runs.append(measure(args, folder, seed, sampling))
        sampling, runs = next(iter(results.items()))
        more = [measure(args, folder, seed, sampling) for seed in args.further if seed not in args.seeds]
        many = [*runs, *more]
        missed, wrong = explain(many, folder)
        beside = args.out.parent if args.out else folder
        beside.mkdir(parents=True, exist_ok=True)
        compared = page.side_by_side(results)
        sections = {
            COMPARED: f"## Samplings compared\n\n{compared}",
            "accuracy": page.in_full(sampling, runs),
            "accuracy-curves": page.curves(results, beside),
            "accuracy-hidden": page.hidden(many),
            "accuracy-reliability": page.reliability(many, beside),
            "accuracy-misses": page.gone_wrong(many, missed, wrong),
        }
    for name, text in sections.items():
        print(f"\n{text}")
        if args.out:
            bench.write_section(args.out, name, text, PREFACE)
    if args.readme:
        bench.write_section(args.readme, COMPARED, compared)


if __name__ == "__main__":
    main()
