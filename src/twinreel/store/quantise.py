"""L2-normalised float32 rows as int8, a quarter of the space.

A row v is stored as q = round(v / s) with its own scale s = max|v| / 127 (symmetric, "absmax" quantisation). Reading
gives q / |q|: the row is normalised again, which cancels s, so s is not stored.

Error. Each component is off by at most s / 2, the row by at most e = sqrt(d) * s / 2 in length. Normalising again turns
that into an angle of at most asin(e), a chord of at most sqrt(2) * e. So the inner product of two stored rows differs
from the original's by at most sqrt(2) * (e1 + e2): 0.034 for d = 256 and components up to 0.19, a bound for the worst
case; rounding errors are independent and the usual difference is near sqrt(2 / 12) * s, 0.0006. Rows of equal
magnitude, such as binary hashes written as ±1 / sqrt(d), come back exactly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinreel.types import Float32

Int8 = NDArray[np.int8]


def quantise(vectors: Float32) -> Int8:
    """(n, d) float32 -> (n, d) int8 in [-127, 127]; a row of zeros stays one. ValueError for NaN or infinity."""
    if not np.isfinite(vectors).all():
        raise ValueError(f"vectors of shape {vectors.shape} hold NaN or infinity: only finite ones can be quantised")
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0).astype(np.float64)
    codes: Int8 = np.rint(vectors * (127.0 / np.where(largest > 0, largest, 1.0))).astype(np.int8)
    return codes


def dequantise(codes: Int8) -> Float32:
    """(n, d) int8 -> (n, d) float32, each row L2-normalised; a row of zeros stays one."""
    rows = codes.astype(np.float32)
    norms = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return (rows / np.where(norms > 0, norms, np.float32(1))).astype(np.float32, copy=False)
