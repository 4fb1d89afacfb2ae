"""Hashes for exchange: videos decoded whole and hashed in worker processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from twinreel.describe.pdq import SMALLEST_SIDE
from twinreel.engine.pool import Failed, Reply, WorkerPool
from twinreel.engine.settings import STALL, Resources
from twinreel.errors import BadFile, MediaError
from twinreel.exchange.formats import Hashes
from twinreel.exchange.tmk import FPS, SIZE, Tmk, TmkSum
from twinreel.exchange.vpdq import Vpdq, VpdqHasher
from twinreel.media.rates import at_constant_rate, every_nth, frame_rate
from twinreel.media.source import Source, open_video
from twinreel.types import UInt8

SECONDS = 1.0
"""Between the frames that vPDQ hashes: upstream's default."""
_RING = 16 << 20
"""Bytes of a reply at most: the vPDQ hashes of four days."""
_CHUNK = 32
"""Frames that TMK+PDQF describes at a time."""
_NOTHING = "not one frame could be decoded: the file is damaged or cut short"


@dataclass(frozen=True, slots=True)
class HashTask:
    """Hashes one video. Yields a Vpdq or a Tmk."""

    path: str
    format: str
    """vpdq or tmk."""
    stage: ClassVar[str] = "decode"

    def run(self) -> Iterator[object]:
        with open_video(self.path) as source:
            yield from _vpdq(source) if self.format == "vpdq" else _tmk(source)


def _vpdq(source: Source) -> Iterator[Vpdq | None]:
    """Every frame whose number is a multiple of the frame rate, cut to a whole number: at 29.97 frames a second of
    29, so once in 0.97 s, as published."""
    width, height = source.stream.width, source.stream.height
    if min(width, height) < SMALLEST_SIDE:
        raise BadFile(f"its pictures are {width} x {height}: PDQ needs {SMALLEST_SIDE} pixels on each side")
    fps = frame_rate(source)
    hasher = VpdqHasher(fps)
    for picked in every_nth(source, max(1, int(SECONDS * fps))):
        if picked is not None:
            hasher.add(*picked)
        yield None
    found = hasher.result()
    if not len(found):
        raise BadFile(_NOTHING)
    yield found


def _tmk(source: Source) -> Iterator[Tmk | None]:
    total, chunk, seen = TmkSum(), list[UInt8](), False
    for shown in at_constant_rate(source, FPS, SIZE):
        if shown is not None:
            times, image = shown
            chunk += [image] * times
            while len(chunk) >= _CHUNK:
                total.add(np.stack(chunk[:_CHUNK]))
                chunk, seen = chunk[_CHUNK:], True
                yield None
        yield None
    if chunk:
        total.add(np.stack(chunk))
    elif not seen:
        raise BadFile(_NOTHING)
    yield total.result()


def hash_videos(paths: Iterable[str], format: str, resources: Resources) -> Iterator[tuple[str, Hashes | MediaError]]:
    """Paths with their hashes in this format, or why there are none, as they come."""
    with WorkerPool(resources.workers, resources.memory, STALL, _RING) as pool:
        for event in pool.run(HashTask(path, format) for path in paths):
            match event:
                case Reply(task, Vpdq() | Tmk() as hashes):
                    yield task.path, hashes
                case Failed(task, error):
                    yield task.path, error
