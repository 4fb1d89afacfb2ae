"""How fast a first scan is, against what it cannot do without, and against vPDQ.

    python benchmarks/speed.py VIDEOS... [--modes keyframes auto dense] [--rounds 1]
                               [--rival-python PYTHON] [--out docs/speed.md --section "1080p"]

For every mode of sampling, right after one another:

    scan      a whole first scan, ``twinreel scan VIDEOS`` with a new library: start-up, walk, digests, probing,
              decoding, describing, matching and printing
    decode    the same frames taken from the same files and thrown away: one plain process a core, nothing else running
    describe  the default describer on as many frames as the scan described, the pictures within the decoded ones among
              them, on all cores, nothing else running

The ratio scan / (decode + describe) is 1 where all cores are kept busy with nothing but these two. Decoding by itself
is measured by the package's own sampling, since choosing frames is what makes it cheap: the ratio says what the engine
around it costs. With --rival-python, a Python that can import PyPI's ``vpdq``, the same files are hashed by vPDQ on
all cores. The files are read once beforehand, so that all are served from memory. Of several rounds the least of each
time counts: whatever else a machine does only adds to it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import bench
from twinreel.describe.base import Describer
from twinreel.describe.registry import load_describer
from twinreel.errors import MediaError
from twinreel.media.picking import EVERYTHING
from twinreel.media.sampling import CHUNK, Sampling, sample_of
from twinreel.media.source import open_video
from twinreel.media.walk import walk
from twinreel.processors import cores
from twinreel.types import Failure, Span

Taking = tuple[str, Sampling, tuple[Span, ...]]
"""File, sampling, spans of it."""


@dataclass(frozen=True, slots=True)
class Round:
    """One mode, measured once. Seconds, but for the frames and the minutes."""

    scan: float
    decode: float
    describe: float
    frames: int
    """Described by the scan."""
    decoded: int
    """Frames that the bare decode took; a scan also describes the pictures within them."""
    minutes: float
    """Of video."""

    @property
    def ratio(self) -> float:
        return self.scan / (self.decode + self.describe)


def files_of(videos: Sequence[str]) -> list[Path]:
    """The files that a scan finds, largest first."""
    found = [Path(found.path) for found in walk(videos) if not isinstance(found, Failure)]
    if not found:
        raise SystemExit("there are no videos")
    return sorted(found, key=lambda path: -path.stat().st_size)


def count_frames(taking: Taking, size: tuple[int, int]) -> int:
    """Takes frames of one file; how many. A file that breaks off counts as far as it goes."""
    path, sampling, spans = taking
    count = 0
    with suppress(MediaError), open_video(path) as source:
        for samples in sample_of(source, sampling, size, spans):
            count += len(samples.times)
    return count


def decode_alone(takings: Sequence[Taking], size: tuple[int, int]) -> tuple[float, int]:
    """Seconds and frames."""
    jobs = cores()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(time.sleep, [1.0] * jobs))  # every process is there, its imports done
        start = time.perf_counter()
        taken = [pool.submit(count_frames, taking, size) for taking in takings]
        frames = sum(future.result() for future in taken)
        return time.perf_counter() - start, frames


def describe_alone(describer: Describer, frames: int) -> float:
    """Seconds to describe so many frames, which are noise: what they show makes no difference to the time."""
    images = np.random.default_rng(0).integers(0, 256, (CHUNK, *describer.image_size, 3), np.uint8)
    describer.describe(images)
    start = time.perf_counter()
    for done in range(0, frames, CHUNK):
        describer.describe(images[: frames - done])
    return time.perf_counter() - start


def measure(videos: Sequence[str], files: Sequence[Path], mode: str, describer: Describer, folder: Path) -> Round:
    """One mode, once."""
    library = bench.new_library(folder / f"{mode}.sqlite")
    sampling = Sampling.parse(mode)
    scan = bench.run("scan", *videos, "--library", library, "--sampling", mode)
    report = bench.last_scan(library)
    takings = [(str(file), sampling, EVERYTHING) for file in files]
    decode, decoded = decode_alone(takings, describer.image_size)
    describe = describe_alone(describer, report.frames)
    return Round(scan, decode, describe, report.frames, decoded, report.seconds_of_video / 60)


def rival(python: str, files: Sequence[Path]) -> float:
    """Seconds that vPDQ takes from start to end of its command, as those of a scan are."""
    script = Path(__file__).with_name("rival_vpdq.py")
    arguments = [python, str(script), str(cores()), *map(str, files)]
    start = time.perf_counter()
    done = subprocess.run(arguments, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - start
    answer = json.loads(done.stdout)
    print(f"vPDQ: {answer['hashes']} hashes in {seconds:.1f} s, {answer['seconds']:.1f} without start-up", flush=True)
    return seconds


def summary(rounds: dict[str, list[Round]], rivals: Sequence[float], files: int, start_up: float) -> str:
    """The tables, in Markdown; medians over the rounds."""
    head = [
        "sampling",
        "frames",
        "scan s",
        "decode s",
        "describe s",
        "scan / both alone",
        "decode %",
        "rest s",
    ]
    rows = []
    for mode, runs in rounds.items():
        scan, decode, describe = (
            min(values) for values in zip(*((r.scan, r.decode, r.describe) for r in runs), strict=True)
        )
        both = decode + describe
        parts = f"{decode:.1f}", f"{describe:.1f}", f"{scan / both:.2f}", f"{100 * decode / both:.0f}"
        rows.append([mode, str(runs[0].frames), f"{scan:.1f}", *parts, f"{scan - both:.1f}"])
    minutes = max(r.minutes for runs in rounds.values() for r in runs)
    text = [
        bench.wrap(
            f"By `benchmarks/speed.py`: {files} files, {minutes:.1f} minutes of video, "
            f"the least of {len(next(iter(rounds.values())))} round(s), start-up (`twinreel --version`) "
            f"{start_up:.2f} s. {bench.machine()}."
        ),
        bench.wrap(
            "`decode`: the frames of the sampling taken and thrown away; `describe`: as many as the scan described, "
            "which are these and the pictures within them; each alone on all cores. `scan / both alone`: divided by "
            "the sum of the two; `decode %`: its share of that sum; `rest`: what a scan takes beyond it."
        ),
        bench.table(head, rows),
    ]
    if rivals:
        per_minute = min(rivals) / minutes
        compared = []
        for mode, runs in rounds.items():
            ours = min(r.scan for r in runs) / minutes
            compared.append([mode, f"{ours:.3f}", f"{60 / ours:.0f}", f"{per_minute / ours:.2f}"])
        compared.append(["vPDQ", f"{per_minute:.3f}", f"{60 / per_minute:.0f}", "1.00"])
        text += [
            "A whole first scan, matching included, against vPDQ (PyPI `vpdq`, a process a core), which only hashes:",
            bench.table(["", "seconds a minute of video", "times real time", "times as fast as vPDQ"], compared),
        ]
    return "\n\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of a first scan against its parts and against vPDQ.")
    parser.add_argument("videos", nargs="+", help="files and folders")
    parser.add_argument("--modes", nargs="+", default=["keyframes", "auto", "dense"], help="samplings to measure")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rival-python", metavar="PYTHON", help="a Python that can import vpdq")
    parser.add_argument("--out", type=Path, help="document to write the tables to")
    parser.add_argument("--section", default="speed", help="name of the part of the document")
    args = parser.parse_args()
    files = files_of(args.videos)
    bench.read_all(files)
    describer = load_describer()
    rounds: dict[str, list[Round]] = {mode: [] for mode in args.modes}
    rivals = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.rounds):
            for mode in args.modes:
                now = measure(args.videos, files, mode, describer, Path(folder))
                rounds[mode].append(now)
                print(f"round {number + 1}, {mode}: {now}, ratio {now.ratio:.2f}", flush=True)
            if args.rival_python:
                rivals.append(rival(args.rival_python, files))
    text = summary(rounds, rivals, len(files), bench.start_up())
    print(f"\n{text}")
    if args.out:
        bench.write_section(args.out, args.section, f"## {args.section}\n\n{text}", bench.SPEED)


if __name__ == "__main__":
    main()
