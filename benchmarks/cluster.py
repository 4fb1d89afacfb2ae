"""One machine against a cluster of two nodes on it: python benchmarks/cluster.py FOLDER [--files N] [--kill]

Scans the first N files of FOLDER, by name, both ways with the default settings, and prints by how much the answers
differ; --kill ends a process that describes, and a node, in the middle of the run. Then scans on the cluster again, and
prints how long that takes.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.cluster_utils import Cluster as Nodes

from twinreel.engine.progress import Progress, Step
from twinreel.engine.shards.ray import Cluster
from twinreel.library import Library
from twinreel.library.clustered import Clustered
from twinreel.types import Group, Match


def scanned(
    file: Path, files: list[Path], on: Clustered | None, progress: Progress | None = None
) -> tuple[list[Match], list[Group], float]:
    begun = time.monotonic()
    with Library(file) as library:
        library.add(files, on=on, progress=progress)
        return library.matches(0), library.groups(), time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=None)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    files = sorted(options.folder.iterdir())[: options.files]
    nodes: Any = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    ray.init(address=nodes.address, log_to_driver=False, logging_level=logging.ERROR)
    lost: list[str] = []

    def harm(step: Step) -> None:
        if step.stage == "shards: describe" and step.done and not lost:
            raylet = psutil.Process(nodes.head_node.all_processes["raylet"][0].process.pid)
            for child in raylet.children():
                with contextlib.suppress(psutil.Error):  # it has ended by itself
                    if "Map" in " ".join(child.cmdline()):
                        child.kill()
                        lost.append("a worker")
        if step.stage == "shards: search" and step.done and "a node" not in lost:
            nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
            lost.append("a node")

    with tempfile.TemporaryDirectory() as work:
        on = Clustered(Cluster(), str(Path(work, "run")))
        alone, alone_groups, alone_seconds = scanned(Path(work, "alone.sqlite"), files, None)
        found, groups, seconds = scanned(Path(work, "first.sqlite"), files, on, harm if options.kill else None)
        *_, again = scanned(Path(work, "second.sqlite"), files, on)
    same = [(m.a, m.b, m.relation, len(m.segments)) for m in found] == [
        (m.a, m.b, m.relation, len(m.segments)) for m in alone
    ]
    print(f"{len(files)} files; {len(alone)} pairs kept; lost on the way: {', '.join(lost) or 'nothing'}")
    print(f"the same pairs, relations and numbers of segments: {same}; the same groups: {groups == alone_groups}")
    if same:
        pairs = list(zip(alone, found, strict=True))
        segments = [(s, t) for m, n in pairs for s, t in zip(m.segments, n.segments, strict=True)]
        ends = ("a_start", "a_stop", "b_start", "b_stop")
        print(f"scores differ by {max((abs(m.score - n.score) for m, n in pairs), default=0.0):.1e} at most")
        apart = (abs(getattr(s, end) - getattr(t, end)) for s, t in segments for end in ends)
        print(f"times differ by {max(apart, default=0.0):.1e} s at most")
    print(f"alone {alone_seconds:.1f} s, on the cluster {seconds:.1f} s, again {again:.1f} s")


if __name__ == "__main__":
    main()
