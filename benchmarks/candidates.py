"""Candidates among many videos: how long and how much memory an index and a self-join take, and what they find.

    python benchmarks/candidates.py FOLDER --videos 100000 [--blocks 20]

Videos are synthetic (``synthetic.py``: 60 frames of 256 dimensions each, a tenth of them copies). The steps are those
of a scan, by the same code: frames to an index, every video's candidates by votes of its frames' neighbours. Steps:

    build   all vectors to lists and codes, which are kept in FOLDER
    join    the candidates of every video, by as many processes as there are cores; a file a thousand videos. With
            ``--blocks``, of so many thousands evenly among all: its core-seconds are then those of a sample
    recall  planted pairs that the join found, of those that an exact search of a sample finds
    query   a video of 60 frames that is none of the library's, 200 times
    add     1,000 videos more, joined with all

An interrupted run goes on where it was: kept codes and finished files are not made again (the time for building that is
printed is that of the run that did it). Figures go to FOLDER/figures.json, too. Seconds are those of the clock;
core-seconds those of processors, which say more where other programs run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil

import synthetic
from twinreel.index.base import Int64
from twinreel.index.choose import make_index
from twinreel.index.hits import best_hits, ids_of, owners_and_rows
from twinreel.match.candidates import Haystack
from twinreel.types import Float32

SEED = 7
SAMPLE = 90
"""Copies that are searched for exactly."""
FIRST = 256
"""Neighbours that the exact search takes of each block."""


class Figures:
    """What was measured, kept over interruptions."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.all: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}

    def put(self, **figures: float) -> None:
        for name, figure in figures.items():
            self.all[name] = figure
            print(f"{name} {figure:.4g}", flush=True)
        self._file.write_text(json.dumps(self.all, indent=1))


class ExactBlocks:
    """Searches vectors that are made anew, block after block: the exact answer without the memory for it."""

    def __init__(self, count: int) -> None:
        self._count = count

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        """Without exclude: queries are of many videos."""
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), -1, np.int64)
        for block, frames in synthetic.blocks(SEED, self._count):
            vectors = frames.reshape(-1, synthetic.DIMENSIONS)
            block_ids = np.concatenate(
                [ids_of(block * synthetic.BLOCK + video, synthetic.FRAMES) for video in range(synthetic.BLOCK)]
            )
            some, places = faiss.knn(queries, vectors, FIRST, metric=faiss.METRIC_INNER_PRODUCT)
            every, every_id = np.concatenate([scores, some], axis=1), np.concatenate([ids, block_ids[places]], axis=1)
            scores, ids = best_hits(every, every_id, k, None, per_owner)
        return scores, *owners_and_rows(ids)

    def add(self, owner: int, vectors: Float32) -> None:
        """They are known already."""

    def remove(self, owner: int) -> None:
        raise ValueError("the synthetic videos are always all there")

    def keep(self) -> None:
        pass

    def __len__(self) -> int:
        return self._count * synthetic.BLOCK * synthetic.FRAMES


class Recorded:
    """An Index that answers what was searched for all at once."""

    def __init__(self, index: ExactBlocks, queries: Float32) -> None:
        self._answers = index.search(queries, 48 + 3)  # the query's own three hits are left out below
        self._rows = {query.tobytes(): row for row, query in enumerate(queries)}

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        rows = [self._rows[query.tobytes()] for query in queries]
        scores, owners, hits = self._answers[0][rows], self._answers[1][rows], self._answers[2][rows]
        kept, ids = best_hits(scores, np.where(owners < 0, -1, (owners << 32) + hits), k, exclude, per_owner)
        return kept, *owners_and_rows(ids)

    def add(self, owner: int, vectors: Float32) -> None:
        pass

    def remove(self, owner: int) -> None:
        raise ValueError("what was answered already stays answered")

    def keep(self) -> None:
        pass

    def __len__(self) -> int:
        return 1


