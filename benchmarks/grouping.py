"""The ways to group, side by side, on collections whose footage is known.

    python benchmarks/grouping.py COLLECTION... [--work DIR] [--out docs/groups.md]

A COLLECTION is a folder with ``videos`` and ``files.json`` (see ``footage_kept.py``). It is scanned, unless WORK holds
NAME.sqlite of it. Files of one source are one group; files that show other moments of it are alone, and those put
together from several take no part.

    f1       of pairs of files that are in one group, against pairs that should be
    purity   files that are of the source that most of their group are of; those in no group are groups of their own
    order    of 10 shuffles of videos and matches, how many give other groups
    seconds  to group, scanning and matching aside
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

import bench
from twinreel.library import Library
from twinreel.library.grouping import METHODS, grouped

SHUFFLES = 10


def classes(collection: Path) -> dict[str, str]:
    """What each file of one part shows, by name."""
    files = json.loads((collection / "files.json").read_text(encoding="utf-8"))
    return {
        file["name"]: file["name"] if file["level"] == "half" else file["parts"][0]["source"]
        for file in files
        if len(file["parts"]) == 1
    }


def pairwise_f1(found: Iterable[Iterable[str]], truth: Mapping[str, str]) -> float:
    """Of the pairs of names that are in one group; names that the truth does not know take no part."""
    together = {frozenset(pair) for some in found for pair in combinations(sorted(n for n in some if n in truth), 2)}
    due = {frozenset(pair) for pair in combinations(sorted(truth), 2) if truth[pair[0]] == truth[pair[1]]}
    right = len(together & due)
    return 2 * right / (len(together) + len(due)) if together or due else 1.0


def purity(found: Iterable[Iterable[str]], truth: Mapping[str, str]) -> float:
    """Share of the names that are of the most frequent class of their group."""
    right, seen = 0, 0
    for some in found:
        counted = Counter(truth[name] for name in some if name in truth)
        right += max(counted.values(), default=0)
        seen += sum(counted.values())
    return (right + len(truth) - seen) / len(truth) if truth else 1.0


def measure(collection: Path, database: Path) -> list[list[str]]:
    """A row of the table for each method."""
    truth, rows = classes(collection), []
    with Library(database) as library:
        if not library.videos():
            library.add(collection / "videos")
        videos = {video.content: video for video in library.videos()}
        matches = library.matches()
        fingerprints = list(library.fingerprints())
    for method in METHODS:

        def groups(order: int, method: str = method) -> list[tuple[str, ...]]:
            generator = random.Random(order)
            some, pairs, prints = list(videos.items()), list(matches), list(fingerprints)
            for one in (some, pairs, prints):
                generator.shuffle(one)
            return sorted(group.members for group in grouped(method, dict(some), pairs, 0.5, lambda: prints))

        groups(0)  # what has to be loaded is
        start = time.perf_counter()
        found = groups(0)
        seconds = time.perf_counter() - start
        other = sum(groups(order) != found for order in range(1, SHUFFLES + 1))
        names = [[Path(path).name for content in group for path in videos[content].paths] for group in found]
        figures = (pairwise_f1(names, truth), purity(names, truth))
        numbers = (*(f"{one:.3f}" for one in figures), f"{other} of {SHUFFLES}", f"{seconds:.2f}")
        rows.append([f"{collection.name} {method}", str(len(found)), *numbers])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="How do the ways to group compare?")
    parser.add_argument("collections", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, help="where libraries are, or are made (default: a temporary folder)")
    parser.add_argument("--out", type=Path, help="document to write the table to")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for collection in args.collections:
            rows += measure(collection, (args.work or Path(folder)) / f"{collection.name}.sqlite")
    text = bench.table(["collection, method", "groups", "f1", "purity", "order", "seconds"], rows)
    print(text)
    if args.out:
        bench.write_section(args.out, "grouping", text)
    sys.exit(0)


if __name__ == "__main__":
    main()
