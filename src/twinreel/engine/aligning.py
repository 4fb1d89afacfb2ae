"""Alignment of pairs in worker processes: it is most of the work of matching, and NumPy on small arrays wants cores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from twinreel.match.pair import match_pair
from twinreel.match.prepared import Prepared
from twinreel.types import Float32, Match

FRAMES = 20_000
"""Frames that one task brings to a worker, at most: 20 MB."""


MIRROR_GAIN = 0.05
"""By how much the best inner product of two frames has to rise when one video is mirrored, for that to be tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Two videos to be aligned, the one with the lower content id first: the answer depends on nothing else."""

    a: Prepared
    b: Prepared
    mirrored_a: Float32 | None
    """Vectors (n, d) of a seen in a mirror, where the describer can tell."""

    @property
    def pair(self) -> tuple[str, str]:
        return self.a.content, self.b.content

    def match(self, aligner: str) -> Match | None:
        mirrored = self.mirrored_a
        if mirrored is not None and _best(mirrored, self.b) < _best(self.a.vectors, self.b) + MIRROR_GAIN:
            mirrored = None
        return match_pair(self.a, self.b, mirrored, aligner=aligner)


def _best(vectors: Float32, other: Prepared) -> float:
    return float((vectors @ other.vectors.T).max(initial=-1.0))


@dataclass(frozen=True, slots=True, eq=False)
class AlignTask:
    """Aligns pairs. Yields one tuple: for each its Match or None."""

    path: str
    """Content id of the video that is searched for."""
    asks: tuple[Ask, ...]
    aligner: str
    stage: ClassVar[str] = "match"

    def run(self) -> Iterator[object]:
        answers: list[Match | None] = []
        for ask in self.asks:
            yield None
            answers.append(ask.match(self.aligner))
        yield tuple(answers)


def align_tasks(content: str, asks: Iterable[Ask], aligner: str) -> Iterator[AlignTask]:
    """The tasks of one search, none of them too large."""
    held: list[Ask] = []
    frames = 0
    for ask in asks:
        held.append(ask)
        frames += len(ask.a) + len(ask.b)
        if frames > FRAMES:
            yield AlignTask(content, tuple(held), aligner)
            held, frames = [], 0
    if held:
        yield AlignTask(content, tuple(held), aligner)
