"""Whether all ways to scan give one answer: python benchmarks/same_answer.py FOLDER [--files N] [--ways ray merged ...]
[--sampling MODE]

Scans the first N files of FOLDER, by name, with the default settings, or another sampling, on this machine, and then

    ray     on a cluster of two nodes of one processor each, on this machine. In the middle of the run a process that
            describes is killed, and a node. Then anew, into another library: what is left to do is counted
    merged  every other file into a library of its own, the rest into a second, which is merged into the first
    milvus  with candidates from Milvus Lite, of the same fingerprints; alone they come from an exact index

and prints for each of them how many pairs are kept, whatever their score, and by how much that differs.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

import bench
from twinreel.engine.progress import Progress, Step
from twinreel.library import Library
from twinreel.library.clustered import Clustered
from twinreel.types import Group, Match

ALONE = "alone.sqlite"
"""The library of this machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a library says."""

    matches: dict[tuple[str, str], Match]
    groups: list[Group]
    seconds: float
    """That it took."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is scanned, where, and how."""

    files: list[Path]
    work: Path
    sampling: str | None

    def answer(self, file: str, fill: Callable[[Library], object], index: str | None = None) -> Answer:
        """That of a library, once it is filled."""
        begun = time.monotonic()
        with Library(self.work / file, index=index, sampling=self.sampling) as library:
            fill(library)
            found = {(match.a, match.b): match for match in library.matches(0)}
            return Answer(found, library.groups(), time.monotonic() - begun)


@dataclass(slots=True)
class Harm:
    """Kills a process that describes and a node, once the step that they are in is under way."""

    nodes: Any
    lost: list[str] = field(default_factory=list)

    def __call__(self, step: Step) -> None:
        under_way = step.total is not None and 0 < step.done < step.total
        if step.stage == "shards: describe" and under_way and "a process" not in self.lost:
            raylet = psutil.Process(self.nodes.head_node.all_processes["raylet"][0].process.pid)
            for child in raylet.children():
                with contextlib.suppress(psutil.Error):  # it has ended by itself
                    if "Map" in " ".join(child.cmdline()):
                        child.kill()
                        self.lost.append("a process")
                        break
        if step.stage == "shards: search" and under_way and "a node" not in self.lost:
            self.nodes.remove_node(next(iter(self.nodes.worker_nodes)), allow_graceful=False)
            self.lost.append("a node")


@dataclass(slots=True)
class Jobs:
    """How many jobs of all steps were there, and how many are done anew."""

    there: dict[str, int] = field(default_factory=dict)
    total: dict[str, int] = field(default_factory=dict)

    def __call__(self, step: Step) -> None:
        if step.stage.startswith("shards: ") and step.total is not None:
            self.total[step.stage] = step.total
            if step.done and step.stage not in self.there:
                self.there[step.stage] = step.done

    def __str__(self) -> str:
        total = sum(self.total.values())
        return f"{total - sum(self.there.values())} of {total} jobs to do"


def by_ray(trial: Trial) -> Iterator[tuple[str, Answer]]:
    import ray
    from ray.cluster_utils import Cluster as Nodes

    from twinreel.engine.shards.ray import Cluster

    nodes: Any = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, logging_level=logging.ERROR)
    on, harm, jobs = Clustered(Cluster(), str(trial.work / "run")), Harm(nodes), Jobs()

    def scan(file: str, progress: Progress) -> Answer:
        return trial.answer(file, lambda library: library.add(trial.files, on=on, progress=progress))

    found = scan("ray.sqlite", harm)
    yield f"ray, lost: {', '.join(harm.lost) or 'nothing'}", found
    found = scan("again.sqlite", jobs)
    yield f"ray again, {jobs}", found
    ray.shutdown()
    nodes.shutdown()


def merged(trial: Trial) -> Iterator[tuple[str, Answer]]:
    def both(library: Library) -> None:
        library.add(trial.files[::2])
        library.merge([trial.work / "second.sqlite"])

    trial.answer("second.sqlite", lambda library: library.add(trial.files[1::2]))
    yield "two libraries, merged", trial.answer("first.sqlite", both)


def by_milvus(trial: Trial) -> Iterator[tuple[str, Answer]]:
    index = f"milvus:{trial.work / 'vectors.db'}"
    yield "Milvus Lite", trial.answer("milvus.sqlite", lambda library: library.merge([trial.work / ALONE]), index)


WAYS: dict[str, Callable[[Trial], Iterator[tuple[str, Answer]]]] = {
    "ray": by_ray,
    "merged": merged,
    "milvus": by_milvus,
}


HEAD = ["way", "pairs", "missing", "more", "other relation", "score apart", "seconds apart", "the same groups", "s"]


def compared(name: str, found: Answer, expected: Answer) -> list[str]:
    """A line of the table."""
    both = sorted(found.matches.keys() & expected.matches.keys())
    pairs = [(found.matches[pair], expected.matches[pair]) for pair in both]
    score = max((abs(a.score - b.score) for a, b in pairs), default=0.0)
    return [
        name,
        str(len(found.matches)),
        str(len(expected.matches.keys() - found.matches.keys())),
        str(len(found.matches.keys() - expected.matches.keys())),
        str(sum(a.relation is not b.relation for a, b in pairs)),
        f"{score:.1e}",
        f"{max((apart(a, b) for a, b in pairs), default=0.0):.1e}",
        "yes" if found.groups == expected.groups else "no",
        f"{found.seconds:.0f}",
    ]


def apart(a: Match, b: Match) -> float:
    """Seconds between the ends of the same stretches at most; infinite where they are not as many."""
    if len(a.segments) != len(b.segments):
        return float("inf")
    ends = ("a_start", "a_stop", "b_start", "b_stop")
    pairs = zip(a.segments, b.segments, strict=True)
    return max((abs(getattr(s, end) - getattr(t, end)) for s, t in pairs for end in ends), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=None)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--sampling", metavar="MODE")
    options = parser.parse_args()
    files = sorted(options.folder.iterdir())[: options.files]
    with tempfile.TemporaryDirectory() as passing:
        trial = Trial(files, Path(passing), options.sampling)
        alone = trial.answer(ALONE, lambda library: library.add(files))
        print(f"{len(files)} files, {len(alone.groups)} groups\n", flush=True)
        rows = [compared("one machine", alone, alone)]
        for way in options.ways:
            for name, found in WAYS[way](trial):
                rows.append(compared(name, found, alone))
                print(*rows[-1], sep=" | ", flush=True)
        print(f"\n{bench.table(HEAD, rows)}")


if __name__ == "__main__":
    main()
