"""A consistent feature hash ring: every video at a place of its own on a ring of 2^32 places, by its vector alone.

Source: Qin, Ye and Fu, "An Automatic Near-Duplicate Video Data Cleaning Method Based on a Consistent Feature Hash
Ring" (Electronics 2024, 13(8):1522), section 3.2. The formulas (9) and (10) could not be had; after the text, a vector
goes through an activation, its norm is taken, the MD5 of that is a place on the ring, and where a place is taken the
next free one is. Deviation: places are given in the order of what was hashed, not of arrival, so that they do not
depend on the order of input.

An MD5 scatters: two nearly equal vectors lie anywhere. ``near_places`` keeps near vectors near: the place is the angle
in the plane in which the vectors differ most (their first two principal components).
"""

from __future__ import annotations

import hashlib

import numpy as np

from twinreel.types import Float32, Float64, Int64

PLACES = 2**32


def md5_places(vectors: Float32) -> Int64:
    """(n,) distinct places of vectors (n, d), as the paper has it: activation (tanh), norm, MD5, linear probing."""
    norms = np.linalg.norm(np.tanh(vectors.astype(np.float64)), axis=1)
    hashed = [int.from_bytes(hashlib.md5(norm.tobytes(), usedforsecurity=False).digest()[:4], "big") for norm in norms]
    return _probed(np.array(hashed, np.int64), vectors)


def near_places(vectors: Float32) -> Int64:
    """(n,) distinct places at which near vectors lie near one another."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    # In an order of their own, so that sums come out the same to the last bit.
    order = np.lexsort(vectors.T[::-1])
    centred = vectors[order].astype(np.float64)
    centred -= centred.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane = axes[:, ::-1][:, :2] if axes.shape[1] > 1 else np.hstack([axes, np.zeros_like(axes)])
    signs = np.sign(plane[np.abs(plane).argmax(axis=0), np.arange(2)])
    flat = centred @ (plane * np.where(signs == 0, 1.0, signs))
    turns = np.arctan2(flat[:, 1], flat[:, 0]) / (2 * np.pi) % 1.0
    places = np.empty(len(vectors), np.int64)
    places[order] = np.minimum((turns * PLACES).astype(np.int64), PLACES - 1)
    return _probed(places, vectors)


def _probed(places: Int64, vectors: Float32) -> Int64:
    """Where a place is taken, the next free one, round the ring."""
    taken: set[int] = set()
    found = places.copy()
    for row in np.lexsort((*vectors.T[::-1], places)).tolist():
        place = int(places[row])
        while place in taken:
            place = (place + 1) % PLACES
        taken.add(place)
        found[row] = place
    return found


def ring_distances(a: Int64, b: Int64) -> Float64:
    """(n, m) the shorter way round between places (n,) and (m,), as a share of half the ring: 1 is opposite."""
    away = np.abs(a[:, None] - b[None, :])
    shorter: Float64 = np.minimum(away, PLACES - away) / (PLACES / 2)
    return shorter
