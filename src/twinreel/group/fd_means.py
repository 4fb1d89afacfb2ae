"""FD-means on a feature hash ring: clusters around members, begun at the peaks of a mountain function.

Source: Qin, Ye and Fu (Electronics 2024, 13(8):1522), section 3.3, whose formulas (11) to (19) could not be had. After
the text, with what it is built on (Yager and Filev, "Approximate clustering via the mountain method", 1994):

    candidates      crossings of an even grid on the ring
    mountain        M(v) = sum over videos of exp(-STEEP * ring distance to v); the highest peak, then without it the
                    next, until one is under LEAST_PEAK of the first; the nearest video begins a cluster
    distance        WEIGHT * feature distance + (1 - WEIGHT) * ring distance, both in [0, 1]
    new centre      the member with the smallest sum of distances to the others
    new cluster     a video no nearer than the threshold to any centre opens one

Deviations: of two centres nearer than the threshold the lower peak is none; of the videos that are too far from all
centres the furthest opens a cluster first, and ties go to the first in order of vectors, so that nothing depends on the
order of input. How the weights are set is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twinreel.group.ring import PLACES, near_places, ring_distances
from twinreel.types import Float32, Float64, Int64

CROSSINGS = 512
STEEP = 100.0
"""How fast a video's share of a peak falls off: to a third within a hundredth of half the ring."""
LEAST_PEAK = 0.2
WEIGHT = 0.95
THRESHOLD = 0.35
"""Distance from which a video is too far from a centre: for means of the default describer's vectors, on the
collections of docs/groups.md; with less, fewer edited copies are found, with more, unrelated videos come together."""
ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Cluster:
    """Rows of the vectors."""

    centre: int
    """The one to keep, after the paper (its formula 19)."""
    members: tuple[int, ...]
    """The centre among them, ascending."""


def fd_means(
    vectors: Float32, threshold: float = THRESHOLD, places: Callable[[Float32], Int64] = near_places
) -> list[Cluster]:
    """Clusters of L2-normalised vectors (n, d), those of one member among them, in order of their centres' rows.

    All pairs of vectors are compared: memory grows with the square of n.
    """
    if not len(vectors):
        return []
    order = np.lexsort(vectors.T[::-1])
    ordered = vectors[order]
    ring = places(ordered)
    distances = WEIGHT * _feature_distances(ordered) + (1 - WEIGHT) * ring_distances(ring, ring)
    centres = _beginnings(ring)
    for _ in range(ROUNDS):
        centres = _opened(distances, centres, threshold)
        owner = _owners(distances, centres)
        moved = [_middle(distances, np.flatnonzero(owner == number)) for number in range(len(centres))]
        if moved == centres:
            break
        centres = moved
    owner = _owners(distances, centres)
    rows = [tuple(sorted(order[owner == number].tolist())) for number in range(len(centres))]
    found = [Cluster(int(order[centre]), members) for centre, members in zip(centres, rows, strict=True)]
    return sorted(found, key=lambda cluster: cluster.centre)


def _feature_distances(vectors: Float32) -> Float64:
    """(n, n) Euclidean, as a share of the largest that unit vectors can have."""
    alike = np.clip(vectors.astype(np.float64) @ vectors.T.astype(np.float64), -1.0, 1.0)
    distances: Float64 = np.sqrt((1.0 - alike) / 2)
    return distances


def _beginnings(ring: Int64) -> list[int]:
    """The videos nearest to the peaks, the highest peak first."""
    crossings = np.arange(CROSSINGS, dtype=np.int64) * (PLACES // CROSSINGS)
    away = ring_distances(crossings, ring)
    mountain = np.exp(-STEEP * away).sum(axis=1)
    falloff = np.exp(-STEEP * ring_distances(crossings, crossings))
    first, found = float(mountain.max()), []
    for _ in range(min(CROSSINGS, len(ring))):
        peak = int(mountain.argmax())
        if mountain[peak] < LEAST_PEAK * first:
            break
        found.append(int(away[peak].argmin()))
        mountain = mountain - mountain[peak] * falloff[peak]
    return list(dict.fromkeys(found))


def _opened(distances: Float64, centres: list[int], threshold: float) -> list[int]:
    """The centres, without those that another has in its cluster, and one for every video that is too far from all."""
    opened: list[int] = []
    for centre in centres:
        if not opened or distances[centre, opened].min() >= threshold:
            opened.append(centre)
    nearest = distances[:, opened].min(axis=1)
    while nearest.max() >= threshold:
        opened.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances[:, opened[-1]])
    return opened


def _owners(distances: Float64, centres: list[int]) -> Int64:
    """The number of the nearest centre of each; a centre is its own."""
    owner: Int64 = distances[:, centres].argmin(axis=1)
    owner[centres] = np.arange(len(centres))
    return owner


def _middle(distances: Float64, members: Int64) -> int:
    return int(members[distances[np.ix_(members, members)].sum(axis=1).argmin()])
