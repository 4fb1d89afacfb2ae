"""Means of frame vectors: plain, generalised, and over a pyramid of stretches of time.

Frames count by the time that they stand for (``base.cells``), so that ten keyframes in one second weigh no more than
one frame in the next. Of frames at equal steps all weigh the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twinreel.pooling.base import Pooler, cells, in_order, unit
from twinreel.types import Float32, Float64


@dataclass(frozen=True, slots=True)
class GemPooler:
    """Generalised mean: (mean of x^p)^(1/p) of every dimension, the more that of the largest values the higher p.

    Source: Radenović, Tolias and Chum, "Fine-tuning CNN image retrieval with no human annotation" (TPAMI 2019),
    equation 3, over time instead of over a picture. It is for values from 0 up; descriptors have negative ones, too, so
    powers keep the sign here: |x|^p sgn x. With p = 1 it is the mean.
    """

    p: float = 3.0

    def __post_init__(self) -> None:
        if not 1 <= self.p <= 100:
            raise ValueError(f"p is {self.p:g}; 1 (the mean) to 100 (nearly the largest value) is expected")

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        ordered, seconds = in_order(vectors, times)
        if not len(ordered):
            return np.zeros(vectors.shape[1], np.float32)
        share = np.diff(cells(seconds))
        return unit(_power(share / share.sum() @ _power(ordered, self.p), 1 / self.p))


def _power(values: Float64, exponent: float) -> Float64:
    raised: Float64 = np.sign(values) * np.abs(values) ** exponent
    return raised


@dataclass(frozen=True, slots=True)
class MeanPooler:
    """The mean of the vectors: of what a video shows, in any order."""

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        return GemPooler(1.0).pool(vectors, times)


@dataclass(frozen=True, slots=True)
class PyramidPooler:
    """Temporal pyramid: the video cut into 1, 2, 4 ... stretches of equal time, each pooled by itself, one vector after
    another.

    Source: spatial pyramid matching (Lazebnik, Schmid and Ponce, CVPR 2006) over time. Every level weighs the same,
    and so does every stretch of it. Unlike a mean it tells a video from the same shots in another order.
    """

    levels: tuple[int, ...] = (1, 2, 4)
    """Stretches of each level."""
    inner: Pooler = field(default_factory=MeanPooler)

    def __post_init__(self) -> None:
        if not self.levels or min(self.levels) < 1:
            raise ValueError(f"levels are {self.levels}; one or more numbers from 1 up are expected")

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        """(d * (1 + 2 + 4),). A stretch without a frame has that nearest to its middle."""
        ordered, seconds = in_order(vectors, times)
        if not len(ordered):
            width = len(self.inner.pool(vectors, times))
            return np.zeros(width * sum(self.levels), np.float32)
        edges = cells(seconds)
        parts = []
        for count in self.levels:
            bounds = np.linspace(edges[0], edges[-1], count + 1)
            which = np.clip(np.searchsorted(bounds, seconds, side="right") - 1, 0, count - 1)
            middles = (bounds[1:] + bounds[:-1]) / 2
            rows = [np.flatnonzero(which == part) for part in range(count)]
            nearest = [int(np.argmin(np.abs(seconds - middle))) for middle in middles]
            chosen = [found if len(found) else np.array([near]) for found, near in zip(rows, nearest, strict=True)]
            parts += [self.inner.pool(ordered[row].astype(np.float32), seconds[row]) / np.sqrt(count) for row in chosen]
        return unit(np.concatenate(parts).astype(np.float64))
