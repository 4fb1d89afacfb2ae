"""Shared memory through which a worker hands frames to its parent.

A ring has two slots: while the parent copies a chunk out of one, the worker fills the other. The memory never
leaks, because it has no name that could outlive its two users: an anonymous file on Linux (``memfd_create``), an
unlinked temporary file on other POSIX systems, and on Windows a named mapping, which the system drops with its last
handle. (``multiprocessing.shared_memory`` would need its resource tracker, one process more, and leaves the name
behind where both sides are killed.)
"""

from __future__ import annotations

import mmap
import os
import secrets
import struct
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

_HEAD = mmap.ALLOCATIONGRANULARITY
"""Bytes before the first slot; they hold the gauge."""
_GAUGE = struct.Struct("d")
SLOTS = 2


class Ring:
    """Two slots of ``slot`` bytes, and a gauge: a number that the parent can read after its worker has crashed."""

    def __init__(self, slot: int, handle: int | str, *, new: bool = False) -> None:
        """The ring in the memory of a handle, see ``new_handle``; ``new``: nobody has opened it before."""
        self.slot = slot
        size = _HEAD + SLOTS * slot
        if sys.platform == "win32":
            self._map = mmap.mmap(-1, size, tagname=str(handle))
        else:
            if new:
                _stretch(int(handle), size)
            self._map = mmap.mmap(int(handle), size)

    def write(self, slot: int, buffers: Sequence[memoryview]) -> list[int]:
        """Puts the buffers into a slot one after the other; their sizes in bytes. Their sum is at most ``slot``."""
        sizes = [buffer.nbytes for buffer in buffers]
        for buffer, (start, stop) in zip(buffers, self._spans(slot, sizes), strict=True):
            self._map[start:stop] = buffer
        return sizes

    def read(self, slot: int, sizes: Sequence[int]) -> list[bytearray]:
        """Copies of what ``write`` put into the slot."""
        with memoryview(self._map) as view:
            return [bytearray(view[start:stop]) for start, stop in self._spans(slot, sizes)]

    def _spans(self, slot: int, sizes: Sequence[int]) -> list[tuple[int, int]]:
        edges = [_HEAD + slot * self.slot]
        for size in sizes:
            edges.append(edges[-1] + size)
        return list(pairwise(edges))

    @property
    def gauge(self) -> float:
        return float(_GAUGE.unpack_from(self._map)[0])

    def show(self, value: float) -> None:
        """Sets the gauge."""
        _GAUGE.pack_into(self._map, 0, value)

    def close(self) -> None:
        self._map.close()


def new_handle() -> int | str:
    """Memory without a size yet: a file descriptor to be inherited (POSIX; each side closes its own) or a name
    (Windows)."""
    if sys.platform == "win32":
        return f"twinreel-{secrets.token_hex(16)}"
    if sys.platform == "linux":
        return os.memfd_create("twinreel")
    descriptor, name = tempfile.mkstemp(prefix="twinreel-")
    try:
        Path(name).unlink()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def close_handle(handle: int | str) -> None:
    """Rings that were opened by it live on without it."""
    if isinstance(handle, int):
        os.close(handle)


def _stretch(descriptor: int, size: int) -> None:
    """Gives new memory its size in bytes."""
    if sys.platform == "linux":
        os.ftruncate(descriptor, size)
        return
    # Written, not only stretched: a full disk shows here as an OSError and not as a crash of the worker.
    with open(descriptor, "wb", closefd=False) as file:
        file.write(bytes(size))
