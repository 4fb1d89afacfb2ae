"""The example of docs/example-describer, installed as a package of its own, keeps the contract and scans."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from describe.contract import DescriberContract
from makers import scene, write_video
from twinreel.describe.base import Describer
from twinreel.library import Library
from twinreel.models.load import load_describer

EXAMPLE = Path(__file__).parents[2] / "docs" / "example-describer"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lays the package out as pip would, from its own project file."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = tmp_path / "site" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    for path in (tmp_path / "site", EXAMPLE):
        monkeypatch.syspath_prepend(path)


@pytest.mark.usefixtures("installed")
class TestExample(DescriberContract):
    mirror_similarity = 0.999

    @pytest.fixture
    def describer(self, installed: None) -> Describer:
        return load_describer("colours")


@pytest.mark.usefixtures("installed")
def test_a_scan_with_the_example_finds_a_copy(tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    frames = list(scene(1, 4))
    write_video(films / "film.mp4", frames)
    write_video(films / "small.mp4", [frame[::2, ::2] for frame in frames])
    with Library(tmp_path / "library.sqlite", describer="colours") as library:
        library.add([films], jobs=1)
        assert {match.relation.value for match in library.matches(min_score=0)} == {"duplicate"}
