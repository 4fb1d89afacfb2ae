"""The built-in describers, and a small ONNX model, keep the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from describe.contract import DescriberContract
from describe.models import save_thumbnail
from twinreel.describe.base import Describer
from twinreel.describe.onnx import OnnxDescriber
from twinreel.describe.pdq import PdqDescriber
from twinreel.describe.phash import PhashDescriber


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
