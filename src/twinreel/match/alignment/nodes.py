"""The cells worth looking at: the best few of each row and of each column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.base import Int64
from twinreel.match.alignment.similarity import Axis, SimilarityMap
from twinreel.types import Float32

_TIE = 0.05
"""Similarity that a cell in the far corner of a still block is worth less than one on its diagonal."""
_ROWS = 256
"""Rows looked at in one go: bounds the memory that selecting takes."""


def likely_cells(view: SimilarityMap, top_k: int, min_similarity: float) -> Int64:
    """(p, 2) distinct cells in order of row, then column.

    A cell that has ``min_similarity`` and is among the ``top_k`` of its row or of its column; columns count, too,
    because footage that b shows ten times would fill the rows of a.

    Where nothing moves, the map has a block of like values, and the highest are anywhere in it. So a cell is worth
    a little less the further it lies from where a copy would run through its block: straight from corner to
    corner, or at normal speed from the corner where both begin or into the one where both end. The block of a cell
    is taken to be as high and as wide as the column's and the row's run of values from ``min_similarity``.
    """
    best = _best_of_rows(view.values, view.a, view.b, top_k, min_similarity)
    best |= _best_of_rows(view.values.T, view.b, view.a, top_k, min_similarity).T
    return np.argwhere(best)


def _best_of_rows(values: Float32, a: Axis, b: Axis, top_k: int, min_similarity: float) -> NDArray[np.bool_]:
    """(n, m) which are the ``top_k`` cells of each row that are worth most and reach ``min_similarity``."""
    high: NDArray[np.bool_] = np.ascontiguousarray(values >= min_similarity)
    crowded = high.sum(axis=1) > top_k
    if not crowded.any():
        return high
    still = _has_run(high, top_k + 1)  # those rows are crowded, too
    if still.any():
        top, bottom = _runs(high, axis=0)
    for first in range(0, len(high), _ROWS):
        rows = first + np.flatnonzero(crowded[first : first + _ROWS])
        worth = np.where(high[rows], values[rows], -np.inf)
        if (tied := still[rows]).any():
            some = rows[tied]
            left, right = _runs(high[some], axis=1)
            worth[tied] -= _TIE * _off_diagonal(a, b, some[:, None], top[some], bottom[some], left, right)
        others = np.argpartition(-worth, top_k - 1, axis=1)[:, top_k:] if len(rows) else np.zeros((0, 1), int)
        high[rows[:, None], others] = False
    return high


def _has_run(high: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Whether so many high cells stand side by side in each row; rows are longer than that."""
    run = high[:, length - 1 :].copy()
    for back in range(1, length):
        run &= high[:, length - 1 - back : high.shape[1] - back]
    has_run: NDArray[np.bool_] = np.any(run, axis=1)
    return has_run


def _runs(high: NDArray[np.bool_], axis: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """First and last index, along ``axis``, of the run of high cells that each high cell is in."""
    size = high.shape[axis]
    index = np.arange(size, dtype=np.int32).reshape((-1, 1) if axis == 0 else (1, -1))
    first = np.maximum.accumulate(np.where(high, np.int32(0), index + 1), axis=axis)
    backward = (slice(None, None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, None, -1))
    last = np.minimum.accumulate(np.where(high, np.int32(size - 1), index - 1)[backward], axis=axis)[backward]
    return np.minimum(first, size - 1), np.maximum(last, 0)


def _off_diagonal(
    a: Axis,
    b: Axis,
    rows: Int64,
    top: NDArray[np.int32],
    bottom: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> Float32:
    """How far each cell of ``rows`` (r, 1) lies from the nearest way through its block, in [0, 1], (r, m)."""
    row_times, column_times = a.times.astype(np.float32), b.times.astype(np.float32)
    since_a, until_a = row_times[rows] - row_times[top], row_times[bottom] - row_times[rows]
    since_b, until_b = column_times - column_times[left], column_times[right] - column_times
    height, width = since_a + until_a + np.float32(1e-6), since_b + until_b + np.float32(1e-6)
    off = np.minimum(np.abs(since_a - since_b), np.abs(until_a - until_b)) / np.maximum(height, width)
    return np.minimum(off, np.abs(since_a / height - since_b / width))
