"""A pool of worker processes for untrusted work: probing and decoding.

    with WorkerPool(workers=4, memory=2 << 30, stall=60.0, ring=8 << 20) as pool:
        for event in pool.run(Decode(path) for path in paths):
            match event:
                case Reply(task, value): ...
                case Done(task): ...
                case Failed(task, error): ...

The caller's process neither stops nor hangs, whatever a file does to the decoder in a worker, and a lack of memory or
time is never mistaken for a bad file:

    the task raises a MediaError                        Failed with it
    the decoder crashes or ends its process             BadFile (but see ``limits.verdict``)
    the task raises anything else                       BadFile, "unexpected ..."
    memory runs out, or the system ends the worker      OutOfResources
    no sign of life, while computing                    BadFile
    no sign of life, while waiting (for a drive)        OutOfResources

Workers start when there is a task for them (0.3 s), unless they stand by already (``process.stand_by``), stay for the
next run, and are replaced when they have ended, have run ``worker.TASKS`` tasks or have kept much memory. While one
runs tasks of milliseconds, its next task already waits in its pipe. Nothing remains when the pool is closed or the
caller's process is killed.

Tasks and what they yield are pickled: their classes live in a module that can be imported, not in ``__main__``.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from twinreel.engine.limits import verdict
from twinreel.engine.process import Process
from twinreel.engine.schedule import Limit, PatientClock, Waiting
from twinreel.errors import BadFile, MediaError, NoAccess, OutOfResources, TwinreelError, UserError


class Task(Protocol):
    """Work on one file: a frozen dataclass that can be pickled."""

    @property
    def path(self) -> str:
        """The file, absolute: a worker keeps the working directory that it was started in."""
        ...

    @property
    def stage(self) -> str:
        """What is being done: probe, decode. For ``MediaError.stage``."""
        ...

    def run(self) -> Iterator[object]:
        """Runs in a worker. What it yields comes out as a Reply; None only says that the work goes on.

        A task yields something, if only None, several times in the pool's ``stall`` seconds. A value has at most
        ``ring`` bytes, pickled. Arrays in it (a Samples) travel through shared memory, and are the receiver's own.
        """
        ...


T = TypeVar("T", bound=Task)


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """A task yielded a value."""

    task: T
    value: object


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """A task has ended, after all its replies."""

    task: T


@dataclass(frozen=True, slots=True)
class Failed(Generic[T]):
    """A task has failed, perhaps after some replies."""

    task: T
    error: MediaError


Event = Reply[T] | Done[T] | Failed[T]

_ERRORS: dict[str, type[MediaError]] = {error.kind: error for error in (BadFile, NoAccess, OutOfResources)}
_START = 60.0
"""Seconds that a worker may take for its imports, which may come from a cold slow disk."""
_STARTS = 3
"""Workers in a row that may fail to start before the run is given up."""
_WORKING = 0.05
"""CPU seconds a second from which on a silent worker is taken to be computing and not waiting."""
_WAIT = 0.5
"""Seconds of the longest wait: on Windows, Ctrl-C is seen between two waits only."""
_FAREWELL = 5.0
"""Seconds that killed workers get to be gone: one that hangs in a system call goes when the call ends."""


class WorkerPool:
    """Worker processes that run tasks. For one thread at a time; a context manager, which ends them."""

    def __init__(self, workers: int, memory: int, stall: float, ring: int) -> None:
        """
        workers: processes at most.
        memory: bytes that each may use beyond what its imports use.
        stall: seconds without any sign of life after which a worker is killed.
        ring: bytes of the largest reply; every worker shares twice as many with its parent.
        """
        if workers < 1 or memory < 1 or stall <= 0 or ring < 1:
            raise UserError(f"workers, memory, stall and ring are above 0, given: {workers}, {memory}, {stall}, {ring}")
        if sys.platform == "win32" and workers > 60:
            raise UserError(f"{workers} workers: Windows waits for 60 processes at most")
        self.workers, self.memory, self.stall, self.ring = workers, memory, stall, ring
        self._processes: list[Process[Any]] = []
        self._leaving: list[Process[Any]] = []
        self._running = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, tasks: Iterable[T], *, limit: Callable[[T], Limit] | None = None) -> Generator[Event[T], None, None]:
        """Runs tasks; what comes of them, as it comes. Every task ends with one Done or one Failed.

        Tasks are taken from the iterable, in order, only when a worker can have them, but up to 256 more where
        ``limit`` holds some back; they may not depend on the events. The events of one task are in order, tasks end in
        any order. A worker waits when it is two chunks ahead of the caller.

        limit: the key of a task, for example its drive, and how many workers at most have tasks of that key at a time.

        To close the generator before its end, or an exception in it, ends all workers. TwinreelError where no worker
        can be started at all.
        """
        if self._running:
            raise RuntimeError("this pool is running tasks: it has one run at a time")
        self._running = True
        try:
            yield from _Run(self, Waiting(tasks, limit)).events()
        except BaseException:
            self.close()
            raise
        finally:
            self._running = False

    def close(self) -> None:
        """Ends all workers, and a run that is going on; a later ``run`` starts new ones."""
        self._running = False
        for process in [*self._processes]:
            self._dismiss(process)
        deadline = time.monotonic() + _FAREWELL
        self._leaving = [p for p in self._leaving if p.exit_code(max(0.0, deadline - time.monotonic())) is None]

    def _start(self) -> Process[Any]:
        process: Process[Any] = Process(self.memory, self.ring, pulse=min(self.stall / 8, 0.25))
        self._processes.append(process)
        return process

    def _dismiss(self, process: Process[Any]) -> None:
        process.kill()
        self._processes.remove(process)
        self._leaving = [p for p in [*self._leaving, process] if p.exit_code(0.0) is None]


class _Run(Generic[T]):
    """One run of a pool: who has which task, and who is alive."""

    def __init__(self, pool: WorkerPool, waiting: Waiting[T]) -> None:
        self._pool, self._waiting = pool, waiting
        self._clock = PatientClock(stride=pool.stall / 4)
        self._failed_starts = 0
        self._pickled: dict[int, bytes] = {}
        """By their ids, the tasks that were put back since they cannot be sent ahead: large ones."""

    @property
    def _processes(self) -> list[Process[T]]:
        return [*self._pool._processes]

    def events(self) -> Iterator[Event[T]]:
        events: list[Event[T]] = []
        while True:
            self._hand_out()  # before the events, so that the workers work while the caller does
            for event in events:
                yield event
                if not self._pool._running:
                    raise RuntimeError("the pool was closed in the middle of this run")
            busy = [process for process in self._processes if process.tasks]
            if not busy:
                return
            ready = set(wait([process.connection for process in busy], min(self._pool.stall / 4, _WAIT)))
            self._clock.look()
            events = []
            for process in busy:
                events += self._hear(process) if process.connection in ready else self._judge(process)

    def _hand_out(self) -> None:
        """Gives tasks to idle workers, then to new ones, then one ahead to those that will soon ask for it."""
        for process in self._processes:
            if not process.tasks and (item := self._take(process)):
                self._give(process, item)
        while len(self._processes) < self._pool.workers and (item := self._take()):
            try:
                process = self._pool._start()
            except OSError as error:
                self._waiting.put_back(*item)
                if not any(process.tasks for process in self._processes):
                    raise TwinreelError(f"no worker process can be started: {error}") from error
                break
            self._give(process, item)
        for process in self._processes:
            if process.quick and not process.spent and len(process.tasks) == 1 and (item := self._take(process)):
                self._give(process, item)

    def _take(self, process: Process[T] | None = None) -> tuple[Limit | None, T] | None:
        """A task that this worker, or a new one, may have: tasks of one key in one worker take one place."""

        def allowed(limit: Limit | None) -> bool:
            if limit is None or (process is not None and process.has(limit)):
                return True
            return sum(other.has(limit) for other in self._processes) < limit[1]

        return self._waiting.take(allowed)

    def _give(self, process: Process[T], item: tuple[Limit | None, T]) -> None:
        if not process.tasks:
            process.seen, process.work_seen = self._clock.now, None
        limit, task = item
        body = self._pickled.pop(id(task), None) or pickle.dumps(task, pickle.HIGHEST_PROTOCOL)
        if not process.give(limit, task, body):
            self._waiting.put_back(limit, task)
            self._pickled[id(task)] = body
            if not process.tasks:
                self._pool._dismiss(process)  # it has ended while idle

    def _hear(self, process: Process[T]) -> list[Event[T]]:
        """What the next message of a worker means."""
        message = process.receive()
        process.seen, process.work_seen = self._clock.now, None
        match message:
            case None:
                return self._bury(process)
            case ("hello",):
                process.ready = True
                self._failed_starts = 0
            case ("reply", value):
                return [Reply(process.task, value)]
            case ("done", quick, spent):
                return [Done(self._finish(process, quick, spent))]
            case ("failed", kind, reason, stage, quick, spent):
                task = self._finish(process, quick, spent)
                return [Failed(task, _ERRORS[kind](reason, stage or task.stage))]
        return []

    def _finish(self, process: Process[T], quick: bool, spent: bool) -> T:
        _, task = process.tasks.popleft()
        process.quick = quick
        process.spent |= spent  # it says so once, and may have a task ahead
        if process.spent and not process.tasks:
            self._pool._dismiss(process)
        return task

    def _bury(self, process: Process[T]) -> list[Event[T]]:
        """A worker has ended, nobody here ended it."""
        code, peak = process.exit_code(patience=1.0), process.ring.gauge
        return self._replace(process, verdict(code, peak, process.task.stage), f"exit code {code}")

    def _judge(self, process: Process[T]) -> list[Event[T]]:
        """A worker is silent: perhaps for too long."""
        now, allowed = self._clock.now, self._pool.stall if process.ready else _START
        silence = now - process.seen
        if silence > allowed / 2 and process.work_seen is None:
            process.work_seen = now, process.work()
        if silence <= allowed or process.work_seen is None:
            return []
        then, work = process.work_seen
        stage, words = process.task.stage, f"no progress for {allowed:g} s"
        if process.work() - work > _WORKING * (now - then):
            return self._replace(process, BadFile(f"{words}: the decoder hangs", stage), words)
        return self._replace(process, OutOfResources(f"{words}: the drive does not answer", stage), words)

    def _replace(self, process: Process[T], error: MediaError, words: str) -> list[Event[T]]:
        """Lets a worker go: its running task has failed, unless it never ran; those ahead go to another one."""
        self._pool._dismiss(process)
        unharmed = list(process.tasks)[1 if process.ready else 0 :]
        for item in reversed(unharmed):
            self._waiting.put_back(*item)
        if process.ready:
            return [Failed(process.task, error)]
        self._failed_starts += 1
        if self._failed_starts == _STARTS:
            probe = f"{sys.executable} -c 'import av, twinreel.engine.worker'"
            raise TwinreelError(f"worker processes do not start ({words}); see what this prints: {probe}")
        return []
