"""Taking back what a plan did, the last action first: names, times and links as they were."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here.
# ruff: noqa: PTH108, PTH114, PTH115, PTH119, PTH120
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from twinreel.clean import files
from twinreel.clean.journal import Journal, Progress
from twinreel.clean.model import Action, Deed, File, Move, Plan
from twinreel.clean.survey import QUARANTINE
from twinreel.errors import MediaError
from twinreel.media.identity import file_digest


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of undoing a plan."""

    journal: Path
    restored: tuple[Action, ...]
    lost: tuple[tuple[Action, str], ...]
    """Actions that could not be taken back, and why; ``undo`` may be tried again."""


def undo(path: Path, *, on_action: Callable[[Action, str | None], None] | None = None) -> Undone:
    """Takes back all that a journal says was done; may be killed and run again at any time.

    on_action: told after each action, with the reason where it could not be taken back.
    NotFound where there is no journal, UserError where it is none, LibraryError where it cannot be written.
    """
    with Journal.open(path) as journal:
        plan, progress = journal.plan, journal.progress
        for number in reversed(list(progress.begun)):
            action = plan.actions[number - 1]
            journal.write("undo", number)
            why = take_back(action, plan, progress)
            if why is None:
                journal.write("undone", number)
            else:
                journal.write("lost", number, why)
            if on_action is not None:
                on_action(action, why)
        if not progress.begun and not progress.all_undone:
            journal.write("undo")
            journal.write("undone")
        restored = tuple(action for action in plan.actions if action.number in progress.undone)
        lost = tuple((plan.actions[number - 1], why) for number, why in sorted(progress.lost.items()))
        return Undone(path, restored, lost)


def take_back(action: Action, plan: Plan, progress: Progress) -> str | None:
    """Makes an action undone, whether it was done, half done or not begun; None, or why that cannot be."""
    try:
        for side in reversed(action.sides):
            _move_back(side, plan.id)
        _restore(action, plan, progress)
    except OSError as error:
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error.strerror or error)
    except MediaError as error:
        return f"{action.file.path}: {error.reason}"
    except _Lost as error:
        return str(error)
    return None


class _Lost(Exception):
    """A file cannot be brought back; the message says why."""


def _restore(action: Action, plan: Plan, progress: Progress) -> None:
    file = action.file
    match action.deed:
        case Deed.QUARANTINE if action.target is not None:
            moved = os.path.lexists(action.target)
            _move_back(Move(file.path, action.target), plan.id)
            if not moved and not _untouched(file):
                raise _Lost(f"{file.path} is not there, nor in the quarantine")
            files.remove_empty(_made_for(action.target))
        case Deed.TRASH:
            if _untouched(file):
                return
            if os.path.lexists(file.path):
                raise _Lost(f"there is another file at {file.path} by now")
            found = files.find_in_trash(file)
            if found is not None:
                files.out_of_trash(found, file.path, plan.id)
            else:
                _copy_back(action, plan, progress, f"{file.path} is not found in the trash: look for it there yourself")
        case Deed.DELETE | Deed.HARD_LINK | Deed.SYMLINK | Deed.REFLINK:
            files.clear(file.path, plan.id)
            if not _untouched(file) or _linked(action):
                _copy_back(action, plan, progress, f"{file.path} was deleted, and no other file has the same bytes")


def _made_for(target: str) -> list[str]:
    """The folders that were made for a place in a quarantine; one that a person chose is theirs."""
    place = os.path.dirname(target)
    whole = os.path.dirname(place)
    quarantine = os.path.dirname(whole)
    return [place, whole, *([quarantine] if os.path.basename(quarantine) == QUARANTINE else [])]


def _move_back(move: Move, mark: str) -> None:
    """The file under its old name again, wherever it is between the two."""
    files.clear(move.target, mark)
    files.clear(move.source, mark)
    if not os.path.lexists(move.target):
        return
    if not os.path.lexists(move.source):
        files.move(move.target, move.source, mark)
    elif files.same_file(move.source, move.target) or _same_bytes(move.source, move.target):
        os.unlink(move.target)
    else:
        raise _Lost(f"there is another file at {move.source} by now: what was there lies at {move.target}")


def _same_bytes(a: str, b: str) -> bool:
    return os.lstat(a).st_size == os.lstat(b).st_size and file_digest(a) == file_digest(b)


def _untouched(file: File) -> bool:
    """Is the file itself at its place?"""
    try:
        status = os.lstat(file.path)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size, file.mtime_ns) and (
        status.st_ino == file.inode or _matches(file.path, file.digest)
    )


def _inode(path: str) -> int | None:
    with suppress(OSError):
        return os.lstat(path).st_ino
    return None


def _matches(path: str, digest: str) -> bool:
    with suppress(MediaError):
        return file_digest(path) == digest
    return False


def _linked(action: Action) -> bool:
    return action.deed is Deed.HARD_LINK and files.same_file(action.file.path, action.kept[0].path)


def _ours(action: Action) -> bool:
    """Is what lies at the file's place what the action put there?"""
    path, kept = action.file.path, action.kept[0].path
    if action.deed is Deed.SYMLINK:
        return os.path.islink(path) and os.readlink(path) == kept
    return _linked(action) or (action.deed is Deed.REFLINK and _matches(path, action.file.digest))


def _copy_back(action: Action, plan: Plan, progress: Progress, otherwise: str) -> None:
    """A file of its own again, from what has the same bytes; another name of a restored one, where it was that."""
    file, kept = action.file, action.kept[0]
    if os.path.lexists(file.path) and not _ours(action):
        raise _Lost(f"there is another file at {file.path} by now")
    restored = {other.file.path for other in plan.actions if other.number in progress.undone}
    for name in file.names:
        if (name in restored or _inode(name) == file.inode) and _matches(name, file.digest):
            files.hard_link(name, file.path, plan.id)
            return
    if kept.digest != file.digest:
        raise _Lost(otherwise)
    if not _matches(kept.path, file.digest):
        raise _Lost(f"{kept.path} has changed since, and was the only file with the bytes of {file.path}")
    files.restore(kept.path, file, plan.id)
