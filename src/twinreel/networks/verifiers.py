"""The networks as verifiers, with their regions, from a folder of the files that their authors publish.

    resnet50*.pth                torchvision's ResNet-50, the first ImageNet weights      all
    pca_resnet50_vcdb_1M.pth     whitening of the regions                                 all
    visil_symmetric.pth          or visil.pth, which takes regions of 3840 numbers        visil
    dns_cg_student.pth, dns_fg_att_student.pth, dns_selector_cg-fg_att.pth                dns
    dns_cg_student.pth, dns_fg_bin_student.pth, dns_selector_cg-fg_bin.pth                dns-binary
    s2vs_dns.pth                 or s2vs_vcdb.pth                                         s2vs

A pair has no query and no target here, so that networks that look in one direction are asked in both, and the higher
answer counts: an excerpt is as good as a copy of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import xxhash
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.describe.regions import RegionDescriber
from twinreel.errors import UserError
from twinreel.match.verify import RegionMaps, Verifier
from twinreel.networks.dns import Coarse, Fine, FineAttention, FineBinary, Selector
from twinreel.networks.regions import CHANNELS, ResNetRegions
from twinreel.networks.s2vs import S2VS
from twinreel.networks.visil import ViSiL
from twinreel.networks.weights import load
from twinreel.types import Float32

SELECTED = 0.5
"""Chance from which DnS asks the fine student. The paper asks it for a given share of a query's pairs instead; a pair's
answer would then depend on the others."""


class OneNetwork:
    """A network of two videos' regions as a Verifier: ViSiL, S2VS, a fine student of DnS."""

    def __init__(self, name: str, network: nn.Module) -> None:
        self.name = name
        self.version = _digest(network)
        self._network = network.eval()

    def similarity(self, a: Float32, b: Float32) -> float:
        """See Verifier; in [-1, 1]."""
        with torch.inference_mode():
            return _both_ways(self._network, torch.from_numpy(a), torch.from_numpy(b))

    def maps(self, a: Float32, b: Float32) -> RegionMaps:
        """See Verifier; a as the query."""
        return _maps(self._network, a, b)


class DistillAndSelect:
    """DnS as a Verifier: the coarse student, and where the selector says so, the fine one.

    As published the two scales are mixed: cosine of the coarse vectors, or (fine + 1) / 2.
    """

    def __init__(self, coarse: Coarse, fine: nn.Module, selector: Selector, name: str = "dns") -> None:
        self.name = name
        self._coarse, self._fine, self._selector = coarse.eval(), fine.eval(), selector.eval()
        self.version = _digest(coarse, fine, selector)
        self.refined = 0
        """Pairs that the fine student was asked for so far."""

    def similarity(self, a: Float32, b: Float32) -> float:
        """See Verifier; in [-1, 1]."""
        with torch.inference_mode():
            x, y = torch.from_numpy(a), torch.from_numpy(b)
            coarse = self._coarse(x) @ self._coarse(y)
            first, second = self._selector.complexity(x), self._selector.complexity(y)
            chance = max(
                float(self._selector(first, second, coarse)),
                float(self._selector(second, first, coarse)),
            )
            if chance < SELECTED:
                return float(coarse)
            self.refined += 1
            return (_both_ways(self._fine, x, y) + 1) / 2

    def maps(self, a: Float32, b: Float32) -> RegionMaps:
        """See Verifier; the fine student's, a as the query."""
        return _maps(self._fine, a, b)


def _both_ways(network: nn.Module, a: Tensor, b: Tensor) -> float:
    return max(float(network(a, b)), float(network(b, a)))


def _maps(network: Any, a: Float32, b: Float32) -> RegionMaps:
    with torch.inference_mode():
        x, y = torch.from_numpy(a), torch.from_numpy(b)
        return RegionMaps(network.frames(x, y).numpy(), F.hardtanh(network.compared(x, y)).numpy())


def _digest(*networks: nn.Module) -> str:
    digest = xxhash.xxh3_64()
    for network in networks:
        for tensor in network.state_dict().values():
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:12]


def _visil(folder: Path) -> tuple[Verifier, int]:
    file = the_file(folder, "visil_symmetric.pth", "visil.pth")
    symmetric = file.name == "visil_symmetric.pth"
    dimensions = 512 if symmetric else CHANNELS
    return OneNetwork("visil", load(ViSiL(dimensions, symmetric), file, "ViSiL")), dimensions


def _dns(folder: Path) -> tuple[Verifier, int]:
    return _distilled(folder, "dns", "att", FineAttention()), 512


def _dns_binary(folder: Path) -> tuple[Verifier, int]:
    return _distilled(folder, "dns-binary", "bin", FineBinary()), 512


def _distilled(folder: Path, name: str, kind: str, fine: Fine) -> DistillAndSelect:
    coarse = load(Coarse(), the_file(folder, "dns_cg_student.pth"), "the coarse student of DnS")
    load(fine, the_file(folder, f"dns_fg_{kind}_student.pth"), "the fine student of DnS")
    selector = load(Selector(), the_file(folder, f"dns_selector_cg-fg_{kind}.pth"), "the selector of DnS")
    return DistillAndSelect(coarse, fine, selector, name)


def _s2vs(folder: Path) -> tuple[Verifier, int]:
    return OneNetwork("s2vs", load(S2VS(), the_file(folder, "s2vs_dns.pth", "s2vs_vcdb.pth"), "S2VS")), 512


VERIFIERS: dict[str, Callable[[Path], tuple[Verifier, int]]] = {
    "visil": _visil,
    "dns": _dns,
    "dns-binary": _dns_binary,
    "s2vs": _s2vs,
}
"""By name: from a folder to the verifier and the dimensions of the regions that it takes."""


def load_verifier(name: str, folder: Path) -> tuple[RegionDescriber, Verifier]:
    """A verifier of ``VERIFIERS`` and the regions that it was trained on.

    UserError where the folder lacks a file or one does not fit.
    """
    verifier, dimensions = VERIFIERS[name](folder)
    return resnet_regions(folder, dimensions), verifier


def resnet_regions(folder: Path, dimensions: int) -> ResNetRegions:
    """The regions that these networks take, from a folder of published files."""
    backbone, whitening = the_file(folder, "resnet50*.pth"), the_file(folder, "pca_resnet50_vcdb_1M.pth")
    return ResNetRegions.load(backbone, whitening, dimensions)


def the_file(folder: Path, *names: str) -> Path:
    """The first of some files that is there; names may hold wildcards."""
    for name in names:
        if found := sorted(folder.glob(name)):
            return found[0]
    raise UserError(f"{folder} holds no {' or '.join(names)}; docs/networks.md says where it is published")
