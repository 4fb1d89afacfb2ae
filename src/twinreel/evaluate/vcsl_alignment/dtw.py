"""DTW: dynamic time warping from corner to corner, its straight runs cut out."""

from __future__ import annotations

import numpy as np

from twinreel.evaluate.vcsl_alignment.boxes import FrameBox, Map, Path, diagonals, stretches


def dtw(similarity: Map, discontinue: int = 3, min_sim: float = 0.2, min_length: int = 5) -> list[FrameBox]:
    """Boxes in order of time. It goes from corner to corner, so two segments in another order are beyond it.

    discontinue: points of a straight run that are tolerated.
    """
    if not similarity.size:
        return []
    return list(stretches(similarity, _cheapest(1 - similarity), discontinue, min_sim, min_length))


def _cheapest(cost: Map) -> Path:
    """The path of the least sum, by steps of one on one axis or both; of equal ways diagonal, then down."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for row, column in diagonals(rows, columns):
        before = np.minimum(np.minimum(total[row, column], total[row, column + 1]), total[row + 1, column])
        total[row + 1, column + 1] = before + cost[row, column]
    i, j = rows, columns
    path = [(i, j)]
    while (i, j) != (1, 1):
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda cell: total[cell])
        path.append((i, j))
    return np.array(path[::-1], np.int64) - 1
