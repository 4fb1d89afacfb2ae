"""The built-in describers, and a small ONNX model, keep the contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from describe.contract import DescriberContract
from describe.models import save_thumbnail
from describe.pictures import drawings
from twinreel.describe import onnx
from twinreel.describe.base import Describer
from twinreel.describe.onnx import OnnxDescriber
from twinreel.describe.pdq import PdqDescriber
from twinreel.describe.phash import PhashDescriber
from twinreel.describe.registry import load_describer
from twinreel.types import UInt8


@pytest.fixture(scope="module")
def default() -> OnnxDescriber:
    return onnx.default()


class TestPdq(DescriberContract):
    mirror_similarity = 0.9  # a dozen bits of 256

    @pytest.fixture
    def describer(self) -> Describer:
        return PdqDescriber()


class TestPhash(DescriberContract):
    mirror_similarity = 0.8  # six bits of 64

    @pytest.fixture
    def describer(self) -> Describer:
        return PhashDescriber()


class TestOnnxModel(DescriberContract):
    mirror_similarity = 0.99999

    @pytest.fixture
    def describer(self, tmp_path: Path) -> Describer:
        return OnnxDescriber.load(save_thumbnail(tmp_path / "thumbnail.onnx"))


class TestOnnxModelThatCannotMirror(DescriberContract):
    mirror_similarity = None

    @pytest.fixture
    def describer(self, tmp_path: Path) -> Describer:
        return OnnxDescriber.load(save_thumbnail(tmp_path / "thumbnail.onnx", mirrors=False), threads=3)


class TestDefault(DescriberContract):
    """The model that ships with the package."""

    mirror_similarity = None

    @pytest.fixture
    def describer(self, default: OnnxDescriber) -> Describer:
        return default

    @pytest.fixture
    def images(self, describer: Describer) -> UInt8:
        return drawings(*describer.image_size)

    def test_it_is_small_and_found_by_name(self, describer: Describer) -> None:
        models = Path(onnx.__file__).with_name("models")
        assert sum(file.stat().st_size for file in models.glob("default.*")) <= 10e6
        found = load_describer("default")
        assert (found.name, found.version) == (describer.name, describer.version)

    def test_mirrored_frames_are_alike(self, describer: Describer, images: UInt8) -> None:
        """So a mirrored copy is found without mirrored vectors; which way round it is, ``layout`` tells."""
        vectors, _ = describer.describe(images)
        mirrored, _ = describer.describe(images[:, :, ::-1])
        others = (vectors @ vectors.T)[~np.eye(len(images), dtype=bool)]
        assert (vectors * mirrored).sum(axis=1).min() > max(0.8, others.max() + 0.2)

    def test_its_background_is_of_unrelated_frames(self, describer: Describer) -> None:
        background = describer.background
        assert background.shape == (512, describer.dimensions)
        # stored in float16, with eleven digits of two
        np.testing.assert_allclose(np.linalg.norm(background, axis=1), 1, atol=2**-11)
        similarity = (background @ background.T)[~np.eye(len(background), dtype=bool)]
        assert abs(similarity.mean()) < 0.05 and similarity.std() < 0.2
