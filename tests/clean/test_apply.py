"""What a plan says, what applying it checks, and what is refused."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from twinreel.clean.apply import apply
from twinreel.clean.model import Deed, Plan, Sides
from twinreel.clean.planfile import read_plan, write_plan
from twinreel.clean.rules import Rules
from twinreel.clean.undo import undo
from twinreel.errors import LibraryError, NotFound, UserError

from .made import Made, tree


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A film, a worse copy of a part of it with subtitles, and a copy of the film."""
    library = Made(tmp_path / "library")
    film = library.file("film.mp4", (0, 0, 30), height=1080)
    library.file("part.mp4", (0, 5, 20), height=360)
    (library.root / "part.en.srt").write_text("Well?")
    shutil.copy2(film, library.root / "same.mp4")
    return library


def test_every_row_says_what_and_why_in_one_line(made: Made) -> None:
    same, part = sorted(made.plan().actions, key=lambda action: action.relation)
    assert part.reason == f"all of it is in {made.root}/film.mp4: higher resolution (1920x1080 against 640x360)"
    assert same.reason == f"the same bytes as {made.root}/film.mp4"
    assert same.freed == (made.root / "same.mp4").stat().st_size


def test_a_plan_is_a_file_that_is_read_back(made: Made, tmp_path: Path) -> None:
    odd = made.root / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    (made.root / "same.mp4").rename(odd / "same.mp4")
    plan = made.plan(Rules(protected=(str(odd / "deeper"),)))
    write_plan(plan, tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json") == plan
    assert len(plan.actions) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"twinreel_plan": 99}', '{"twinreel_plan": 1}'])
def test_what_is_no_plan_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UserError, match=r"plan\.json"):
        read_plan(tmp_path / "plan.json")


def test_files_and_their_subtitles_go_to_the_quarantine_and_come_back(made: Made, tmp_path: Path) -> None:
    before = tree(made.root)
    applied = apply(made.plan(), tmp_path / "journal")
    assert applied.refused == ()
    left = {path.name for path in made.root.iterdir() if not path.name.startswith(".")}
    assert left == {"film.mp4"}
    assert len(list(made.root.rglob("part.en.srt"))) == 1
    assert undo(tmp_path / "journal").lost == ()
    assert tree(made.root) == before


def test_subtitles_may_go_to_the_kept_file(made: Made, tmp_path: Path) -> None:
    before = tree(made.root)
    apply(made.plan(sides=Sides.MERGE), tmp_path / "journal")
    assert (made.root / "film.en.srt").read_text() == "Well?"
    undo(tmp_path / "journal")
    assert tree(made.root) == before


def change_size(path: Path) -> None:
    path.write_text("another")


