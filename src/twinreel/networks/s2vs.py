"""S2VS: Kordopatis-Zilos et al., "Self-Supervised Video Similarity Learning" (CVPR workshops 2023).

The network is that of the fine DnS student with attention, trained otherwise; and it says where in time.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from twinreel.networks.dns import FineAttention


class S2VS(FineAttention):
    """``s2vs_dns.pth`` and ``s2vs_vcdb.pth``."""

    def full(self, a: Tensor, b: Tensor) -> Tensor:
        """Regions (t, r, d) and (u, r, d) -> similarities (t, u) of frames in their context, in [-1, 1]."""
        return F.hardtanh(self.visil_head.full(self.frames(a, b)[None, None])[0, 0])
