"""Dynamic time warping: one path from the first frames to the last ones, cut into its matching stretches.

After the alignment of Sakoe and Chiba (IEEE Transactions on Acoustics, Speech, and Signal Processing 1978) as used
for copies in VCSL (He et al., CVPR 2022). A path costs the integral of (1 - similarity) over the mean of the seconds
that pass in a and in b, so that all paths from corner to corner last equally long, and the cheapest is the one of
highest mean similarity, whatever the sampling. Its cells are then linked as those of the Temporal Network are, which
leaves out the stretches that no copy plays through, by speed, holes or similarity.

There is one path and it only ever goes forward: of segments in another order, or repeated, it finds some only, at
least one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.match.alignment.base import Box, Settings, in_order
from twinreel.match.alignment.chains import chained
from twinreel.match.alignment.paths import best_paths
from twinreel.match.alignment.similarity import similarity_map
from twinreel.types import Float32, Float64


@dataclass(frozen=True, slots=True)
class DtwSettings(Settings):
    bend: float = 0.1
    """Weight of the penalty on moves other than straight ones."""


def align(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    settings: DtwSettings = DtwSettings(),
    *,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> list[Box]:
    """As ``network.align``, for footage in the same order in both videos."""
    view = similarity_map(similarity, times_a, times_b, duration_a, duration_b)
    if view is None:
        return []
    paths = best_paths(view, np.minimum(view.values, 1) - 1, bend=settings.bend, anywhere=False)
    path = paths.trace(len(times_a) - 1, len(times_b) - 1)
    return in_order(chained(view, path, settings))
