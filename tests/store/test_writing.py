"""A file that is written is whole, or what it was before."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinreel.errors import UserError
from twinreel.store.writing import written


def test_what_is_written_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text("old")
    with written(path) as unfinished:
        unfinished.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("error", "told"), [(ValueError("no"), ValueError), (OSError(28, "No space left"), UserError)])
def test_what_was_there_stays_where_writing_fails(error: Exception, told: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_text("old")
    with pytest.raises(told), written(path) as unfinished:
        unfinished.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "report.html"
    with pytest.raises(UserError, match=r"cannot write .*report\.html: No such file"), written(path) as unfinished:
        unfinished.write_text("text")
