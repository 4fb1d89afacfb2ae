"""Doing what a plan says: each action is checked, written down, done, and written down as done.

What is killed in between can be gone on with: the action that may be half done is taken back first, then checked and
done anew. What cannot be done is refused with a reason, and the others go on; only a journal that cannot be written
ends the work.
"""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here.
# ruff: noqa: PTH108, PTH120
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twinreel.clean import files
from twinreel.clean.guard import Guard, Refused
from twinreel.clean.journal import Journal
from twinreel.clean.model import Action, Deed, Plan
from twinreel.clean.undo import take_back
from twinreel.errors import LibraryError, UserError


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a plan."""

    journal: Path
    """What ``undo`` needs."""
    done: tuple[Action, ...]
    refused: tuple[tuple[Action, str], ...]
    """Actions that were not done, and why."""

    @property
    def freed(self) -> int:
        """Bytes that what was done frees; a quarantine holds them until it is emptied."""
        return sum(action.freed for action in self.done)


def apply(plan: Plan, path: Path, *, on_action: Callable[[Action, str | None], None] | None = None) -> Applied:
    """Does what a plan says, or goes on with it; ``path`` is where its journal is, or will be.

    on_action: told after each action, with the reason where it was refused.
    UserError where the plan has been applied already, or undone, or contradicts itself; LibraryError where the
    journal cannot be written: nothing is done that is not written down.
    """
    guard = Guard(plan)
    with Journal.open(path, plan) as journal:
        progress = journal.progress
        if progress.ended or progress.undoing:
            what = "is being undone, or was" if progress.undoing else "has been applied already"
            raise UserError(f"this plan {what} (journal {path}): scan again and make a new one")
        if progress.half is not None:
            _settle(plan.actions[progress.half - 1], journal)
        for action in plan.actions:
            if action.deed is Deed.REPORT or action.number in progress.done or action.number in progress.refused:
                continue
            why = _do(action, plan, guard, journal)
            if on_action is not None:
                on_action(action, why)
        journal.write("end")
        done = tuple(action for action in plan.actions if action.number in progress.done)
        refused = tuple((plan.actions[n - 1], why) for n, why in sorted(progress.refused.items()))
        return Applied(path, done, refused)


def _settle(action: Action, journal: Journal) -> None:
    """Takes back an action that a crash interrupted, so that it can be checked and done anew."""
    why = take_back(action, journal.plan, journal.progress)
    if why is None:
        journal.write("undone", action.number)
    elif action.deed in (Deed.TRASH, Deed.DELETE) and not os.path.lexists(action.file.path):
        journal.write("done", action.number)
    else:
        raise LibraryError(f"{action.file.path} was left half way, and cannot be taken back: {why}")


def _do(action: Action, plan: Plan, guard: Guard, journal: Journal) -> str | None:
    """None, or why it was refused."""
    try:
        guard.check(action)
    except (Refused, OSError) as error:
        journal.write("refused", action.number, _words(error))
        return journal.progress.refused[action.number]
    journal.write("do", action.number)
    try:
        carry_out(action, plan.id)
    except OSError as error:
        why = _words(error)
        if (stuck := take_back(action, plan, journal.progress)) is not None:
            raise LibraryError(
                f"{action.file.path}: {why}; it was left half way: {stuck}; try `twinreel undo`"
            ) from error
        journal.write("refused", action.number, why)
        return why
    journal.write("done", action.number)
    return None


def carry_out(action: Action, mark: str) -> None:
    """Does what an action says; OSError where the system refuses, perhaps half way."""
    path, kept = action.file.path, action.kept[0].path
    match action.deed:
        case Deed.QUARANTINE if action.target is not None:
            files.make_folders(os.path.dirname(action.target))
            files.move(path, action.target, mark)
        case Deed.TRASH:
            files.trash(path)
        case Deed.DELETE:
            os.unlink(path)
            files.sync_folder(os.path.dirname(path))
        case Deed.HARD_LINK:
            files.hard_link(kept, path, mark)
        case Deed.SYMLINK:
            files.symbolic_link(kept, path, mark)
        case Deed.REFLINK:
            files.reflink(kept, path, mark)
    for side in action.sides:
        # One that has gone, or whose new name is taken by now, is no reason to stop.
        with suppress(FileNotFoundError, FileExistsError):
            if stat.S_ISREG(os.lstat(side.source).st_mode):
                files.move(side.source, side.target, mark)


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error.strerror or error)
    return str(error)
