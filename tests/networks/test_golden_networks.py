"""The networks with weights by a formula, against what their authors' code gives for the same weights and regions.

Skipped without PyTorch or the golden values, but where TWINREEL_REFERENCE names these neither may be absent.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeVar

import pytest

if "TWINREEL_REFERENCE" not in os.environ:
    pytest.importorskip("torch")

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.networks.dns import Coarse, FineAttention, FineBinary, Selector
from twinreel.networks.s2vs import S2VS
from twinreel.networks.visil import ViSiL

CLOSE = 1e-4
"""Both sides add float32 numbers in orders of their own."""

Network = TypeVar("Network", bound=nn.Module)


def filled(network: Network) -> Network:
    """Element i of the k-th of the sorted keys is 0.1 sin(0.7 i + k); scales of norms lie around 1."""
    state = network.state_dict()
    weights = {}
    for k, name in enumerate(sorted(state)):
        value = state[name]
        weights[name] = value
        if not value.is_floating_point():
            continue
        made = 0.1 * torch.sin(0.7 * torch.arange(value.numel(), dtype=torch.float64) + k)
        if name.endswith("weight") and ("norm" in name or value.ndim == 1):
            made = made + 1
        if name.endswith("running_var"):
            made = made.abs() + 0.5
        weights[name] = made.reshape(value.shape).float()
    network.load_state_dict(weights, strict=True)
    return network.eval()


def regions(frames: int, offset: float) -> Tensor:
    n = torch.arange(frames * 9 * 512, dtype=torch.float64)
    return F.normalize(torch.cos(0.37 * n + offset).float().reshape(frames, 9, 512), dim=-1)


@pytest.fixture(scope="module")
def q() -> Tensor:
    return regions(9, 0.0)


@pytest.fixture(scope="module")
def t() -> Tensor:
    return regions(13, 1.1)


@pytest.fixture
def golden(reference: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((reference / "golden" / "arch_parity.json").read_text())
    return read


def keys(network: nn.Module) -> dict[str, list[int]]:
    return {name: list(value.shape) for name, value in network.state_dict().items()}


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("symmetric", [False, True])
def test_visil(golden: dict[str, Any], q: Tensor, t: Tensor, symmetric: bool) -> None:
    expected = golden[f"visil_head_512_sym{symmetric}"]
    network = filled(ViSiL(512, symmetric))
    with torch.inference_mode():
        frames, compared = network.frames(q, t), network.compared(q, t)
        similarity = network(q, t)
    assert keys(network) == expected["keys"]
    assert parameters(network) == expected["params"]
    assert float(frames.sum()) == pytest.approx(expected["f2f_sum"], abs=CLOSE)
    assert float(frames[0, 0]) == pytest.approx(expected["f2f00"], abs=CLOSE)
    assert [1, *compared.shape] == expected["visil_shape"]
    assert float(compared.sum()) == pytest.approx(expected["visil_sum"], abs=CLOSE)
    assert float(similarity) == pytest.approx(expected["sim"], abs=CLOSE)


def test_the_fine_dns_student_with_attention(golden: dict[str, Any], q: Tensor, t: Tensor) -> None:
    network = filled(FineAttention())
    assert keys(network) == golden["dns_fg_att"]["keys"]
    with torch.inference_mode():
        assert float(network(q, t)) == pytest.approx(golden["dns_fg_att"]["sim"], abs=CLOSE)


def test_the_keys_of_the_fine_dns_student_with_codes(golden: dict[str, Any]) -> None:
    found = {name.partition("binarization.")[2]: shape for name, shape in keys(FineBinary()).items() if "bin" in name}
    assert found == golden["binarization_keys"]


def test_the_coarse_dns_student(golden: dict[str, Any], q: Tensor, t: Tensor) -> None:
    expected = golden["dns_cg_small(clusters8,out32)"]
    network = filled(Coarse(512, clusters=8, out=32))
    with torch.inference_mode():
        first, second = network(q), network(t)
    assert first[:4].tolist() == pytest.approx(expected["desc_q_first4"], abs=CLOSE)
    assert float(first @ second) == pytest.approx(expected["dot"], abs=CLOSE)
    assert keys(Coarse()) == golden["dns_cg_full_keys"]


def test_the_dns_selector(golden: dict[str, Any], q: Tensor, t: Tensor) -> None:
    expected = golden["dns_selector"]
    network = filled(Selector())
    assert keys(network) == expected["keys"]
    with torch.inference_mode():
        a, b = network.complexity(q), network.complexity(t)
        chance = network(a, b, torch.tensor(0.3))
    assert float(a) == pytest.approx(expected["q_scalar"], abs=CLOSE)
    assert float(b) == pytest.approx(expected["t_scalar"], abs=CLOSE)
    assert float(chance) == pytest.approx(expected["score_at_coarse0.3"], abs=CLOSE)


def test_s2vs(golden: dict[str, Any], q: Tensor, t: Tensor) -> None:
    """Its golden maps are clipped to [-1, 1]."""
    expected = golden["s2vs"]
    network = filled(S2VS())
    with torch.inference_mode():
        pooled, full = F.hardtanh(network.compared(q, t)), network.full(q, t)
        similarity = float(network(q, t))
    assert keys(network) == expected["keys"]
    assert parameters(network) == expected["params"]
    assert [1, 1, *pooled.shape] == expected["pooled_shape"]
    assert [1, 1, *full.shape] == expected["full_shape"]
    assert float(pooled.sum()) == pytest.approx(expected["pooled_sum"], abs=CLOSE)
    assert float(full.sum()) == pytest.approx(expected["full_sum"], abs=CLOSE)
    assert similarity == pytest.approx(expected["sim"], abs=CLOSE)
    assert similarity == pytest.approx(expected["sim_manual"], abs=CLOSE)
