"""Whether scores mean the same in a crowd: a collection among many videos that no describer was trained on.

    python benchmarks/crowd.py COLLECTION PHOTOGRAPHS [--clips 300] [--videos 12000] [--seed 7] [--work DIR]
                               [--out docs/accuracy.md]

COLLECTION is one that ``benchmarks/accuracy.py`` makes, PHOTOGRAPHS the folder that ``twinreel train descriptor`` was
given. Two libraries:

    clips           ``twinreel scan`` of the collection and of clips that pan and zoom over photographs, which the
                    training leaves out; made in WORK/crowd, those that are there are used again
    fingerprints    the collection's fingerprints, and as many more as make up --videos: frames of such pans and
                    zooms, described and stored without a file, then matched as a scan does it. So many photographs
                    there are only with those that were trained on.

No two photographs count as copies. Printed are the pairs reported in error, with the names of the photographs, so that
they can be looked at; and written to WORK/crowd-LIBRARY-false.csv.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from PIL import Image

import bench
import photographs
from twinreel.bench import scoring
from twinreel.bench.collection import Labels, Pair, read_labels
from twinreel.bench.scoring import Bin
from twinreel.describe.registry import DEFAULT, load_describer
from twinreel.engine.describing import Describing, Gathering
from twinreel.engine.matching import match_library
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.state import Recipe
from twinreel.match.alignment import ALIGNERS
from twinreel.media.middles import with_middles
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.store.paths import FileStat, PathRecord
from twinreel.train.views import HELD_OUT, photographs_in
from twinreel.types import Probe, Samples, State

MARK = "accuracy-crowd"
CLIPS, SEED = 300, 7
STEP = 1.0
"""Seconds between the frames of a video without a file; the first is shown after half of them."""
BLOCK = 200
"""Videos that are stored at a time."""
KINDS = ("photograph and photograph", "photograph and collection", "within the collection")


@dataclass(frozen=True, slots=True)
class Judged:
    """How a library was matched."""

    aligned: int
    """Pairs that were aligned, and count either way."""
    reported: int
    """... that are reported by default."""
    precision: float
    """Of these."""
    error: float
    """Expected calibration error of all aligned pairs ..."""
    error_reported: float
    """... and of those reported."""
    bins: Sequence[Bin]
    """Of all aligned pairs."""
    wrong: Mapping[Pair, float]
    """Pairs reported in error -> score."""


def judge(labels: Labels, everything: Mapping[Pair, float], reported: Mapping[Pair, float]) -> Judged:
    """From the scores of all aligned pairs, and of those reported."""
    error, bins = scoring.reliability(labels, everything)
    wrong = {pair: value for pair, value in reported.items() if pair not in labels.truth}
    precision = 1 - len(wrong) / len(reported) if reported else 0.0
    return Judged(
        len(everything), len(reported), precision, error, scoring.reliability(labels, reported)[0], bins, wrong
    )


def kind_of(pair: Pair, collection: frozenset[str]) -> str:
    """``collection``: names of its files."""
    return KINDS[sum(name in collection for name in pair)]


def exported(library: Path, labels: Labels) -> Judged:
    """Exports a library and judges what it says."""
    everything, reported = library.with_suffix(".all.csv"), library.with_suffix(".m.csv")
    bench.run("export", everything, "--library", library, "--min-score", "0")
    bench.run("export", reported, "--library", library)
    of_all, default = (scoring.best_scores(labels, scoring.read_rows(file)) for file in (everything, reported))
    return judge(labels, of_all, default)


def copy_videos(source: Path, names: frozenset[str], target: Catalogue, recipe: Recipe) -> int:
    """Gives a library the videos of another that lie under some names, with their fingerprints; how many."""
    with Catalogue.open(source, create=False) as catalogue:
        videos = [video for video in catalogue.videos.all() if Path(video.path).name in names]
        with target.transaction():
            scan = target.scans.begin()
            for video in videos:
                target.videos.add(video.content, video.size, video.probe)
                fingerprint = catalogue.fingerprints.get(video.content, *recipe.key)
                if fingerprint is not None:
                    target.fingerprints.put(video.content, fingerprint)
                for record in catalogue.paths.of(video.content):
                    target.paths.put([record._replace(scan=scan)])
    return len(videos)


def add_photographs(catalogue: Catalogue, recipe: Recipe, chosen: Sequence[Path], seed: int) -> None:
    """Adds a video for each photograph, of which there is nothing but its fingerprint."""
    rng = random.Random(seed)
    describing = Describing(recipe.describer)
    for start in range(0, len(chosen), BLOCK):
        gathered = []
        for path in chosen[start : start + BLOCK]:
            sweep, gathering = photographs.draw(rng), Gathering()
            frames = seen(photographs.load(path), sweep, recipe.describer.image_size)
            for samples in with_middles(iter([frames]), sweep.seconds):
                describing.add(gathering, samples)
            gathered.append((path, sweep, gathering))
            if describing.full:
                describing.flush()
        describing.flush()
        with catalogue.transaction():
            scan = catalogue.scans.begin()
            for path, sweep, gathering in gathered:
                content = xxhash.xxh3_128_hexdigest(path.stem.encode())
                catalogue.videos.add(content, 0, probe_of(sweep))
                named = str(Path("/photographs") / f"{path.stem}.mp4")
                catalogue.paths.put([PathRecord(named, FileStat(0, 0, 0, 0), content, State.PRESENT, scan)])
                catalogue.fingerprints.put(content, gathering.fingerprint(recipe))


def seen(photograph: Image.Image, sweep: photographs.Sweep, size: tuple[int, int]) -> Samples:
    """The frames of a sweep that stand for it; ``size`` is (height, width)."""
    times = np.arange(STEP / 2, sweep.seconds, STEP)
    images = photographs.frames(photograph, sweep, times.tolist(), size[::-1])
    return Samples(times, np.stack(list(images)))


def probe_of(sweep: photographs.Sweep) -> Probe:
    """What a look at the file would say, if there were one."""
    (width, height), rate = sweep.size, float(sweep.fps)
    return Probe(
        *(sweep.seconds, sweep.seconds, sweep.seconds, width, height, width, height, 0, 1.0, "h264", "yuv420p"),
        *(rate, rate, None, round(rate * sweep.seconds), False, False, (), (), "mp4"),
    )


def add_crowd(
    library: Path, scanned: Path, collection: frozenset[str], chosen: Sequence[Path], recipe: Recipe, seed: int
) -> None:
    """Makes a library of fingerprints: the collection's, and photographs; not matched yet."""
    with Catalogue.open(library) as catalogue:
        copy_videos(scanned, collection, catalogue, recipe)
        add_photographs(catalogue, recipe, chosen, seed)
        with catalogue.transaction():
            settings = ("describer", DEFAULT), ("sampling", str(recipe.sampling)), ("aligner", next(iter(ALIGNERS)))
            for key, value in settings:
                catalogue.meta.set(key, value)


