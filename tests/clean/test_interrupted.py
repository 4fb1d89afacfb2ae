"""Killed, out of space, without permission: whatever happens in between, nothing is lost and it goes on or back."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from twinreel.clean.apply import apply
from twinreel.clean.model import Deed, Plan, Sides
from twinreel.clean.planfile import write_plan
from twinreel.clean.undo import undo

from .made import Made, footage, tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
PROGRAM = Path(__file__).with_name("interrupted.py")
DEEDS = (Deed.QUARANTINE, Deed.HARD_LINK, Deed.SYMLINK)


class Stage:
    """A library, the plan for it, and what both look like before and after."""

    def __init__(self, folder: Path, deed: Deed) -> None:
        self.root, self.plan_file, self.journal = folder / "library", folder / "plan.json", folder / "journal"
        made = Made(self.root)
        best = made.file("film.mp4", (0, 0, 30), height=1080)
        made.file("cut.mp4", (0, 5, 20), height=360)
        shutil.copy(best, self.root / "again.mp4")
        (self.root / "third.mp4").hardlink_to(self.root / "again.mp4")
        (self.root / "cut.srt").write_text("Well?")
        self.plan: Plan = made.plan(deed=deed, sides=Sides.MOVE)
        write_plan(self.plan, self.plan_file)
        self.shown, self.before = footage(self.root), tree(self.root)

    def run(self, what: str, manner: str, at: int) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, PROGRAM, what, self.plan_file, self.journal, manner, str(at)]
        return subprocess.run([str(one) for one in arguments], capture_output=True, text=True, check=False)


@pytest.fixture(params=DEEDS)
def stages(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Iterator[Stage]]:
    """Fresh stages without end."""
    yield (Stage(tmp_path / str(number), request.param) for number in count())


def moments(done: subprocess.CompletedProcess[str]) -> range:
    """Every call that changes something on the disk, one after the other."""
    total = int(done.stdout)
    assert total > 10
    return range(1, total + 1)


def test_apply_killed_at_any_moment_goes_back_or_on(stages: Iterator[Stage]) -> None:
    whole = next(stages)
    for number, at in enumerate(moments(whole.run("apply", "kill", 0))):
        stage = next(stages)
        assert stage.run("apply", "kill", at).returncode == -signal.SIGKILL
        assert footage(stage.root) == stage.shown
        if not stage.journal.exists() or not stage.journal.read_bytes().count(b"\n"):
            assert tree(stage.root) == stage.before
        elif number % 2:
            assert undo(stage.journal).lost == ()
            assert tree(stage.root) == stage.before
        elif b'"end"' not in stage.journal.read_bytes():
            assert apply(stage.plan, stage.journal).refused == ()
            assert footage(stage.root) == stage.shown
            assert undo(stage.journal).lost == ()
            assert tree(stage.root) == stage.before


def test_undo_killed_at_any_moment_goes_on(stages: Iterator[Stage]) -> None:
    whole = next(stages)
    apply(whole.plan, whole.journal)
    for at in moments(whole.run("undo", "kill", 0)):
        stage = next(stages)
        apply(stage.plan, stage.journal)
        assert stage.run("undo", "kill", at).returncode == -signal.SIGKILL
        assert footage(stage.root) == stage.shown
        assert undo(stage.journal).lost == ()
        assert tree(stage.root) == stage.before


@pytest.mark.parametrize("manner", ["ENOSPC", "EACCES", "EIO"])
def test_a_call_that_fails_costs_nothing(stages: Iterator[Stage], manner: str) -> None:
    whole = next(stages)
    for at in moments(whole.run("apply", manner, 0)):
        stage = next(stages)
        stage.run("apply", manner, at)
        assert footage(stage.root) == stage.shown
        if stage.journal.exists() and stage.journal.read_bytes().count(b"\n"):
            assert undo(stage.journal).lost == ()
        assert tree(stage.root) == stage.before
