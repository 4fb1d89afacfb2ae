"""Decisions hold for the bytes of a file: whatever it is called, wherever it lies, in whichever library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from twinreel.cli.shapes import OUTPUTS
from twinreel.library import Library

from .conftest import invoke, invoke_json
from .test_commands import fits


@pytest.fixture
def own(films: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Files and a library of them that a test may change."""
    folder, library = tmp_path / "films", tmp_path / "library.sqlite"
    shutil.copytree(films, folder)
    with Library(library, describer="phash") as opened:
        opened.add(folder)
    return folder, library


def pairs(library: Path) -> set[frozenset[str]]:
    with Library(library) as opened:
        return {frozenset((match.a, match.b)) for match in opened.matches()}


def test_a_denied_match_stays_denied(own: tuple[Path, Path], tmp_path: Path) -> None:
    folder, library = own
    with Library(library) as opened:
        denied = opened.matches(video=str(folder / "clip.mp4"))[0]
    pair = frozenset((denied.a, denied.b))
    assert pair in pairs(library)
    done = invoke_json("decisions", "add", "not-a-match", denied.a, denied.b, "--note", "no", "--library", library)
    assert fits(done, OUTPUTS["decisions add"]) and done == {"decisions": 1}
    assert pair not in pairs(library)
    # Renamed, moved to another folder, and scanned again.
    (folder / "elsewhere").mkdir()
    (folder / "clip.mp4").rename(folder / "elsewhere" / "other name.mp4")
    with Library(library) as opened:
        assert opened.add(folder).moved == 1
        assert opened.show(folder / "elsewhere" / "other name.mp4").content in pair
    assert pair not in pairs(library)
    # Another library of the same files knows it once it is told.
    other = tmp_path / "other.sqlite"
    with Library(other, describer="phash") as opened:
        opened.add(folder)
    assert pair in pairs(other)
    written = invoke_json("decisions", "export", tmp_path / "decisions.jsonl", "--library", library)
    assert fits(written, OUTPUTS["decisions export"]) and written["rows"] == 1
    assert invoke_json("decisions", "import", tmp_path / "decisions.jsonl", "--library", other) == {"decisions": 1}
    assert invoke_json("decisions", "import", tmp_path / "decisions.jsonl", "--library", other) == {"decisions": 0}
    assert pair not in pairs(other)
    (listed,) = invoke_json("decisions", "list", "--library", other)
    assert fits([listed], OUTPUTS["decisions list"])
    assert {listed["a"], listed["b"]} == pair and listed["note"] == "no"
    assert "not a match: " in invoke("decisions", "list", "--library", other).stdout
    assert invoke_json("decisions", "revoke", "not-a-match", *pair, "--library", other) == {"decisions": 1}
    assert pair in pairs(other)


def test_what_was_removed_is_pointed_out_when_it_comes_back(own: tuple[Path, Path], tmp_path: Path) -> None:
    folder, library = own
    with Library(library) as opened:
        again = folder / "small.mp4"
        opened.decide("delete", again)
        plan = opened.plan(quarantine=tmp_path / "quarantine")
        assert str(again) in {action.file.path for action in opened.apply(plan).done}
        assert opened.returned() == []
        (moved,) = (action.target for action in plan.actions if action.file.path == str(again))
        assert moved is not None
        shutil.copy(moved, folder / "new.mp4")
    shown = invoke("scan", folder, "--library", library)
    (line,) = (line for line in shown.stdout.splitlines() if line.startswith("seen before"))
    assert "this file was removed on 20" in line and line.endswith("new.mp4")
    found = invoke_json("scan", folder, "--library", library)
    assert [(Path(one["path"]).name, one["how"]) for one in found["returned"]] == [("new.mp4", "file")]
    with Library(library) as opened:
        opened.undo()
        assert opened.returned() == []


def test_what_cannot_be_decided_is_refused(own: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "damaged.jsonl").write_text('{"kind": "keep"}\n')
    for wrong in (
        ("add", "perhaps", "film.mp4"),
        ("add", "deleted", own[0] / "film.mp4"),
        ("add", "not-a-match", own[0] / "film.mp4"),
        ("add", "keep", own[0] / "nothing.mp4"),
        ("import", tmp_path / "none.jsonl"),
        ("import", tmp_path / "damaged.jsonl"),
    ):
        result = invoke("decisions", *wrong, "--library", own[1])
        assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1
