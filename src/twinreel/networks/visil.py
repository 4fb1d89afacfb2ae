"""ViSiL: two videos' regions to one similarity (ICCV 2019), as its PyTorch release has it.

``visil.pth`` holds the asymmetric network for regions of 3840 numbers, ``visil_symmetric.pth`` the symmetric one for
512.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.networks.layers import (
    Comparator,
    UnitAttention,
    chamfer,
    frame_similarities,
    long_enough,
    symmetric_chamfer,
)


class ViSiL(nn.Module):
    """Attention, Chamfer over regions, comparator, Chamfer over frames."""

    def __init__(self, dimensions: int, symmetric: bool) -> None:
        """symmetric: both Chamfer similarities are the means of both directions."""
        super().__init__()
        self._chamfer = symmetric_chamfer if symmetric else chamfer
        self.attention = UnitAttention(dimensions)
        self.video_comperator = Comparator("replicate")  # the published name

    def frames(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> similarities of frames (t, u)."""
        return frame_similarities(self.attention(long_enough(a)), self.attention(long_enough(b)), self._chamfer)

    def compared(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> what the comparator makes of their frames, (t/4, u/4), not clipped."""
        compared: Tensor = self.video_comperator(self.frames(a, b)[None, None])[0, 0]
        return compared

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> a number in [-1, 1]; how much of a is in b, unless symmetric."""
        return self._chamfer(F.hardtanh(self.compared(a, b)))
