"""The networks as verifiers, with their regions, from a folder of the files that their authors publish.

    resnet50*.pth                torchvision's ResNet-50, the first ImageNet weights      all
    pca_resnet50_vcdb_1M.pth     whitening of the regions                                 all
    visil_symmetric.pth          or visil.pth, which takes regions of 3840 numbers        visil
    dns_cg_student.pth, dns_fg_att_student.pth, dns_selector_cg-fg_att.pth                dns
    s2vs_dns.pth                 or s2vs_vcdb.pth                                         s2vs

A pair has no query and no target here, so that networks that look in one direction are asked in both, and the higher
answer counts: an excerpt is as good as a copy of the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import xxhash
from torch import Tensor, nn

from twinreel.describe.regions import RegionDescriber
from twinreel.errors import UserError
from twinreel.match.verify import Verifier
from twinreel.networks.dns import Coarse, FineAttention, Selector
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


class DistillAndSelect:
    """DnS as a Verifier: the coarse student, and where the selector says so, the fine one.

    As published the two scales are mixed: cosine of the coarse vectors, or (fine + 1) / 2.
    """

    name = "dns"

    def __init__(self, coarse: Coarse, fine: nn.Module, selector: Selector) -> None:
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


def _both_ways(network: nn.Module, a: Tensor, b: Tensor) -> float:
    return max(float(network(a, b)), float(network(b, a)))


def _digest(*networks: nn.Module) -> str:
    digest = xxhash.xxh3_64()
    for network in networks:
        for tensor in network.state_dict().values():
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:12]


def _visil(folder: Path) -> tuple[Verifier, int]:
    file = _file(folder, "visil_symmetric.pth", "visil.pth")
    symmetric = file.name == "visil_symmetric.pth"
    dimensions = 512 if symmetric else CHANNELS
    return OneNetwork("visil", load(ViSiL(dimensions, symmetric), file, "ViSiL")), dimensions


def _dns(folder: Path) -> tuple[Verifier, int]:
    coarse = load(Coarse(), _file(folder, "dns_cg_student.pth"), "the coarse student of DnS")
    fine = load(FineAttention(), _file(folder, "dns_fg_att_student.pth"), "the fine student of DnS")
    selector = load(Selector(), _file(folder, "dns_selector_cg-fg_att.pth"), "the selector of DnS")
    return DistillAndSelect(coarse, fine, selector), 512


def _s2vs(folder: Path) -> tuple[Verifier, int]:
    return OneNetwork("s2vs", load(S2VS(), _file(folder, "s2vs_dns.pth", "s2vs_vcdb.pth"), "S2VS")), 512


VERIFIERS: dict[str, Callable[[Path], tuple[Verifier, int]]] = {"visil": _visil, "dns": _dns, "s2vs": _s2vs}
"""By name: from a folder to the verifier and the dimensions of the regions that it takes."""


def load_verifier(name: str, folder: Path) -> tuple[RegionDescriber, Verifier]:
    """A verifier of ``VERIFIERS`` and the regions that it was trained on.

    UserError where the folder lacks a file or one does not fit.
    """
    verifier, dimensions = VERIFIERS[name](folder)
    backbone, whitening = _file(folder, "resnet50*.pth"), _file(folder, "pca_resnet50_vcdb_1M.pth")
    return ResNetRegions.load(backbone, whitening, dimensions), verifier


def _file(folder: Path, *names: str) -> Path:
    """The first of some files that is there; names may hold wildcards."""
    for name in names:
        if found := sorted(folder.glob(name)):
            return found[0]
    raise UserError(f"{folder} holds no {' or '.join(names)}; docs/networks.md says where it is published")
