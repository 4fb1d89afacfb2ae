"""From a network to a model file, with a few channels and a handful of pictures.

Skipped without PyTorch, which only the ``train`` extra installs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from describe.pictures import drawings, pictures
from twinreel.describe.onnx import OnnxDescriber
from twinreel.types import Float32, UInt8

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from twinreel.train.export import append_projection, describer_files, export, quantise, run  # noqa: E402
from twinreel.train.lite0 import SameConv2d  # noqa: E402
from twinreel.train.network import Pooled  # noqa: E402
from twinreel.train.views import Photographs  # noqa: E402

# of the exporter that the script asks for
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Constant folding:UserWarning"),
]

CHANNELS = 16
SIZE = 64


Module: Any = torch.nn.Module


class Levels(Module):  # type: ignore[misc]
    """Each layer takes what the one before gives; all of them come out."""

    def __init__(self, *layers: Any) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(layers)

    def forward(self, x: Any) -> list[Any]:
        levels = []
        for layer in self.layers:
            x = layer(x)
            levels.append(x)
        return levels


def small() -> Pooled:
    """Convolutions of either stride, one of them depth-wise, and two levels, as the real trunk has them."""
    torch.manual_seed(1)
    first = SameConv2d(3, CHANNELS, 5, 2, bias=False)
    second = SameConv2d(CHANNELS, CHANNELS, 3, 1, groups=CHANNELS, bias=False)
    third = SameConv2d(CHANNELS, CHANNELS, 3, 2)
    fine = torch.nn.Sequential(first, torch.nn.ReLU6(), second, torch.nn.ReLU6())
    return Pooled(Levels(fine, torch.nn.Sequential(third, torch.nn.ReLU6()))).eval()


@pytest.fixture(scope="module")
def images() -> UInt8:
    return np.concatenate([drawings(SIZE, SIZE), pictures(6, (SIZE, SIZE))])


def outputs(model: Path, images: UInt8) -> Float32:
    session = onnxruntime.InferenceSession(model)
    return np.concatenate([session.run(None, {"images": image[np.newaxis]})[0] for image in images])


def test_the_exported_graph_is_the_network_without_steps_for_padding(tmp_path: Path, images: UInt8) -> None:
    network = small()
    export(network, tmp_path / "exact.onnx", SIZE)
    nodes = [node.op_type for node in onnx.load(tmp_path / "exact.onnx").graph.node]
    assert nodes.count("Conv") == 3 and "Pad" not in nodes
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)).numpy()
    found = outputs(tmp_path / "exact.onnx", images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_pooling_is_the_generalised_mean_of_power_3() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3), np.uint8)
    with torch.inference_mode():
        found = Pooled(Levels(torch.nn.Identity()))(torch.from_numpy(images)).numpy()
    values = (images.astype(np.float64) - 127) / 128
    expected = np.maximum((values**3).mean(axis=(1, 2)), 1e-18) ** (1 / 3)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), rtol=1e-5)


def test_quantised_and_projected(tmp_path: Path, images: UInt8) -> None:
    export(small(), tmp_path / "exact.onnx", SIZE)
    quantise(tmp_path / "exact.onnx", tmp_path / "integer.onnx", images)
    exact, integer = outputs(tmp_path / "exact.onnx", images), outputs(tmp_path / "integer.onnx", images)
    assert (exact * integer).sum(axis=1).min() > 0.99
    np.testing.assert_array_equal(run(tmp_path / "integer.onnx", images), integer)
    graph = onnx.load(tmp_path / "integer.onnx").graph
    kinds = [onnx.numpy_helper.to_array(weight).dtype for weight in graph.initializer]
    assert kinds.count(np.dtype(np.int8)) >= 3
    # seven bits, so that no sum overflows 16
    weights = [onnx.numpy_helper.to_array(w) for w in graph.initializer if w.name.endswith("_quantized")]
    assert max(np.abs(w.astype(int)).max() for w in weights if w.dtype == np.int8) <= 64
    assert not list(tmp_path.glob("*.prepared.onnx"))

    rng = np.random.default_rng(0)
    projection, offset = rng.standard_normal((2 * CHANNELS, 5), np.float32), rng.standard_normal(5, np.float32)
    append_projection(tmp_path / "integer.onnx", tmp_path / "default.onnx", projection, offset)
    expected = integer @ projection + offset
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(outputs(tmp_path / "default.onnx", images), expected, atol=1e-5)


def test_the_files_are_a_describer(tmp_path: Path, images: UInt8) -> None:
    paths = [tmp_path / f"{number:02}.png" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    projection = np.random.default_rng(0).standard_normal((2 * CHANNELS, 5), np.float32)
    network, photographs = small(), Photographs(paths)
    describer_files(network, projection, np.zeros(5, np.float32), photographs, SIZE, "ours", tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "default.npz",
        "default.onnx",
        "default.toml",
    ]
    describer = OnnxDescriber.load(tmp_path / "made" / "default.onnx")
    assert (describer.name, describer.dimensions, describer.image_size) == ("ours", 5, (SIZE, SIZE))
    with torch.inference_mode():
        expected = network(torch.from_numpy(images)).numpy() @ projection
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    vectors, weights = describer.describe(images)
    assert (vectors * expected).sum(axis=1).min() > 0.98
    assert (weights == 1).all()
    chosen = np.linspace(0, len(images) - 1, len(describer.background)).astype(int)
    np.testing.assert_allclose(describer.background, vectors[chosen], atol=1e-3)
