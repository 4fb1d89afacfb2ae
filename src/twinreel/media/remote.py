"""Files that are no files of this machine: URLs, read through fsspec in ranges.

A pass over keyframes needs a small part of a file, in pieces, and every request costs a round trip. So a file is
fetched in blocks of ``BLOCK`` bytes, a few of which are kept; while reading goes on where it was, each request is twice
as large as the one before, up to ``MOST_AHEAD``, and after a jump it is small again (as kernels read ahead).
"""

from __future__ import annotations

# ruff: noqa: PTH100
import contextlib
import importlib
import io
import os
import re
from collections import OrderedDict
from typing import Any

import xxhash

from twinreel.errors import MissingExtra, NoAccess

BLOCK = 64 << 10
"""Bytes. Measured with benchmarks/remote.py: smaller blocks need many more requests for hardly fewer bytes, larger ones
fetch much that lies between the keyframes."""
MOST_AHEAD = 4 << 20
"""Bytes of the largest request that reading ahead leads to."""
KEPT = 128
"""Blocks kept in memory: 8 MiB."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_TRIES = 3
"""Requests for one range before the file is given up: object storage fails now and then."""


def is_remote(path: str) -> bool:
    """Is it a URL (``s3://bucket/film.mp4``) and no path of this machine?"""
    return _URL.match(path) is not None


def absolute(path: str) -> str:
    """The absolute path; a URL is one, but for a slash at its end."""
    return path.rstrip("/") if is_remote(path) else os.path.abspath(path)


def file_system(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and its name there.

    MissingExtra without fsspec; NoAccess where no installed package speaks the protocol.
    """
    try:
        core = importlib.import_module("fsspec.core")
    except ImportError as error:
        raise MissingExtra(f"Reading {url.partition('://')[0]}:// URLs", "remote") from error
    try:
        found: tuple[Any, str] = core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise NoAccess(f"it cannot be read from here ({_words(error)})", "list") from error
    return found


def open_remote(url: str, stage: str) -> RangedFile:
    """Opens a URL for reading in ranges. NoAccess where it is not there or cannot be reached."""
    system, name = file_system(url)
    try:
        size = system.size(name)
    except FileNotFoundError as error:
        raise NoAccess("there is no such file (any more)", stage) from error
    except Exception as error:  # whatever another package's code raises
        raise NoAccess(f"it cannot be reached ({_words(error)})", stage) from error
    if size is None:
        raise NoAccess("its server does not tell its size, so it cannot be read in parts", stage)
    return RangedFile(system, name, int(size))


class RangedFile(io.RawIOBase):
    """A remote file; an impossible seek is answered as C does, with -1 (see ``source``)."""

    def __init__(self, system: Any, name: str, size: int) -> None:
        self._system, self._name, self.size = system, name, size
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next, self._ahead = -1, 1
        """The block that comes after the last request, and how many blocks that asked for."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        if at < 0:
            return -1
        self._at = at
        return at

    def read(self, size: int = -1, /) -> bytes:
        stop = self.size if size < 0 else min(self._at + size, self.size)
        if stop <= self._at:
            return b""
        first, last = self._at // BLOCK, (stop - 1) // BLOCK
        pieces = [self._block(number, last) for number in range(first, last + 1)]
        start = self._at - first * BLOCK
        data = b"".join(pieces)[start : start + stop - self._at]
        self._at = stop
        return data

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _block(self, number: int, last: int) -> bytes:
        """A block; one that is fetched brings those up to ``last`` with it, and more where reading goes on."""
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        self._ahead = min(2 * self._ahead, MOST_AHEAD // BLOCK) if number == self._next else 1
        count = max(self._ahead, min(last - number + 1, MOST_AHEAD // BLOCK))
        start = number * BLOCK
        data = self._fetch(start, min(start + count * BLOCK, self.size))
        self._next = number + count
        for at in range(0, len(data), BLOCK):
            self._blocks[number + at // BLOCK] = data[at : at + BLOCK]
        while len(self._blocks) > KEPT:
            self._blocks.popitem(last=False)
        return data[:BLOCK]

    def _fetch(self, start: int, stop: int) -> bytes:
        for tries in range(1, _TRIES + 1):
            try:
                data: bytes = self._system.cat_file(self._name, start=start, end=stop)
            except FileNotFoundError as error:
                raise OSError("it is no longer there") from error
            except Exception as error:  # whatever another package's code raises
                if tries == _TRIES:
                    raise OSError(f"its server does not answer as it should ({_words(error)})") from error
                continue
            if len(data) == stop - start:
                return data
            break
        raise OSError("its server does not serve parts of files")


def _words(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line]
    return lines[0] if lines else type(error).__name__


def changed_at(info: dict[str, Any]) -> int:
    """Something of what a listing says that changes with the file, in 63 bits: its time in ns, else its tag."""
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(key)
        if isinstance(value, int | float):
            return int(value * 1e9)
        if value is not None:
            with contextlib.suppress(AttributeError):
                return int(value.timestamp() * 1e9)
    tag = next((str(info[key]) for key in ("ETag", "etag", "md5Hash") if info.get(key)), "")
    return xxhash.xxh3_64_intdigest(tag.encode()) >> 1 if tag else 0