def change_bytes(path: Path) -> None:
    status = path.stat()
    path.write_text(path.read_text().replace("1080", "1081").replace("360", "361"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def change_time(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def make_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("change", [change_size, change_bytes, change_time, make_link, Path.unlink])
@pytest.mark.parametrize("which", ["film.mp4", "part.mp4"])
def test_what_has_changed_since_is_left_alone(made: Made, tmp_path: Path, which: str, change: object) -> None:
    plan = made.plan(Rules(protected=(str(made.root / "same.mp4"),)))
    assert any(which in (Path(file.path).name for file in (a.file, *a.kept)) for a in plan.actions)
    change(made.root / which)  # type: ignore[operator]
    before = tree(made.root)
    concerned = [a for a in plan.actions if which in {Path(file.path).name for file in (a.file, *a.kept)}]
    applied = apply(plan, tmp_path / "journal")
    assert {action.number for action, _ in applied.refused} == {action.number for action in concerned}
    assert all(made.root.as_posix() in why for _, why in applied.refused)
    undo(tmp_path / "journal")
    assert tree(made.root) == before


def test_a_kept_file_that_became_a_name_of_the_other_is_seen(made: Made, tmp_path: Path) -> None:
    plan = made.plan(Rules(protected=(str(made.root / "part.mp4"),)))
    (made.root / "same.mp4").unlink()
    (made.root / "same.mp4").hardlink_to(made.root / "film.mp4")
    os.utime(made.root / "same.mp4", ns=(1, plan.actions[0].file.mtime_ns))
    ((_, why),) = apply(plan, tmp_path / "journal").refused
    assert "two names of one file" in why


def test_a_folder_that_became_a_link_is_seen(made: Made, tmp_path: Path) -> None:
    plan = made.plan()
    made.root.rename(tmp_path / "moved")
    made.root.symlink_to(tmp_path / "moved")
    applied = apply(plan, tmp_path / "journal")
    assert applied.done == ()
    assert all("leads elsewhere" in why for _, why in applied.refused)


def test_a_quarantine_that_a_link_leads_elsewhere_is_not_used(made: Made, tmp_path: Path) -> None:
    plan = made.plan()
    (tmp_path / "outside").mkdir()
    (made.root / ".twinreel-quarantine").symlink_to(tmp_path / "outside")
    assert apply(plan, tmp_path / "journal").done == ()
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_protected_by_the_plan_is_safe_from_a_plan_changed_by_hand(made: Made, tmp_path: Path) -> None:
    plan = replace(made.plan(), protected=(str(made.root),))
    applied = apply(plan, tmp_path / "journal")
    assert applied.done == () and all("protected" in why for _, why in applied.refused)


def test_a_plan_is_applied_once(made: Made, tmp_path: Path) -> None:
    plan = made.plan()
    apply(plan, tmp_path / "journal")
    with pytest.raises(UserError, match="applied already"):
        apply(plan, tmp_path / "journal")
    undo(tmp_path / "journal")
    with pytest.raises(UserError, match="undone"):
        apply(plan, tmp_path / "journal")
    assert len(undo(tmp_path / "journal").restored) == 2  # once more changes nothing


def contradictions(plan: Plan) -> list[Plan]:
    first, second = plan.actions
    return [
        replace(plan, actions=(replace(first, kept=(second.file,)), second)),
        replace(plan, actions=(replace(first, kept=()), second)),
        replace(plan, actions=(first, replace(first, number=2))),
        replace(plan, actions=(second, first)),
        replace(plan, actions=(replace(first, target=None), second)),
        replace(plan, actions=(replace(first, file=replace(first.file, digest="")), second)),
        replace(plan, actions=tuple(replace(action, deed=Deed.HARD_LINK) for action in plan.actions)),
    ]


@pytest.mark.parametrize("number", range(7))
def test_a_plan_that_contradicts_itself_is_refused_whole(made: Made, tmp_path: Path, number: int) -> None:
    before = tree(made.root)
    with pytest.raises(UserError, match="make it anew"):
        apply(contradictions(made.plan())[number], tmp_path / "journal")
    assert tree(made.root) == before


def test_undo_does_not_overwrite_what_came_since(made: Made, tmp_path: Path) -> None:
    apply(made.plan(), tmp_path / "journal")
    (made.root / "part.mp4").write_text("new")
    undone = undo(tmp_path / "journal")
    ((action, why),) = undone.lost
    assert Path(action.file.path).name == "part.mp4" and "another file" in why
    assert (made.root / "part.mp4").read_text() == "new"
    (made.root / "part.mp4").unlink()
    assert undo(tmp_path / "journal").lost == ()
    assert (made.root / "part.mp4").read_text() != "new"


def test_what_was_deleted_comes_back_only_from_the_same_bytes(made: Made, tmp_path: Path) -> None:
    apply(made.plan(deed=Deed.DELETE), tmp_path / "journal")
    undone = undo(tmp_path / "journal")
    assert [Path(action.file.path).name for action in undone.restored] == ["same.mp4"]
    ((action, why),) = undone.lost
    assert Path(action.file.path).name == "part.mp4" and "deleted" in why


def test_names_of_one_file_free_its_bytes_once(made: Made) -> None:
    (made.root / "third.mp4").hardlink_to(made.root / "same.mp4")
    size = (made.root / "same.mp4").stat().st_size
    freed = [a.freed for a in made.plan().actions if a.relation == "identical file"]
    assert sorted(freed) == [0, size]


def test_an_accepted_loss_takes_nothing_that_hardly_matches(tmp_path: Path) -> None:
    made = Made(tmp_path / "library")
    made.file("film.mp4", (0, 0, 30), height=1080)
    made.file("other.mp4", (1, 0, 18), (0, 5, 10))
    assert made.plan(Rules(accept_loss=20)).actions == ()
    made.file("alone.mp4", (2, 0, 4))
    assert made.plan(Rules(accept_loss=20)).actions == ()


def test_a_reference_is_measured_against_and_never_touched(tmp_path: Path) -> None:
    made = Made(tmp_path / "library")
    made.file("old/film.mp4", (0, 0, 30), height=360)
    made.file("new/better.mp4", (0, 0, 30), height=1080)
    made.file("new/worse.mp4", (0, 0, 30), height=240)
    actions = made.plan(Rules(reference=(str(made.root / "old"),))).actions
    assert [Path(action.file.path).name for action in actions] == ["worse.mp4"]
    assert [Path(file.path).name for file in actions[0].kept] == ["film.mp4"]


def test_an_unknown_journal_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        undo(tmp_path / "journal")
    (tmp_path / "journal").write_text("Dear diary\n")
    with pytest.raises(UserError, match="no journal"):
        undo(tmp_path / "journal")


def test_a_journal_that_cannot_be_begun_stops_everything(made: Made, tmp_path: Path) -> None:
    before = tree(made.root)
    (tmp_path / "folder").write_text("a file where a folder is needed")
    with pytest.raises(LibraryError):
        apply(made.plan(), tmp_path / "folder" / "journal")
    assert tree(made.root) == before
