"""Hough voting: each likely cell votes for the lines it may lie on, and the line with most votes is a segment.

After Douze, Jegou and Schmid, "An image-based approach to video copy detection with spatio-temporal post-filtering"
(IEEE Transactions on Multimedia 2010), who vote for a time offset. Where we deviate: votes are for offset and
speed, a line is fitted again to the cells near it, and a segment is the stretch of the line with most evidence, not
all of the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.base import Box, Int64, Settings, in_order
from twinreel.match.alignment.lines import Line
from twinreel.match.alignment.nodes import likely_cells
from twinreel.match.alignment.similarity import SimilarityMap, covering, similarity_map
from twinreel.types import Float32, Float64

_SPEEDS_AN_OCTAVE = 16
"""Neighbouring speeds differ by 4 %: a bin's width in half a minute. Fitting again makes up for what is between."""
_FITS = 4
"""Rounds of fitting, each of which reaches further along a line whose speed was off at first."""


@dataclass(frozen=True, slots=True)
class HoughSettings(Settings):
    top_k: int = 5
    """Cells of each row, and of each column, that vote."""


def align(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    settings: HoughSettings = HoughSettings(),
    *,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> list[Box]:
    """As ``network.align``, for segments that play at one speed each."""
    view = similarity_map(similarity, times_a, times_b, duration_a, duration_b)
    if view is None:
        return []
    cells = likely_cells(view, settings.top_k, settings.min_similarity)
    boxes: list[Box] = []
    for _ in range(2 * settings.max_boxes):
        if not len(cells) or len(boxes) == settings.max_boxes:
            break
        line, voters = _most_voted(view, cells, settings)
        line, path = _fitted(view, cells, line, settings)
        box = view.box(path, settings) if len(path) else None
        if box is not None and covering(view, box, boxes, settings) is None:
            boxes.append(box)
        rows = cells[:, 0]
        spent = view.near(cells, line) & (rows >= path[0, 0]) & (rows <= path[-1, 0]) if len(path) else voters
        cells = cells[~(spent if spent.any() else voters)]
    return in_order(boxes)


def _most_voted(view: SimilarityMap, cells: Int64, settings: Settings) -> tuple[Line, NDArray[np.bool_]]:
    """The line of most votes and who of the cells (p, 2) voted for it.

    A vote weighs the similarity times the seconds that the cell stands for. Bins are two sampling gaps wide and
    overlap by half, so that no line falls between two.
    """
    a, b = view.a.times[cells[:, 0]], view.b.times[cells[:, 1]]
    votes = view.values[cells[:, 0], cells[:, 1]] * view.seconds(cells)
    width = float(max(np.median(view.a.cells), np.median(view.b.cells)))
    most, line, voters = 0.0, Line(1.0, 0.0), np.ones(len(cells), bool)
    for speed in _speeds(settings):
        offsets = b - speed * a
        lowest = float(offsets.min())
        bins = ((offsets - lowest) / width).astype(np.int64)
        counts = np.bincount(bins, votes)
        counts[:-1] += counts[1:].copy()
        top = int(np.argmax(counts))
        if counts[top] > most + 1e-9:
            most, line = float(counts[top]), Line(speed, lowest + (top + 1) * width)
            voters = (bins == top) | (bins == top + 1)
    return line, voters


def _speeds(settings: Settings) -> list[float]:
    """Speeds in bounds, those nearest to 1 first, so that of equal votes the more usual speed wins."""
    around = [0] + [sign * step for step in range(1, 8 * _SPEEDS_AN_OCTAVE) for sign in (1, -1)]
    speeds = [2 ** (step / _SPEEDS_AN_OCTAVE) for step in around]
    return [speed for speed in speeds if settings.min_speed <= speed <= settings.max_speed]


def _fitted(view: SimilarityMap, cells: Int64, line: Line, settings: Settings) -> tuple[Line, Int64]:
    """The line fitted to the likely cells near it, and its stretch (p, 2) of most evidence; p may be 0."""
    path = _stretch(view, line, settings)
    for _ in range(_FITS):
        near = cells[view.near(cells, line)]
        if len(path):
            near = near[(near[:, 0] >= path[0, 0]) & (near[:, 0] <= path[-1, 0])]
        if not len(near):
            break
        order = np.lexsort((-view.values[near[:, 0], near[:, 1]], near[:, 0]))
        rows, first = np.unique(near[order, 0], return_index=True)
        line = view.fitted(np.stack([rows, near[order[first], 1]], axis=1), settings)
        path = _stretch(view, line, settings)
    return line, path


def _stretch(view: SimilarityMap, line: Line, settings: Settings) -> Int64:
    """The stretch (p, 2) of a line that says most for a copy and has no hole of more than ``max_step``."""
    path = view.line_cells(line)
    hits = np.flatnonzero(view.values[path[:, 0], path[:, 1]] >= settings.min_similarity)
    if not len(hits):
        return path[:0]
    broken = np.flatnonzero(~view.steps(path[hits[:-1]], path[hits[1:]]).allowed(settings)) + 1
    parts = [path[part[0] : part[-1] + 1] for part in np.split(hits, broken)]
    evidence = [
        np.sum((view.values[part[:, 0], part[:, 1]] - settings.min_similarity) * view.seconds(part)) for part in parts
    ]
    return view.trimmed(parts[int(np.argmax(evidence))], line, settings)
