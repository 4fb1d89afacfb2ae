"""All that depends on how many vectors there are, in one place.

Measured on two cores with 256 dimensions, milliseconds a query in blocks of 200: exact search over 50,000 vectors 3,
over 200,000 13; inverted lists by the rules below 0.4 and 1.0, finding 99.9 and 98.5 % of the ten nearest neighbours
among scenes of ten frames drawn at random, which have no structure beyond their scenes to help.
"""

from __future__ import annotations

import math

NUMPY_BELOW = 10_000
"""Vectors under which the exact index in NumPy is used: over 3,000 it takes half as long as FAISS, which has to reckon
its best scores again in order to break ties, and whose import takes as long as a hundred searches."""

IVF_FROM = 50_000
"""Vectors from which FAISS searches inverted lists (IVF) and no longer all vectors: 14 hours at a frame a second."""

RETRAIN = 4
"""The lists are made anew when there are so many times as many vectors as when they were made."""

POINTS_PER_LIST = 64
"""Vectors a list that k-means is trained on."""

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
"""Neighbours fetched at most; a query that needs more (a still video of hours) is compared with every vector."""


def lists_for(vectors: int) -> int:
    """Number of inverted lists: twice the square root, which balances finding the lists against reading them.

    At least ``MIN_POINTS_PER_LIST`` vectors a list, which counts only for indexes that are small for lists.
    """
    return max(1, min(round(2 * math.sqrt(vectors)), vectors // MIN_POINTS_PER_LIST))


def probes_for(lists: int) -> int:
    """Number of lists that a query looks into at first."""
    return min(lists, round(2 * math.sqrt(lists)))