def match_fingerprints(
    library: Path, scanned: Path, collection: frozenset[str], pictures: Sequence[Path], count: int, seed: int
) -> None:
    """Makes a library of ``count`` videos and matches it as a scan does: the collection's, and photographs."""
    recipe, lacking = Recipe(load_describer(DEFAULT), Sampling()), count - len(collection)
    if not 0 <= lacking <= len(pictures):
        raise SystemExit(f"{count} videos cannot be made of the collection and {len(pictures)} photographs")
    chosen = sorted(random.Random(seed).sample(list(pictures), lacking))
    add_crowd(library, scanned, collection, chosen, recipe, seed)
    with Catalogue.open(library) as catalogue, open_pool(recipe.describer.image_size, Resources()) as pool:
        match_library(catalogue, recipe, next(iter(ALIGNERS)), pool, None)


def crowd_to_learn_from(pictures: Sequence[Path], count: int, seed: int) -> list[Path]:
    """Photographs to calibrate with: those that training left out, but for the ones that this benchmark makes clips of,
    and as many others as are lacking."""
    held_out = list(pictures[::HELD_OUT])
    measured = set(random.Random(SEED).sample(held_out, min(CLIPS, len(held_out))))
    left = [path for path in held_out if path not in measured]
    trained = [path for number, path in enumerate(pictures) if number % HELD_OUT]
    return sorted([*left, *random.Random(seed).sample(trained, max(0, count - len(left)))][:count])


