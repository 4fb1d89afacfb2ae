"""What ViSiL and its students are built of: Chamfer similarity, attention over regions, the comparator.

ViSiL: Kordopatis-Zilos, Papadopoulos, Patras & Kompatsiaris, "ViSiL: Fine-grained Spatio-Temporal Video Similarity
Learning" (ICCV 2019). Regions of a video are (t, r, d): its frames, the regions of a frame, the numbers of a region.
Module names are those of the published state dicts.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FRAMES = 4
"""Frames that a comparator needs of each video, which it halves twice."""

BLOCK = 32
"""Frames of one video that are compared with all of the other at a time: 75 MB beside two hours."""

Similarity = Callable[[Tensor], Tensor]


def chamfer(similarities: Tensor) -> Tensor:
    """(..., n, m) -> (...): for each of n the best of m, in the mean over n.

    High where all of the first lies in the second, whatever else the second holds.
    """
    return similarities.amax(-1).mean(-1)


def symmetric_chamfer(similarities: Tensor) -> Tensor:
    """(..., n, m) -> (...): the mean of both directions. ViSiL, equation 3."""
    return (chamfer(similarities) + chamfer(similarities.transpose(-1, -2))) / 2


def frame_similarities(a: Tensor, b: Tensor, similarity: Similarity = chamfer) -> Tensor:
    """Regions (t, r, d) and (u, s, d) -> (t, u): inner products of all regions, summed up by ``similarity``."""
    rows = [similarity(torch.einsum("trd,usd->turs", block, b)) for block in torch.split(a, BLOCK)]
    return torch.cat(rows)


def long_enough(regions: Tensor) -> Tensor:
    """(t, r, d) -> (max(t, FRAMES), r, d): a video that is too short for a comparator is repeated.

    ValueError where there is no frame.
    """
    if not len(regions):
        raise ValueError("regions of no frame were given; a comparator needs one or more")
    times = -(-FRAMES // len(regions))
    return regions.repeat(times, 1, 1) if times > 1 else regions


class UnitAttention(nn.Module):
    """Regions (..., d) -> (..., d), each times (u.x + 1) / 2, which lies in [0, 1] for unit vectors.

    The published context vector u is a unit vector; it is taken as the file has it.
    """

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.context_vector = nn.Linear(dimensions, 1, bias=False)

    def forward(self, regions: Tensor) -> Tensor:
        weighted: Tensor = regions * (self.context_vector(regions) / 2 + 0.5)
        return weighted


class Attention(nn.Module):
    """Regions (..., d) -> (..., d), each times sigmoid(u . tanh(W x + b)): the attention of DnS and S2VS."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.transform = nn.Linear(dimensions, dimensions)
        self.context_vector = nn.Linear(dimensions, 1, bias=False)

    def forward(self, regions: Tensor) -> Tensor:
        return regions * torch.sigmoid(self.context_vector(torch.tanh(self.transform(regions))))


class Comparator(nn.Module):
    """Similarities of frames (n, 1, t, u) -> (n, 1, ~t/4, ~u/4): a network that looks for diagonals.

    What it gives is not limited to [-1, 1]; who uses it clips. Padding differs between ViSiL (replicate) and its
    students (zeros). The students' masks of padded frames are left out, since videos are compared one pair at a time
    and never padded to a common length.
    """

    def __init__(self, padding: str) -> None:
        """padding: ``replicate`` or ``constant`` (zeros)."""
        super().__init__()
        self.padding = padding
        self.conv1 = nn.Conv2d(1, 32, 3)
        self.conv2 = nn.Conv2d(32, 64, 3)
        self.conv3 = nn.Conv2d(64, 128, 3)
        self.fconv = nn.Conv2d(128, 1, 1)

    def forward(self, similarities: Tensor) -> Tensor:
        x = F.max_pool2d(self._filtered(self.conv1, similarities, self.padding), 2)
        x = F.max_pool2d(self._filtered(self.conv2, x, self.padding), 2)
        return self._summed(x, self.padding)

    def full(self, similarities: Tensor) -> Tensor:
        """(n, 1, t, u) -> (n, 1, t, u): without the two poolings and padded by replication, to see where it is."""
        x = self._filtered(self.conv1, similarities, "replicate")
        return self._summed(self._filtered(self.conv2, x, "replicate"), "replicate")

    def _summed(self, x: Tensor, padding: str) -> Tensor:
        compared: Tensor = self.fconv(self._filtered(self.conv3, x, padding))
        return compared

    @staticmethod
    def _filtered(conv: nn.Module, x: Tensor, padding: str) -> Tensor:
        return F.relu(conv(F.pad(x, (1, 1, 1, 1), mode=padding)))
