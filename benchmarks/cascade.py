"""What a cascade costs and what it finds, at several depths, between keyframes alone and everything densely.

    python benchmarks/cascade.py COLLECTION [--depths 0.05 0.02 0.005 0.001] [--samplings keyframes auto dense]
                                 [--rival-python PYTHON] [--out docs/performance.md --section NAME]

COLLECTION is a folder as the makers of collections leave it, ``files.json`` and ``truth.csv`` beside ``videos``. For
every setting, right after one another:

    scan      a whole first scan with a new library, from start-up to printing
    decode    the frames that this scan took, taken again from the same files and thrown away: one plain process a core
    describe  the default describer on as many frames as the scan described, on all cores

and, of all that was aligned, how well it ranks true pairs (``ap``, ``recall@p99``), with the recall at the default
threshold, and that of partial copies of at most ``--short`` seconds. A depth is the score that the keyframes of two
videos have to reach where they are looked into. The files are read once beforehand, so that all are served from memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bench
import diagrams
import speed
from twinreel.bench import scoring
from twinreel.bench.collection import Labels, read_labels
from twinreel.describe.base import Describer
from twinreel.describe.registry import load_describer
from twinreel.engine.state import Recipe
from twinreel.match import cascade
from twinreel.match.pair import MIN_SCORE
from twinreel.media.picking import EVERYTHING
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue

SCAN = (
    "import sys; from twinreel.match import cascade; cascade.DEPTHS = (float(sys.argv.pop(1)),); "
    "from twinreel.cli.main import run; run()"
)
"""Runs the command with another depth than the default one."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One setting. Seconds, but for the numbers of frames."""

    name: str
    scan: float
    decode: float
    describe: float
    frames: int
    looked_into: float
    """Share of the seconds of video that more than keyframes were taken of."""
    ap: float
    recall_p99: float
    recall: float
    short: float

    @property
    def ratio(self) -> float:
        return self.scan / (self.decode + self.describe)


def takings_of(library: Path, files: Sequence[Path], sampling: Sampling, describer: Describer) -> list[speed.Taking]:
    """What a scan read, the largest files first; in a cascade, keyframes of all and then the spans."""
    first = [(str(file), sampling.first, EVERYTHING) for file in files]
    with Catalogue.open(library, create=False) as catalogue:
        wanted = catalogue.depths.wanted(*Recipe(describer, sampling).key)
        paths = {content: str(video.path) for content in wanted if (video := catalogue.videos.get(content))}
    return [*first, *((paths[content], sampling.full, spans) for content, spans in wanted.items() if spans)]


