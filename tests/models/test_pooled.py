"""SSCD, ISC21's descriptor and ResNet features: what the libraries and definitions that they come from give."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.references import as_pictures, normalised, reference, shaken

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from twinreel.errors import UserError  # noqa: E402
from twinreel.models.describer import ModelDescriber  # noqa: E402
from twinreel.models.load import load_describer  # noqa: E402
from twinreel.types import UInt8  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")

CLOSE = 1e-4
PIXELS = 1e-5


@pytest.fixture
def frames(frames: list[UInt8]) -> list[UInt8]:
    """Fewer: these networks are of their full width."""
    return frames[::2]


class GeM(nn.Module):
    """SSCD's pooling, by its definition."""

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = x.clamp(min=1e-6).pow(3).mean((-2, -1)).pow(1 / 3)
        return pooled


class L2Norm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x)


class Published(nn.Module):
    """SSCD in either of the two makes that are published."""

    def __init__(self, classy: bool) -> None:
        super().__init__()
        models = reference("torchvision").models
        backbone = models.resnet.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=32)
        backbone.avgpool = GeM()
        if classy:
            trunk = nn.Sequential(*list(backbone.children())[:-2])
            self.backbone: nn.Module = trunk
            self.embeddings: nn.Module = nn.Sequential(GeM(), nn.Linear(512, 32), L2Norm())
        else:
            self.backbone = backbone
            self.embeddings = L2Norm()

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.embeddings(self.backbone(x))
        return found


def load(spec: object) -> ModelDescriber:
    describer = load_describer(str(spec))
    assert isinstance(describer, ModelDescriber)
    return describer


def processed(frames: list[UInt8], transform: Any) -> Tensor:
    pixels: Tensor = torch.stack([transform(picture) for picture in as_pictures(frames)])
    return pixels


def imagenet(*steps: Any) -> Any:
    transforms = reference("torchvision").transforms
    scaled = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return transforms.Compose([*steps, transforms.ToTensor(), scaled])


def check(describer: ModelDescriber, frames: list[UInt8], pixels: Tensor, vectors: Tensor) -> None:
    ours = np.stack([describer.preprocess.tensor(frame) for frame in frames])
    np.testing.assert_allclose(ours, pixels.numpy(), atol=PIXELS)
    expected = normalised(vectors)
    np.testing.assert_allclose(describer.embed(frames), expected, atol=CLOSE)
    assert np.abs(expected[0] - expected[1]).max() > 10 * CLOSE, (
        "the frames are too alike for the test to tell anything"
    )


@pytest.mark.parametrize("classy", [False, True])
def test_sscd_in_torchscript_with_and_without_its_normalisation(
    frames: list[UInt8], tmp_path: Path, classy: bool
) -> None:
    model = shaken(Published(classy))
    file = tmp_path / "sscd_tiny.torchscript.pt"
    torch.jit.save(torch.jit.trace(model, torch.zeros(1, 3, 64, 64)), file)
    transforms = reference("torchvision").transforms
    pixels = processed(frames, imagenet(transforms.Resize([320, 320])))
    with torch.inference_mode():
        check(load(f"sscd:{file}"), frames, pixels, model(pixels))
        bare = model.backbone(pixels)
        if classy:
            bare = model.embeddings[:2](bare)
    raw = load(f"sscd-raw:{file}")
    np.testing.assert_allclose(raw.embed(frames), bare.numpy(), rtol=1e-3, atol=CLOSE * float(bare.abs().max()))
    fitting = np.stack([np.resize(frame, (320, 320, 3)) for frame in frames])
    lengths = np.linalg.norm(raw.embed(list(fitting)), axis=1)
    assert (np.abs(lengths - 1) > 0.1).all()
    np.testing.assert_allclose(np.linalg.norm(raw.describe(fitting)[0], axis=1), 1, atol=1e-5)


