"""Networks as ONNX files, for inference without PyTorch: ``networks.graphs`` runs them.

What exports: the networks of two videos (ViSiL, S2VS, both fine students of DnS), the coarse student, RCLA's light
variant, and what describes frames (L3-iMAC with its whitening, RCLA's trunk). All lengths stay free. The selector of
DnS does not: it is asked in three steps, between which ``DistillAndSelect`` decides.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.networks.dns import Coarse
from twinreel.networks.layers import FRAMES
from twinreel.networks.rcla import Rcla, Temporal

OPSET = 17
_EXAMPLE = FRAMES + 1
"""Frames that a graph is drawn with: enough for a comparator, so that nothing is repeated in it."""


def export_pair(network: nn.Module, dimensions: int, path: Path, regions: int = 9) -> None:
    """A network of two videos' regions: ``a`` (t, r, d), ``b`` (u, r, d) -> ``similarity``, a number.

    Each has to have four frames and more; ``PairGraph`` repeats those of shorter ones, as the networks do.
    """
    a, b = torch.rand(_EXAMPLE, regions, dimensions), torch.rand(_EXAMPLE + 2, regions, dimensions)
    _export(network, (a, b), {"a": {0: "t"}, "b": {0: "u"}}, {"similarity": {}}, path)


def export_coarse(network: Coarse, dimensions: int, path: Path, regions: int = 9) -> None:
    """The coarse student: ``regions`` (t, r, d) -> ``vector`` (1024,)."""
    examples = (torch.rand(_EXAMPLE, regions, dimensions),)
    _export(_AnyLength(network), examples, {"regions": {0: "t"}}, {"vector": {}}, path)


def export_rcla(network: Rcla, path: Path) -> None:
    """RCLA from features on: ``regions`` (t, d) -> ``vector`` (hidden,)."""
    dimensions = network.temporal.lstm.input_size
    _export(
        _OneVideo(network.temporal), (torch.rand(_EXAMPLE, dimensions),), {"regions": {0: "t"}}, {"vector": {}}, path
    )


def export_frames(network: nn.Module, side: int, path: Path) -> None:
    """What describes frames: ``images`` (n, side, side, 3) uint8 -> ``regions``."""
    images = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    _export(network, (images,), {"images": {0: "n"}}, {"regions": {0: "n"}}, path)


class _OneVideo(nn.Module):
    """Features (t, d) of one video, without filling."""

    def __init__(self, temporal: Temporal) -> None:
        super().__init__()
        self.temporal = temporal

    def forward(self, frames: Tensor) -> Tensor:
        states, _ = self.temporal.lstm(frames[None])
        vector: Tensor = self.temporal.weighed(states, None)[0]
        return vector


class _AnyLength(nn.Module):
    """The coarse student, its transformer's layer step by step: PyTorch's own is drawn for one length only."""

    def __init__(self, network: Coarse) -> None:
        super().__init__()
        self.network = network

    def forward(self, regions: Tensor) -> Tensor:
        transformer: Any = self.network.transformer
        layer = transformer.layers[0]
        x = F.normalize(self.network.attention(regions).sum(1), dim=-1)
        x = layer.norm1(x + self._attended(layer.self_attn, x))
        x = layer.norm2(x + layer.linear2(F.relu(layer.linear1(x))))
        return F.normalize(self.network.netvlad(transformer.norm(x)[None]), dim=-1)[0]

    @staticmethod
    def _attended(attention: nn.MultiheadAttention, x: Tensor) -> Tensor:
        """Frames (t, d) -> (t, d): softmax(q k / sqrt(d / heads)) v of every head (Vaswani et al., equation 1)."""
        heads, width = attention.num_heads, attention.head_dim
        projected = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)
        q, k, v = projected.reshape(-1, 3, heads, width).permute(1, 2, 0, 3)
        mixed = torch.softmax(q @ k.transpose(1, 2) / width**0.5, dim=-1) @ v
        attended: Tensor = attention.out_proj(mixed.transpose(0, 1).reshape(-1, heads * width))
        return attended


def _export(
    network: nn.Module,
    examples: tuple[Tensor, ...],
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any],
    path: Path,
) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # lengths that are looked at while drawing; tests hold other ones to it
        torch.onnx.export(
            network.eval(),
            examples,
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: axes for name, axes in {**inputs, **outputs}.items() if axes},
            opset_version=OPSET,
            dynamo=False,
        )
