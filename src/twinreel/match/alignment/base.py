"""What the aligners share: boxes, settings, and a similarity map that knows its time axes.

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
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.lines import Line, fit_line
from twinreel.types import Float32, Float64

Int64 = NDArray[np.int64]

_LONE_SECONDS = 1.0
"""What the only sample of an axis stands for where the duration is not known."""
_STILL = 0.8
"""Mean similarity of a box, as a share of its path's, from which the scene counts as still."""


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
    def speed(self) -> float:
        """Seconds of b that pass in one second of a."""
        return (self.b_stop - self.b_start) / (self.a_stop - self.a_start)


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
    """Every aligner also takes its own settings as fourth argument; without it, its defaults."""

    def __call__(
        self,
        similarity: Float32,
        times_a: Float64,
        times_b: Float64,
        *,
        duration_a: float | None = None,
        duration_b: float | None = None,
    ) -> list[Box]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The sample times of one video and the cells around them."""

    times: Float64
    """(n,) seconds, strictly ascending."""
    left: Float64
    """(n,) seconds that a sample's cell reaches back; the first one's as far as half the next gap, but not below 0."""
    right: Float64
    """(n,) seconds that it reaches on; for the last sample to the end of the video where that is known."""

    @property
    def start(self) -> float:
        return float(self.times[0] - self.left[0])

    @property
    def stop(self) -> float:
        return float(self.times[-1] + self.right[-1])

    @property
    def cells(self) -> Float64:
        """(n,) seconds that each sample stands for."""
        return self.left + self.right

    def nearest(self, seconds: Float64) -> Int64:
        """Index of the sample nearest to each time, the earlier one where two are as near."""
        middles = (self.times[1:] + self.times[:-1]) / 2
        return np.searchsorted(middles, seconds, side="left").astype(np.int64)


def axis(times: Float64, duration: float | None = None) -> Axis:
    """Cells of samples at ``times`` (n,), n >= 1, of a video that lasts ``duration`` seconds from 0."""
    halves = np.diff(times) / 2
    edge = halves[:1] if len(halves) else np.array([_LONE_SECONDS / 2])
    first = np.minimum(edge, times[:1]) if times[0] >= 0 else edge
    last = halves[-1:] if len(halves) else np.array([_LONE_SECONDS])
    if duration is not None and duration > times[-1]:
        last = np.array([duration - times[-1]])
    return Axis(times, np.concatenate([first, halves]), np.concatenate([halves, last]))


@dataclass(frozen=True, slots=True, eq=False)
class SimilarityMap:
    """A checked copy of what an aligner was given."""

    values: Float32
    """(n, m) similarities, negative ones raised to 0; n and m are at least 1."""
    a: Axis
    b: Axis

    def mean(self, box: Box) -> float:
        """Mean similarity of all cells of a box, 0 where it holds none."""
        rows = np.searchsorted(self.a.times, (box.a_start, box.a_stop))
        columns = np.searchsorted(self.b.times, (box.b_start, box.b_stop))
        cells = self.values[slice(*rows), slice(*columns)]
        return float(np.mean(cells)) if cells.size else 0.0

    def line_cells(self, line: Line, a_start: float, a_stop: float) -> Int64:
        """The cells (p, 2) nearest to a line, rows and columns strictly ascending, for rows in [a_start, a_stop].

        Where b has fewer samples than a, several rows are nearest to one column: the nearest of them is kept.
        """
        rows = np.flatnonzero((self.a.times >= a_start) & (self.a.times <= a_stop))
        seconds = line.b(self.a.times[rows])
        columns = self.b.nearest(seconds)
        distance = np.abs(self.b.times[columns] - seconds)
        inside = distance <= np.where(seconds < self.b.times[columns], self.b.left[columns], self.b.right[columns])
        rows, columns, distance = rows[inside], columns[inside], distance[inside]
        order = np.lexsort((rows, distance, columns))
        first = np.concatenate([[True], np.diff(columns[order]) > 0])[: len(order)]
        path: Int64 = np.stack([rows, columns], axis=1)[np.sort(order[first])]
        return path

    def box(self, path: Int64, settings: Settings) -> Box | None:
        """The box of a path (p, 2), or None where the path is too weak, too short or too few frames.

        A line is fitted to the path, and both ends lie on it, so that they agree on both axes. An end lies where
        the first (last) matched frame is, moved on by half a sampling gap: the next frame, which did not match,
        is a whole gap away. The gap that counts is the wider one, as a frame is only tested where the other video
        has a frame, too. No end lies outside either video, and one that starts (stops) both videos to within a
        cell starts (stops) both.
        """
        similarity = self.values[path[:, 0], path[:, 1]]
        hits = path[similarity >= settings.min_similarity]
        evidence = float(np.sum(similarity - settings.min_similarity))
        if len(hits) < settings.min_matches or evidence < settings.min_evidence:
            return None
        a, b = self.a, self.b
        rows, columns = hits.T
        line = fit_line(
            a.times[rows],
            b.times[columns],
            tolerance=np.max([a.left[rows], a.right[rows], b.left[columns], b.right[columns]], axis=0),
            speeds=(settings.min_speed, settings.max_speed),
        )
        start = line.project(a.times[rows[0]], b.times[columns[0]])
        stop = line.project(a.times[rows[-1]], b.times[columns[-1]])
        start -= max(a.left[rows[0]], b.left[columns[0]] / line.speed)
        stop += max(a.right[rows[-1]], b.right[columns[-1]] / line.speed)
        a_start, b_start = max((a.start, line.b(a.start)), (line.a(b.start), b.start), (start, line.b(start)))
        a_stop, b_stop = min((a.stop, line.b(a.stop)), (line.a(b.stop), b.stop), (stop, line.b(stop)))
        if a_start - a.start < a.cells[0] / 2 and b_start - b.start < b.cells[0] / 2:
            a_start, b_start = a.start, b.start
        if a.stop - a_stop < a.cells[-1] / 2 and b.stop - b_stop < b.cells[-1] / 2:
            a_stop, b_stop = a.stop, b.stop
        if min(a_stop - a_start, b_stop - b_start) < max(settings.min_length, 1e-9):
            return None
        return Box(float(a_start), float(a_stop), float(b_start), float(b_stop), float(np.mean(similarity)), path)


def similarity_map(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> SimilarityMap | None:
    """Checks and copies an aligner's arguments; None where a video has no frames, and so no box.

    ValueError for shapes that do not fit, times that are not finite and strictly ascending, or a NaN.
    """
    if similarity.shape != (len(times_a), len(times_b)):
        raise ValueError(
            f"the similarity has shape {similarity.shape}, but there are {len(times_a)} times of a and "
            f"{len(times_b)} of b: one row a time of a and one column a time of b are expected"
        )
    for name, times in (("a", times_a), ("b", times_b)):
        if not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
            raise ValueError(f"the times of {name} are not finite and strictly ascending seconds: {times}")
    if not similarity.size:
        return None
    values = np.maximum(similarity, 0, dtype=np.float32)
    if np.isnan(values).any():
        raise ValueError("the similarity holds NaN; give -inf where two frames must not match")
    return SimilarityMap(
        values, axis(np.asarray(times_a, float), duration_a), axis(np.asarray(times_b, float), duration_b)
    )


def covering(view: SimilarityMap, box: Box, stronger: Sequence[Box], settings: Settings) -> Box | None:
    """The stronger box that says already what this one says, if there is one.

    One that holds more than ``max_overlap`` of its area. A still scene resembles itself at any offset, so a box in
    which all is alike, not just the path, is also covered by a stronger one less than ``max_step`` seconds away.
    """
    area = (box.a_stop - box.a_start) * (box.b_stop - box.b_start)
    margin = settings.max_step if view.mean(box) > _STILL * box.score else 0.0
    for other in stronger:
        width = min(box.a_stop, other.a_stop + margin) - max(box.a_start, other.a_start - margin)
        height = min(box.b_stop, other.b_stop + margin) - max(box.b_start, other.b_start - margin)
        if width > 0 and height > 0 and width * height > settings.max_overlap * area:
            return other
    return None


def in_order(boxes: Sequence[Box]) -> list[Box]:
    """Boxes as every aligner returns them: by where they start in a, then in b."""
    return sorted(boxes, key=lambda box: (box.a_start, box.b_start))
