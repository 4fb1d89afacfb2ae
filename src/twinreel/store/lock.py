"""One scan at a time: a lock of the operating system on a file beside the library.

The system releases it when the process ends, however it ends. The file stays where it is: deleting it would let a
third process lock a new one while a second still waits for the old. Its text names the holder, for people.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from twinreel.errors import LibraryError

if sys.platform == "win32":
    import msvcrt

    # A locked byte cannot be read by others on Windows, so it lies behind the text.
    _LOCKED_BYTE = 4096

    def try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        while True:
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # gives up after ten seconds
            except OSError:
                continue

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


_MOMENT = 1.0
"""Seconds. What a killed scan held, a worker that it was just starting holds until that has started."""


def _try_for_a_moment(descriptor: int) -> bool:
    deadline = time.monotonic() + _MOMENT
    while not (got := try_lock(descriptor)) and time.monotonic() < deadline:
        time.sleep(_MOMENT / 20)
    return got


@contextmanager
def scan_lock(library: Path, *, wait: bool, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Holds the right to scan a library; readers and short writes of others go on.

    Where another process holds it: with ``wait``, calls ``on_wait`` once with a line for people and waits; without,
    LibraryError with that line.
    """
    path = library.with_name(library.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise LibraryError(f"cannot lock the library {library}: {path}: {error.strerror}") from error
    try:
        if not _try_for_a_moment(descriptor):
            busy = f"another scan ({_holder(path)}) is using the library {library}"
            if not wait:
                raise LibraryError(f"{busy}: wait until it is done, or stop it")
            if on_wait is not None:
                on_wait(busy)
            _wait_lock(descriptor)
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"pid {os.getpid()} on {socket.gethostname()}".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)  # releases the lock


def _holder(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") or "just starting"
