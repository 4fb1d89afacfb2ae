"""How time and memory of grouping grow with the number of matching pairs.

    python benchmarks/grouping_growth.py [--pairs 10000 100000 1000000]

Groups are drawn as duplicates come: most of two, few large (sizes of a Zipf distribution, exponent 2.2, at most 500).
In each group every video matches the first, and as many random pairs match beside. Each number of pairs is run in a
process of its own; printed are pairs, videos, groups, seconds and the most memory that the process held beyond what it
held with videos and no pairs. Matches are made as they are asked for, as they are read from a catalogue.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from twinreel.group.groups import groups
from twinreel.store.foreign import unknown_probe
from twinreel.types import Match, Relation, State, Video

SEED = 11
EXPONENT, MOST = 2.2, 500


def sizes(pairs: int) -> list[int]:
    """Sizes of groups that have about so many pairs together: twice as many as members beyond the first."""
    rng = np.random.default_rng(SEED)
    found: list[int] = []
    left = pairs
    while left > 0:
        size = min(1 + int(rng.zipf(EXPONENT)), MOST)
        found.append(size)
        left -= 2 * size - 3 if size > 2 else 1
    return found


def matches(drawn: list[int]) -> Iterator[Match]:
    rng = np.random.default_rng(SEED + 1)
    first = 0
    for size in drawn:
        pairs = [(first, first + one) for one in range(1, size)]
        if size > 2:
            others = first + 1 + rng.integers(0, size - 1, (size - 2, 2))
            pairs += [(a, b) for a, b in others.tolist() if a != b]
        for a, b in pairs:
            yield Match(f"{min(a, b):032x}", f"{max(a, b):032x}", Relation.DUPLICATE, 0.9, 1.0, 1.0)
        first += size


def video(number: int) -> Video:
    probe = replace(unknown_probe(60.0), width=1280 + number % 7, height=720, bit_rate=2e6)
    name = f"/{number:032x}.mp4"
    return Video(f"{number:032x}", name, (name,), State.PRESENT, 1000, probe)


def measure(pairs: int) -> None:
    drawn = sizes(pairs)
    videos = {one.content: one for one in map(video, range(sum(drawn)))}
    count = sum(1 for _ in matches(drawn))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    found = groups(videos, matches(drawn), 0.5)
    seconds = time.process_time() - started
    held = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e3
    print(
        f"pairs {count}  videos {len(videos)}  groups {len(found)}  core-seconds {seconds:.2f}  MB {held:.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    context = multiprocessing.get_context("spawn")
    for pairs in parser.parse_args().pairs:
        process = context.Process(target=measure, args=(pairs,))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
