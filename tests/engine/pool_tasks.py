"""Tasks for the tests of the pool, in a module of their own that workers (and scripts) import quickly."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.engine.limits import allow_mapping
from twinreel.errors import BadFile, NoAccess
from twinreel.types import Samples

MIB = 1 << 20
_kept: list[bytearray] = []


@dataclass(frozen=True)
class _Task:
    path: str
    stage: str = "decode"

    def run(self) -> Iterator[object]:
        raise NotImplementedError


@dataclass(frozen=True)
class Echo(_Task):
    """Yields its path."""

    def run(self) -> Iterator[object]:
        yield self.path


@dataclass(frozen=True)
class Nothing(_Task):
    """Yields nothing."""

    def run(self) -> Iterator[object]:
        return iter(())


@dataclass(frozen=True)
class Frames(_Task):
    """Yields ``chunks`` chunks of noise, 1 to ``most`` frames of 16 x 24, in a pair with the chunk's number."""

    chunks: int = 3
    most: int = 40

    def run(self) -> Iterator[tuple[int, Samples]]:
        rng = np.random.default_rng(list(os.fsencode(self.path)))
        for number in range(self.chunks):
            n = int(rng.integers(1, self.most + 1))
            yield number, Samples(rng.random(n), rng.integers(0, 256, (n, 16, 24, 3), dtype=np.uint8))


@dataclass(frozen=True)
class Endless(_Task):
    """Yields chunks for ever; the size of the file ``path`` counts them, each before it is yielded."""

    def run(self) -> Iterator[object]:
        while True:
            with Path(self.path).open("ab") as file:
                file.write(b".")
            yield np.zeros(1000)


@dataclass(frozen=True)
class Pid(_Task):
    """Yields the worker's process id, then computes without end if ``spin``."""

    spin: bool = False

    def run(self) -> Iterator[object]:
        yield os.getpid()
        while self.spin:
            pass


@dataclass(frozen=True)
class Wait(_Task):
    """Waits for ever, computing nothing."""

    def run(self) -> Iterator[object]:
        yield "waiting"
        ours, _theirs = os.pipe()
        os.read(ours, 1)


@dataclass(frozen=True)
class Plod(_Task):
    """Works for ``seconds``, saying so."""

    seconds: float = 1.0

    def run(self) -> Iterator[object]:
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            yield None
        yield "arrived"


@dataclass(frozen=True)
class Interval(_Task):
    """Works for 5 ms; yields when it started and when it stopped."""

    def run(self) -> Iterator[object]:
        start = time.monotonic()
        while time.monotonic() < start + 0.005:
            yield None
        yield start, time.monotonic()


@dataclass(frozen=True)
class Meet(_Task):
    """Makes the file ``path`` and ends when the file ``other`` is there too."""

    other: str = ""

    def run(self) -> Iterator[object]:
        Path(self.path).touch()
        while not Path(self.other).exists():
            yield None


@dataclass(frozen=True)
class Crash(_Task):
    """Ends its process in the way that is its path: an exit code, a signal's name, or ``null`` for a null pointer."""

    def run(self) -> Iterator[object]:
        yield "alive"
        if self.path == "null":
            ctypes.string_at(0)
        elif self.path.isdigit():
            os._exit(int(self.path))
        os.kill(os.getpid(), getattr(signal, self.path))


@dataclass(frozen=True)
class Raise(_Task):
    """Raises the error that is its path."""

    def run(self) -> Iterator[object]:
        yield "alive"
        match self.path:
            case "bad":
                raise BadFile("no video stream", "probe")
            case "access":
                raise NoAccess("permission denied")
            case "m":
                try:
                    bytearray(1 << 60)
                except MemoryError as error:
                    raise BadFile("cannot be decoded") from error
            case "exit":
                sys.exit(1)
            case _:
                raise ZeroDivisionError("first line\nsecond line")


@dataclass(frozen=True)
class Unreadable(_Task):
    """Cannot be unpickled."""

    def __setstate__(self, state: object) -> None:
        raise LookupError("not here")


@dataclass(frozen=True)
class Fill(_Task):
    """Uses ``size`` bytes; then what ``then`` says: return, keep them, abort, a BadFile, or go on until it ends."""

    size: int = 0
    then: str = "return"

    def run(self) -> Iterator[object]:
        blocks = [bytearray(b"x" * MIB) for _ in range(self.size // MIB)]
        yield len(blocks)
        match self.then:
            case "keep":
                _kept.extend(blocks)
            case "abort":
                end = time.monotonic() + 0.5  # the watch has looked by then
                while time.monotonic() < end:
                    yield None
                os.abort()
            case "bad":
                raise BadFile("cannot be decoded")
            case "go on":
                while True:
                    blocks.append(bytearray(b"x" * MIB))


@dataclass(frozen=True)
class Map(_Task):
    """Maps ``size`` bytes without touching them, once mapping is allowed; then uses memory until it ends."""

    size: int = 0

    def run(self) -> Iterator[object]:
        allow_mapping()
        with mmap.mmap(-1, self.size):
            yield "mapped"
        yield from Fill(self.path, then="go on").run()


@dataclass(frozen=True)
class Surroundings(_Task):
    """Yields loaded top-level modules, environment and out-of-memory score; chatters on all channels."""

    def run(self) -> Iterator[object]:
        print("from Python", flush=True)
        os.write(1, b"from C\n")
        os.write(2, b"from C\n")
        os.kill(os.getpid(), signal.SIGINT)
        score = Path("/proc/self/oom_score_adj")
        modules = {name.partition(".")[0] for name in sys.modules}
        yield modules, dict(os.environ), int(score.read_text()) if score.exists() else None
