"""Describers by name, from the entry points of installed packages."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from describe.models import save_thumbnail
from twinreel.describe.onnx import OnnxDescriber
from twinreel.describe.pdq import PdqDescriber
from twinreel.describe.registry import GROUP, describers, load_describer
from twinreel.errors import UserError

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, package: str, module: str, **describers: str) -> None:
    """Lays a package into a folder as pip would."""
    metadata = folder / f"{package}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [f"{name} = {package}:{value}" for name, value in describers.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))
    (folder / f"{package}.py").write_text(module)
    monkeypatch.syspath_prepend(folder)


THIRD_PARTY = """
from twinreel.describe.pdq import PdqDescriber

class Other(PdqDescriber):
    name = "other"

def broken():
    raise RuntimeError("no licence file")
"""


def test_the_built_in_describers_are_those_of_the_project_file() -> None:
    table = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    built_in = table["project"]["entry-points"][GROUP]
    assert built_in.keys() == {"default", "pdq", "phash"}
    assert built_in.keys() <= describers().keys()


@pytest.mark.parametrize("name", ["pdq", "phash"])
def test_a_describer_goes_by_the_name_it_is_registered_under(name: str) -> None:
    assert load_describer(name).name == name
    assert describers()[name]().name == name


def test_another_package_brings_a_describer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "third_party_a", THIRD_PARTY, other="Other")
    assert "other" in describers()
    assert "third_party_a" not in sys.modules  # listing imports nothing
    describer = load_describer("other")
    assert isinstance(describer, PdqDescriber)
    assert describer.name == "other"


def test_a_describer_that_cannot_be_made_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "third_party_b", THIRD_PARTY, other="broken", absent="Absent", pdq_too="Other")
    for name, said in (("other", "no licence file"), ("absent", "Absent")):
        with pytest.raises(UserError, match=f"describer '{name}'.*cannot be made.*{said}"):
            load_describer(name)
    assert load_describer("pdq_too").name == "other"


def test_two_describers_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "third_party_c", THIRD_PARTY, pdq="Other")
    with pytest.raises(UserError, match=r"two packages bring a describer 'pdq': .*third_party_c:Other"):
        describers()


def test_an_onnx_file_is_a_describer(tmp_path: Path) -> None:
    describer = load_describer(str(save_thumbnail(tmp_path / "thumbnail.onnx")))
    assert isinstance(describer, OnnxDescriber)
    assert describer.name == "thumbnail"


@pytest.mark.parametrize("spec", ["sift", "", "model.onnx.bak"])
def test_an_unknown_name_is_answered_by_those_that_exist(spec: str) -> None:
    with pytest.raises(UserError, match=r"default, pdq, phash"):
        load_describer(spec)


def test_a_model_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no model"):
        load_describer(str(tmp_path / "model.onnx"))
