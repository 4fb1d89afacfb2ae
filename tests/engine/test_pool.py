"""The worker pool, with real processes."""

from __future__ import annotations

import itertools
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pool_tasks import (
    MIB,
    Crash,
    Echo,
    Endless,
    Fill,
    Frames,
    Interval,
    Map,
    Meet,
    Nothing,
    Pid,
    Plod,
    Raise,
    Surroundings,
    Unreadable,
    Wait,
)

from twinreel.engine.limits import OUT_OF_MEMORY, verdict
from twinreel.engine.pool import Done, Event, Failed, Reply, Task, WorkerPool
from twinreel.engine.ring import Ring, close_handle, new_handle
from twinreel.engine.schedule import Limit, PatientClock, Waiting
from twinreel.errors import BadFile, NoAccess, OutOfResources, TwinreelError, UserError
from twinreel.types import Samples

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals")
RING = 64_000
"""Bytes: room for a chunk of 40 frames of Frames (46080 and their times), not for one of 60."""


def pool(workers: int = 1, *, memory: int = 256 * MIB, stall: float = 30.0, ring: int = RING) -> WorkerPool:
    return WorkerPool(workers, memory, stall, ring)


@pytest.fixture(scope="module")
def shared() -> Iterator[WorkerPool]:
    """One worker for the tests that need nothing of their own."""
    with pool() as workers:
        yield workers


def errors(events: Iterable[Event[Any]]) -> dict[str, tuple[type, str]]:
    """Path to kind and reason of every failure."""
    return {e.task.path: (type(e.error), e.error.reason) for e in events if isinstance(e, Failed)}


def done(events: Iterable[Event[Any]]) -> set[str]:
    return {e.task.path for e in events if isinstance(e, Done)}


def replies(events: Iterable[Event[Any]]) -> list[Any]:
    return [e.value for e in events if isinstance(e, Reply)]


def pids(pool: WorkerPool, tasks: int = 1) -> list[int]:
    return replies(pool.run(Pid(str(i)) for i in range(tasks)))


