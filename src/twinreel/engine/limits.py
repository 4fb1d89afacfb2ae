"""What a worker may use of this machine, and what its end says about the file it was working on.

Memory is limited by the system on Linux: RLIMIT_AS at what the worker has mapped after its imports, plus the
allowance, so that an allocation too many fails in the worker with ENOMEM. macOS does not enforce that limit and
Windows does not have it: there, and where a graphics driver is at work, a thread of the worker looks at its resident
memory ten times a second and ends the process where it exceeds the allowance. (A Job Object would do the same on
Windows, by way of far more ctypes.)

The worker is no sandbox. It keeps crashes, hangs and hunger away from the parent; it does not hold back a file that
takes control of the decoder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from twinreel.errors import BadFile, MediaError, OutOfResources

OUT_OF_MEMORY = 86
"""Exit code of a worker that ran out of memory: ending needs no allocation, a message might."""
TIGHT = 0.5
"""Share of the allowance from which on a crash or an error is put down to memory. Decoders do not check every
allocation, and FFmpeg turns some that fail into "invalid data"; one that fails is not in the peak, and a picture may
take a good part of the allowance. Erring this way costs another try by the next scan, the other way a good file."""
_LOOK = 0.1
"""Seconds between two looks at the memory."""
_WINDOWS_CRASHES = {
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction",
    0xC0000094: "integer division by zero",
    0xC00000FD: "stack overflow",
    0xC0000374: "heap corruption",
    0xC0000409: "abort",
}
_CRASHES = {
    -number: f"signal {name}"
    for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS")
    if (number := getattr(signal, name, None)) is not None
} | _WINDOWS_CRASHES


class Allowance:
    """The memory that this process may use beyond what it uses when the allowance is made, after the imports."""

    def __init__(self, memory: int, show: Callable[[float], None]) -> None:
        """memory: bytes. show: is told the peak ten times a second, from a thread."""
        self._memory = memory
        self._process = psutil.Process()
        self._high = 0
        self._start = self._used()
        threading.Thread(target=self._watch, args=(show,), daemon=True).start()
        self._start = self._used()  # the thread's stack is no part of it
        if sys.platform == "linux":
            import resource

            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            limit = self._start.vms + memory
            self._limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(resource.RLIMIT_AS, (self._limit, hard))

    def peak(self) -> float:
        """The most that was ever used, as a share of the allowance: of mapped memory where that is limited, else of
        resident."""
        if self._mapping_limited():
            self._high = max(self._high, _peak_mapped() - self._start.vms)
        else:
            self._high = max(self._high, self._used().rss - self._start.rss)
        return self._high / self._memory

    def spent(self) -> bool:
        """Whether a new worker should take over: this one has kept much memory, or its peak would mislead."""
        return self._used().rss - self._start.rss > self._memory / 4 or self.peak() > TIGHT

    def _mapping_limited(self) -> bool:
        if sys.platform != "linux":
            return False
        import resource

        return resource.getrlimit(resource.RLIMIT_AS)[0] == self._limit

    def _used(self) -> _Memory:
        memory = self._process.memory_info()
        return _Memory(memory.rss, memory.vms)

    def _watch(self, show: Callable[[float], None]) -> None:
        while True:
            time.sleep(_LOOK)
            try:
                peak = self.peak()
            except MemoryError:
                peak = 1.0
            show(peak)
            if peak > 1.0 and not self._mapping_limited():
                os._exit(OUT_OF_MEMORY)


def allow_mapping() -> None:
    """Lifts the limit on mapped memory of this process, so that the one on resident memory holds, as on other systems:
    a graphics driver maps tens of gigabytes, of which it touches few."""
    if sys.platform == "linux":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


class _Memory(NamedTuple):
    """Bytes."""

    rss: int
    vms: int


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error is, or came of, an allocation that failed."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MemoryError) or (isinstance(link, OSError) and link.errno == errno.ENOMEM):
            return True
        link = link.__cause__ or link.__context__
    return False


def verdict(code: int | None, peak: float, stage: str) -> MediaError:
    """Why a worker that nobody here ended has ended in the middle of a task.

    code: exit code as ``subprocess`` gives it (minus the signal on POSIX); None where it broke off and lives on.
    peak: the last that was seen of ``Allowance.peak``.

    A crash speaks against the file, unless memory was tight: then an allocation probably failed that nobody checked.
    Any other signal came from outside, most often from the system when the machine runs out of memory.
    """
    if code == OUT_OF_MEMORY:
        return OutOfResources("not enough memory within the limit of a worker", stage)
    if crash := _CRASHES.get(code):
        if peak > TIGHT:
            return OutOfResources(f"the decoder crashed ({crash}) when the worker was near its memory limit", stage)
        return BadFile(f"the decoder crashed ({crash})", stage)
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return OutOfResources(
            f"the worker was ended from outside (signal {name}); is the machine out of memory?", stage
        )
    words = "broke off the connection" if code is None else f"ended its process (exit code {code})"
    return BadFile(f"the decoder {words}", stage)


def give_way() -> None:
    """Makes the system's out-of-memory killer take this process before others, and keeps crashes quiet."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.SetErrorMode(
            msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX | msvcrt.SEM_NOOPENFILEERRORBOX
        )
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    score = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        score.write_text(str(max(500, int(score.read_text()))))


def _peak_mapped() -> int:
    """Bytes of address space at their most (Linux)."""
    status = Path("/proc/self/status").read_bytes()
    return int(status.partition(b"VmPeak:")[2].split(maxsplit=1)[0]) * 1024
