"""DP: the pattern-based dynamic programming of Chou, Chen & Lee, IEEE Trans. Multimedia 17(3), 2015, equation 5."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinreel.evaluate.vcsl_alignment.boxes import FrameBox, Map, Path, diagonals, stretches

_ROUNDS = 100
"""Paths that are taken at most."""
_START = -1
"""A cell without a predecessor; else the number of the step that leads to it."""
_STEPS = ((1, 1), (1, 0), (0, 1))


def dp(
    similarity: Map,
    discontinue: int = 3,
    min_sim: float = 1.0,
    ave_sim: float = 1.3,
    min_length: int = 5,
    diagonal: int = 30,
) -> list[FrameBox]:
    """Boxes, the highest sum first. These are the function's defaults; the model class has 3, 0, 0.3, 5, 10.

    ``min_sim`` and ``ave_sim`` refer to similarity + 1, so that cells far below average still add to a path.
    discontinue: cells below ``min_sim`` in a row that a path may run through. diagonal: points of a straight run that
    are tolerated.
    """
    if not similarity.size:
        return []
    raised = similarity + 1
    best, step = _tables(raised, discontinue, min_sim)
    found: list[FrameBox] = []
    for _ in range(_ROUNDS):
        path = _back(best, step)
        (top, left), (bottom, right) = path[0], path[-1]
        if best[bottom, right] == -np.inf:
            break
        best[top : bottom + 1, left : right + 1] = -np.inf
        found += stretches(raised, path, diagonal, ave_sim, min_length)
    return found


def _tables(raised: Map, discontinue: int, min_sim: float) -> tuple[Map, NDArray[np.int8]]:
    """The best sum that ends in each cell, and the step that leads there; a step along one axis adds half."""
    best = raised.copy()
    step = np.full(raised.shape, _START, np.int8)
    low = np.zeros(raised.shape, np.int64)  # cells below min_sim in a row
    for row, column in diagonals(*raised.shape):
        inner = (row > 0) & (column > 0)
        row, column = row[inner], column[inner]
        here = raised[row, column]
        half = 0.5 * here.astype(np.float64)
        # In the map's own precision along the diagonal, in double precision elsewhere, as the original is compiled.
        sums = np.stack([best[row - 1, column - 1] + here, best[row - 1, column] + half, best[row, column - 1] + half])
        way = np.argmax(sums, axis=0)
        down, across = np.array(_STEPS).T
        low[row, column] = np.where(
            here.astype(np.float64) < min_sim, low[row - down[way], column - across[way]] + 1, 0
        )
        goes_on = low[row, column] <= discontinue
        best[row, column] = np.where(goes_on, np.take_along_axis(sums, way[None], 0)[0], here)
        step[row, column] = np.where(goes_on, way, _START)
    return best, step


def _back(best: Map, step: NDArray[np.int8]) -> Path:
    """From the highest sum back to where it began, or to a cell that was taken before."""
    i, j = (int(index) for index in np.unravel_index(np.argmax(best), best.shape))
    path = [(i, j)]
    while step[i, j] != _START:
        down, across = _STEPS[step[i, j]]
        i, j = i - down, j - across
        if best[i, j] == -np.inf:
            break
        path.append((i, j))
    return np.array(path[::-1], np.int64)
