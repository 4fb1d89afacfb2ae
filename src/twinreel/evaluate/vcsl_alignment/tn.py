"""TN: the temporal network of Tan, Ngo, Hong & Chua, ACM Multimedia 2009: longest paths through likely pairs.

The original leaves the search to networkx. Among paths of equal weight its answer follows from the order in which nodes
and links were added, which is kept here.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twinreel.evaluate.vcsl_alignment.boxes import FrameBox, Map, iou

_SOURCE = 0


class _Network:
    """Nodes are pairs of frames: the source, then every query frame with each of its likeliest reference frames.

    The last of them doubles as the sink: every node at most ``max_step`` before it is linked to it with weight 0.
    """

    def __init__(self, similarity: Map, max_step: int, top_k: int, min_sim: float) -> None:
        rows = similarity.shape[0]
        likely = np.argsort(-similarity, axis=1, kind="stable")[:, :top_k]
        self.top = likely.shape[1]
        self.frames = [(-1, -1), *((q, int(r)) for q in range(rows) for r in likely[q])]
        self.sink = len(self.frames) - 1
        self.weights: dict[tuple[int, int], float] = {}
        self.before: list[list[int]] = [[] for _ in self.frames]
        self.after: list[list[int]] = [[] for _ in self.frames]
        for q in range(rows):
            self._link_from(q, similarity, likely, max_step, min_sim)
        q_last, r_last = self.frames[self.sink]
        for node, (q, r) in enumerate(self.frames[:-1]):
            if 0 < q_last - q <= max_step and 0 < r_last - r <= max_step:
                self._link(node, self.sink, 0.0)
        self.order = self._topological()

    def _link(self, u: int, v: int, weight: float) -> None:
        if (u, v) not in self.weights:
            self.before[v].append(u)
            self.after[u].append(v)
        self.weights[u, v] = weight

    def _link_from(self, q: int, similarity: Map, likely: NDArray[np.int64], max_step: int, min_sim: float) -> None:
        """Links to later frames of both videos, at most ``max_step`` - 1 on, that skip no frame linked to already."""
        r_from = likely[q]
        linked = np.empty(0, likely.dtype)
        for q_to in range(q + 1, min(len(likely), q + max_step)):
            r_to = likely[q_to][:, None]
            skips = ((linked > r_from[None, :, None]) & (linked < r_to[:, :, None])).any(axis=-1)
            sims = similarity[q_to, likely[q_to]]
            links = (r_to > r_from) & (r_to - r_from < max_step) & ~skips & (sims >= min_sim)[:, None]
            for to, start in np.argwhere(links):
                self._link(1 + q * self.top + int(start), 1 + q_to * self.top + int(to), float(sims[to]))
            linked = np.union1d(linked, likely[q_to][links.any(axis=1)])

    def _topological(self) -> list[int]:
        """Every node after all that lead to it, generation by generation."""
        waiting = [len(nodes) for nodes in self.before]
        order = [node for node, count in enumerate(waiting) if not count]
        for node in order:  # grows
            for following in self.after[node]:
                waiting[following] -= 1
                if not waiting[following]:
                    order.append(following)
        return order

    def longest(self) -> list[int]:
        """The nodes of the longest path; of equal ones the first in order."""
        length = [0.0] * len(self.frames)
        via = list(range(len(self.frames)))
        for node in self.order:
            if self.before[node]:
                sums = [length[u] + self.weights[u, node] for u in self.before[node]]
                best = max(sums)
                if best >= 0:
                    length[node], via[node] = best, self.before[node][sums.index(best)]
        node = max(self.order, key=lambda node: length[node])
        path = [node]
        while via[node] != node:
            node = via[node]
            path.append(node)
        return path[::-1]

    def spend(self, path: list[int]) -> None:
        """The links of a path lose their weight."""
        for u, v in pairwise(path):
            self.weights[u, v] = 0.0


def tn(
    similarity: Map,
    max_step: int = 10,
    top_k: int = 5,
    max_path: int = 10,
    min_sim: float = 0.2,
    min_length: int = 5,
    max_iou: float = 0.3,
) -> list[FrameBox]:
    """Boxes, the longest path first.

    max_path: that many paths, and one more, are looked at. A path is kept where the sum of its similarities by the mean
    of its two extents is above ``min_sim``, both extents are above ``min_length``, and no earlier box overlaps it by
    ``max_iou``. The sum may exceed the extent, so that a dense path can score above 1.
    """
    network = _Network(similarity, max_step, top_k, min_sim)
    found: list[FrameBox] = []
    for _ in range(max_path + 1):
        path = network.longest()
        network.spend(path)
        frames = [network.frames[node] for node in path if node not in (_SOURCE, network.sink)]
        if not frames:
            break
        total = sum(float(similarity[frame]) for frame in frames)
        (top, left), (bottom, right) = frames[0], frames[-1]
        height, width = bottom - top, right - left
        box = top, left, bottom, right
        if (
            total > 0
            and min(height, width) > min_length
            and total / ((height + width) / 2) > min_sim
            and all(iou(box, other) < max_iou for other in found)
        ):
            found.append(box)
    return found