def wait_for(condition: Callable[[], bool]) -> None:
    """Looks every few milliseconds until it holds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        threading.Event().wait(0.005)


def compute(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


# What comes out


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_gives_the_frames_that_the_tasks_make(workers: int) -> None:
    tasks = [Frames(f"file {i}", chunks=i % 5) for i in range(30)]
    with pool(workers) as workers_pool:
        events = list(workers_pool.run(tasks))  # all kept, so that a slot reused too early would show

    for task in tasks:
        *got, end = [e for e in events if e.task == task]
        assert isinstance(end, Done)
        for (number, samples), (got_number, got_samples) in zip(task.run(), replies(got), strict=True):
            assert isinstance(got_samples, Samples)
            assert got_number == number
            np.testing.assert_array_equal(got_samples.times, samples.times)
            np.testing.assert_array_equal(got_samples.images, samples.images)
            assert got_samples.images.dtype == np.uint8
            assert got_samples.images.flags.writeable


def test_a_reply_as_large_as_the_ring_passes_and_a_larger_one_is_refused(shared: WorkerPool) -> None:
    events = list(shared.run([Frames("small", most=40), Frames("large", chunks=20, most=80), Echo("next")]))
    assert done(events) == {"small", "next"}
    kind, reason = errors(events)["large"]
    assert kind is BadFile
    assert f"at most {RING} are accepted: yield smaller ones" in reason


def test_no_tasks_need_no_worker_and_a_task_may_have_no_replies(shared: WorkerPool) -> None:
    before = psutil.Process().children()
    with pool() as workers:
        assert list(workers.run([])) == []
        assert psutil.Process().children() == before
    assert list(shared.run([Nothing("a")])) == [Done(Nothing("a"))]


def test_workers_stay_for_the_next_run(shared: WorkerPool) -> None:
    assert pids(shared) == pids(shared)


def test_runs_of_one_pool_do_not_overlap(shared: WorkerPool) -> None:
    run = shared.run([Echo("a"), Echo("b")])
    next(run)
    with pytest.raises(RuntimeError, match="one run at a time"):
        next(shared.run([Echo("c")]))
    assert done(run) == {"a", "b"}


def test_a_pool_that_is_closed_amid_a_run_says_so() -> None:
    with pool() as workers:
        run = workers.run([Echo("a"), Echo("b")])
        next(run)
    with pytest.raises(RuntimeError, match="closed in the middle"):
        next(run)


@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 1))
def test_what_one_side_writes_to_a_ring_the_other_reads(buffers: list[bytes], slot: int) -> None:
    handle = new_handle()
    ours = Ring(240, handle, new=True)
    theirs = Ring(240, handle)
    try:
        theirs.write(1 - slot, [memoryview(b"#" * 240)])
        sizes = theirs.write(slot, [memoryview(buffer) for buffer in buffers])
        assert ours.read(slot, sizes) == buffers
        assert ours.read(1 - slot, [240]) == [b"#" * 240]
        theirs.show(0.5)
        assert ours.gauge == 0.5
    finally:
        close_handle(handle)
        ours.close()
        theirs.close()


# Order of work


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken = itertools.count()
    with pool() as workers:
        run = workers.run(Echo(str(next(taken))) for _ in itertools.repeat(None))
        ended = sum(isinstance(event, Done) for event in itertools.islice(run, 300))
        run.close()
    # A worker has two tasks at most, and may have ended one more that was not told yet.
    assert ended < next(taken) <= ended + 3


def test_a_worker_waits_for_a_slow_caller(tmp_path: Path) -> None:
    file = tmp_path / "count"
    with pool() as workers:
        run = workers.run([Endless(str(file))])
        for _ in range(5):
            next(run)
        wait_for(lambda: file.stat().st_size >= 7)
        compute(0.1)  # time enough for it to get far ahead
        run.close()
    assert file.stat().st_size <= 5 + 3


def by_drive(most: dict[str, int]) -> Callable[[Task], Limit]:
    return lambda task: (task.path[0], most[task.path[0]])


def test_at_most_so_many_workers_have_tasks_of_one_key() -> None:
    tasks = [Interval(f"{drive}{i}") for drive in "abc" for i in range(8)]
    with pool(3) as workers:
        for most in ({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "c": 3}):
            events = list(workers.run(tasks, limit=by_drive(most)))
            assert done(events) == {task.path for task in tasks}
            for drive in "abc":
                spans = replies(e for e in events if e.task.path[0] == drive)
                assert len(spans) == 8
                assert max(sum(a <= start < b for a, b in spans) for start, _ in spans) <= most[drive]


def test_a_full_key_does_not_hold_up_the_others(tmp_path: Path) -> None:
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    held = [Echo(f"{a}{i}") for i in range(100)]
    with pool(2) as workers:
        tasks = [Meet(a, other=b), *held, Meet(b, other=a)]
        events = list(workers.run(tasks, limit=lambda task: (task.path[: len(a)], 1)))
    assert len(done(events)) == 102


def test_waiting_tasks_are_bounded_in_number() -> None:
    taken = itertools.count()
    a, b = ("a", 1), ("b", 1)
    waiting = Waiting((next(taken) for _ in itertools.repeat(None)), lambda task: a)
    assert waiting.take(lambda limit: False) is None
    assert waiting.take(lambda limit: False) is None
    assert next(taken) == 256
    waiting.put_back(b, -1)
    assert waiting.take(lambda limit: limit == b) == (b, -1)
    assert [waiting.take(lambda limit: True) for _ in range(3)] == [(a, 0), (a, 1), (a, 2)]


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sets(st.sampled_from("abc")), max_size=60))
def test_every_waiting_task_is_taken_once_and_in_the_order_of_its_key(keys: list[str], allowed: list[set[str]]) -> None:
    def allow(some: set[str]) -> Callable[[Limit | None], bool]:
        return lambda limit: limit is not None and limit[0] in some

    waiting = Waiting(enumerate(keys), lambda task: (task[1], 1))
    turns = [*allowed, *[set("abc")] * len(keys)]
    taken = [item for some in turns if (item := waiting.take(allow(some)))]
    assert all(limit == (task[1], 1) for limit, task in taken)
    for key in "abc":
        mine = [task for task in enumerate(keys) if task[1] == key]
        assert [task for limit, task in taken if limit == (key, 1)] == mine


# Time


def test_a_hanging_decoder_is_a_bad_file_and_a_silent_drive_is_not() -> None:
    quick = [Echo(str(i)) for i in range(20)]
    with pool(2, stall=1.0) as workers:
        events = list(workers.run([Pid("spin", spin=True), *quick, Wait("wait"), *quick]))
    failures = errors(events)
    assert failures.keys() == {"spin", "wait"}
    assert failures["spin"] == (BadFile, "no progress for 1 s: the decoder hangs")
    assert failures["wait"] == (OutOfResources, "no progress for 1 s: the drive does not answer")
    assert Counter(e.task.path for e in events if isinstance(e, Done)) == {str(i): 2 for i in range(20)}


def test_a_long_task_that_says_so_and_workers_of_a_slow_caller_are_left_alone() -> None:
    with pool(stall=0.4) as workers, pool(stall=0.4) as other:
        run = workers.run(Frames(str(i), chunks=20) for i in range(4))
        next(run)
        assert replies(other.run([Plod("a", seconds=1.0)])) == ["arrived"]
        assert done(run) == {"0", "1", "2", "3"}


def test_the_clock_advances_no_more_than_its_stride() -> None:
    clock = PatientClock(stride=1e-6)
    compute(0.01)
    assert clock.look() == clock.now == 1e-6
    compute(0.01)
    assert clock.look() == clock.now == 2e-6


# Memory


def test_memory_that_runs_out_says_nothing_about_the_file() -> None:
    with pool(memory=64 * MIB) as workers:
        [first] = pids(workers)
        events = list(workers.run([Fill("a", then="go on"), Raise("m"), Echo("c")]))
        assert errors(events) == dict.fromkeys("am", (OutOfResources, "not enough memory within the limit of a worker"))
        assert done(events) == {"c"}
        assert pids(workers) != [first]


def test_errors_near_the_memory_limit_are_put_down_to_memory() -> None:
    with pool(memory=100 * MIB) as workers:
        tasks = [Fill("bad", size=20 * MIB, then="bad"), Fill("bad, tight", size=80 * MIB, then="bad")]
        failures = errors(workers.run([*tasks, Fill("abort, tight", size=80 * MIB, then="abort")]))
    assert {path: kind for path, (kind, _) in failures.items()} == {
        "bad, tight": OutOfResources,
        "bad": BadFile,
        "abort, tight": OutOfResources,
    }


def test_a_driver_may_map_more_than_there_is_but_not_use_it() -> None:
    with pool(memory=64 * MIB) as workers:
        events = list(workers.run([Map("a", size=1 << 30)]))
    assert replies(events)[0] == "mapped"
    assert errors(events)["a"][0] is OutOfResources


def test_a_worker_that_kept_memory_or_ran_long_is_replaced() -> None:
    with pool(memory=40 * MIB) as workers:
        first = pids(workers)
        assert done(workers.run([Fill("a", size=16 * MIB, then="keep")])) == {"a"}
        assert first != pids(workers, tasks=100)[-1:]
        assert len(set(pids(workers, tasks=5100))) == 2


# Crashes and errors


@posix
def test_crashes_are_bad_files_and_other_signals_are_not() -> None:
    quick = [Echo(f"echo {i}") for i in range(100)]
    crashes = ["null", "3", "SIGKILL"]
    tasks: list[Task] = [*quick[:50], *map(Crash, crashes), *quick[50:]]
    with pool(2) as workers:
        events = list(workers.run(tasks))
    assert errors(events) == {
        "null": (BadFile, "the decoder crashed (signal SIGSEGV)"),
        "3": (BadFile, "the decoder ended its process (exit code 3)"),
        "SIGKILL": (
            OutOfResources,
            "the worker was ended from outside (signal SIGKILL); is the machine out of memory?",
        ),
    }
    assert replies(events).count("alive") == len(crashes)
    assert Counter(e.task.path for e in events if isinstance(e, Done)) == {task.path: 1 for task in quick}


@pytest.mark.parametrize(
    ("code", "peak", "kind", "words"),
    [
        (-11, 0.1, BadFile, "SIGSEGV"),
        (-11, 0.9, OutOfResources, "SIGSEGV"),
        (-6, 0.1, BadFile, "SIGABRT"),
        (-6, 0.9, OutOfResources, "memory limit"),
        (-8, 0.1, BadFile, "SIGFPE"),
        (-15, 0.1, OutOfResources, "SIGTERM"),
        (-9, 0.1, OutOfResources, "SIGKILL"),
        (OUT_OF_MEMORY, 0.0, OutOfResources, "not enough memory"),
        (0xC0000005, 0.1, BadFile, "access violation"),
        (0xC0000409, 0.9, OutOfResources, "abort"),
        (0, 0.1, BadFile, "exit code 0"),
        (1, 0.9, BadFile, "exit code 1"),
        (None, 0.1, BadFile, "broke off"),
    ],
)
def test_verdicts(code: int | None, peak: float, kind: type, words: str) -> None:
    error = verdict(code, peak, "probe")
    assert type(error) is kind
    assert words in error.reason
    assert error.stage == "probe"


def test_errors_of_a_task_arrive_as_they_are_and_others_are_told_as_bugs(shared: WorkerPool) -> None:
    names = ["bad", "access", "exit", "other"]
    before = pids(shared)
    events = list(shared.run([*map(Raise, names), Unreadable("lost", stage="probe")]))
    assert pids(shared) == before
    assert errors(events) == {
        "bad": (BadFile, "no video stream"),
        "access": (NoAccess, "permission denied"),
        "exit": (BadFile, "unexpected SystemExit: 1 (please report)"),
        "other": (BadFile, "unexpected ZeroDivisionError: first line (please report)"),
        "lost": (BadFile, "unexpected LookupError: not here (please report)"),
    }
    stages = {e.task.path: e.error.stage for e in events if isinstance(e, Failed)}
    assert stages == {"bad": "probe", "access": "decode", "exit": "decode", "other": "decode", "lost": "probe"}


@posix
@pytest.mark.parametrize("program", ["false", "/nowhere/python"])
def test_workers_that_do_not_start_are_told(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which(program) or program)
    with pool() as workers, pytest.raises(TwinreelError, match="start"):
        list(workers.run([Echo("a"), Echo("b")]))


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"memory": 0}, {"stall": 0.0}, {"ring": 0}])
def test_wrong_arguments_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="above 0"):
        pool(**wrong)
    with pytest.raises(UserError, match="1 worker or more"):
        next(pool().run([Echo("a")], limit=lambda task: ("drive", 0)))


# Ends


def leftovers() -> tuple[int, list[psutil.Process], list[str]]:
    """What a pool could leave behind in this process: descriptors, processes, shared memory (with or without name)."""
    me = psutil.Process()
    descriptors = me.num_fds() if hasattr(me, "num_fds") else 0
    return descriptors, me.children(recursive=True), shared_memory()


def shared_memory() -> list[str]:
    if sys.platform != "linux":
        return []
    paths = [line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()]
    return [path for path in paths if path.startswith(("/dev/shm/", "/memfd:"))]


def failing_tasks() -> Iterator[Task]:
    yield Frames("a")
    yield Pid("b", spin=True)
    raise KeyError("from the tasks")


def test_nothing_is_left_however_a_run_ends(tmp_path: Path) -> None:
    before = leftovers()

    run = pool(2).run([Endless(str(tmp_path / "count")), Pid("b", spin=True), Echo("c")])
    assert {type(next(run)), type(next(run))} == {Reply}
    assert len(psutil.Process().children()) == len(before[1]) + 2
    # Memory without a name, which the system takes back whoever is killed.
    assert sys.platform != "linux" or set(shared_memory()) == {"/memfd:twinreel (deleted)"}
    run.close()
    assert leftovers() == before

    with pytest.raises(KeyError, match="from the tasks"):
        list(pool().run(failing_tasks()))
    assert leftovers() == before

    with pool() as workers:
        list(workers.run([Crash("3"), Echo("a"), Frames("b")]))
    assert leftovers() == before


# Surroundings


def test_a_worker_is_light_modest_and_silent(shared: WorkerPool, capfd: pytest.CaptureFixture[str]) -> None:
    [(modules, environment, score)] = replies(shared.run([Surroundings("a")]))
    assert {"av", "numpy"} <= modules
    assert not modules & {"onnxruntime", "faiss", "scipy", "typer", "rich", "torch", "sqlite3"}
    assert {environment[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {"1"}
    assert sys.platform != "linux" or score >= 500
    assert capfd.readouterr() == ("", "")
