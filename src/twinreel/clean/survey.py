"""What is on the disk when a plan is made: files, their side files, where they may be moved to, their digests."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here.
# ruff: noqa: PTH118, PTH119, PTH120, PTH122
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from twinreel.clean.model import Action, Deed, File, Move, Plan, Remark, Sides
from twinreel.clean.plan import Proposal
from twinreel.clean.rules import Rules
from twinreel.errors import MediaError
from twinreel.media.identity import file_digest

QUARANTINE = ".twinreel-quarantine"
"""Folder that files are moved to; hidden, so that a scan does not find them there."""
_SUBTITLES = (".srt", ".ass", ".ssa", ".vtt", ".sub", ".idx", ".sup", ".smi")
_DESCRIPTIONS = (".nfo", ".xml", ".json", ".txt", ".edl", ".chapters")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tbn", ".bif")
SIDES = frozenset((*_SUBTITLES, *_DESCRIPTIONS, *_PICTURES))
"""Suffixes of files that belong to the video of the same name beside them."""


def survey(contents: Mapping[str, str]) -> dict[str, File]:
    """The regular files among some paths, given with their content ids; links to files are none."""
    found = {}
    listings: dict[str, list[str]] = {}
    for path, content in contents.items():
        try:
            status = os.lstat(path)
            real = os.path.realpath(path, strict=True)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            folder = os.path.dirname(path)
            if folder not in listings:
                listings[folder] = _names(folder)
            sides = side_files(path, listings[folder])
            found[path] = File(
                path=path,
                real=real,
                size=status.st_size,
                mtime_ns=status.st_mtime_ns,
                device=status.st_dev,
                inode=status.st_ino,
                links=status.st_nlink,
                mode=stat.S_IMODE(status.st_mode),
                uid=status.st_uid,
                gid=status.st_gid,
                content=content,
                sides=sides,
            )
    names: dict[tuple[int, int], list[str]] = {}
    for file in found.values():
        if file.links > 1 and file.inode:
            names.setdefault((file.device, file.inode), []).append(file.path)
    for several in names.values():
        for path in several:
            found[path] = replace(found[path], names=tuple(name for name in several if name != path))
    return found


def _names(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return []


def side_files(path: str, names: Iterable[str]) -> tuple[str, ...]:
    """Files of the same folder that belong to this video alone: its name up to the suffix, then ``.`` or ``-``.

    Where another file that is none of them has the same or a longer fitting name, it may be theirs: they are left out.
    """
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    others = [os.path.splitext(n)[0] for n in names if n != name and os.path.splitext(n)[1].lower() not in SIDES]
    return tuple(
        os.path.join(folder, side)
        for side in names
        if side.startswith((f"{stem}.", f"{stem}-"))
        and os.path.splitext(side)[1].lower() in SIDES
        and not any(side.startswith((f"{o}.", f"{o}-")) and len(o) >= len(stem) for o in others)
    )


def seal(
    proposal: Proposal,
    rules: Rules,
    *,
    sides: Sides = Sides.MOVE,
    quarantine: str | None = None,
    on_file: Callable[[int, int], None] | None = None,
) -> Plan:
    """The plan: with the digests of every file that it is about, and with places for what is moved.

    quarantine: the folder; by default one on the drive of each file, in the folder that all its files there lie in.
    on_file: told after each file that was read, how many of how many.
    A file that cannot be read, and what depends on it, becomes a remark.
    """
    wanted = {file.path: file for action in proposal.actions for file in (action.file, *action.kept)}
    digests: dict[str, str] = {}
    problems: dict[str, str] = {}
    for number, path in enumerate(wanted, 1):
        try:
            digests[path] = file_digest(path)
        except MediaError as error:
            problems[path] = f"{path}: {error.reason}"
        if on_file is not None:
            on_file(number, len(wanted))
    name = uuid.uuid4().hex[:12]
    roots = _roots(proposal.actions)
    actions: list[Action] = []
    remarks = list(proposal.remarks)
    for action in proposal.actions:
        files = action.file, *action.kept
        problem = next((problems[file.path] for file in files if file.path in problems), None)
        if problem is None and action.relation == "identical file" and len({digests[f.path] for f in files}) > 1:
            problem = f"its bytes differ from those of {action.kept[0].path}"
        if problem is not None:
            remarks.append(Remark(action.file.path, tuple(f.path for f in action.kept), 1.0, (), problem))
            continue
        file, *kept = (replace(one, digest=digests[one.path]) for one in files)
        sealed = replace(action, number=len(actions) + 1, file=file, kept=tuple(kept))
        if sealed.deed is Deed.QUARANTINE:
            folder = quarantine or os.path.join(roots[file.device], QUARANTINE)
            place = os.path.join(os.path.realpath(folder), name, f"{sealed.number:06d}")
            target = os.path.join(place, os.path.basename(file.path))
            sealed = replace(sealed, target=target, across=device_of(target) != file.device)
        actions.append(replace(sealed, sides=_moves(sealed, sides)))
    protected = tuple(os.path.realpath(folder) for folder in (*rules.protected, *rules.reference))
    return Plan(name, time.time(), protected, tuple(actions), tuple(sorted(remarks, key=lambda r: r.path)))


def _roots(actions: Iterable[Action]) -> dict[int, str]:
    """For each device the folder that holds all files on it that are moved."""
    folders: dict[int, list[str]] = {}
    for action in actions:
        folders.setdefault(action.file.device, []).append(os.path.dirname(action.file.path))
    roots = {}
    for device, inside in folders.items():
        root = os.path.commonpath(inside)
        # What they have in common may lie on another drive, where several are mounted side by side.
        roots[device] = root if device_of(root) == device and os.access(root, os.W_OK) else min(inside)
    return roots


def device_of(path: str) -> int:
    """The device of a path, or of the nearest folder above it that there is."""
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    return os.lstat(path).st_dev


def _moves(action: Action, sides: Sides) -> tuple[Move, ...]:
    """What becomes of side files; whatever leaves the place of its video is never deleted."""
    if not action.file.sides or action.deed not in (Deed.QUARANTINE, Deed.TRASH, Deed.DELETE):
        return ()
    if sides is Sides.MOVE and action.target is not None:
        folder = os.path.dirname(action.target)
        return tuple(Move(side, os.path.join(folder, os.path.basename(side))) for side in action.file.sides)
    if sides is Sides.MERGE and len(action.kept) == 1:
        kept = action.kept[0]
        stem, own = os.path.splitext(kept.path)[0], os.path.splitext(action.file.path)[0]
        targets = [Move(side, stem + side[len(own) :]) for side in action.file.sides]
        return tuple(move for move in targets if not os.path.lexists(move.target))
    return ()