def build(folder: Path, count: int, figures: Figures) -> Haystack:
    started = time.perf_counter()
    expected = count * synthetic.BLOCK * synthetic.FRAMES
    index = make_index(expected, synthetic.DIMENSIONS, "ivfpq", place=folder / "index", key=f"synthetic {SEED}")
    known = (folder / "index").exists()
    haystack = Haystack(index)
    made, worked = 0.0, 0.0
    for block, frames in synthetic.blocks(SEED, count):
        before, before_work = time.perf_counter(), time.process_time()
        for row, vectors in enumerate(frames):
            number = block * synthetic.BLOCK + row
            haystack.add(number, synthetic.video(number, vectors))
        made += time.perf_counter() - before
        worked += time.process_time() - before_work
    before, before_work = time.perf_counter(), time.process_time()
    haystack.find(synthetic.video(0, synthetic.block_of(SEED, 0)[0]), exclude=0)
    index.keep()
    seconds = made + time.perf_counter() - before
    worked += time.process_time() - before_work
    print(f"vectors made in {time.perf_counter() - started - seconds:.0f} s", flush=True)
    what = "reopen" if known else "build"
    figures.put(**{"vectors": len(index), f"{what}_seconds": seconds, f"{what}_core_seconds": worked})
    size = sum(file.stat().st_size for file in (folder / "index").iterdir())
    figures.put(kept_bytes_a_vector=size / len(index), build_peak_gb=resident_peak())
    return haystack