def test_sscd_from_the_weights_for_torchvision(frames: list[UInt8], tmp_path: Path) -> None:
    model = shaken(Published(classy=False))
    torch.save(model.state_dict(), tmp_path / "sscd_tiny.torchvision.pt")
    pixels = processed(frames, imagenet(reference("torchvision").transforms.Resize([320, 320])))
    with torch.inference_mode():
        check(load(f"sscd:{tmp_path / 'sscd_tiny.torchvision.pt'}"), frames, pixels, model(pixels))


def test_an_onnx_file_of_sscd_keeps_its_last_step(tmp_path: Path) -> None:
    (tmp_path / "sscd.onnx").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be left out"):
        load_describer(f"sscd-raw:{tmp_path / 'sscd.onnx'}")


@pytest.mark.parametrize("block", ["BasicBlock", "Bottleneck"])
def test_resnet_features_of_torchvision(frames: list[UInt8], tmp_path: Path, block: str) -> None:
    torchvision = reference("torchvision")
    resnet = torchvision.models.resnet
    model = shaken(resnet.ResNet(getattr(resnet, block), [2, 1, 1, 1]))
    torch.save(model.state_dict(), tmp_path / "resnet.pth")
    transforms = torchvision.transforms
    pixels = processed(frames, imagenet(transforms.Resize(256), transforms.CenterCrop(224)))
    model.fc = nn.Identity()
    with torch.inference_mode():
        check(load(f"resnet:{tmp_path / 'resnet.pth'}"), frames, pixels, model(pixels))


def test_resnet_features_of_timm(frames: list[UInt8], tmp_path: Path) -> None:
    """A folder as on the hub."""
    timm = reference("timm")
    from safetensors.torch import save_file

    model = shaken(timm.models.resnet.ResNet(timm.models.resnet.BasicBlock, [1, 1, 1, 1]))
    processing = {
        "input_size": [3, 64, 64],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    config = {"architecture": "resnet10t", "pretrained_cfg": processing}
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    transform = timm.data.create_transform(**{**processing, "input_size": (3, 64, 64)}, is_training=False)
    pixels = processed(frames, transform)
    with torch.inference_mode():
        vectors = model.forward_features(pixels).mean((2, 3))
    check(load(tmp_path), frames, pixels, vectors)


def isc21(path: Path) -> Any:
    """Its checkpoint: timm's name, the settings of the training, and weights of a network run on several cards."""
    backbone = reference("timm").create_model("test_efficientnet", features_only=True)
    channels = backbone.feature_info.info[-1]["num_chs"]
    model: Any = nn.Module()
    model.backbone, model.fc, model.bn = backbone, nn.Linear(channels, 16, bias=False), nn.BatchNorm1d(16)
    shaken(model)
    state = {f"module.{key}": value for key, value in model.state_dict().items()}
    held = {"epoch": 10, "arch": "test_efficientnet", "args": argparse.Namespace(input_size=96), "state_dict": state}
    torch.save(held, path)
    return model


def test_the_descriptor_of_isc21(frames: list[UInt8], tmp_path: Path) -> None:
    model = isc21(tmp_path / "isc_tiny.pth.tar")
    transforms = reference("torchvision").transforms
    published = model.backbone.default_cfg
    steps = [
        transforms.Resize((96, 96)),
        transforms.ToTensor(),
        transforms.Normalize(published["mean"], published["std"]),
    ]
    pixels = processed(frames, transforms.Compose(steps))
    with torch.inference_mode():
        vectors = model.bn(model.fc(model.backbone(pixels)[-1].clamp(min=1e-6).mean((2, 3))))
        check(load(f"isc:{tmp_path / 'isc_tiny.pth.tar'}"), frames, pixels, vectors)


def test_isc21_opens_in_a_process_that_has_imported_nothing_else(tmp_path: Path) -> None:
    """timm imports torchvision, and that fails beside a PyTorch that it was not built for."""
    isc21(tmp_path / "isc_tiny.pth.tar")
    words = [sys.executable, "-m", "twinreel", "describers", "test", f"isc:{tmp_path / 'isc_tiny.pth.tar'}", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dimensions"] == 16
