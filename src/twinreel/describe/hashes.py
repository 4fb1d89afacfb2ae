"""Perceptual hashes as vectors, so that one similarity in [-1, 1] serves them and everything else.

A hash of d bits becomes d numbers +-1/sqrt(d): 1 for a set bit. Such a vector has norm 1, and two of them have the
inner product 1 - 2 * (Hamming distance) / d.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twinreel.types import Float32, Float64

Bits = NDArray[np.bool_]


def vectors_of(bits: Bits) -> Float32:
    """Bits (n, d) -> vectors (n, d)."""
    unit = np.float32(1 / np.sqrt(bits.shape[1]))
    return np.where(bits, unit, -unit)


def hamming(a: Float32, b: Float32) -> NDArray[np.int64]:
    """Hamming distances (n, m) between the hashes that vectors (n, d) and (m, d) stand for."""
    dimensions = a.shape[1]
    similarity: Float64 = a.astype(np.float64) @ b.T.astype(np.float64)
    distance: Float64 = np.rint((1 - similarity) * dimensions / 2)
    return distance.astype(np.int64)


def cosines(frequencies: NDArray[np.int64], length: int) -> Float64:
    """Rows of the type II DCT: cos(pi / length * k * (t + 1/2)) for each frequency k and sample t."""
    return np.cos(np.pi / length * np.outer(frequencies, np.arange(length) + 0.5))


def settle(coefficients: Float64) -> Float64:
    """Coefficients without their rounding errors.

    A flat or symmetric picture has coefficients that are zero but for the last bits of the arithmetic. Bits
    decided by those would differ from one processor to the next; rounded, all of them are equal and none is set.
    """
    return np.round(coefficients, 6) + 0.0


def unrelated(dimensions: int, frames: int = 512) -> Float32:
    """Vectors (frames, dimensions) of hashes whose bits are as good as random, as those of unrelated frames are: the
    background by which a small library is judged."""
    return vectors_of(np.random.default_rng(dimensions).random((frames, dimensions)) < 0.5)
