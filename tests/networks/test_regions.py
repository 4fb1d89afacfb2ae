"""L3-iMAC regions: the backbone's layers, the nine regions, the whitening."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from twinreel.errors import UserError  # noqa: E402
from twinreel.networks.regions import L3iMAC, ResNetRegions, Whitening, load_whitening  # noqa: E402
from twinreel.networks.resnet import ResNet50, scaled  # noqa: E402

PUBLISHED = 25_557_032
"""Parameters of torchvision's ResNet-50."""
KEYS = 320
"""Of its state dict."""


class Planted(nn.Module):
    """Gives the same maps for every picture: one channel a stage."""

    def __init__(self, maps: list[Tensor]) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, x: Tensor) -> list[Tensor]:
        return [level.expand(len(x), -1, -1, -1) for level in self.maps]


def test_the_backbone_has_the_layers_of_torchvisions() -> None:
    network = ResNet50()
    state = network.state_dict()
    assert sum(p.numel() for p in network.parameters()) == PUBLISHED
    assert len(state) == KEYS
    assert tuple(state["layer3.0.downsample.1.running_var"].shape) == (1024,)
    assert tuple(state["layer4.2.conv2.weight"].shape) == (512, 512, 3, 3)
    with torch.inference_mode():
        maps = network.eval()(torch.rand(1, 3, 224, 224))
    assert [tuple(level.shape[1:]) for level in maps] == [(256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7)]


def test_pixels_are_scaled_as_imagenets() -> None:
    white = scaled(torch.full((1, 2, 2, 3), 255, dtype=torch.uint8))
    for channel, value in enumerate(((1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225)):
        torch.testing.assert_close(white[0, channel], torch.full((2, 2), value))


def test_a_region_is_the_maxima_of_its_windows() -> None:
    rng = np.random.default_rng(3)
    maps = [rng.random((2, side, side)).astype(np.float32) for side in (56, 28, 14, 7)]
    network = L3iMAC(Planted([torch.from_numpy(level)[None] for level in maps]))
    found = network(torch.zeros(2, 224, 224, 3, dtype=torch.uint8)).numpy()
    assert found.shape == (2, 9, 8)
    for place, (row, column) in enumerate(np.ndindex(3, 3)):
        expected = []
        for level, (window, stride) in zip(maps, ((28, 14), (14, 7), (6, 3), (3, 2)), strict=True):
            y, x = row * stride, column * stride
            best = level[:, y : y + window, x : x + window].max((1, 2))
            expected.append(best / np.linalg.norm(best))
        vector = np.concatenate(expected)
        np.testing.assert_allclose(found[0, place], vector / np.linalg.norm(vector), rtol=1e-5)


def test_whitening_makes_regions_uncorrelated() -> None:
    rng = np.random.default_rng(5)
    data = (rng.standard_normal((4000, 6)) * np.array([1, 5, 2, 9, 0.5, 3]) @ rng.standard_normal((6, 6))) + 4
    eigenvalues, vectors = np.linalg.eigh(np.cov(data.T))
    mean, d, v = (torch.from_numpy(part).float() for part in (data.mean(0), eigenvalues, vectors))
    whitening = Whitening(mean, d, v, dimensions=4)
    white = (torch.from_numpy(data).float() - whitening.mean) @ whitening.axes
    np.testing.assert_allclose(np.cov(white.numpy().T), np.eye(4), atol=1e-2)
    kept = set(np.argsort(eigenvalues)[-4:])
    for axis in whitening.axes.T.numpy():
        assert np.abs(vectors.T @ (axis / np.linalg.norm(axis))).argmax() in kept
    np.testing.assert_allclose(whitening(torch.from_numpy(data).float()).norm(dim=1), 1, rtol=1e-5)


def test_a_file_of_a_whitening_says_what_it_lacks(tmp_path: Path) -> None:
    torch.save({"mean": torch.zeros(1, 4), "d": torch.ones(4), "V": torch.eye(4)}, tmp_path / "pca.pth")
    torch.testing.assert_close(load_whitening(tmp_path / "pca.pth", 2)(torch.eye(4)[:1]), torch.tensor([[1.0, 0.0]]))
    with pytest.raises(UserError, match="do not give 5 dimensions"):
        load_whitening(tmp_path / "pca.pth", 5)
    torch.save({"mean": torch.zeros(4), "d": torch.ones(4)}, tmp_path / "half.pth")
    with pytest.raises(UserError, match="does not hold V"):
        load_whitening(tmp_path / "half.pth", 2)


def test_regions_of_frames_come_one_by_one_the_same() -> None:
    torch.manual_seed(0)
    whitening = Whitening(torch.zeros(3840), torch.arange(3840).float() + 1, torch.eye(3840), 16)
    describer = ResNetRegions(L3iMAC(), whitening)
    frames = np.random.default_rng(1).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    found = describer.describe_regions(frames)
    assert found.shape == (3, 9, 16)
    np.testing.assert_allclose(np.linalg.norm(found, axis=2), 1, rtol=1e-5)
    np.testing.assert_allclose(describer.describe_regions(frames[1:2])[0], found[1], atol=1e-5)
    assert describer.describe_regions(frames[:0]).shape == (0, 9, 16)
    other = ResNetRegions(L3iMAC(), whitening)
    assert other.version != describer.version
