"""The transformers of CLIP, SigLIP and DINOv2: for pictures, and for texts.

Dosovitskiy et al., "An Image is Worth 16x16 Words" (ICLR 2021), with the norm before each step. What sets the families
apart is which parts there are, and that the weights show (``networks.names`` gives them these names):

    CLIP     a norm before the blocks; the class token, projected    Radford et al. (ICML 2021), section 2.4
    SigLIP   no class token: a learnt probe attends to all tokens    Zhai et al. (ICCV 2023)
    DINOv2   steps are scaled; the class token as it is; registers   Oquab et al. (2023); Darcet et al. (ICLR 2024)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEAD = 64
"""Width of an attention head, where nothing else is said."""


def quick_gelu(x: Tensor) -> Tensor:
    """OpenAI's stand-in for GELU."""
    return x * torch.sigmoid(1.702 * x)


def gelu_tanh(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "quick_gelu": quick_gelu,
    "gelu_pytorch_tanh": gelu_tanh,
}
"""By the names that published configurations have for them."""


@dataclass(frozen=True, slots=True)
class Fashion:
    """What weights do not show."""

    heads: int | None = None
    """Of an attention; None for heads of width 64."""
    activation: str = "gelu"
    epsilon: float = 1e-6
    """Of the norms."""


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        """Tokens (n, t, width) to tokens."""
        q, k, v = (self._split(part) for part in self.qkv(x).chunk(3, dim=-1))
        return self._joined(F.scaled_dot_product_attention(q, k, v, is_causal=causal))

    def attend(self, probe: Tensor, x: Tensor) -> Tensor:
        """What a probe (n, 1, width) makes of tokens (n, t, width): (n, 1, width)."""
        weights, biases = self.qkv.weight.chunk(3), self.qkv.bias.chunk(3)
        sources = (probe, x, x)
        q, k, v = (self._split(F.linear(*one)) for one in zip(sources, weights, biases, strict=True))
        return self._joined(F.scaled_dot_product_attention(q, k, v))

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def _joined(self, x: Tensor) -> Tensor:
        joined: Tensor = self.out(x.transpose(1, 2).flatten(2))
        return joined


