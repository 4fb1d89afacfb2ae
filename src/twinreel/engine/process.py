"""The parent's side of one worker process: starting it, talking with it, ending it.

Workers are started as programs of their own (``python -c``) at the end of an inherited pipe, and not with
``multiprocessing.Process``: that would run the user's main module again in every worker, which breaks scripts without
an ``if __name__ == "__main__"`` guard, programs read from standard input and some notebooks.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections import deque
from multiprocessing.connection import Pipe
from typing import Any, Generic, TypeVar

import psutil

from twinreel.engine.ring import SLOTS, Ring, close_handle, new_handle
from twinreel.engine.schedule import Limit
from twinreel.engine.worker import ACKNOWLEDGED, BOOT, PipeEnd, Settings

T = TypeVar("T")

_ENVIRONMENT = {
    # One process a core is the parallelism; read when NumPy is imported.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # Else glibc reserves 64 MiB of address space for every thread, which blurs a limit on address space.
    "MALLOC_ARENA_MAX": "1",
}
_AHEAD = 4096
"""Bytes of the largest task that is sent ahead."""
_ROOM = 65536
"""Bytes that a message may have beyond those of its reply."""


class _Started:
    """A process that loads what workers need and then waits for its settings."""

    def __init__(self) -> None:
        """OSError where the system does not allow that."""
        with contextlib.ExitStack() as undo:
            self.ring = new_handle()
            undo.callback(close_handle, self.ring)
            self.connection, theirs = Pipe()
            undo.callback(self.connection.close)
            with theirs:
                self.process = _start(theirs, self.ring)
            undo.pop_all()


_standing_by: list[_Started] = []


def stand_by(count: int) -> None:
    """Starts processes ahead of the pools that will take them: they load what they need while the caller still loads
    what it needs itself. Those that nobody takes end with this process. Where the system does not allow that, there are
    none, and a pool that wants some says so."""
    with contextlib.suppress(OSError):
        for _ in range(count):
            _standing_by.append(_Started())


class Process(Generic[T]):
    """A worker process, and the tasks that it was given and has not answered yet, the running one first."""

    def __init__(self, memory: int, slot: int, pulse: float) -> None:
        """Starts it, or takes one that stands by; OSError where the system does not allow that. See
        ``worker.Settings`` for the arguments."""
        self.tasks: deque[tuple[Limit | None, T]] = deque()
        self.ready = False
        """It has said hello."""
        self.quick = False
        """Its last task took milliseconds."""
        self.spent = False
        """It gets no more tasks."""
        self.seen = 0.0
        """When it gave its last sign of life, by the pool's clock."""
        self.work_seen: tuple[float, float] | None = None
        """Amid a long silence: a time by the pool's clock, and the CPU seconds that it had used until then."""
        self._limit = slot + _ROOM
        self._slot = 0
        started = _standing_by.pop() if _standing_by else _Started()
        self.connection, self._process = started.connection, started.process
        try:
            self.ring = Ring(slot, started.ring, new=True)
        except BaseException:
            self.connection.close()  # which ends the worker
            raise
        finally:
            close_handle(started.ring)
        self._send(pickle.dumps(Settings(started.ring, slot, memory, pulse)))

    @property
    def task(self) -> T:
        """The running one."""
        return self.tasks[0][1]

    def has(self, limit: Limit) -> bool:
        """Whether one of its tasks has this limit."""
        return any(limit == own for own, _ in self.tasks)

    def give(self, limit: Limit | None, task: T, body: bytes) -> bool:
        """Sends it a task, pickled in ``body``; False where it has ended, or where that is too large to be sent ahead
        of its turn.

        A pipe takes a few kB without its reader, which is all that can be relied on of a worker that is busy.
        """
        if self.tasks and len(body) > _AHEAD:
            return False
        sent = self._send(body)
        # One that never said hello gets the task all the same: what becomes of it shows when its end is noticed.
        if sent or not self.ready:
            self.tasks.append((limit, task))
        return sent or not self.ready

    def receive(self) -> tuple[Any, ...] | None:
        """The next message, which must have arrived, or None where the process has ended (see ``worker``).

        Of a reply the value is given; its arrays are copies, and its slot is given back to the worker.
        """
        try:
            message: tuple[Any, ...] = pickle.loads(self.connection.recv_bytes(self._limit))
        except (EOFError, OSError):
            return None
        if message[0] != "reply":
            return message
        _, body, sizes = message
        buffers = self.ring.read(self._slot, sizes)
        if sizes:
            self._slot = (self._slot + 1) % SLOTS
            self._send(ACKNOWLEDGED)
        return "reply", pickle.loads(body, buffers=buffers)

    def work(self) -> float:
        """CPU seconds used so far."""
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system

    def exit_code(self, patience: float) -> int | None:
        """Waits ``patience`` seconds at most for its end; None where it goes on."""
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Ends it, without waiting: a process that hangs in a system call ends when the call does."""
        self._process.kill()
        self.connection.close()
        self.ring.close()

    def _send(self, message: bytes) -> bool:
        try:
            self.connection.send_bytes(message)
        except OSError:
            return False
        return True


def _start(connection: PipeEnd[Any, Any], ring: int | str) -> subprocess.Popen[bytes]:
    handle = connection.fileno()
    program = sys.executable
    environment = os.environ | _ENVIRONMENT
    options: dict[str, Any]
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        options = {
            "startupinfo": subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]}),
            "creationflags": subprocess.CREATE_NO_WINDOW,
        }
        # The python.exe of a virtual environment only starts the real one, which would be out of our hands.
        environment["__PYVENV_LAUNCHER__"] = program
        program = getattr(sys, "_base_executable", program)
    else:
        options = {"pass_fds": (handle, ring)}
    path = [entry for entry in sys.path if isinstance(entry, str)]
    return subprocess.Popen(
        [program, "-X", f"utf8={sys.flags.utf8_mode}", "-c", BOOT, str(handle), *path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        **options,
    )
