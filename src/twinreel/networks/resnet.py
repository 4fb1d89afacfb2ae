"""ResNet-50, under torchvision's names, for the sake of the feature maps of its four stages.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition" (CVPR 2016), table 1. As in torchvision, the
stride of a block is that of its 3x3 convolution (the paper: of its first 1x1). The classifier ``fc`` is there because
the published file has its weights, and is not used.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Narrow channels and blocks of each stage."""
WIDER = 4
"""A block gives so many times its narrow channels."""
CLASSES = 1000


class Bottleneck(nn.Module):
    """Narrow (1x1), filter (3x3), widen (1x1), add the input."""

    def __init__(self, c_in: int, narrow: int, stride: int) -> None:
        super().__init__()
        wide = narrow * WIDER
        self.conv1 = nn.Conv2d(c_in, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow)
        self.conv3 = nn.Conv2d(narrow, wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(wide)
        fits = stride == 1 and c_in == wide
        self.downsample = (
            None if fits else nn.Sequential(nn.Conv2d(c_in, wide, 1, stride, bias=False), nn.BatchNorm2d(wide))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """Pictures (n, 3, h, w), scaled by ImageNet's mean and deviation -> feature maps of the four stages:
    (n, 256, h/4, w/4), (n, 512, h/8, w/8), (n, 1024, h/16, w/16), (n, 2048, h/32, w/32), all values 0 or more."""

    channels = tuple(narrow * WIDER for narrow, _ in STAGES)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        c_in = 64
        for number, (narrow, blocks) in enumerate(STAGES):
            stride = 1 if number == 0 else 2
            stage = []
            for block in range(blocks):
                stage.append(Bottleneck(c_in, narrow, stride if block == 0 else 1))
                c_in = narrow * WIDER
            self.add_module(f"layer{number + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(c_in, CLASSES)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        maps = []
        for number in range(len(STAGES)):
            x = self.get_submodule(f"layer{number + 1}")(x)
            maps.append(x)
        return maps


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1]: red, green, blue."""


def scaled(images: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) RGB -> float (n, 3, h, w) as the published weights expect it."""
    return ((images.float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)
