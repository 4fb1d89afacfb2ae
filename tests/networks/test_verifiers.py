"""Verifiers from folders of files as they are published, with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from twinreel.errors import UserError  # noqa: E402
from twinreel.library import Library  # noqa: E402
from twinreel.networks.dns import Coarse, FineAttention, Selector  # noqa: E402
from twinreel.networks.resnet import ResNet50  # noqa: E402
from twinreel.networks.s2vs import S2VS  # noqa: E402
from twinreel.networks.verifiers import DistillAndSelect, OneNetwork, load_verifier  # noqa: E402
from twinreel.networks.visil import ViSiL  # noqa: E402
from twinreel.networks.weights import WeightsMismatch  # noqa: E402
from twinreel.types import Float32  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files but the whitening's vectors are as large as the published ones. Read only."""
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(ResNet50().state_dict(), root / "resnet50-0676ba61.pth")
    parts = {"mean": torch.zeros(3840), "d": torch.arange(3840.0) + 1, "V": torch.eye(3840)}
    torch.save(parts, root / "pca_resnet50_vcdb_1M.pth")
    torch.save(ViSiL(512, True).state_dict(), root / "visil_symmetric.pth")
    for file, network in (
        ("dns_cg_student.pth", Coarse()),
        ("dns_fg_att_student.pth", FineAttention()),
        ("dns_selector_cg-fg_att.pth", Selector()),
        ("s2vs_dns.pth", S2VS()),
    ):
        torch.save({"model": network.state_dict()}, root / file)
    return root


def regions(frames: int, dimensions: int, seed: int = 0) -> Float32:
    made = np.random.default_rng(seed).standard_normal((frames, 9, dimensions)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=2, keepdims=True), np.float32)


@pytest.mark.parametrize("name", ["visil", "dns", "s2vs"])
def test_a_folder_of_published_files_gives_a_verifier(folder: Path, name: str) -> None:
    describer, verifier = load_verifier(name, folder)
    assert (describer.regions, describer.dimensions, describer.image_size) == (9, 512, (224, 224))
    assert verifier.name == name
    a, b = regions(2, 512), regions(7, 512, seed=1)
    found = verifier.similarity(a, b)
    assert -1 <= found <= 1
    assert verifier.similarity(b, a) == pytest.approx(found, abs=1e-5)
    again = load_verifier(name, folder)
    assert (again[0].version, again[1].version) == (describer.version, verifier.version)


def test_the_version_tells_weights_apart() -> None:
    torch.manual_seed(0)
    assert OneNetwork("s2vs", S2VS(16)).version != OneNetwork("s2vs", S2VS(16)).version


class Fixed(nn.Module):
    """Gives the same number whatever it is asked."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, *_: Tensor) -> Tensor:
        return self.value.detach()


class Choosing(Selector):
    """A selector of a fixed mind."""

    def __init__(self, chance: float) -> None:
        super().__init__(16)
        self.chance = chance

    def forward(self, a: Tensor, b: Tensor, coarse: Tensor) -> Tensor:
        return coarse.new_tensor(self.chance)


def test_the_selector_decides_who_is_asked() -> None:
    torch.manual_seed(0)
    coarse = Coarse(16, clusters=4, out=8)
    a, b = regions(4, 16), regions(6, 16, seed=1)
    cheap, dear = (DistillAndSelect(coarse, Fixed(0.5), Choosing(chance)) for chance in (0.49, 0.5))
    with torch.inference_mode():
        cosine = float(coarse.eval()(torch.from_numpy(a)) @ coarse(torch.from_numpy(b)))
    assert cheap.similarity(a, b) == pytest.approx(cosine, abs=1e-6)
    assert dear.similarity(a, b) == pytest.approx(0.75)
    assert [cheap.refined, dear.refined] == [0, 1]


class Counting(nn.Module):
    """Gives the share of the first video's frames in both."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a.new_tensor(len(a) / (len(a) + len(b)))


def test_both_directions_are_asked_and_the_higher_answer_counts() -> None:
    verifier = OneNetwork("visil", Counting())
    assert (
        verifier.similarity(regions(1, 4), regions(3, 4)) == verifier.similarity(regions(3, 4), regions(1, 4)) == 0.75
    )


def test_what_a_folder_lacks_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no visil_symmetric\.pth or visil\.pth"):
        load_verifier("visil", tmp_path)
    (tmp_path / "s2vs_dns.pth").symlink_to(folder / "s2vs_dns.pth")
    with pytest.raises(UserError, match=r"holds no resnet50\*\.pth"):
        load_verifier("s2vs", tmp_path)


def test_a_scan_refuses_weights_that_do_not_fit_before_it_reads_a_file(folder: Path, tmp_path: Path) -> None:
    torch.save({"model": Selector().state_dict()}, tmp_path / "s2vs_dns.pth")
    with (
        Library(tmp_path / "library.sqlite", verify="s2vs", weights=tmp_path) as library,
        pytest.raises(WeightsMismatch, match=r"S2VS: \d+ unexpected: mlp"),
    ):
        library.add(tmp_path)
