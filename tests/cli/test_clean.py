"""twinreel plan, apply, undo: what a stranger reads, and what becomes of the files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from twinreel.cli.shapes import OUTPUTS
from twinreel.library import Library
from twinreel.store.decisions import DecisionKind
from twinreel.store.exports import text_to_path
from twinreel.types import State

from .conftest import invoke, invoke_json
from .test_commands import fits


@pytest.fixture
def own(films: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the films, and a library of it."""
    folder, library = tmp_path / "films", tmp_path / "library.sqlite"
    shutil.copytree(films, folder)
    assert invoke("scan", folder, "--library", library, "--describer", "phash").exit_code == 0
    return folder, library


def names(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def visible(folder: Path) -> set[str]:
    return {name for name in names(folder) if not name.startswith(".")}


def test_plan_apply_and_undo(own: tuple[Path, Path], tmp_path: Path) -> None:
    folder, library = own
    before = names(folder)
    options = ("--library", library)
    shown = invoke("plan", *options, "--out", tmp_path / "plan.json")
    assert shown.exit_code == 0
    rows = [line for line in shown.stdout.splitlines() if line.startswith("  quarantine: ")]
    assert rows and all(" is in " in row or "the same bytes as " in row for row in rows)
    assert any("same bytes as" in row and row.startswith(f"  quarantine: {folder}") for row in rows)
    assert "nothing has been changed yet" in shown.stdout.splitlines()[-1]
    assert names(folder) == before
    done = invoke_json("apply", tmp_path / "plan.json", *options)
    assert fits(done, OUTPUTS["apply"])
    assert len(done["done"]) == len(rows) and done["refused"] == []
    gone = {text_to_path(path) for path in done["done"]}
    assert visible(folder) == before - {str(Path(path).relative_to(folder)) for path in gone}
    with Library(library) as opened:
        states = {path: video.state for video in opened.videos() for path in video.paths}
        assert all(states.get(path) is not State.PRESENT for path in gone)
    again = invoke("apply", tmp_path / "plan.json", *options)
    assert again.exit_code == 2 and "applied already" in again.stderr
    undone = invoke_json("undo", *options)
    assert fits(undone, OUTPUTS["undo"])
    assert sorted(undone["restored"]) == sorted(done["done"])
    assert names(folder) == before
    assert invoke("undo", *options).exit_code == 2


def test_a_plan_as_json_is_the_file(own: tuple[Path, Path], tmp_path: Path) -> None:
    found = invoke_json("plan", "--library", own[1], "--out", tmp_path / "plan.json")
    assert fits(found, OUTPUTS["plan"])
    assert json.loads((tmp_path / "plan.json").read_text()) == found


def test_what_is_to_be_kept_or_left_alone_is_no_part_of_a_plan(own: tuple[Path, Path], tmp_path: Path) -> None:
    folder, library = own
    (tmp_path / "rules.toml").write_text(f'version = 1\nprotected = ["{folder.as_posix()}"]\n')
    options = ("--library", library, "--out", tmp_path / "plan.json")
    assert invoke_json("plan", *options, "--rules", tmp_path / "rules.toml")["actions"] == []
    only = invoke_json("plan", *options, "--only", folder / "sub")["actions"]
    assert {Path(action["file"]["path"]).parent.name for action in only} == {"sub"}
    against = invoke_json("plan", *options, "--against", folder / "sub")["actions"]
    assert against and {Path(kept["path"]).parent.name for one in against for kept in one["kept"]} == {"sub"}
    with Library(library) as opened:
        for video in opened.videos():
            opened._catalogue.decisions.record(DecisionKind.KEEP, video.content)
    assert invoke_json("plan", *options)["actions"] == []


def test_wrong_words_are_refused(own: tuple[Path, Path], tmp_path: Path) -> None:
    options = ("--library", own[1], "--out", tmp_path / "plan.json")
    for wrong in (("--action", "burn"), ("--sides", "eat"), ("--accept-loss", "some"), ("--rules", tmp_path / "none")):
        result = invoke("plan", *options, *wrong)
        assert result.exit_code == 2 and str(wrong[1]) in result.stderr
    assert not (tmp_path / "plan.json").exists()
    assert invoke("apply", tmp_path / "plan.json", "--library", own[1]).exit_code == 2
