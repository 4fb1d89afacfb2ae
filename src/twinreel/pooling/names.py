"""The poolers of frame vectors that need no file, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twinreel.pooling.anchored import AnchorPooler
from twinreel.pooling.base import Pooler
from twinreel.pooling.hashes import LONG, SHORT, video_hash
from twinreel.pooling.means import GemPooler, MeanPooler, PyramidPooler
from twinreel.types import Float32, Float64


@dataclass(frozen=True, slots=True)
class HashPooler:
    """The hash of the mean as a vector: 1 or -1 a bit, over the root of their number.

    Two of them have the inner product 1 - 2 d / bits, where d is the number of bits in which they differ.
    """

    bits: int = SHORT

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        mean = MeanPooler().pool(vectors, times)
        if not mean.any():
            return np.zeros(self.bits, np.float32)
        signs = np.unpackbits(video_hash(mean, self.bits)).astype(np.float32) * 2 - 1
        return np.asarray(signs / np.sqrt(np.float32(self.bits)), np.float32)


POOLERS: Mapping[str, Pooler] = {
    "mean": MeanPooler(),
    "gem": GemPooler(),
    "pyramid": PyramidPooler(),
    "anchors": AnchorPooler(),
    "hash": HashPooler(SHORT),
    "long-hash": HashPooler(LONG),
}
