"""Clusters of frames that count only where their frames align in time.

The recipe of those who cluster the frames of all videos and call videos with a cluster in common duplicates, made
precise by time: DBSCAN (Ester, Kriegel, Sander and Xu, KDD 1996) or HDBSCAN (Campello, Moulavi and Sander, PAKDD 2013)
over the frames of both videos says which of them may show the same; those of one cluster that follow one another in
both videos are then linked as the cells of the Temporal Network are, and the others are dropped.

Where we deviate: a map holds no similarity within a video, so that a frame's neighbours are frames of the other video
alone, at the distance 1 - similarity. A still scene is no denser for being long, and a cluster has frames of both.
Clustering is scikit-learn's, the extra ``clusters``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twinreel.errors import MissingExtra
from twinreel.match.alignment.base import Box, Int64, Settings, in_order
from twinreel.match.alignment.chains import chained
from twinreel.match.alignment.nodes import likely_cells
from twinreel.match.alignment.similarity import SimilarityMap, similarity_map
from twinreel.types import Float32, Float64

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # imported where it is needed: it takes a while, and most need it not

_TOP_K = 5
"""Cells of each row, and of each column, that are looked at, as in the Temporal Network."""
_CLOSEST = 1e-6
"""Distance of equal frames: in a sparse matrix 0 means that there is none."""


@dataclass(frozen=True, slots=True)
class ClusterSettings(Settings):
    min_samples: int = 2
    """Frames within reach, itself among them, that make a frame the core of a cluster."""


@dataclass(frozen=True, slots=True)
class DbscanSettings(ClusterSettings):
    min_samples: int = 3
    """With 2 every frame that is like another would be a core, and nothing would ever be dropped. So what is like one
    frame only is found where that one has two such."""


@dataclass(frozen=True, slots=True)
class HdbscanSettings(ClusterSettings):
    min_cluster_size: int = 2
    """A frame of each video is the least that two videos can have in common."""


def align_dbscan(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    settings: DbscanSettings = DbscanSettings(),
    *,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> list[Box]:
    """As ``network.align``, among cells whose frames DBSCAN puts into one cluster. MissingExtra."""
    view = similarity_map(similarity, times_a, times_b, duration_a, duration_b)
    return _aligned(view, settings, lambda distances: _dbscan(distances, settings)) if view else []


def align_hdbscan(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    settings: HdbscanSettings = HdbscanSettings(),
    *,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> list[Box]:
    """As ``network.align``, among cells whose frames HDBSCAN puts into one cluster. MissingExtra.

    Takes 8 bytes for each pair of frames, of either video, that are linked by likeness: 400 MB for an hour that looks
    the same throughout.
    """
    view = similarity_map(similarity, times_a, times_b, duration_a, duration_b)
    return _aligned(view, settings, lambda distances: _hdbscan(distances, settings)) if view else []


def _aligned(view: SimilarityMap, settings: ClusterSettings, cluster: Callable[[csr_array], Int64]) -> list[Box]:
    labels = cluster(_distances(view, settings.min_similarity))
    cells = likely_cells(view, _TOP_K, settings.min_similarity)
    of_a, of_b = labels[cells[:, 0]], labels[len(view.values) + cells[:, 1]]
    return in_order(chained(view, cells[(of_a == of_b) & (of_a >= 0)], settings))


def _distances(view: SimilarityMap, min_similarity: float) -> csr_array:
    """(n + m, n + m), symmetric: 1 - similarity of the frames of a to those of b from ``min_similarity`` on."""
    from scipy.sparse import bmat, coo_array, csr_array

    rows, columns = np.nonzero(view.values >= min_similarity)
    apart = np.maximum(1 - view.values[rows, columns].astype(np.float64), _CLOSEST)
    across = coo_array((apart, (rows, columns)), shape=view.values.shape)
    return csr_array(bmat([[None, across], [across.T, None]], format="csr"))


def _dbscan(distances: csr_array, settings: DbscanSettings) -> Int64:
    """A cluster (n + m,) for each frame, -1 for none."""
    try:
        from sklearn.cluster import DBSCAN
    except ModuleNotFoundError as error:
        raise MissingExtra("the aligner dbscan", "clusters") from error
    # every distance that is there is within reach: the others were left out
    found = DBSCAN(eps=1.0, min_samples=settings.min_samples, metric="precomputed").fit(distances)
    return np.asarray(found.labels_, np.int64)


def _hdbscan(distances: csr_array, settings: HdbscanSettings) -> Int64:
    """The same. Frames that no likeness links are of different clusters whatever the density: each heap of linked
    ones is clustered by itself, which bounds the memory."""
    try:
        from sklearn.cluster import HDBSCAN
    except ModuleNotFoundError as error:
        raise MissingExtra("the aligner hdbscan", "clusters") from error
    from scipy.sparse.csgraph import connected_components

    _, heaps = connected_components(distances, directed=False)
    order = np.argsort(heaps, kind="stable")
    labels = np.full(len(heaps), -1, np.int64)
    count = 0
    for heap in np.split(order, np.flatnonzero(np.diff(heaps[order])) + 1):
        if len(heap) < max(settings.min_cluster_size, settings.min_samples):
            continue
        apart = distances[heap][:, heap].toarray()
        apart[apart == 0] = 1.0
        np.fill_diagonal(apart, 0.0)
        found = HDBSCAN(
            min_cluster_size=settings.min_cluster_size,
            min_samples=settings.min_samples,
            metric="precomputed",
            allow_single_cluster=True,
            copy=False,
        ).fit(apart)
        mine = np.asarray(found.labels_, np.int64)
        labels[heap] = np.where(mine >= 0, mine + count, -1)
        count += int(mine.max(initial=-1)) + 1
    return labels
