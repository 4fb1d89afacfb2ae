"""Hashes of whole videos: the signs of a pooled vector after a fixed random rotation.

Source: Charikar, "Similarity estimation techniques from rounding algorithms" (STOC 2002). A bit says on which side of a
random hyperplane a vector lies, so for two vectors at an angle t it differs with probability t / pi, whatever the
vectors. Directions are made at right angles to one another, which leaves that as it is and spreads the distance less.

How often two videos collide, that is, have hashes within r bits, is therefore the binomial probability of r or fewer
of b bits at t / pi each (``collision_probability``). For 64 bits:

    similarity of the vectors       0        0.5      0.9      0.95     0.99
    bits that differ, on average    32       21.3     9.2      6.5      2.9
    the same hash, probability      5e-20    5e-12    5e-5     0.001    0.052
    within 8 bits                   3e-10    1e-4     0.42     0.81     0.998

A library of N unrelated videos holds about N^2 / 2 times the probability at similarity 0 of such pairs: with 64 bits a
million videos share no hash by chance, and have some 140 pairs within 8 bits; with 256 bits at four times the distance
none. That holds where unrelated videos have vectors of similarity 0. Vectors of most networks have a mean that all
share: take off the mean of many videos first, else unrelated ones are as near as their similarity says.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from twinreel.types import Float32, Float64, UInt8

SHORT = 64
LONG = 256
"""Bits."""
_SEED = b"twinreel video hash 1"
"""Another seed gives hashes that say nothing about those of this one."""


def video_hash(vector: Float32, bits: int = SHORT) -> UInt8:
    """The hash (bits / 8,) of a pooled vector (d,), first bit highest. ``.tobytes().hex()`` is its text.

    The same on every machine, but for bits whose projection is 0 within rounding (1e-15). A longer hash does not begin
    with a shorter one. ValueError for a number of bits that is no multiple of 8.
    """
    if bits < 8 or bits % 8:
        raise ValueError(f"{bits} bits are asked for; a multiple of 8 is expected, for example {SHORT} or {LONG}")
    if vector.ndim != 1 or not len(vector):
        raise ValueError(f"a vector has shape {vector.shape}; (d,) is expected")
    return np.packbits(_directions(len(vector), bits) @ vector.astype(np.float64) > 0)


def hash_distance(a: UInt8, b: UInt8) -> int:
    """Bits in which two hashes of one length differ."""
    if a.shape != b.shape:
        raise ValueError(f"hashes of {8 * len(a)} and {8 * len(b)} bits are given; they are compared with their like")
    return int(np.unpackbits(a ^ b).sum())


def collision_probability(similarity: float, bits: int = SHORT, distance: int = 0) -> float:
    """Probability that two vectors of a similarity in [-1, 1] have hashes that differ in at most ``distance`` bits.

    Bits are taken to be independent; in truth their number is scattered a little less, the less so the more dimensions
    there are: at similarity 0 and 64 bits by 3.6 instead of 4 bits in 128 dimensions, by 3.9 in 1024.
    """
    if not -1 <= similarity <= 1:
        raise ValueError(f"a similarity of {similarity:g} is given; -1 to 1 is expected")
    from scipy.special import bdtr  # takes a while to import, and most commands do without

    return float(bdtr(distance, bits, np.arccos(similarity) / np.pi))


@lru_cache(maxsize=8)
def _directions(dimensions: int, bits: int) -> Float64:
    """(bits, dimensions) unit rows; any ``dimensions`` of them in a row, from a multiple of it on, are orthogonal.

    Gaussian numbers from SHAKE-256 by Box and Muller's transform, and not from a library's generator, whose numbers may
    change with its version; then Gram-Schmidt, by a QR whose signs are fixed.
    """
    seed = _SEED + f"/{dimensions}/{bits}".encode()
    raw = np.frombuffer(hashlib.shake_256(seed).digest(16 * bits * dimensions), "<u8").reshape(2, bits, dimensions)
    radius, turn = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    gauss = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * turn)
    blocks = []
    for start in range(0, bits, dimensions):
        q, r = np.linalg.qr(gauss[start : start + dimensions].T)
        blocks.append((q * np.sign(np.diag(r))).T)
    directions: Float64 = np.concatenate(blocks)
    return directions
