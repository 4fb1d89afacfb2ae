"""The clips that a collection is made of, and a look at each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from twinreel.bench.truth import LooksAlike
from twinreel.media.bars import luma
from twinreel.media.identity import content_id
from twinreel.media.probe import probe
from twinreel.media.shown import shown_at
from twinreel.types import Float32, Probe, Span, UInt8

SHORTEST = 4.0
"""Seconds of a clip that is used: a copy of less shares too little to count."""
SMALLEST = 64
"""Pixels of its shorter side."""
SLOWEST, FASTEST = 10, 30
"""Frames a second that a collection's files have: within these, those of the clip."""
THUMBNAIL = 16
"""Pixels of a thumbnail's sides."""
ALIKE = 9.0
"""Mean difference of luma, out of 255, below which two thumbnails show the same: a fixed camera's noise, no more."""
PLAIN = 4.0
"""Standard deviation of luma below which a thumbnail shows nothing, as in a fade, and is like no other."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A source of footage."""

    id: str
    """Its path below the folder of clips, with ``/`` on every system."""
    path: str
    """Absolute."""
    content: str
    duration: float
    """Seconds that are used, from its beginning."""
    width: int
    height: int
    fps: Fraction
    """Of the files that are made of it."""

    def size(self, height: int) -> tuple[int, int]:
        """(height, width) of its pictures: even, the shorter side at most ``height``."""
        scale = min(1.0, height / min(self.width, self.height))
        return even(self.height * scale), even(self.width * scale)


def even(side: float) -> int:
    return max(2, round(side / 2) * 2)


@dataclass(frozen=True, slots=True, eq=False)
class ClipLook:
    """What a look at a clip gives."""

    content: str
    probe: Probe
    thumbnails: UInt8
    """(n, 16, 16) luma, one in the middle of each second."""


@dataclass(frozen=True, slots=True)
class LookAtClip:
    """Probes a clip and takes thumbnails of its first seconds. Yields one ClipLook."""

    id: str
    path: str
    seconds: float
    stage: ClassVar[str] = "probe"

    def run(self) -> Iterator[object]:
        content, found = content_id(self.path), probe(self.path)
        yield None
        moments = np.arange(0.5, min(found.duration, self.seconds), 1.0)
        thumbnails = []
        for image in shown_at(self.path, moments, (THUMBNAIL * 4, THUMBNAIL * 4)):
            cells = luma(image).reshape(THUMBNAIL, 4, THUMBNAIL, 4)
            thumbnails.append(cells.mean(axis=(1, 3)).round().astype(np.uint8))
            yield None
        made = np.stack(thumbnails) if thumbnails else np.zeros((0, THUMBNAIL, THUMBNAIL), np.uint8)
        yield ClipLook(content, found, made)


def clip_of(id: str, path: str, look: ClipLook, seconds: float) -> Clip | str:
    """The clip, of which at most ``seconds`` are used, or why it is none."""
    found = look.probe
    if found.duration < SHORTEST:
        return f"it lasts {found.duration:.1f} s; {SHORTEST:g} or more are needed"
    if min(found.width, found.height) < SMALLEST:
        return f"its pictures are {found.width} x {found.height}; {SMALLEST} or more pixels a side are needed"
    rate = Fraction(found.fps_average or found.fps_real or 25).limit_denominator(1001)
    fps = min(max(rate, Fraction(SLOWEST)), Fraction(FASTEST))
    return Clip(id, path, look.content, min(found.duration, seconds), found.width, found.height, fps)


def alike(thumbnails: Mapping[str, UInt8]) -> LooksAlike:
    """By the thumbnails of the clips: two stretches look alike where some second of one shows what one of the other
    does, as those of a fixed camera do when nothing moves."""

    def within(source: str, span: Span) -> Float32:
        every = thumbnails[source].astype(np.float32)
        start = min(int(span[0]), max(0, len(every) - 1))
        seen = every[start : max(start + 1, int(np.ceil(span[1])))]
        return np.asarray(seen[seen.std(axis=(1, 2)) >= PLAIN], np.float32)

    def looks_alike(source: str, one: Span, other: Span) -> bool:
        first, second = within(source, one), within(source, other)
        return any(bool((np.abs(second - picture).mean(axis=(1, 2)) < ALIKE).any()) for picture in first)

    return looks_alike
