"""Temporal Network: the path of most evidence through the likely cells. The default aligner.

After Tan, Ngo, Hong and Chua, "Scalable detection of partial near-duplicate videos by visual-temporal consistency"
(ACM Multimedia 2009): nodes are likely pairs of frames, edges lead forward in both videos, and a copied segment is
a longest path; it is taken out and the next one is sought, so that segments come in any number and order.

Where we deviate:

- Edges are bounded in seconds, with the cells of the samples as slack, and by the speed they imply.
- The weight of an edge is the evidence on it, the integral of (similarity - min_similarity) along a straight line
  from node to node, over the seconds that pass in a or in b, whichever are fewer: a path gains nothing by bending to
  cover more of one of them. So a path ends by itself where the copy
  does, a frame without a match costs at most ``min_similarity`` a second, and a path through a still scene has
  its evidence whichever cells were picked as nodes.
- ``bend x (db - da)^2 / (db + da)`` is taken off an edge that spans da and db seconds. The penalty is convex, so
  among paths between the same ends the one of constant speed is the cheapest: no zigzag through still scenes.
- The cells beside a path are its shadow (neighbouring frames look alike) and are spent with it, not the whole box:
  paths may cross.
"""

from __future__ import annotations

from dataclasses import dataclass

from twinreel.match.alignment.base import Box, Settings, in_order
from twinreel.match.alignment.chains import chained
from twinreel.match.alignment.nodes import likely_cells
from twinreel.match.alignment.similarity import similarity_map
from twinreel.types import Float32, Float64


@dataclass(frozen=True, slots=True)
class NetworkSettings(Settings):
    top_k: int = 5
    """Cells of each row, and of each column, that become nodes."""


def align(
    similarity: Float32,
    times_a: Float64,
    times_b: Float64,
    settings: NetworkSettings = NetworkSettings(),
    *,
    duration_a: float | None = None,
    duration_b: float | None = None,
) -> list[Box]:
    """Boxes of similarity (n, m) over times_a (n,) and times_b (m,), seconds ascending, in order of a_start.

    The durations, in seconds from 0, say where the last sample's cell ends. ValueError for arguments that do not fit.
    """
    view = similarity_map(similarity, times_a, times_b, duration_a, duration_b)
    if view is None:
        return []
    return in_order(chained(view, likely_cells(view, settings.top_k, settings.min_similarity), settings))
