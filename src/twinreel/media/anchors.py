"""Anchor frames: the few frames of a video that all others are nearly linear combinations of.

Column-pivoted QR on the matrix whose columns are the frames' vectors: each step takes the frame with the longest
residual and removes its direction from all others (Businger and Golub, Numerische Mathematik 1965; on video frames
Amiri and Fathy, EURASIP Journal on Advances in Signal Processing 2010). It is built here by Gram-Schmidt steps,
not by LAPACK's geqp3, for three reasons: it ends after the k frames that are wanted, O(n d k) instead of all
of O(n d^2); frames equally long in residual are taken by lowest index, where geqp3 follows rounding; and the
lengths of the residuals, which are the reconstruction error, come for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinreel.types import Float32, Float64

_TIE = 1e-6
"""Residuals whose squared lengths differ by less, as a share of the longest vector's, are equal: float32 vectors of
length 1 are that long to 1e-7."""


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """The frames chosen, and what they leave unexplained."""

    indices: NDArray[np.int64]
    """(k,) frames, ascending, so in order of time."""
    errors: Float64
    """(k + 1,) share of the vectors' squared length that their projection on the first 0, 1, ... k anchors chosen
    lacks: from 1 (nothing chosen) down."""


def anchor_frames(vectors: Float32, *, tolerance: float = 0.05, count: int | None = None) -> Anchors:
    """Chooses anchors among the frames of vectors (n, d).

    As few as leave an error of at most ``tolerance`` (0.05: 95 % of the squared length is explained), or ``count`` of
    them where that is given. Never more than there are independent frames: a video in which nothing changes has one
    anchor, whatever is asked for. Frames of length 0 are never chosen; without any other, k is 0.

    ValueError for a tolerance outside [0, 1] or a count below 1.
    """
    if not 0 <= tolerance <= 1:
        raise ValueError(f"a tolerance of {tolerance} is given; a share from 0 to 1 is expected")
    if count is not None and count < 1:
        raise ValueError(f"{count} anchors are asked for; at least 1 is expected")
    columns = vectors.astype(np.float64)
    residuals = np.sum(columns**2, axis=1)
    total, slack = float(residuals.sum()), _TIE * float(residuals.max(initial=0.0))
    chosen: list[int] = []
    errors = [1.0]
    directions = np.zeros((0, columns.shape[1]))
    while len(chosen) < (len(columns) if count is None else count):
        longest = float(residuals.max(initial=0.0))
        if longest <= slack or (chosen and count is None and errors[-1] <= tolerance):
            break
        frame = int(np.argmax(residuals >= longest - slack))
        direction = columns[frame].copy()
        for _ in range(2):  # once more takes away what rounding left of the directions before ("twice is enough")
            direction -= directions.T @ (directions @ direction)
        direction /= np.linalg.norm(direction)
        directions = np.vstack([directions, direction])
        residuals = np.maximum(residuals - (columns @ direction) ** 2, 0)
        residuals[frame] = 0.0
        chosen.append(frame)
        errors.append(float(residuals.sum()) / total)
    return Anchors(np.sort(np.array(chosen, np.int64)), np.array(errors))
