"""A map of frame similarities that knows its two time axes, and turns paths through it into boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.base import Box, Int64, Settings
from twinreel.match.alignment.lines import Line, fit_line, median
from twinreel.types import Float32, Float64

_LONE_SECONDS = 1.0
"""What the only sample of an axis stands for where the duration is not known."""
_TRIMS = 2
"""Rounds of fitting a line to a path and trimming the path to what lies on it."""
_RIDGE = 2
"""Cells to either side of a line among which the best one is sought."""
_SIDES = np.arange(-_RIDGE, _RIDGE + 1)
_WEAK = 0.5
"""Share of the median similarity of a path from which a cell belongs to it; 0.5 is half-way to unrelated frames."""
_STILL = 0.92
"""Mean similarity of a box, as a share of its path's, from which the scene counts as still."""


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The sample times of one video and the cells around them."""

    times: Float64
    """(n,) seconds, strictly ascending."""
    left: Float64
    """(n,) seconds that a sample's cell reaches back; the first one's as far as half the next gap, but not below 0."""
    right: Float64
    """(n,) seconds that it reaches on; for the last sample to the end of the video where that is known."""
    cells: Float64
    """(n,) seconds that each sample stands for: the sum of both."""
    middles: Float64
    """(n - 1,) half-way from each sample to the next."""

    @property
    def start(self) -> float:
        return float(self.times[0] - self.left[0])

    @property
    def stop(self) -> float:
        return float(self.times[-1] + self.right[-1])

    def nearest(self, seconds: Float64) -> Int64:
        """Index of the sample nearest to each time, the earlier one where two are as near."""
        return self.middles.searchsorted(seconds, side="left").astype(np.int64, copy=False)


def axis(times: Float64, duration: float | None = None) -> Axis:
    """Cells of samples at ``times`` (n,), n >= 1, of a video that lasts ``duration`` seconds from 0."""
    halves = (times[1:] - times[:-1]) / 2
    edge = halves[:1] if len(halves) else np.array([_LONE_SECONDS / 2])
    first = np.minimum(edge, times[:1]) if times[0] >= 0 else edge
    last = halves[-1:] if len(halves) else np.array([_LONE_SECONDS])
    if duration is not None and duration > times[-1]:
        last = np.array([duration - times[-1]])
    left, right = np.concatenate([first, halves]), np.concatenate([halves, last])
    return Axis(times, left, right, left + right, (times[1:] + times[:-1]) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What lies between two cells of a map, p times: arrays (p,) of seconds."""

    da: Float64
    """That pass in a, ..."""
    db: Float64
    """... and in b."""
    slack: Float64
    """Of both together, by which the sampling leaves open when the frames were shown."""
    hole: Float64
    """Between the cells, in which both videos have frames."""

    def allowed(self, settings: Settings) -> NDArray[np.bool_]:
        """(p,) whether a copy may go such a step: forward in both videos, over no hole of more than ``max_step``, at a
        speed in bounds but for the slack."""
        da, db, slack = self.da, self.db, self.slack / 2
        allowed: NDArray[np.bool_] = (da > 0) & (db > 0) & (self.hole <= settings.max_step)
        return allowed & (db - settings.max_speed * da <= slack) & (da - db / settings.min_speed <= slack)

    def only(self, which: NDArray[np.bool_]) -> Steps:
        return Steps(self.da[which], self.db[which], self.slack[which], self.hole[which])


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
        return float(cells.mean()) if cells.size else 0.0

    def seconds(self, cells: Int64) -> Float64:
        """Mean (p,) of the seconds of a and of b that each of the cells (p, 2) stands for."""
        return (self.a.cells[cells[:, 0]] + self.b.cells[cells[:, 1]]) / 2

    def steps(self, source: Int64, target: Int64) -> Steps:
        """From each cell of ``source`` (p, 2) to that of ``target`` (p, 2)."""
        da, reach_a = _between(self.a, source[:, 0], target[:, 0])
        db, reach_b = _between(self.b, source[:, 1], target[:, 1])
        hole: Float64 = np.minimum(da - reach_a, db - reach_b)
        hole[hole <= 1e-9] = 0.0
        return Steps(da, db, reach_a + reach_b, hole)

    def reach(self, rows: Int64, columns: Int64) -> Float64:
        """Seconds (p,) by which a pair of frames may be off the line of its copy, being the nearest there are."""
        a, b = self.a, self.b
        reach: Float64 = np.max([a.left[rows], a.right[rows], b.left[columns], b.right[columns]], axis=0)
        return reach

    def near(self, cells: Int64, line: Line) -> NDArray[np.bool_]:
        """Which of the cells (p, 2) lie within a sampling gap of a line: neighbours of a frame look like it."""
        distance = np.abs(self.b.times[cells[:, 1]] - line.b(self.a.times[cells[:, 0]]))
        near: NDArray[np.bool_] = distance <= self.b.cells[cells[:, 1]] + line.speed * self.a.cells[cells[:, 0]]
        return near

    def fitted(self, cells: Int64, settings: Settings) -> Line:
        """The line through cells (p, 2), p >= 1."""
        rows, columns = cells.T
        return fit_line(
            self.a.times[rows],
            self.b.times[columns],
            tolerance=self.reach(rows, columns),
            speeds=(settings.min_speed, settings.max_speed),
        )

    def line_cells(self, line: Line) -> Int64:
        """The cells (p, 2) nearest to a line, rows and columns strictly ascending.

        Where b has fewer samples than a, several rows are nearest to one column: the nearest of them is kept.
        """
        seconds = line.b(self.a.times)
        columns = self.b.nearest(seconds)
        distance = np.abs(self.b.times[columns] - seconds)
        reach = np.where(seconds < self.b.times[columns], self.b.left[columns], self.b.right[columns])
        rows = np.flatnonzero(distance <= reach + 1e-9)
        rows = rows[np.lexsort((distance[rows], columns[rows]))]
        columns, first = np.unique(columns[rows], return_index=True)
        return np.stack([rows[first], columns], axis=1)

    def box(self, path: Int64, settings: Settings) -> Box | None:
        """The box of a path (p, 2), or None where the path is too weak, too short or too few frames.

        A line is fitted to the path, and both ends lie on it, so that they agree on both axes. An end lies where
        the first (last) matched frame is, moved on by half a sampling gap: the next frame, which did not match,
        is a whole gap away. The gap that counts is the wider one, as a frame is only tested where the other video
        has a frame, too. No end lies outside either video, and one that starts (stops) both videos to within a
        cell starts (stops) both.
        """
        line = self._fit(path, settings)
        for _ in range(_TRIMS):
            untrimmed, path = path, self.trimmed(path, line, settings)
            if len(path) == len(untrimmed):
                break  # the same path has the same line
            if not len(self._hits(path, settings)):
                return None
            line = self._fit(path, settings)
        a, b = self.a, self.b
        similarity = self.values[path[:, 0], path[:, 1]]
        hits = self._hits(path, settings)
        evidence = float((similarity - settings.min_similarity).sum())
        if len(hits) < settings.min_matches or evidence < settings.min_evidence:
            return None
        rows, columns = hits.T
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
        return Box(float(a_start), float(a_stop), float(b_start), float(b_stop), float(similarity.mean()), path)

    def _hits(self, path: Int64, settings: Settings) -> Int64:
        """The matching cells of a path (p, 2)."""
        return path[self.values[path[:, 0], path[:, 1]] >= settings.min_similarity]

    def _fit(self, path: Int64, settings: Settings) -> Line:
        """The line through the matching cells of a path (p, 2), of which there is one at least.

        Where scenes move slowly, neighbours match nearly as well, and a path takes those that lead further. So the
        fit is done again with the best cell near the line of each row, and of each column, of the path.
        """
        hits = self._hits(path, settings)
        return self.fitted(self._ridge(hits, self.fitted(hits, settings)), settings)

    def _ridge(self, path: Int64, line: Line) -> Int64:
        """The best cells (q, 2) near a line of the rows and of the columns of a path (p, 2)."""
        rows, columns = path.T
        n, m = self.values.shape
        beside = _around(self.b.nearest(line.b(self.a.times[rows])), m)
        above = _around(self.a.nearest(line.a(self.b.times[columns])), n)
        each = np.arange(len(path))
        ridge = np.empty((2 * len(path), 2), np.int64)
        ridge[: len(path), 0], ridge[len(path) :, 1] = rows, columns
        ridge[: len(path), 1] = beside[each, self._best(rows[:, None], beside, line)]
        ridge[len(path) :, 0] = above[each, self._best(above, columns[:, None], line)]
        return ridge

    def _best(self, rows: Int64, columns: Int64, line: Line) -> Int64:
        """Of cells (p, k), the best one (p,) of each row of them among those near a line."""
        a, b = self.a, self.b
        distance = np.abs(b.times[columns] - line.b(a.times[rows]))
        near = distance <= b.cells[columns] + line.speed * a.cells[rows]
        best: Int64 = np.where(near, self.values[rows, columns], -1).argmax(axis=1)
        return best

    def trimmed(self, path: Int64, line: Line, settings: Settings) -> Int64:
        """The run of a path (p, 2) that says most for a copy along a line.

        A path runs on for as long as chance finds it cells, but these are seldom on the line, and seldom near as
        similar as those of the copy: for a cell off the line, the one on it counts, and the limit is ``_WEAK`` of
        the median.
        """
        rows, columns = path.T
        on_line = self.b.nearest(line.b(self.a.times[rows]))
        similarity = self.values[rows, np.where(self.near(path, line), columns, on_line)]
        hits = similarity[similarity >= settings.min_similarity]
        limit = max(settings.min_similarity, _WEAK * median(hits) if len(hits) else 0.0)
        start, stop = strongest_run((similarity - limit) * self.seconds(path))
        return path[start:stop]