class Block(nn.Module):
    def __init__(self, width: int, hidden: int, scaled: bool, fashion: Fashion) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, fashion.epsilon)
        self.attention = Attention(width, fashion.heads or width // HEAD)
        self.norm2 = nn.LayerNorm(width, fashion.epsilon)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.scale1 = nn.Parameter(torch.ones(width)) if scaled else None
        self.scale2 = nn.Parameter(torch.ones(width)) if scaled else None
        self.activation = ACTIVATIONS[fashion.activation]

    def forward(self, x: Tensor, causal: bool = False) -> Tensor:
        step = self.attention(self.norm1(x), causal)
        x = x + (step if self.scale1 is None else step * self.scale1)
        step = self.fc2(self.activation(self.fc1(self.norm2(x))))
        x = x + (step if self.scale2 is None else step * self.scale2)
        return x


class Probe(nn.Module):
    """A learnt query that attends to all tokens, then a step of its own."""

    def __init__(self, width: int, hidden: int, fashion: Fashion) -> None:
        super().__init__()
        self.probe = nn.Parameter(torch.zeros(1, 1, width))
        self.attention = Attention(width, fashion.heads or width // HEAD)
        self.norm = nn.LayerNorm(width, fashion.epsilon)
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)
        self.activation = ACTIVATIONS[fashion.activation]

    def forward(self, x: Tensor) -> Tensor:
        """Tokens (n, t, width) to (n, width)."""
        seen = self.attention.attend(self.probe.expand(len(x), -1, -1), x)
        found: Tensor = seen + self.fc2(self.activation(self.fc1(self.norm(seen))))
        return found[:, 0]


class PictureTransformer(nn.Module):
    """Pictures (n, 3, h, w), scaled as the family has it -> vectors (n, d), not normalised."""

    def __init__(self, state: Mapping[str, Tensor], fashion: Fashion) -> None:
        """state: weights under the names of this module, of which the shapes are taken; not yet their values."""
        super().__init__()
        width, _, patch, _ = state["patch.weight"].shape
        self.patch = nn.Conv2d(3, width, patch, patch, bias="patch.bias" in state)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width)) if "class_token" in state else None
        registers = state.get("registers")
        self.registers = None if registers is None else nn.Parameter(torch.zeros(registers.shape))
        self.positions = nn.Parameter(torch.zeros(state["positions"].shape))
        self.pre_norm = nn.LayerNorm(width, fashion.epsilon) if "pre_norm.weight" in state else None
        self.blocks = _blocks(state, width, fashion)
        self.norm = nn.LayerNorm(width, fashion.epsilon)
        pool = state.get("pool.fc1.weight")
        self.pool = None if pool is None else Probe(width, len(pool), fashion)
        self.projection = _projection(state)

    def forward(self, images: Tensor) -> Tensor:
        grid = self.patch(images)
        x = grid.flatten(2).transpose(1, 2)
        if self.class_token is not None:
            x = torch.cat([self.class_token.expand(len(x), -1, -1), x], dim=1)
        x = x + self._positions(grid.shape[2], grid.shape[3])
        if self.registers is not None:
            x = torch.cat([x[:, :1], self.registers.expand(len(x), -1, -1), x[:, 1:]], dim=1)
        if self.pre_norm is not None:
            x = self.pre_norm(x)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        found: Tensor = x[:, 0] if self.pool is None else self.pool(x)
        return found if self.projection is None else _projected(found, self.projection)

    @property
    def side(self) -> int:
        """Pixels of the square pictures that it was trained on."""
        return int(self._trained * self.patch.kernel_size[0])

    @property
    def _trained(self) -> int:
        """Patches along a side of these."""
        patches = self.positions.shape[1] - (0 if self.class_token is None else 1)
        return math.isqrt(patches)

    def _positions(self, rows: int, columns: int) -> Tensor:
        """(1, tokens, width): those of the class token, if there is one, and of the grid, which is resized where the
        network was trained on a larger one, as transformers does it: smoothed first where there are registers."""
        first = 0 if self.class_token is None else 1
        side = self._trained
        if (rows, columns) == (side, side):
            return self.positions
        grid = self.positions[:, first:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
        smooth = self.registers is not None
        grid = F.interpolate(grid, (rows, columns), mode="bicubic", align_corners=False, antialias=smooth)
        return torch.cat([self.positions[:, :first], grid.flatten(2).transpose(1, 2)], dim=1)


class TextTransformer(nn.Module):
    """Numbers of tokens (n, t) -> vectors (n, d), not normalised: what becomes of the last token, projected."""

    def __init__(self, state: Mapping[str, Tensor], fashion: Fashion, causal: bool) -> None:
        """state: see PictureTransformer. causal: a token sees only those before it (CLIP), or all of them (SigLIP)."""
        super().__init__()
        self.causal = causal
        count, width = state["tokens.weight"].shape
        self.tokens = nn.Embedding(count, width)
        self.positions = nn.Parameter(torch.zeros(state["positions"].shape))
        self.blocks = _blocks(state, width, fashion)
        self.norm = nn.LayerNorm(width, fashion.epsilon)
        self.projection = _projection(state)

    @property
    def longest(self) -> int:
        """Tokens of the longest text."""
        return self.positions.shape[1]

    def forward(self, numbers: Tensor) -> Tensor:
        x = self.tokens(numbers) + self.positions[:, : numbers.shape[1]]
        for block in self.blocks:
            x = block(x, self.causal)
        found: Tensor = self.norm(x[:, -1])
        return found if self.projection is None else _projected(found, self.projection)


def _blocks(state: Mapping[str, Tensor], width: int, fashion: Fashion) -> nn.ModuleList:
    count = 1 + max(int(found[1]) for key in state if (found := re.match(r"blocks\.(\d+)\.", key)))
    hidden, scaled = len(state["blocks.0.fc1.weight"]), "blocks.0.scale1" in state
    return nn.ModuleList(Block(width, hidden, scaled, fashion) for _ in range(count))


def _projection(state: Mapping[str, Tensor]) -> nn.Linear | None:
    if "projection.weight" not in state:
        return None
    to, width = state["projection.weight"].shape
    return nn.Linear(width, to, bias="projection.bias" in state)


def _projected(x: Tensor, projection: nn.Linear) -> Tensor:
    projected: Tensor = projection(x)
    return projected
