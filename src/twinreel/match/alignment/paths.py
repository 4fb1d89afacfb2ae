"""Paths through all cells by dynamic programming, as DTW and DP look for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinreel.match.alignment.base import Int64
from twinreel.match.alignment.similarity import Axis, SimilarityMap
from twinreel.types import Float32, Float64

MOVES = ((1, 1), (1, 2), (2, 1), (1, 0), (0, 1))
"""Rows and columns that a path goes on by: speeds from half to twice, and staying in one row or column, where the
other video has more samples. On equal evidence the first is taken."""
_START = len(MOVES)


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """For each cell the best path that ends in it."""

    moves: NDArray[np.uint8]
    """(n, m) index into ``MOVES`` of the move that led there; ``len(MOVES)`` where the path starts there."""
    best: tuple[int, int]
    """The cell in which the path of most gain ends."""
    gain: float
    """What that path gains."""

    def trace(self, row: int, column: int) -> Int64:
        """The path (p, 2), first to last, that ends in a cell."""
        cells = [(row, column)]
        while (move := self.moves[row, column]) != _START:
            row, column = row - MOVES[move][0], column - MOVES[move][1]
            cells.append((row, column))
        return np.array(cells[::-1], np.int64)


def best_paths(view: SimilarityMap, gains: Float32, *, bend: float, anywhere: bool) -> Paths:
    """Dynamic programming over all cells (n, m), one anti-diagonal at a time, O(n m).

    A move gains the mean of ``gains`` (n, m) at its two ends times the mean of the seconds that pass in a and in b,
    less ``bend x (db - da)^2 / (db + da)``. A path starts ``anywhere`` that this gains more, or else in the first
    cell only.
    """
    n, m = gains.shape
    flat = np.ascontiguousarray(gains).ravel()
    moves = np.full(n * m, _START, np.uint8)
    steps_a = {rows: _steps(view.a, rows) for rows in (0, 1, 2)}
    steps_b = {columns: _steps(view.b, columns) for columns in (0, 1, 2)}
    cells_a, cells_b = view.a.cells, view.b.cells
    # Totals, and gains, of the last three anti-diagonals by row, after two rows that no path reaches.
    past = [(np.full(n + 2, -np.inf), np.zeros(n + 2)) for _ in range(4)]
    best, most = (0, 0), -np.inf
    for diagonal in range(n + m - 1):
        first, stop = max(0, diagonal - m + 1), min(n, diagonal + 1)
        rows = np.arange(first, stop)
        columns = diagonal - rows
        here = slice(first * (m - 1) + diagonal, (stop - 1) * (m - 1) + diagonal + 1, max(m - 1, 1))
        gain = flat[here].astype(np.float64)
        total = np.full(len(rows), -np.inf)
        if anywhere or diagonal == 0:
            total = gain * (cells_a[rows] + cells_b[columns]) / 4
        move = np.full(len(rows), _START, np.uint8)
        for index, (down, right) in enumerate(MOVES):
            da, db = steps_a[down][rows], steps_b[right][columns]
            before = slice(first + 2 - down, stop + 2 - down)
            came, left = (values[before] for values in past[-(down + right)])
            reached = came + (left + gain) * (da + db) / 4 - bend * (db - da) ** 2 / (db + da)
            better = reached > total
            total[better] = reached[better]
            move[better] = index
        moves[here] = move
        past = [*past[1:], (np.full(n + 2, -np.inf), np.zeros(n + 2))]
        past[-1][0][first + 2 : stop + 2] = total
        past[-1][1][first + 2 : stop + 2] = gain
        if total.max() > most:
            at = int(np.argmax(total))
            best, most = (int(rows[at]), int(columns[at])), float(total[at])
    return Paths(moves.reshape(n, m), best, most)


def _steps(axis: Axis, samples: int) -> Float64:
    """Seconds (n,) from so many samples before each one; where there are none the path is not there either."""
    steps = np.ones(len(axis.times))
    steps[samples:] = axis.times[samples:] - axis.times[: len(axis.times) - samples]
    return steps
