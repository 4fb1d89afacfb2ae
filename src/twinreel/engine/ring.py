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

    def __init__(self, slot: int, handle: int | str | None = None) -> None:
        """Makes a new ring, or where ``handle`` is given opens the ring of that handle.

        A handle is a file descriptor to be inherited (POSIX; a side closes its own with ``close_handle``) or a name
        (Windows).
        """
        self.slot = slot
        size = _HEAD + SLOTS * slot
        if sys.platform == "win32":
            self.handle: int | str = handle if handle is not None else f"twinreel-{secrets.token_hex(16)}"
            self._map = mmap.mmap(-1, size, tagname=str(self.handle))
        else:
            self.handle = int(handle) if handle is not None else _anonymous_file(size)
            self._map = mmap.mmap(self.handle, size)

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

    def close_handle(self) -> None:
        """The mapping lives on without it."""
        if isinstance(self.handle, int):
            os.close(self.handle)

    def close(self) -> None:
        self._map.close()


def _anonymous_file(size: int) -> int:
    """A descriptor of ``size`` bytes of memory that has no name."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("twinreel")
        os.ftruncate(descriptor, size)
        return descriptor
    descriptor, name = tempfile.mkstemp(prefix="twinreel-")
    try:
        Path(name).unlink()
        # Written, not only stretched: a full disk shows here as an OSError and not as a crash of the worker.
        with open(descriptor, "wb", closefd=False) as file:
            file.write(bytes(size))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
