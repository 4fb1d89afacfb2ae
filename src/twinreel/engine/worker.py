"""What runs in a worker process: takes tasks from the parent, runs them one after the other, sends what they yield.

The parent starts it with ``BOOT``, hands it the end of a duplex pipe, and sends

    Settings                      once, pickled
    a pickled task                any number, at most two ahead of the answers
    ACKNOWLEDGED                  the oldest unacknowledged slot of the ring is free again

and gets pickled tuples

    ("hello",)                    imports are done
    ("alive",)                    the task yielded None, at most one in ``Settings.pulse`` seconds
    ("reply", body, sizes)        the task yielded a value; its arrays lie in the next slot where sizes are given
    ("done", quick, spent)        the task ended; quick: it took milliseconds; spent: this worker should be replaced
    ("failed", kind, reason, stage, quick, spent)     stage: None where the task did not say

Values are pickled with protocol 5, which keeps the bytes of arrays out of the pickle; those go through the ring. The
pipe is read by a thread of its own, so that the end of the parent ends a worker at once, even amid a task. That, and
nothing else, is how workers end: there is nothing to save in them.

The parent gives it the null device for standard streams, so nothing that FFmpeg prints reaches a terminal.
"""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from twinreel.engine.limits import OUT_OF_MEMORY, TIGHT, Allowance, give_way, ran_out_of_memory
from twinreel.engine.ring import SLOTS, Ring, close_handle
from twinreel.errors import MediaError
from twinreel.types import FailureKind

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection

    PipeEnd = PipeConnection
else:
    from multiprocessing.connection import Connection

    PipeEnd = Connection

BOOT = "import sys; sys.path[:] = sys.argv[2:]; from twinreel.engine.worker import main; main(int(sys.argv[1]))"
"""Program of a worker; arguments: handle of its pipe, then the parent's ``sys.path``."""
ACKNOWLEDGED = b"+"
TASKS = 5000
"""Tasks after which a worker is replaced: FFmpeg leaks on broken files, and a start costs 0.3 s."""
QUICK = 0.05
"""Seconds. After a task that took less, the worker is given one ahead."""

_LOOK_EVERY = 50
"""Quick tasks between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Settings:
    ring: int | str
    """Handle."""
    slot: int
    """Bytes of a slot of the ring."""
    memory: int
    """Bytes that the worker may use beyond what its imports use."""
    pulse: float
    """Seconds between two signs of life."""


def main(handle: int) -> None:
    """Serves the parent at the other end of the pipe ``handle`` until it goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's
    give_way()
    connection: PipeEnd[Any, Any] = PipeEnd(handle)
    try:
        # All that tasks need, loaded before there are settings, as those may come later, and so before memory is
        # limited and the first task is timed.
        import twinreel.engine.aligning
        import twinreel.engine.tasks  # noqa: F401

        _Worker(connection, pickle.loads(connection.recv_bytes())).serve()
    except BaseException as error:
        os._exit(OUT_OF_MEMORY if ran_out_of_memory(error) else 1)  # most often the parent has gone


class _Worker:
    def __init__(self, connection: PipeEnd[Any, Any], settings: Settings) -> None:
        self._connection = connection
        self._ring = Ring(settings.slot, settings.ring)
        close_handle(settings.ring)
        self._slot = 0
        self._free = threading.Semaphore(SLOTS)
        self._pulse = settings.pulse
        self._last_sign = time.monotonic()
        self._tasks: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._allowance = Allowance(settings.memory, self._ring.show)

    def serve(self) -> None:
        """For ever: the reading thread ends the process."""
        self._send("hello")
        for number in itertools.count(1):
            body = self._tasks.get()
            start = time.monotonic()
            answer = self._run(body)
            quick = time.monotonic() - start < QUICK
            # Looking at memory costs as much as the rest of handling a task: a quick task rarely pays for it.
            spent = number >= TASKS or ((number % _LOOK_EVERY == 0 or not quick) and self._allowance.spent())
            self._send(*answer, quick, spent)

    def _run(self, body: bytes) -> tuple[object, ...]:
        """Runs one task to its end; says how it went."""
        try:
            for value in pickle.loads(body).run():
                if value is not None:
                    self._reply(value)
                elif time.monotonic() - self._last_sign > self._pulse:
                    self._send("alive")
        except BaseException as error:
            kind = error.kind if isinstance(error, MediaError) else FailureKind.BAD_FILE
            if ran_out_of_memory(error) or (kind is FailureKind.BAD_FILE and self._allowance.peak() > TIGHT):
                os._exit(OUT_OF_MEMORY)
            if isinstance(error, MediaError):
                return "failed", kind, error.reason, error.stage
            words = "".join(f": {line}" for line in str(error).splitlines()[:1])
            return "failed", kind, f"unexpected {type(error).__name__}{words} (please report)", None
        return ("done",)

    def _reply(self, value: object) -> None:
        buffers: list[pickle.PickleBuffer] = []
        body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
        arrays = [buffer.raw() for buffer in buffers]
        size = len(body) + sum(array.nbytes for array in arrays)
        if size > self._ring.slot:
            raise ValueError(f"a reply of {size} bytes, at most {self._ring.slot} are accepted: yield smaller ones")
        sizes: list[int] = []
        if arrays:
            self._free.acquire()
            sizes = self._ring.write(self._slot, arrays)
            self._slot = (self._slot + 1) % SLOTS
        self._send("reply", body, sizes)

    def _send(self, *message: object) -> None:
        self._connection.send_bytes(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
        self._last_sign = time.monotonic()

    def _listen(self) -> None:
        try:
            while True:
                message = self._connection.recv_bytes()
                if message == ACKNOWLEDGED:
                    self._free.release()
                else:
                    self._tasks.put(message)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        finally:
            os._exit(0)