def strongest_run(evidence: Float64) -> tuple[int, int]:
    """The run [start, stop) of largest sum; empty where nothing is above 0."""
    sums = np.zeros(len(evidence) + 1)
    evidence.cumsum(out=sums[1:])
    stop = int((sums - np.minimum.accumulate(sums)).argmax())
    return int(sums[: stop + 1].argmin()), stop


def _between(axis: Axis, source: Int64, target: Int64) -> tuple[Float64, Float64]:
    """Seconds (p,) from samples to samples, and how many of them belong to the cells of both."""
    return axis.times[target] - axis.times[source], axis.right[source] + axis.left[target]


def _around(nearest: Int64, size: int) -> Int64:
    """(p,) -> (p, 2 ``_RIDGE`` + 1) indices of the samples around those given, of ``size`` that there are."""
    around: Int64 = np.minimum(np.maximum(nearest[:, None] + _SIDES, 0), size - 1)
    return around


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
        ends = times[[0, -1]] if len(times) else times
        if not (np.isfinite(ends).all() and (times[1:] > times[:-1]).all()):
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

    One that holds more than ``max_overlap`` of its area. A still scene resembles itself at any offset, so a stronger
    box less than ``max_step`` seconds away also covers this one where all of the rectangle around both is alike.
    """
    area = (box.a_stop - box.a_start) * (box.b_stop - box.b_start)
    for other in stronger:
        margin = settings.max_step if view.mean(_both(box, other)) > _STILL * box.score else 0.0
        width = min(box.a_stop, other.a_stop + margin) - max(box.a_start, other.a_start - margin)
        height = min(box.b_stop, other.b_stop + margin) - max(box.b_start, other.b_start - margin)
        if width > 0 and height > 0 and width * height > settings.max_overlap * area:
            return other
    return None


def _both(box: Box, other: Box) -> Box:
    """The smallest box that holds both."""
    return replace(
        box,
        a_start=min(box.a_start, other.a_start),
        a_stop=max(box.a_stop, other.a_stop),
        b_start=min(box.b_start, other.b_start),
        b_stop=max(box.b_stop, other.b_stop),
    )
