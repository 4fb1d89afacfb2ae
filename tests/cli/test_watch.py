"""twinreel watch: files are taken once they are complete, and what they match is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from twinreel.cli.shapes import OUTPUTS
from twinreel.cli.watch import tell_arrived
from twinreel.engine.arrivals import Settling, arrivals
from twinreel.library import Library

from .conftest import invoke
from .test_commands import fits


def test_a_file_is_due_once_nobody_has_touched_it_for_a_while() -> None:
    settling = Settling(quiet=3.0)
    assert settling.wait(0.0) is None
    settling.note("a", 0.0)
    settling.note("b", 1.0)
    settling.note("a", 2.0)
    assert settling.due(3.9) == [] and settling.wait(3.5) == pytest.approx(0.5)
    assert settling.due(4.0) == ["b"]
    settling.note("c", 4.5)
    settling.forget("c")
    assert settling.due(9.0) == ["a"] and settling.due(10.0) == []


def test_files_that_arrive_are_seen(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    with arrivals([str(tmp_path / "inbox")], quiet=0.1) as arrived:
        (tmp_path / "inbox" / "new.mp4").write_bytes(b"1")
        assert next(arrived) == [str(tmp_path / "inbox" / "new.mp4")]
        (tmp_path / "inbox" / "new.mp4").rename(tmp_path / "inbox" / "renamed.mp4")
        assert next(arrived) == [str(tmp_path / "inbox" / "renamed.mp4")]


def test_what_arrives_is_compared_at_once(films: Path, own_library: Path, tmp_path: Path) -> None:
    copy, clip = tmp_path / "again.mp4", tmp_path / "sub.mp4"
    shutil.copy(films / "film.mp4", copy)
    shutil.copy(films / "clip.mp4", clip)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear diary")
    with Library(own_library) as opened:
        first, second = tell_arrived(opened, [str(copy), str(clip), str(letter), str(tmp_path / "gone")], json=True)
    assert fits(first, OUTPUTS["watch"]) and fits(second, OUTPUTS["watch"])
    assert str(films / "film.mp4") in first["identical"]
    assert str(films / "clip.mp4") in second["identical"]
    assert {"contains"} <= {match["relation"] for match in second["matches"]}


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = invoke("watch", tmp_path / "none", "--library", tmp_path / "library.sqlite")
    assert result.exit_code == 2 and "is no folder" in result.stderr
