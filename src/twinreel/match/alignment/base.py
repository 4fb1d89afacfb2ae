"""What the aligners share: boxes and settings.

An aligner turns a map of frame similarities into boxes: which seconds of a show which seconds of b.

    map (n, m), times_a (n,), times_b (m,)  ->  paths of cells  ->  boxes in seconds

Samples come at any times (keyframes lie 0.1 to 10 s apart, and elsewhere in the copy), so nothing here counts in
samples. A sample stands for its *cell*, half the gap to its neighbour on either side, and every limit (step,
length, speed) is in seconds with the cells as slack.

A similarity is a normalised score: about 0 for unrelated frames, up to 1 for the same frame. What is below 0
says no more than 0 does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.lines import Line
from twinreel.types import Float32, Float64

Int64 = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """``[a_start, a_stop)`` of a shows the footage of ``[b_start, b_stop)`` of b."""

    a_start: float
    """Seconds, as the other three."""
    a_stop: float
    b_start: float
    b_stop: float
    score: float
    """Mean similarity along the path; what is below 0 counts as 0."""
    path: Int64
    """(p, 2) row and column of each cell of the path, both strictly ascending."""

    @property
    def line(self) -> Line:
        """From the corner where both start to the one where both stop."""
        speed = (self.b_stop - self.b_start) / (self.a_stop - self.a_start)
        return Line(speed, self.b_start - speed * self.a_start)


@dataclass(frozen=True, slots=True)
class Settings:
    """What every aligner understands. Changing one costs no decoding: fingerprints do not depend on them."""

    min_similarity: float = 0.25
    """Similarity from which a cell speaks for a copy; a cell of less speaks against it."""
    min_evidence: float = 0.5
    """Sum over the path of what the similarity exceeds ``min_similarity`` by. Two frames of 0.5 reach it, or ten of
    0.3: a few chance hits just over the limit do not."""
    min_length: float = 1.0
    """Seconds of a and of b that a box covers at least."""
    min_matches: int = 2
    """Cells of the path with ``min_similarity`` or more, at least. One frame is hardly ever evidence that *moving*
    footage was copied; set 1 for still images and clips of a single keyframe."""
    max_step: float = 10.0
    """Seconds without a matching frame, though both videos have frames there, that a path may step over."""
    min_speed: float = 0.4
    """Least and most seconds of b in one second of a: 0.5 to 2 with a margin."""
    max_speed: float = 2.5
    max_boxes: int = 20
    max_overlap: float = 0.5
    """Share of a box's area, at most, inside a stronger box: what lies in one says nothing new of either video."""

    def __post_init__(self) -> None:
        if not 0 < self.min_speed <= 1 <= self.max_speed:
            raise ValueError(
                f"speeds from {self.min_speed} to {self.max_speed}: min_speed in (0, 1] and max_speed >= 1 expected"
            )
        if self.min_similarity < 0 or self.max_step < 0 or self.min_matches < 1 or self.max_boxes < 1:
            raise ValueError(f"{self}: min_similarity and max_step from 0, min_matches and max_boxes from 1 expected")


class Aligner(Protocol):
    """An aligner; ``settings`` is of its own class (NetworkSettings, ...), with all defaults where it is left out."""

    def __call__(
        self,
        similarity: Float32,
        times_a: Float64,
        times_b: Float64,
        settings: Any = ...,
        *,
        duration_a: float | None = None,
        duration_b: float | None = None,
    ) -> list[Box]: ...


def in_order(boxes: Sequence[Box]) -> list[Box]:
    """Boxes as every aligner returns them: by where they start in a, then in b."""
    return sorted(boxes, key=lambda box: (box.a_start, box.b_start))
