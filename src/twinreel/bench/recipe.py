"""How one file of a collection is made: everything that is drawn for it, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from twinreel.bench.clips import Clip
from twinreel.bench.collection import LEVELS, File, Part, Transform
from twinreel.edits.graded import MIRRORING
from twinreel.types import Float64


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive frames of a file that show one stretch of a clip."""

    clip: Clip
    start: float
    """Second of the clip at which the first frame begins; where it is shown backwards, at which that frame ends."""
    frames: int
    speed: float = 1.0
    """Seconds of the clip a second of the file: negative backwards, 0 for a still."""

    def times(self, fps: Fraction) -> Float64:
        """(frames,) the moments of the clip that the frames show."""
        first = 1 if self.speed < 0 else 0
        return np.asarray(self.start + (np.arange(self.frames) + first) / float(fps) * self.speed, np.float64)

    def part(self, before: int, fps: Fraction, mirrored: bool) -> Part | None:
        """What it shows, after so many frames of the file; None for a still, in which no footage passes."""
        if not self.speed:
            return None
        reached = self.start + self.frames / float(fps) * self.speed
        source = min(self.start, reached), max(self.start, reached)
        place = before / float(fps), (before + self.frames) / float(fps)
        return Part(self.clip.id, *source, *place, reversed=self.speed < 0, mirrored=mirrored)


Track = tuple[Piece, ...]
"""Pieces one after the other."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An edit or a layout, by its name and strength, and the seed that its other properties are drawn from."""

    name: str
    strength: str
    seed: int


@dataclass(frozen=True, slots=True)
class Encoding:
    encoder: str
    suffix: str
    """Of the file, which says the container."""
    quality: int = 0
    """0 good, 3 very bad."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One file. Its frames show, all through, one picture of each track; ``layout`` joins them, then come the edits."""

    name: str
    tracks: tuple[Track, ...]
    fps: Fraction
    encoding: Encoding
    level: str = ""
    """For files that are no copies: original or half."""
    transforms: tuple[Transform, ...] = ()
    source: str = ""
    """The clip that it is a copy of."""
    others: tuple[Transform, ...] | None = ()
    """What was done to those of other clips that are in it as well; None where they are hardly to be seen."""
    edits: tuple[Drawn, ...] = ()
    layout: Drawn | None = None
    lost: float = 0.0
    """Share of the frames in whose place the one before is shown."""
    seed: int = 0
    """For what is drawn while it is made: which frames are lost."""

    @property
    def frames(self) -> int:
        return min(sum(piece.frames for piece in track) for track in self.tracks)

    @property
    def clips(self) -> Iterator[Clip]:
        return (piece.clip for track in self.tracks for piece in track)

    def file(self) -> File:
        """What is known of the file before it is made."""
        mirrored = sum(edit.name in MIRRORING for edit in self.edits) % 2 == 1
        parts: list[Part] = []
        for track in self.tracks:
            before = 0
            for piece in track:
                shown = replace(piece, frames=min(piece.frames, self.frames - before))
                if shown.frames > 0 and (part := shown.part(before, self.fps, mirrored)):
                    done = self.transforms if part.source == self.source else self.others
                    parts.append(replace(part, transforms=done or (), faint=done is None))
                before += piece.frames
        strengths = [strength for _, strength in self.transforms]
        drawn = [*self.edits, *([self.layout] if self.layout else [])]
        return File(
            name=self.name,
            parts=tuple(parts),
            level=self.level or max(strengths, key=LEVELS.index),
            transforms=self.transforms,
            edits=tuple(Transform(edit.name, edit.strength) for edit in drawn),
            encoder=self.encoding.encoder,
            quality=self.encoding.quality,
            fps=float(self.fps),
        )
