"""Vectors of whole videos: what is alike to a clip, how well labels are told."""

from __future__ import annotations

from typing import TypedDict


class SimilarShape(TypedDict):
    """A video; similarity: of its vector and the clip's, in [-1, 1]; distance: Euclidean (L2), in [0, 2]."""

    path: str
    content: str
    similarity: float
    distance: float


class SimilarToShape(TypedDict):
    """A clip and what is alike to it, the most alike first; error: why the clip cannot be used."""

    clip: str
    error: str | None
    found: list[SimilarShape]


class VectorsShape(TypedDict):
    """Vectors written to a file."""

    file: str
    videos: int
    dimensions: int


class LabelledShape(TypedDict):
    """How well vectors of whole videos tell labels. map_at_k: of the first k answers; precision, recall, f1: of pairs
    from the threshold on; queries: videos that were asked for; missing: labelled files without a vector."""

    by: str
    videos: int
    queries: int
    missing: int
    map: float
    map_at_k: float
    k: int
    threshold: float
    precision: float
    recall: float
    f1: float
