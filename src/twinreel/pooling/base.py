"""The Pooler seam: the vectors of a video's frames to one vector, one method wide."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from twinreel.types import Fingerprint, Float32, Float64


@runtime_checkable
class Pooler(Protocol):
    """Makes one vector of a video. The inner product of two such vectors says how alike two videos are."""

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        """Vectors (n, d) and their seconds (n,), in any order but together -> an L2-normalised vector (D,).

        Zeros where nothing can be said: without a frame, or where frames cancel one another. ValueError for vectors
        and times of other shapes.
        """
        ...


def pooled(fingerprint: Fingerprint, pooler: Pooler) -> Float32:
    """The vector of a video: of the whole picture, without frames that say nothing."""
    telling = (fingerprint.parts == 0) & (fingerprint.weights > 0)
    return pooler.pool(fingerprint.vectors[telling], fingerprint.times[telling])


def in_order(vectors: Float32, times: Float64) -> tuple[Float64, Float64]:
    """Both as float64 and in order of time, frames of one time in that of their vectors: what comes of them does not
    depend on the order in which they came, to the last bit."""
    if vectors.ndim != 2 or times.shape != (len(vectors),):
        raise ValueError(f"vectors {vectors.shape} and times {times.shape} are given; (n, d) and (n,) are expected")
    order = np.lexsort((*vectors.T[::-1], times))
    return vectors[order].astype(np.float64), times[order].astype(np.float64)


def cells(times: Float64) -> Float64:
    """Edges (n + 1,) of the stretches that frames stand for, ascending times (n,) given: half the way to either
    neighbour. The first and last reach as far outwards as inwards; a frame alone, or several at one time, a second."""
    if len(times) == 0 or times[-1] == times[0]:
        return (times[0] if len(times) else 0.0) + np.linspace(-0.5, 0.5, len(times) + 1)
    middle = (times[1:] + times[:-1]) / 2
    edges: Float64 = np.concatenate([[2 * times[0] - middle[0]], middle, [2 * times[-1] - middle[-1]]])
    return edges


def unit(vector: Float64) -> Float32:
    """At length 1; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    return (vector / length if length > 0 else vector).astype(np.float32)
