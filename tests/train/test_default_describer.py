"""Making the default model, on a network of a few channels and a handful of pictures.

Skipped without PyTorch, which only the ``train`` extra installs.
"""

from __future__ import annotations

import sys
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

from twinreel.train import default_describer  # noqa: E402
from twinreel.train.default_describer import (  # noqa: E402
    SIZE,
    Pooled,
    append_whitening,
    batches,
    export,
    photographs,
    quantise,
    run,
)
from twinreel.train.lite0 import Lite0, SameConv2d  # noqa: E402
from twinreel.train.whitening import fit_whitening, normalise  # noqa: E402

# of the exporter that the script asks for
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Constant folding:UserWarning"),
]

CHANNELS = 16


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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures, one of them grey and one in a folder below."""
    root = tmp_path_factory.mktemp("photographs")
    (root / "below").mkdir()
    images = np.concatenate([drawings(120, 160), pictures(6, (120, 160))])
    for number, image in enumerate(images):
        picture = Image.fromarray(image).convert("L" if number == 3 else "RGB")
        picture.save(root / ("below" if number == 5 else ".") / f"{number:02}.png")
    (root / "notes.txt").write_text("not a picture", encoding="utf-8")
    return root


@pytest.fixture
def paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setattr(default_describer, "DIMENSIONS", 3)
    return photographs(folder)


def outputs(model: Path, images: UInt8) -> Float32:
    session = onnxruntime.InferenceSession(model)
    return np.concatenate([session.run(None, {"images": image[np.newaxis]})[0] for image in images])


def test_photographs_are_found_in_order_and_enough_of_them(folder: Path, paths: list[Path]) -> None:
    assert [path.stem for path in paths] == ["00", "01", "02", "03", "04", "06", "07", "08", "09", "10", "11", "05"]
    (batch,) = batches(paths)
    assert batch.shape == (12, SIZE, SIZE, 3) and batch.dtype == np.uint8
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit, match="holds 12 photographs"):
        patch.setattr(default_describer, "DIMENSIONS", 4)
        photographs(folder)


def test_the_exported_graph_is_the_network_without_steps_for_padding(tmp_path: Path, paths: list[Path]) -> None:
    network = small()
    export(network, tmp_path / "exact.onnx")
    nodes = [node.op_type for node in onnx.load(tmp_path / "exact.onnx").graph.node]
    assert nodes.count("Conv") == 3 and "Pad" not in nodes
    (images,) = batches(paths)
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


def test_quantised_and_whitened(tmp_path: Path, paths: list[Path]) -> None:
    (images,) = batches(paths)
    export(small(), tmp_path / "exact.onnx")
    quantise(tmp_path / "exact.onnx", tmp_path / "integer.onnx", paths)
    exact, integer = outputs(tmp_path / "exact.onnx", images), outputs(tmp_path / "integer.onnx", images)
    assert (exact * integer).sum(axis=1).min() > 0.99
    np.testing.assert_array_equal(run(tmp_path / "integer.onnx", paths), integer)
    graph = onnx.load(tmp_path / "integer.onnx").graph
    kinds = [onnx.numpy_helper.to_array(weight).dtype for weight in graph.initializer]
    assert kinds.count(np.dtype(np.int8)) >= 3
    # seven bits, so that no sum overflows 16
    weights = [onnx.numpy_helper.to_array(w) for w in graph.initializer if w.name.endswith("_quantized")]
    assert max(np.abs(w.astype(int)).max() for w in weights if w.dtype == np.int8) <= 64
    assert not list(tmp_path.glob("*.prepared.onnx"))

    projection, offset = fit_whitening(integer, 3, 0.5)
    append_whitening(tmp_path / "integer.onnx", tmp_path / "default.onnx", projection, offset)
    np.testing.assert_allclose(
        outputs(tmp_path / "default.onnx", images), normalise(integer @ projection + offset), atol=1e-5
    )


def test_the_script_makes_a_describer(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(2)
    torch.save(Lite0().state_dict(), tmp_path / "weights.pth")
    for name, number in (("SIZE", 64), ("DIMENSIONS", 3), ("BACKGROUND", 5), ("EXAMPLES", 4)):
        monkeypatch.setattr(default_describer, name, number)
    out = tmp_path / "made"
    monkeypatch.setattr(sys, "argv", ["", str(folder), "--weights", str(tmp_path / "weights.pth"), "--out", str(out)])
    default_describer.main()
    assert capsys.readouterr().out.endswith(" MB\n")
    assert sorted(path.name for path in out.iterdir()) == ["default.npz", "default.onnx", "default.toml"]
    describer = OnnxDescriber.load(out / "default.onnx")
    assert (describer.name, describer.dimensions, describer.image_size) == ("lite0", 3, (64, 64))
    assert describer.background.shape == (5, 3)
    vectors, weights = describer.describe(drawings(64, 64))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (weights == 1).all()