def resident_peak() -> float:
    """GB, of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def found_of(haystack: Haystack, first: int, frames: Float32) -> Iterator[tuple[int, int, float]]:
    """Video, candidate, votes."""
    for row, vectors in enumerate(frames):
        number = first + row
        for found in haystack.find(synthetic.video(number, vectors), exclude=number):
            yield number, found.number, found.votes


def join(folder: Path, haystack: Haystack, blocks: Sequence[int], figures: Figures) -> None:
    """Every process takes every n-th of the blocks; memory is shared with the parent, which does nothing meanwhile."""
    (folder / "join").mkdir(exist_ok=True)
    cores = len(os.sched_getaffinity(0))
    context = multiprocessing.get_context("fork")

    def work(first: int) -> None:
        for block in blocks[first::cores]:
            file = folder / "join" / f"{block:05}.npy"
            if not file.exists():
                started = time.process_time()
                frames = synthetic.block_of(SEED, block)
                making = time.process_time() - started
                rows = list(found_of(haystack, block * synthetic.BLOCK, frames))
                seconds = time.process_time() - started - making
                part = file.with_suffix(".part.npy")
                np.save(part, np.array([(0, -1, seconds), *rows], np.float64))
                part.rename(file)

    started = time.perf_counter()
    already = len(list((folder / "join").glob("?????.npy")))
    workers = [context.Process(target=work, args=(first,)) for first in range(cores)]
    for worker in workers:
        worker.start()
    own, most = psutil.Process(), 0
    while any(worker.is_alive() for worker in workers):
        workers[0].join(5)
        most = max(most, sum(_private(worker.pid) for worker in workers) + own.memory_info().rss)
        if not workers[0].is_alive():
            workers[-1].join(5)
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a process of the join failed; run the command again")
    if already == 0:
        figures.put(join_seconds=time.perf_counter() - started, join_peak_gb=most / 1e9)
    rows = joined(folder, blocks)
    videos = len(blocks) * synthetic.BLOCK
    figures.put(joined_videos=videos, join_cpu_seconds=float(rows[rows[:, 1] < 0, 2].sum()))
    figures.put(candidates_a_video=len(rows) / videos)


def _private(pid: int | None) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.NoSuchProcess:
        return 0


def joined(folder: Path, blocks: Sequence[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.concatenate([np.load(folder / "join" / f"{block:05}.npy") for block in blocks])


def pair_ids(a: Int64, b: Int64) -> Int64:
    """One number for each pair of video numbers (p,), whichever comes first."""
    ids: Int64 = (np.minimum(a, b) << 32) + np.maximum(a, b)
    return ids


def recall(folder: Path, count: int, blocks: Sequence[int], figures: Figures) -> None:
    rows = joined(folder, blocks)
    pairs = np.unique(pair_ids(*rows[rows[:, 1] >= 0, :2].T.astype(np.int64)))
    every = [synthetic.planted(SEED, block) for block in blocks]
    copies, sources, strength = (
        np.concatenate([getattr(one, name) for one in every]) for name in ("copies", "sources", "strength")
    )
    found = np.isin(pair_ids(copies, sources), pairs)
    for level, name in enumerate(("light", "medium", "heavy")):
        figures.put(**{f"found_{name}": float(found[strength == level].mean())})
    figures.put(planted=len(found), found=float(found.mean()))
    sample = np.random.default_rng(SEED).choice(len(copies), min(SAMPLE, len(copies)), replace=False)
    asked = {}
    for block in np.unique(copies[sample] // synthetic.BLOCK).tolist():
        frames = synthetic.block_of(SEED, block)
        asked.update({int(c): frames[c % 1000] for c in copies[sample] if c // synthetic.BLOCK == block})
    started = time.perf_counter()
    exact = Haystack(Recorded(ExactBlocks(count), np.concatenate(list(asked.values()))))
    for number in range(count * synthetic.BLOCK):
        exact.add(number, synthetic.video(number, np.zeros((synthetic.FRAMES, 1), np.float32)))
    of_copy = dict(zip(copies.tolist(), sources.tolist(), strict=True))
    by_exact = [
        copy
        for copy, vectors in asked.items()
        if of_copy[copy] in {f.number for f in exact.find(synthetic.video(copy, vectors), exclude=copy)}
    ]
    exactly = pair_ids(np.array(by_exact), np.array([of_copy[copy] for copy in by_exact]))
    both = float(np.isin(exactly, pairs).mean())
    figures.put(sample=len(asked), sample_found_by_exact=len(by_exact), recall_of_exact=both)
    figures.put(exact_seconds=time.perf_counter() - started)


def query(haystack: Haystack, count: int, figures: Figures) -> None:
    rng = np.random.default_rng(SEED)
    seconds, cores, hits = [], [], 0
    for _ in range(20):
        block = int(rng.integers(count))
        frames = synthetic.block_of(SEED, block)
        for row in rng.choice(synthetic.BLOCK - synthetic.COPIES, 10, replace=False).tolist():
            clip = synthetic.video(-1, synthetic.edited(frames[row], synthetic.STRENGTHS[1], rng))
            started, worked = time.perf_counter(), time.process_time()
            found = haystack.find(clip)
            seconds.append(time.perf_counter() - started)
            cores.append(time.process_time() - worked)
            hits += block * synthetic.BLOCK + row in {one.number for one in found}
    middle, late = (float(part) for part in np.percentile(seconds, [50, 95]) * 1000)
    figures.put(query_p50_ms=middle, query_p95_ms=late, query_found=hits / len(seconds))
    figures.put(query_p95_core_ms=float(np.percentile(cores, 95)) * 1000)


def add(haystack: Haystack, count: int, figures: Figures) -> None:
    frames = synthetic.block_of(SEED, count)
    started, worked = time.perf_counter(), time.process_time()
    for row, vectors in enumerate(frames):
        haystack.add(count * synthetic.BLOCK + row, synthetic.video(count * synthetic.BLOCK + row, vectors))
    pairs = {(a, b) for a, b, _ in found_of(haystack, count * synthetic.BLOCK, frames)}
    figures.put(add_1000_seconds=time.perf_counter() - started, add_1000_core_seconds=time.process_time() - worked)
    truth = synthetic.planted(SEED, count)
    hits = [pair in pairs for pair in zip(truth.copies.tolist(), truth.sources.tolist(), strict=True)]
    figures.put(add_found=float(np.mean(hits)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--videos", type=int, default=100_000, help="thousands, in full")
    parser.add_argument("--blocks", type=int, help="thousands of videos to join with all; by default all of them")
    arguments = parser.parse_args()
    count = arguments.videos // synthetic.BLOCK
    some = min(count, arguments.blocks or count)
    blocks = [block * count // some for block in range(some)]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    figures = Figures(arguments.folder / "figures.json")
    haystack = build(arguments.folder, count, figures)
    query(haystack, count, figures)
    join(arguments.folder, haystack, blocks, figures)
    recall(arguments.folder, count, blocks, figures)
    add(haystack, count, figures)
    figures.put(peak_gb=resident_peak())


if __name__ == "__main__":
    main()