def measure(
    name: str, least: float, collection: Path, labels: Labels, describer: Describer, folder: Path, short: float
) -> Measured:
    """``name``: a sampling; ``least``: the depth."""
    library, everything = bench.new_library(folder / "library.sqlite"), folder / "all.csv"
    sampling, videos = Sampling.parse(name), collection / "videos"
    start = time.perf_counter()
    words = ["scan", str(videos), "--library", str(library), "--sampling", name]
    subprocess.run([sys.executable, "-c", SCAN, str(least), *words], check=True, capture_output=True)
    scan = time.perf_counter() - start
    report = bench.last_scan(library)
    takings = takings_of(library, speed.files_of([str(videos)]), sampling, describer)
    decode, _ = speed.decode_alone(takings, describer.image_size)
    describe = speed.describe_alone(describer, report.frames)
    bench.run("export", everything, "--library", library, "--min-score", "0")
    found = scoring.read_rows(everything)
    figures, best = scoring.score(labels, found, MIN_SCORE), scoring.best_scores(labels, found)
    brief = [pair for pair, rows in labels.truth.items() if sum(row.a_end - row.a_start for row in rows) <= short]
    hits = sum(best.get(pair, 0.0) >= MIN_SCORE for pair in brief)
    inside = sum(stop - start for *_, spans in takings if spans != EVERYTHING for start, stop in spans)
    return Measured(
        f"{name} {least:g}" if sampling.mode == "cascade" else name,
        *(scan, decode, describe, report.frames, inside / report.seconds_of_video),
        *(figures.ap, figures.recall_p99, figures.recall, hits / len(brief) if brief else 0.0),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What a cascade costs and finds, at several depths.")
    parser.add_argument("collection", type=Path)
    parser.add_argument("--depths", nargs="*", type=float, default=[0.05, 0.02, 0.005, 0.001])
    parser.add_argument("--samplings", nargs="*", default=["keyframes", "auto", "dense"])
    parser.add_argument("--short", type=float, default=10.0, help="seconds that a short partial copy has at most")
    parser.add_argument("--rival-python", metavar="PYTHON", help="a Python that can import vpdq")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--section", default="cascade")
    args = parser.parse_args()
    files = speed.files_of([str(args.collection / "videos")])
    bench.read_all(files)
    describer, labels = load_describer(), read_labels(args.collection)
    depths = sorted({*args.depths, cascade.DEPTHS[0]}, reverse=True)
    settings = [*((name, 0.0) for name in args.samplings), *(("cascade", depth) for depth in depths)]
    done = []
    with tempfile.TemporaryDirectory() as folder:
        for name, least in settings:
            done.append(measure(name, least, args.collection, labels, describer, Path(folder), args.short))
            print(done[-1], f"ratio {done[-1].ratio:.2f}", flush=True)
    rival = speed.rival(args.rival_python, files) if args.rival_python else None
    text = summary(done, rival, len(files), labels, args.short)
    print(f"\n{text}")
    if args.out:
        picture = args.out.with_name(f"{args.out.stem}-{args.section.split(',')[0]}.svg")
        diagrams.write_frontier(picture, [(one.name, one.scan, one.ap) for one in done])
        text += f"\n\n![Average precision over the seconds of a scan]({picture.name})"
        bench.write_section(args.out, args.section, f"## {args.section}\n\n{text}", PREFACE)


PREFACE = """# Performance

What `--sampling cascade` costs and what it finds, beside the other samplings. Written by `benchmarks/cascade.py`; every
table in one run on one machine. A depth is the score that the keyframes of two videos have to reach where they are
looked into. A scan begins at 0.02, the knee of the curve: deeper costs a quarter more and finds nothing more in a
library with few copies. Where even that would take more than two hours and a tenth of all seconds beyond what 0.2 asks
for, it goes less deep. In a library of copies and nothing else, `auto` is as fast and finds more.
"""


def summary(done: Sequence[Measured], rival: float | None, files: int, labels: Labels, short: float) -> str:
    dense = next((one.scan for one in done if one.name.startswith("dense")), None)
    head = ["setting", "frames", "looked into", "scan s", "decode s", "describe s", "scan / both alone"]
    head += ["times dense"] * (dense is not None) + ["times vPDQ"] * (rival is not None)
    head += ["ap", "recall@p99", "recall", "short parts"]
    rows = []
    for one in sorted(done, key=lambda one: one.scan):
        row = [one.name, str(one.frames), f"{one.looked_into:.0%}", f"{one.scan:.1f}", f"{one.decode:.1f}"]
        row += [f"{one.describe:.1f}", f"{one.ratio:.2f}"]
        row += [f"{whole / one.scan:.1f}" for whole in (dense, rival) if whole is not None]
        row += [f"{value:.3f}" for value in (one.ap, one.recall_p99, one.recall, one.short)]
        rows.append(row)
    words = (
        f"{files} files, {len(labels.truth)} true pairs; start-up (`twinreel --version`) {bench.start_up():.2f} s. "
        f"`looked into`: share of all seconds that more than keyframes were taken of. `decode`, `describe`: the same "
        f"frames, each alone on all cores. `times dense`, `times vPDQ`: how many times as fast as these a whole scan "
        f"is. `recall`: at the default threshold; `short parts`: the same of pairs that share at most {short:g} s. "
        f"{bench.machine()}."
    )
    return f"{bench.wrap(words)}\n\n{bench.table(head, rows)}"


if __name__ == "__main__":
    main()
