"""DnS: Kordopatis-Zilos, Tzelepis, Papadopoulos, Kompatsiaris & Patras, "DnS: Distill-and-Select for Efficient and
Accurate Video Indexing and Retrieval" (IJCV 2022): two fine students, a coarse one, and the selector between them.

All take regions of 512 numbers. Module names are those of the published state dicts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.networks.layers import Attention, Comparator, chamfer, frame_similarities, long_enough

DIMENSIONS = 512


class Fine(nn.Module, ABC):
    """What the fine students share: a comparator, and Chamfer similarity in one direction."""

    def __init__(self) -> None:
        super().__init__()
        self.visil_head = Comparator("constant")

    @abstractmethod
    def frames(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> similarities of frames (t, u)."""

    def compared(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> what the comparator makes of their frames, (t/4, u/4), not clipped."""
        compared: Tensor = self.visil_head(self.frames(a, b)[None, None])[0, 0]
        return compared

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> a number in [-1, 1]: how much of a is in b."""
        return chamfer(F.hardtanh(self.compared(a, b)))


class FineAttention(Fine):
    """The fine student with attention: ``dns_fg_att_student.pth``."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        super().__init__()
        self.attention = Attention(dimensions)

    def frames(self, a: Tensor, b: Tensor) -> Tensor:
        """See Fine."""
        return frame_similarities(self.attention(long_enough(a)), self.attention(long_enough(b)))


class Binarization(nn.Module):
    """Regions (..., d) -> codes (..., d) in {-1, 0, 1}: the sign of a learned rotation."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.eye(dimensions))

    def forward(self, regions: Tensor) -> Tensor:
        codes: Tensor = torch.sign(F.normalize(regions, dim=-1) @ self.W)
        return codes


class FineBinary(Fine):
    """The fine student with binary codes: ``dns_fg_bin_student.pth``. Codes are compared by inner product over d."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        super().__init__()
        self.binarization = Binarization(dimensions)

    def frames(self, a: Tensor, b: Tensor) -> Tensor:
        """See Fine."""
        first, second = self.binarization(long_enough(a)), self.binarization(long_enough(b))
        return frame_similarities(first, second).div(first.shape[-1])


class NetVLAD(nn.Module):
    """Vectors (n, t, d) -> (n, out): residuals to learned clusters, summed over time.

    Arandjelović et al., "NetVLAD: CNN architecture for weakly supervised place recognition" (CVPR 2016), with a linear
    map and a layer normalisation at the end.
    """

    def __init__(self, dimensions: int, clusters: int, out: int) -> None:
        super().__init__()
        self.centroids = nn.Parameter(torch.rand(clusters, dimensions))
        self.conv = nn.Conv2d(dimensions, clusters, 1, bias=False)
        self.reduction_layer = nn.Linear(clusters * dimensions, out, bias=False)
        self.norm = nn.LayerNorm(out)

    def forward(self, x: Tensor) -> Tensor:
        # a 1x1 convolution over (d, t, 1) is a matrix product; the published weight has its shape
        shares = torch.softmax(x @ self.conv.weight[:, :, 0, 0].T, dim=-1)
        summed = torch.einsum("ntk,ntd->nkd", shares, x) - shares.sum(1)[:, :, None] * self.centroids
        flat = F.normalize(F.normalize(summed, dim=2).flatten(1), dim=1)
        reduced: Tensor = self.norm(self.reduction_layer(flat))
        return reduced


class Coarse(nn.Module):
    """The coarse student, one vector a video: ``dns_cg_student.pth``. Order in time does not matter to it."""

    def __init__(self, dimensions: int = DIMENSIONS, clusters: int = 64, out: int = 1024) -> None:
        super().__init__()
        self.attention = Attention(dimensions)
        layer = nn.TransformerEncoderLayer(dimensions, nhead=8, dim_feedforward=2048, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, 1, nn.LayerNorm(dimensions), enable_nested_tensor=False)
        self.netvlad = NetVLAD(dimensions, clusters, out)

    def forward(self, regions: Tensor) -> Tensor:
        """Regions (t, r, d) -> a unit vector (out,)."""
        frames = F.normalize(self.attention(regions).sum(1), dim=-1)
        return F.normalize(self.netvlad(self.transformer(frames[None])), dim=-1)[0]


class _Mlp(nn.Module):
    """(n, inputs) -> (n, 1) in [0, 1]."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(inputs, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.model(x))


class Selector(nn.Module):
    """Is the fine student worth asking? ``dns_selector_cg-fg_att.pth`` and ``dns_selector_cg-fg_bin.pth``."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        super().__init__()
        self.attention = Attention(dimensions)
        self.visil_head = Comparator("constant")
        self.mlp = _Mlp(3, 100)

    def complexity(self, regions: Tensor) -> Tensor:
        """Regions (t, r, d) -> a number: what the comparator makes of the video beside itself, in the mean."""
        attended = self.attention(long_enough(regions)).mean(1)  # the mean over all pairs of regions is bilinear
        compared: Tensor = self.visil_head((attended @ attended.T)[None, None]).mean()
        return compared

    def forward(self, a: Tensor, b: Tensor, coarse: Tensor) -> Tensor:
        """``complexity`` of both videos and their coarse similarity, numbers -> the chance, in [0, 1], that the coarse
        similarity is wrong enough to ask."""
        chance: Tensor = self.mlp(torch.stack([a, b, coarse])[None])[0, 0]
        return chance
