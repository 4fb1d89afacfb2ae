"""One vector a picture out of a convolutional network's last feature map: SSCD, ISC21's winner, ResNet features.

    sscd     generalised mean of power 3, ``fc``            Pizzi et al., "A Self-Supervised Descriptor for Image Copy
                                                            Detection" (CVPR 2022), section 3
    isc      mean, projection without offset, batch norm    Yokoo, "Contrastive Learning with Large Memory Bank and
                                                            Negative Embedding Subtraction" (2021), section 3.1
    resnet   mean; the classifier is not used               He et al. (CVPR 2016)

None of them normalises: a vector's length is part of what SSCD says (VSC2022's baseline uses it), and whoever wants
unit vectors divides by it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.errors import UserError
from twinreel.networks.installed import timm_for
from twinreel.networks.resnet import ResNet

POWER = 3.0
"""Of SSCD's generalised mean."""
LEAST = 1e-6
"""What values are raised to before their power is taken, in SSCD and ISC21 alike."""


class ResNetFeatures(nn.Module):
    """Pictures (n, 3, h, w) -> means of the last feature map (n, c)."""

    def __init__(self, backbone: ResNet) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.backbone(images)[-1].mean((2, 3))
        return found


class SSCD(nn.Module):
    """Pictures (n, 3, h, w) -> (n, 512), not normalised."""

    def __init__(self, backbone: ResNet) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.backbone.fc(_generalised_mean(self.backbone(images)[-1], POWER))
        return found


class ISC(nn.Module):
    """Pictures (n, 3, h, w) -> (n, 256), not normalised. The backbone is timm's, by its name there."""

    def __init__(self, backbone: str, state: Mapping[str, Tensor]) -> None:
        """state: of which the dimensions are taken."""
        super().__init__()
        timm = timm_for("a descriptor of ISC21 from its weights")
        try:
            self.backbone = timm.create_model(backbone, features_only=True, pretrained=False)
        except RuntimeError as error:
            raise UserError(f"timm has no network {backbone!r} for this descriptor ({error})") from error
        dimensions, channels = state["fc.weight"].shape
        self.fc = nn.Linear(channels, dimensions, bias=False)
        self.bn = nn.BatchNorm1d(dimensions)

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.bn(self.fc(_generalised_mean(self.backbone(images)[-1], 1.0)))
        return found


class Bare(nn.Module):
    """SSCD as published in TorchScript, without its last step, the normalisation.

    There are two makes: ``embeddings`` is the normalisation itself, or pooling, projection and normalisation in a row
    (as VSC2022's ``adapt_sscd_model.py`` has it).
    """

    def __init__(self, script: torch.jit.ScriptModule) -> None:
        super().__init__()
        parts = dict(script.named_children())
        if parts.keys() != {"backbone", "embeddings"}:
            raise UserError(
                f"the TorchScript module has the parts {', '.join(parts) or 'none'}; backbone and embeddings are "
                "expected, of which the last step can be left out"
            )
        self.backbone = parts["backbone"]
        self.steps = nn.ModuleList(list(parts["embeddings"].children())[:-1])

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.backbone(images)
        for step in self.steps:
            found = step(found)
        return found


def _generalised_mean(level: Tensor, power: float) -> Tensor:
    """Feature map (n, c, h, w) to (n, c)."""
    return F.avg_pool2d(level.clamp(min=LEAST).pow(power), level.shape[2:]).pow(1 / power).flatten(1)
