"""Region features L3-iMAC: maxima over nine regions of every stage of a ResNet-50, whitened.

The features that ViSiL's PyTorch release, DnS and S2VS were trained on; their weights say nothing on others.
iMAC: Kordopatis-Zilos et al., "Near-duplicate video retrieval by aggregating intermediate CNN layers" (MMM 2017), on
regions as in ViSiL (ICCV 2019).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import xxhash
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.describe.frames import check_frames
from twinreel.errors import UserError
from twinreel.networks.resnet import ResNet50, scaled
from twinreel.networks.weights import load, read_file
from twinreel.types import Float32, UInt8

SIDE = 224
"""Pixels. Frames are stretched to a square of it, as the baseline of VSC2022 does with these networks; the releases
scale the shorter side to 256 and cut out the middle."""
WINDOWS = (28, 14, 6, 3)
"""Sides of the regions on the maps of each stage, half overlapping: three by three at ``SIDE``."""
REGIONS = 9
CHANNELS = sum(ResNet50.channels)
EPSILON = 1e-7
"""Added to eigenvalues, as the releases do."""
_BATCH = 8


class L3iMAC(nn.Module):
    """Frames (n, SIDE, SIDE, 3) uint8 -> unit regions (n, REGIONS, CHANNELS), row by row."""

    def __init__(self, trunk: nn.Module | None = None) -> None:
        """trunk: pictures (n, 3, h, w) to the feature maps of its stages; by default a ResNet-50 of random weights."""
        super().__init__()
        self.trunk = trunk or ResNet50()

    def forward(self, images: Tensor) -> Tensor:
        levels = [
            F.normalize(F.max_pool2d(level, window, -(-window // 2)), dim=1)
            for level, window in zip(self.trunk(scaled(images)), WINDOWS, strict=True)
        ]
        return F.normalize(torch.cat(levels, dim=1).flatten(2).transpose(1, 2), dim=-1)


class Whitening(nn.Module):
    """Regions (..., c) -> unit regions (..., d): minus a mean, along the d largest principal axes, each divided by the
    root of its eigenvalue."""

    mean: Tensor
    axes: Tensor

    def __init__(self, mean: Tensor, eigenvalues: Tensor, vectors: Tensor, dimensions: int) -> None:
        """mean: c numbers in any shape; eigenvalues: (c,) in any order; vectors: (c, c), one a column.

        ValueError where the shapes do not fit one another, or dimensions exceeds c.
        """
        super().__init__()
        mean, eigenvalues = mean.flatten(), eigenvalues.flatten()
        count = len(mean)
        if eigenvalues.shape != (count,) or vectors.shape != (count, count) or not 0 < dimensions <= count:
            raise ValueError(
                f"mean of {count}, d of {len(eigenvalues)}, V of {tuple(vectors.shape)} numbers do not give "
                f"{dimensions} dimensions: (c,), (c,) and (c, c) with c of {dimensions} and more are expected"
            )
        order = torch.argsort(eigenvalues, descending=True)[:dimensions]
        self.register_buffer("mean", mean)
        self.register_buffer("axes", vectors[:, order] / torch.sqrt(eigenvalues[order] + EPSILON))

    def forward(self, regions: Tensor) -> Tensor:
        return F.normalize((regions - self.mean) @ self.axes, dim=-1)


def load_whitening(path: Path, dimensions: int) -> Whitening:
    """A file of ``mean``, ``d`` (eigenvalues) and ``V`` (a vector a column), as ``pca_resnet50_vcdb_1M.pth`` has them.

    UserError where it holds something else.
    """
    held = read_file(path)
    if lacking := [key for key in ("mean", "d", "V") if key not in held]:
        raise UserError(f"{path} does not hold {', '.join(lacking)}; a whitening is mean, d and V")
    try:
        parts = [torch.as_tensor(held[key], dtype=torch.float32) for key in ("mean", "d", "V")]
        return Whitening(parts[0], parts[1], parts[2], dimensions)
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"{path}: {error}") from error


class ResNetRegions:
    """L3-iMAC regions, whitened, as a RegionDescriber."""

    name = "l3imac"
    image_size = (SIDE, SIDE)
    regions = REGIONS

    def __init__(self, network: L3iMAC, whitening: Whitening) -> None:
        self._network = nn.Sequential(network, whitening).eval()
        self.dimensions = whitening.axes.shape[1]
        digest = xxhash.xxh3_64()
        for tensor in self._network.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        self.version = digest.hexdigest()[:12]

    @classmethod
    def load(cls, backbone: Path, whitening: Path, dimensions: int) -> ResNetRegions:
        """From torchvision's file of a ResNet-50 and a file of a whitening; UserError where one does not fit."""
        return cls(L3iMAC(load(ResNet50(), backbone, "ResNet-50")), load_whitening(whitening, dimensions))

    def describe_regions(self, images: UInt8) -> Float32:
        """See RegionDescriber."""
        check_frames(images, self.image_size)
        found = [np.zeros((0, self.regions, self.dimensions), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(images), _BATCH):
                found.append(self._network(torch.from_numpy(images[start : start + _BATCH])).numpy())
        return np.concatenate(found)
