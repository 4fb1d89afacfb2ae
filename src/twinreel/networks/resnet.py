"""ResNets under torchvision's names, which are timm's too, for the sake of the feature maps of their four stages.

He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition" (CVPR 2016), table 1. As in torchvision, the
stride of a block is that of its 3x3 convolution (the paper: of its first 1x1). The classifier ``fc`` is there because
the published file has its weights, and is not used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.errors import UserError

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Of ResNet-50: narrow channels and blocks of each stage."""
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


class Basic(nn.Module):
    """Filter twice (3x3), add the input: the block of ResNet-18 and 34."""

    def __init__(self, c_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        fits = stride == 1 and c_in == channels
        self.downsample = (
            None if fits else nn.Sequential(nn.Conv2d(c_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Pictures (n, 3, h, w), scaled by ImageNet's mean and deviation -> feature maps of the four stages:
    (n, c_i, h/4, w/4) to (n, c_i, h/32, w/32), all values 0 or more."""

    channels: tuple[int, ...]
    """c_i of each stage."""

    def __init__(self, stages: Sequence[tuple[int, int]], *, bottleneck: bool, outputs: int) -> None:
        """stages: channels, of a bottleneck the narrow ones, and blocks of each; outputs: of ``fc``."""
        super().__init__()
        stem = stages[0][0]
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        kind, wider = (Bottleneck, WIDER) if bottleneck else (Basic, 1)
        self.channels = tuple(channels * wider for channels, _ in stages)
        self._stages = len(stages)
        c_in = stem
        for number, (channels, blocks) in enumerate(stages):
            stage = []
            for block in range(blocks):
                stage.append(kind(c_in, channels, 2 if number and not block else 1))
                c_in = channels * wider
            self.add_module(f"layer{number + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(c_in, outputs)

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> ResNet:
        """One of the shape of a state dict under torchvision's names; UserError where it is none of a ResNet."""
        blocks = [match for key in state if (match := re.match(r"layer(\d)\.(\d+)\.conv1\.weight$", key))]
        if not blocks or "fc.weight" not in state:
            raise UserError(
                "these are no weights of a ResNet as torchvision and timm name them; the first keys are "
                + ", ".join(sorted(state)[:3])
            )
        counts = Counter(int(match[1]) for match in blocks)
        stages = [(len(state[f"layer{stage}.0.conv1.weight"]), counts[stage]) for stage in sorted(counts)]
        return cls(stages, bottleneck="layer1.0.conv3.weight" in state, outputs=len(state["fc.weight"]))

    def forward(self, x: Tensor) -> list[Tensor]:
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        maps = []
        for number in range(self._stages):
            x = self.get_submodule(f"layer{number + 1}")(x)
            maps.append(x)
        return maps


class ResNet50(ResNet):
    """That of the paper, for ImageNet's classes."""

    channels = tuple(narrow * WIDER for narrow, _ in STAGES)

    def __init__(self) -> None:
        super().__init__(STAGES, bottleneck=True, outputs=CLASSES)


MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in [0, 1]: red, green, blue."""


def scaled(images: Tensor) -> Tensor:
    """uint8 (n, h, w, 3) RGB -> float (n, 3, h, w) as the published weights expect it."""
    return ((images.float() / 255 - torch.tensor(MEAN)) / torch.tensor(STD)).permute(0, 3, 1, 2)