def text(results: Mapping[str, tuple[int, Judged]], collection: frozenset[str]) -> str:
    """The tables, in Markdown; ``results``: name of a library -> its videos, and how it was matched."""
    rows, wrong = [], []
    for name, (videos, one) in results.items():
        figures = f"{one.precision:.3f}", f"{one.error:.3f}", f"{one.error_reported:.3f}"
        rows.append([name, str(videos), str(one.aligned), str(one.reported), *figures])
        counts = Counter(kind_of(pair, collection) for pair in one.wrong)
        wrong.append([name, *(str(counts[kind]) for kind in KINDS)])
    head = ["library", "videos", "aligned", "reported", "precision", "ECE aligned", "ECE reported"]
    parts = [bench.table(head, rows), "Reported in error:", bench.table(["library", *KINDS], wrong)]
    for name, (_, one) in results.items():
        parts += [f"Right pairs by score, of *{name}*:", bench.reliability_table(one.bins)]
    return "\n\n".join(parts)


ABOUT = """## In a crowd

A collection among videos that have nothing to do with it, by `benchmarks/crowd.py`. *Clips* pan and zoom over
photographs that the describer was not trained on, and are scanned with the collection; *fingerprints* are those of the
collection and of pans and zooms over as many photographs as there are, nine in ten of which it was trained on, without
files. ECE is the expected calibration error over tenths of the score, of all pairs that were aligned and of those that
are reported by default.

Among 12,000 videos every score has 23 times lower odds than the same evidence has among 512 and fewer
(`match/calibration.py`): that much more often strangers are as much alike. Of those here many are as good as staged
for it: a hundred airliners from the side before a blue sky, motorcycles on white, faces in one office."""


def results_of(args: argparse.Namespace, work: Path, collection: frozenset[str]) -> Iterator[tuple[str, int, Judged]]:
    """Name of each library, its videos, and how it was matched."""
    labels = read_labels(args.collection)
    crowd, scanned = work / "crowd", bench.new_library(work / "crowd-clips.sqlite")
    pictures = photographs_in(args.photographs)
    photographs.make_clips(pictures[::HELD_OUT], crowd, args.clips, args.seed)
    bench.run("scan", args.collection / "videos", crowd, "--library", scanned)
    yield "clips", len(collection) + args.clips, exported(scanned, labels)
    if args.videos:
        library = bench.new_library(work / "crowd-fingerprints.sqlite")
        match_fingerprints(library, scanned, collection, pictures, args.videos, args.seed)
        yield "fingerprints", args.videos, exported(library, labels)


def write_wrong(file: Path, wrong: Mapping[Pair, float], collection: frozenset[str]) -> None:
    """The pairs reported in error, the surest first."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["kind", "score", "a", "b"])
        for pair, value in sorted(wrong.items(), key=lambda item: -item[1]):
            writer.writerow([kind_of(pair, collection), f"{value:.3f}", *pair])


def main() -> None:
    parser = argparse.ArgumentParser(description="Precision and calibration of a collection in a crowd of videos.")
    parser.add_argument("collection", type=Path, help="folder that benchmarks/accuracy.py made")
    parser.add_argument("photographs", type=Path, help="folder of photographs")
    parser.add_argument("--clips", type=int, default=CLIPS, help="clips of photographs to scan with it")
    parser.add_argument("--videos", type=int, default=12_000, help="of the library of fingerprints; 0: none is made")
    parser.add_argument("--seed", type=int, default=SEED, help="of the photographs, and of the pans and zooms")
    parser.add_argument("--work", type=Path, help="folder for clips and libraries, kept (default: a temporary)")
    parser.add_argument("--out", type=Path, help="document to write the tables to")
    args = parser.parse_args()
    collection = frozenset(path.name for path in (args.collection / "videos").iterdir())
    results: dict[str, tuple[int, Judged]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        work = args.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        for name, videos, one in results_of(args, work, collection):
            results[name] = videos, one
            write_wrong(work / f"crowd-{name}-false.csv", one.wrong, collection)
            print(f"{name}: {(work / f'crowd-{name}-false.csv').read_text()}", flush=True)
    tables = text(results, collection)
    print(tables)
    if args.out:
        bench.write_section(args.out, MARK, f"{ABOUT}\n\n{tables}")


if __name__ == "__main__":
    main()
