"""Local alignment by dynamic programming: the path of most evidence through all cells, then the next.

After Chou, Chen and Lee, "Pattern-based near-duplicate video retrieval and localization on web-scale videos"
(IEEE Transactions on Multimedia 2015). Where we deviate:

- A cell is worth its similarity less ``min_similarity``, so a path ends where a copy does, by the maximum itself; the
  published counter of bad cells and the shift of all similarities by 1 merged whole videos into one box.
- A move is worth the seconds it spans, and may skip a frame, so that half and double speed are straight paths, too.
- The map that is given stays as it is.

A path is taken out with the whole rectangle it spans, as published: a second segment that begins within that
rectangle is found from its edge on only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.match.alignment.base import Box, Settings, in_order
from twinreel.match.alignment.chains import chained
from twinreel.match.alignment.paths import best_paths
from twinreel.match.alignment.similarity import covering, similarity_map
from twinreel.types import Float32, Float64


@dataclass(frozen=True, slots=True)
class DpSettings(Settings):
    bend: float = 0.05
    """Weight of the penalty on moves other than straight ones."""


def align(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    settings: DpSettings = DpSettings(),
    *,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> list[Box]:
    """As ``network.align``; slower, and every cell counts, not the likely ones only."""
    view = similarity_map(similarity, times_a, times_b, duration_a, duration_b)
    if view is None:
        return []
    gains = view.values - np.float32(settings.min_similarity)
    least = settings.min_evidence * min(view.a.cells.min(), view.b.cells.min())
    boxes: list[Box] = []
    for _ in range(2 * settings.max_boxes):
        paths = best_paths(view, gains, bend=settings.bend, anywhere=True)
        if paths.gain < least or len(boxes) == settings.max_boxes:
            break
        path = paths.trace(*paths.best)
        for box in chained(view, path, settings):
            if covering(view, box, boxes, settings) is None:
                boxes.append(box)
        (top, left), (bottom, right) = path[0], path[-1]
        gains[top : bottom + 1, left : right + 1] = -np.inf
    return in_order(boxes[: settings.max_boxes])
