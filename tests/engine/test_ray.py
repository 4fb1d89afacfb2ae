"""A scan on a real Ray cluster of two nodes on this machine, against the same without one."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401 - else its plugin is first to, as Ray ends: CPython 3.11 may not parse in two threads
import numpy as np
import psutil
import pytest
from cascading import make_videos, open_cascade, times_of
from collection import clip, open_library

from makers import remux, write_video
from twinreel.engine.progress import Step
from twinreel.library import Library
from twinreel.library.clustered import Clustered
from twinreel.types import Match

ray: Any = pytest.importorskip("ray")
pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own

from twinreel.engine.shards.ray import Cluster  # noqa: E402 - after the skip

SCORE, SECONDS = 1e-4, 0.05
Answer = tuple[list[Match], list[tuple[str, ...]]]


def started(attempts: int = 3) -> Any:
    """Two nodes that run. Ray gives each 30 s to start, whatever else a machine is busy with, hence the attempts."""
    from ray.cluster_utils import Cluster as Nodes

    cluster: Any = Nodes()
    try:
        cluster.add_node(num_cpus=1, include_dashboard=False)
        cluster.add_node(num_cpus=1)
    except Exception as error:  # Ray's is of no kind of its own
        cluster.shutdown()
        if attempts == 1 or "timed out during startup" not in str(error):
            raise
        return started(attempts - 1)
    return cluster


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two nodes of one processor each; this process is a driver of theirs."""
    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    cluster = started()
    ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    gc.collect()  # what Ray leaves unclosed is no other test's


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, a smaller copy of one, a remux of the other. Read only."""
    root = tmp_path_factory.mktemp("clustered")
    write_video(root / "one.mp4", clip(1, 0, 4), gop=25)
    write_video(root / "two.mp4", clip(2, 0, 4), gop=25)
    write_video(root / "one, small.mp4", clip(1, 0, 4, size=(64, 48)), gop=50)
    remux(root / "two.mp4", root / "two.mkv", tags={"title": "another"})
    return root


def answer(
    file: Path,
    videos: Path,
    on: Clustered | None,
    progress: Callable[[Step], None] | None = None,
    opened: Callable[[Path], Library] = open_library,
) -> Answer:
    """What a library says after a scan."""
    with opened(file) as library:
        library.add(videos, jobs=1, on=on, progress=progress)
        return library.matches(0), [group.members for group in library.groups()]


@pytest.fixture(scope="module")
def expected(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """That of this machine alone."""
    found = answer(tmp_path_factory.mktemp("alone") / "library.sqlite", videos, None)
    assert len(found[0]) >= 2 and len(found[1]) == 2
    return found


def assert_same(found: Answer, expected: Answer) -> None:
    assert [(m.a, m.b, m.relation) for m in found[0]] == [(m.a, m.b, m.relation) for m in expected[0]]
    for one, other in zip(found[0], expected[0], strict=True):
        assert one.score == pytest.approx(other.score, abs=SCORE)
        for s, t in zip(one.segments, other.segments, strict=True):
            times = s.a_start, s.a_stop, s.b_start, s.b_stop
            assert times == pytest.approx((t.a_start, t.a_stop, t.b_start, t.b_stop), abs=SECONDS)
    assert found[1] == expected[1]


def kill_workers(nodes: Any) -> int:
    """Kills the processes that carry out jobs; how many."""
    killed = 0
    for node in [nodes.head_node, *nodes.worker_nodes]:
        for child in psutil.Process(node.all_processes["raylet"][0].process.pid).children():
            with contextlib.suppress(psutil.Error):  # it has ended by itself
                if "Map" in " ".join(child.cmdline()):
                    child.send_signal(signal.SIGKILL)
                    killed += 1
    return killed


def test_a_cluster_looks_a_second_time_where_one_machine_does(nodes: Any, tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    videos = make_videos(tmp_path / "videos")
    lost: list[str] = []

    def harm(step: Step) -> None:
        if step.stage == "shards: deepen" and step.done and not lost and kill_workers(nodes):
            lost.append("worker")

    alone = answer(tmp_path / "alone.sqlite", videos, None, opened=open_cascade)
    on = Clustered(Cluster(), str(tmp_path / "run"))
    assert_same(answer(tmp_path / "library.sqlite", videos, on, harm, open_cascade), alone)
    assert lost
    theirs = times_of(tmp_path / "alone.sqlite")
    for name, times in times_of(tmp_path / "library.sqlite").items():
        np.testing.assert_array_equal(times, theirs[name])


def test_a_cluster_that_loses_a_worker_and_a_node_says_what_one_machine_says(
    nodes: Any, videos: Path, expected: Answer, tmp_path: Path
) -> None:
    on = Clustered(Cluster(), str(tmp_path / "run"))
    lost: list[str] = []

    def harm(step: Step) -> None:
        working = step.stage in ("shards: describe", "shards: search") and step.done
        if working and "worker" not in lost and kill_workers(nodes):
            lost.append("worker")
        if step.stage == "shards: align" and step.done and "node" not in lost:
            lost.append("node")
            nodes.remove_node(nodes.worker_nodes.copy().pop(), allow_graceful=False)

    assert_same(answer(tmp_path / "first.sqlite", videos, on, harm), expected)
    assert lost == ["worker", "node"]
    # A second run finds every file there: no job is left to do, so that none of the stages moves on from its start.
    moved: list[Step] = []
    assert_same(answer(tmp_path / "second.sqlite", videos, on, moved.append), expected)
    jobs = [step for step in moved if step.stage.startswith("shards: ")]
    assert jobs and all(step.done in (0, step.total) for step in jobs)
