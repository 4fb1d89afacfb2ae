"""Decoding by a device: when it is chosen, and what becomes of a file that it fails with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from collection import everything, make_collection, open_library
from device_tasks import Fragile

from makers import hostile_folder, scene, write_video
from twinreel.describe.phash import PhashDescriber
from twinreel.engine import devices, scan
from twinreel.engine.describing import TRIES, described
from twinreel.engine.devices import Devices, problems
from twinreel.engine.pool import Done, Event, Failed, Reply, WorkerPool
from twinreel.engine.settings import MEMORY, Resources
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import DeviceTask, SampleTask, TrialTask
from twinreel.errors import BadFile, UserError
from twinreel.media.hardware import Trial, built, problem
from twinreel.media.probe import probe
from twinreel.media.sampling import Sampling
from twinreel.types import Float64, Probe, UInt8

ABSENT = next((device for device in built() if problem(device)), None)
"""A type of device that FFmpeg knows, and this machine has not got."""
absent = pytest.mark.skipif(ABSENT is None, reason="every device that FFmpeg knows is there")
SIZE = PhashDescriber().image_size


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("videos")
    return write_video(root / "a.mp4", scene(1, 12, fps=5, size=(96, 64)), 5, gop=50)


def copies(video: Path, root: Path, count: int) -> list[str]:
    paths = [root / f"{number}.mp4" for number in range(count)]
    for path in paths:
        path.write_bytes(video.read_bytes())
    return list(map(str, paths))


# A file that a device fails with


@pytest.mark.parametrize("how", ["crash", "fail", "stop"])
def test_what_a_device_fails_with_is_done_again_as_if_it_had_not_been_tried(
    video: Path, tmp_path: Path, how: str
) -> None:
    recipe = Recipe(PhashDescriber(), Sampling())
    paths = copies(video, tmp_path, 9)
    duration = probe(str(video)).duration
    with WorkerPool(1, MEMORY, 60.0, ring=1 << 20) as pool:
        plain, *_ = described(pool, recipe.describer, [SampleTask(paths[0], recipe.sampling, SIZE, duration)])
        tasks = [Fragile(path, recipe.sampling, SIZE, duration, device=how) for path in paths]
        made = {one.task.path: one for one in described(pool, recipe.describer, tasks)}
    assert sorted(made) == sorted(paths)
    for one in made.values():
        assert one.error is None
        assert one.gathering.reach == plain.gathering.reach
        got, expected = one.gathering.fingerprint(recipe), plain.gathering.fingerprint(recipe)
        np.testing.assert_array_equal(got.times, expected.times)
        np.testing.assert_array_equal(got.vectors, expected.vectors)
    # A worker has another one, and one ahead, before a failure is known.
    assert TRIES <= len(list(tmp_path.glob("*.tried"))) <= TRIES + 2


@absent
def test_a_device_that_is_not_there_is_refused_before_anything_is_read(video: Path, tmp_path: Path) -> None:
    assert ABSENT is not None
    with open_library(tmp_path / "a.sqlite") as library:
        with pytest.raises(UserError, match=f"cannot decode with {ABSENT}: .*auto or off"):
            library.add(video, hardware=ABSENT)
        assert list(library.fingerprints()) == []


@absent
def test_a_scan_with_a_device_that_fails_with_every_file_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "check_device", lambda pool, hardware: None)  # as if it had just gone
    root = make_collection(tmp_path / "videos")
    (root / "hostile").mkdir()
    hostile_folder(root / "hostile")
    assert ABSENT is not None
    assert scanned(root, tmp_path / "a.sqlite", ABSENT) == scanned(root, tmp_path / "b.sqlite", "off")


def scanned(root: Path, library: Path, hardware: str) -> tuple[object, ...]:
    """All that a scan found out."""
    with open_library(library) as opened:
        report = opened.add(root, jobs=2, hardware=hardware)
        assert report.frames > 0
        prints = [(v.content, f.parts.tolist(), f.times.tolist(), f.vectors.tolist()) for v, f in opened.fingerprints()]
        return report, everything(opened), prints, opened.failures()


def test_a_device_that_nobody_knows_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with open_library(tmp_path / "a.sqlite") as library, pytest.raises(UserError, match="'abacus'"):
        library.add(tmp_path, hardware="abacus")


# Which device


@absent
def test_why_a_device_cannot_be_used_is_told_by_a_worker() -> None:
    assert ABSENT is not None
    with WorkerPool(1, MEMORY, 60.0, ring=1 << 16) as pool:
        assert problems(pool, built()) == {device: problem(device) for device in built()}
        assert problems(pool, []) == {}


Rates = dict[str | None, tuple[float, float]]
"""Of each device that works, and of the processors (None): of one worker, and of all together."""


class Workbench:
    """Stands for a pool on a machine with devices, of which most test machines have none: answers as its workers
    would."""

    def __init__(self, rates: Rates, shows: dict[str | None, int]) -> None:
        """shows: brightness of the frames it gives."""
        self._rates, self._shows = rates, shows
        self.ran: list[DeviceTask | TrialTask] = []

    def run(self, tasks: Iterable[DeviceTask | TrialTask], **_: object) -> Iterator[Event[Any]]:
        asked = list(tasks)
        for task in asked:
            self.ran.append(task)
            if isinstance(task, DeviceTask):
                yield Reply(task, "" if task.path in self._rates else "no such device")
            elif task.device in self._rates:
                times: Float64 = np.arange(3.0)
                images: UInt8 = np.full((3, 4, 4, 3), self._shows.get(task.device, 100), np.uint8)
                alone, together = self._rates[task.device]
                same = asked.count(task)
                yield Reply(task, Trial(together / same if same > 1 else alone, times, images))
            else:
                yield Failed(task, BadFile("it cannot be decoded"))
                continue
            yield Done(task)


def bench(
    monkeypatch: pytest.MonkeyPatch, rates: Rates, shows: dict[str | None, int] | None = None
) -> tuple[Devices, Workbench]:
    monkeypatch.setattr(devices, "built", lambda: ["cuda", "vaapi", "drm"])
    monkeypatch.setattr(devices, "cores", lambda: 4)
    workbench = Workbench(rates, shows or {})
    return Devices(cast("WorkerPool", workbench), Resources(jobs=2)), workbench


@pytest.fixture(scope="module")
def small(video: Path) -> Probe:
    return probe(str(video))


def waiting(count: int, seconds: float, mode: str = "auto", name: str = "v") -> list[SampleTask]:
    return [SampleTask(f"/{name}{number}.mp4", Sampling(mode), SIZE, seconds) for number in range(count)]


def test_the_fastest_device_is_taken_where_it_beats_all_workers(monkeypatch: pytest.MonkeyPatch, small: Probe) -> None:
    found, workbench = bench(monkeypatch, {None: (10.0, 20.0), "vaapi": (30.0, 35.0), "cuda": (15.0, 40.0)})
    tasks = waiting(2, 1000.0)
    assert found.assign(tasks, dict.fromkeys(["/v0.mp4", "/v1.mp4"], small)) == [
        replace(task, device="cuda") for task in tasks
    ]
    assert [task.path for task in workbench.ran if isinstance(task, DeviceTask)] == ["vaapi", "cuda"]
    trials = [task.device for task in workbench.ran if isinstance(task, TrialTask)]
    assert trials == ["vaapi", "cuda", None, "vaapi", "vaapi", "cuda", "cuda"]
    count = len(workbench.ran)
    assert found.assign(waiting(1, 5.0), {"/v0.mp4": small})[0].device == "cuda"  # measured once a scan
    assert len(workbench.ran) == count


@pytest.mark.parametrize(
    ("rates", "shows"),
    [
        ({None: (10.0, 20.0), "cuda": (19.0, 20.0)}, {}),  # no faster than two workers
        ({None: (10.0, 20.0), "cuda": (90.0, 90.0)}, {"cuda": 0}),  # shows something else
        ({None: (10.0, 20.0)}, {}),  # there is none
        ({"cuda": (90.0, 90.0)}, {}),  # a file that cannot be decoded at all
    ],
)
def test_else_the_processors_decode(
    monkeypatch: pytest.MonkeyPatch, small: Probe, rates: Rates, shows: dict[str | None, int]
) -> None:
    found, workbench = bench(monkeypatch, rates, shows)
    tasks, probes = waiting(2, 1000.0), dict.fromkeys(["/v0.mp4", "/v1.mp4"], small)
    assert found.assign(tasks, probes) == tasks
    count = len(workbench.ran)
    assert found.assign(tasks, probes) == tasks
    assert len(workbench.ran) == count


def test_every_kind_of_video_is_measured_by_its_longest(monkeypatch: pytest.MonkeyPatch, small: Probe) -> None:
    found, workbench = bench(monkeypatch, {None: (10.0, 20.0), "cuda": (40.0, 40.0)})
    large = replace(small, coded_width=3840, coded_height=2160)
    deep = replace(large, pixel_format="yuv420p10le")
    tasks = [*waiting(3, 900.0), *waiting(1, 2500.0, name="long"), *waiting(2, 1500.0, name="large")]
    tasks += waiting(1, 1999.0, name="deep")  # too little to be worth it
    by_name = {"v": small, "l": small, "/large": large, "/deep": deep}
    probes = {task.path: by_name.get(task.path[:-5], small) for task in tasks}
    got = found.assign(tasks, probes)
    assert {task.path for task in workbench.ran if isinstance(task, TrialTask)} == {"/long0.mp4", "/large0.mp4"}
    assert [task.device for task in got] == ["cuda"] * 6 + [None]


@pytest.mark.parametrize("mode", ["keyframes", "cascade"])
def test_keyframes_are_left_to_the_processors(monkeypatch: pytest.MonkeyPatch, small: Probe, mode: str) -> None:
    tasks, probes = waiting(2, 1000.0, mode), dict.fromkeys(["/v0.mp4", "/v1.mp4"], small)
    for hardware in ("auto", "cuda"):
        found, workbench = bench(monkeypatch, {None: (10.0, 20.0), "cuda": (90.0, 90.0)})
        found = replace(found, resources=Resources(jobs=2, hardware=hardware))
        assert found.assign(tasks, probes) == tasks
        assert workbench.ran == []


def test_what_was_asked_for_is_not_measured(monkeypatch: pytest.MonkeyPatch, small: Probe) -> None:
    tasks, probes = waiting(2, 1000.0), dict.fromkeys(["/v0.mp4", "/v1.mp4"], small)
    for hardware, device in (("off", None), (built()[0], built()[0])):
        found, workbench = bench(monkeypatch, {None: (10.0, 20.0), "cuda": (90.0, 90.0)})
        found = replace(found, resources=Resources(jobs=2, hardware=hardware))
        assert [task.device for task in found.assign(tasks, probes)] == [device, device]
        assert workbench.ran == []


def test_only_the_seconds_that_are_wanted_count(monkeypatch: pytest.MonkeyPatch, small: Probe) -> None:
    found, workbench = bench(monkeypatch, {None: (10.0, 20.0), "cuda": (90.0, 90.0)})
    tasks = [replace(task, spans=((10.0, 900.0), (2000.0, 9000.0))) for task in waiting(1, 3000.0)]
    assert found.assign(tasks, {"/v0.mp4": small}) == tasks  # 890 and 1000 s of 3000
    assert workbench.ran == []
