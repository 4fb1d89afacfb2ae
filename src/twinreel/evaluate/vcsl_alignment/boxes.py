"""Boxes of frame numbers, and what becomes of a path through a similarity map."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FrameBox = tuple[int, int, int, int]
"""First query frame, first reference frame, last query frame, last reference frame."""
Path = NDArray[np.int64]
"""(p, 2) query and reference frame, in order of time."""
Map = NDArray[np.floating]
"""(n, m) similarity of query and reference frames."""


def iou(a: FrameBox, b: FrameBox) -> float:
    """Intersection by union of two areas, counted in cells."""
    width, height = (min(a[axis + 2], b[axis + 2]) - max(a[axis], b[axis]) + 1 for axis in (0, 1))
    common = max(width, 0) * max(height, 0)
    return common / (_area(a) + _area(b) - common)


def _area(box: FrameBox) -> int:
    return (box[2] - box[0] + 1) * (box[3] - box[1] + 1)


def stretches(similarity: Map, path: Path, straight: int, min_mean: float, min_length: int) -> Iterator[FrameBox]:
    """The stretches of a path between its long straight runs.

    straight: more points than that in one row or one column are cut out. What is left is kept where it is longer than
    ``min_length`` in points and on both axes, and more similar than ``min_mean`` on average.
    """
    runs = sorted(run for axis in (0, 1) for run in _standing(path[:, axis]) if run[1] - run[0] > straight)
    starts, stops = [0, *(stop for _, stop in runs)], [*(start for start, _ in runs), len(path)]
    for start, stop in zip(starts, stops, strict=True):
        if stop - start > min_length:
            piece = path[start:stop]
            sides = piece[-1] - piece[0]
            # The mean in the map's own precision, as the original takes it.
            if sides.min() > min_length and float(np.mean(similarity[piece[:, 0], piece[:, 1]])) > min_mean:
                first, last = piece[0].tolist(), piece[-1].tolist()
                yield first[0], first[1], last[0], last[1]


def _standing(positions: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Runs [start, stop) of at least two points in which a coordinate stays what it is."""
    stays = np.concatenate([[False], np.diff(positions) == 0, [False]])
    edges = np.flatnonzero(np.diff(stays))
    return [(int(start), int(stop) + 1) for start, stop in edges.reshape(-1, 2)]


def diagonals(rows: int, columns: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The cells of a table, one anti-diagonal after the other: none depends on another of its own."""
    for number in range(rows + columns - 1):
        row = np.arange(max(0, number - columns + 1), min(rows, number + 1))
        yield row, number - row
