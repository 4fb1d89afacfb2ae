"""All that depends on how many vectors there are, in one place.

Measured with 256 dimensions, milliseconds a query on one core: exact search over 50,000 vectors 3, over 200,000 13;
inverted lists by the rules below 0.17 over 60,000, votes included. docs/scale.md has what they find.
"""

from __future__ import annotations

import math

NUMPY_BELOW = 10_000
"""Vectors under which the exact index in NumPy is used: over 3,000 it takes half as long as FAISS, which has to reckon
its best scores again in order to break ties, and whose import takes as long as a hundred searches."""

IVF_FROM = 50_000
"""Vectors from which inverted lists are searched and no longer all vectors: 14 hours at a frame a second."""

LEAST_FOR_LISTS = 10_000
"""... where lists are asked for by name: under it they find nothing sooner."""

HNSW_FROM = 2_000_000
"""Vectors from which a Milvus server is asked for a graph in memory (HNSW) rather than inverted lists, ..."""
DISK_FROM = 50_000_000
"""... and from which for one on disk (DiskANN): 60 GB of vectors and links are more than a node is likely to have."""

UNKNOWN = 1_000_000
"""Vectors that are expected at least, when it is decided how many to wait for before lists are made."""
RETRAIN = 4
"""The lists are made anew when there are so many times as many vectors as when they were made, ..."""
DRIFT = 1.2
"""... when those added since are so many times as far from the nearest centre (1 minus the product with it) ..."""
NEW_SHARE = 0.1
"""... and are more than this share of all, ..."""
MOST_DEAD = 0.3
"""... or when so many were removed for each that is left."""
MIN_TRAINED = 39
"""Under which there is nothing to make lists of."""
MEASURED = 256
"""Vectors of each lot added that are compared with the centres."""

POINTS_PER_LIST = 64
"""Vectors a list that k-means is trained on."""
POINTS_PER_CODE = 1024
"""... and for each of the 16 values of a code."""
RANGE = 0.1
"""By which a byte's range is wider than what the sample fills, on either side."""
PROBES = 40
"""Lists that a query looks into at first. Of frames under a heavy edit (a product of 0.78 with the original) one in
twenty is not in the nearest 32 of 1,100 lists; but a video has many frames."""
ADDED = 16_384
"""Vectors that are added to lists at a time."""
LOOKED_AT = 256
"""Vectors at least that are looked at again for each query, the best by their codes."""
FETCHED = 1 << 18
"""... and at most for all queries at a time."""

MIN_POINTS_PER_LIST = 39
"""Under which FAISS warns that they are too few."""

KMEANS_ROUNDS = 10
SEED = 20_000

FIRST_WIDTH = 4
"""Neighbours fetched at first for each one wanted, so that a cap on each video's hits seldom asks for more."""

MIN_WIDTH = 64
WIDEN = 4
"""Times as many neighbours, and lists, are looked at when those fetched were not enough."""

MAX_WIDTH = 16_384
"""Neighbours fetched at most. In the exact index a query that needs more (a still video of hours) is compared with
every vector; with lists it goes without."""


def lists_for(vectors: int) -> int:
    """Number of inverted lists: twice the square root, which balances finding the lists against reading them.

    At least ``MIN_POINTS_PER_LIST`` vectors a list, which counts only for indexes that are small for lists.
    """
    return max(1, min(round(2 * math.sqrt(vectors)), vectors // MIN_POINTS_PER_LIST))


def sample_for(lists: int) -> int:
    """Vectors that so many lists are made from."""
    return lists * POINTS_PER_LIST


def probes_for(lists: int) -> int:
    """Number of lists that a query looks into at first."""
    return min(lists, PROBES)
