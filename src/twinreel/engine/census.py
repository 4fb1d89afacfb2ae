"""What a scan finds by one ``stat`` a file, compared with what the library knows.

    same path, size and time            unchanged
    same file (device, inode, size,     the same content in another place: renamed, moved within a drive, or another
    time) under another known path      hard link
    unchanged since it was a bad file   skipped
    anything else                       has to be looked at
    known, under a scanned root,        gone, or offline where its drive or the root is absent
    and not there

A file whose bytes change while size and time stay is taken to be unchanged, as by every tool that does not read
everything every time.
"""

from __future__ import annotations

# A Path for each of a million files would be time and memory for nothing.
# ruff: noqa: PTH112, PTH116, PTH120
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from twinreel.engine.progress import Meter
from twinreel.errors import NotFound
from twinreel.media.remote import is_remote
from twinreel.media.sources import Roots, find_files
from twinreel.media.walk import Found
from twinreel.store.failures import Version
from twinreel.store.paths import FileStat, PathRecord
from twinreel.types import Failure, State


@dataclass(frozen=True, slots=True)
class Choice:
    """Which files a scan takes; see ``media.walk``."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(slots=True)
class Census:
    """What there is, and what has to be done about it."""

    seen: set[str] = field(default_factory=set)
    """Every file that was found, whatever became of it."""
    unchanged: list[Found] = field(default_factory=list)
    moved: list[tuple[Found, str]] = field(default_factory=list)
    """Files known under another path, with their content ids."""
    left: list[str] = field(default_factory=list)
    """Known paths whose file is one of ``moved``: it was renamed."""
    fresh: list[list[Found]] = field(default_factory=list)
    """Files to be looked at, in order of the walk; the hard links of one file together."""
    skipped: list[Found] = field(default_factory=list)
    """Bad files that have not changed."""
    failures: list[Failure] = field(default_factory=list)
    lost: dict[str, State] = field(default_factory=dict)
    """Known paths that are not there: gone or offline."""


def stat_of(found: Found) -> FileStat:
    return FileStat(found.size, found.mtime_ns, found.device, found.inode)


def below(path: str, root: str) -> bool:
    """Is ``path`` the file or folder ``root``, or inside it? Both absolute."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def take_census(
    roots: Roots,
    choice: Choice,
    known: Mapping[str, PathRecord],
    bad: Mapping[str, Version],
    meter: Meter,
) -> Census:
    """Walks what a scan was pointed at, and compares.

    NotFound where none of them is there and the library knows nothing under them either.
    """
    census = Census()
    ours = {path: record for path, record in known.items() if roots.covers(path)}
    present = [root for root in roots.paths if is_remote(root) or os.path.lexists(root)]
    if not present and not ours:
        raise NotFound(f"there is no file or folder {', '.join(map(repr, roots.paths))}")
    by_file = {_key(record.stat): record for record in known.values() if record.content is not None}
    links: dict[FileStat, list[Found]] = {}
    moved: set[FileStat] = set()
    devices: dict[int, set[int]] = {}
    """Number of a device, and its numbers now."""
    for found in find_files(present, include=choice.include, exclude=choice.exclude, hidden=choice.hidden):
        if isinstance(found, Failure):
            census.failures.append(found)
            continue
        census.seen.add(found.path)
        meter.advance(bytes=found.size)
        stat, record = stat_of(found), known.get(found.path)
        same = record is not None and record.stat[:2] == stat[:2]
        if same and record is not None and record.content is not None:
            census.unchanged.append(found)
            devices.setdefault(record.stat.device, set()).add(stat.device)
        elif found.inode and (other := by_file.get(stat)) is not None and other.content is not None:
            census.moved.append((found, other.content))
            moved.add(stat)
        elif bad.get(found.path) == Version(found.size, found.mtime_ns):
            census.skipped.append(found)
        elif found.inode and stat in links:
            links[stat].append(found)
        else:
            links[stat] = [found]
            census.fresh.append(links[stat])
    refused = [failure.path for failure in census.failures if not is_remote(failure.path)]
    unreached = {failure.path for failure in census.failures} - set(refused)
    for path, record in ours.items():
        if path in census.seen or any(below(path, folder) for folder in refused) or os.path.lexists(path):
            continue
        root = roots.of(path) or path
        if is_remote(path):
            census.lost[path] = State.OFFLINE if root in unreached else State.GONE
        elif record.stat in moved:
            census.left.append(path)
        else:
            census.lost[path] = _where(path, record, root, devices.get(record.stat.device, set()))
    return census


def _key(stat: FileStat) -> FileStat | None:
    return stat if stat.inode else None


def _where(path: str, record: PathRecord, root: str, devices: set[int]) -> State:
    """Gone, if the folder that held the file, or what is left of its way there, is on the drive that it was on.

    An empty mount point is on another device than the file was, so nothing under it is gone. A device may have
    another number since the last scan: ``devices`` are those on which its other files were found unchanged.
    """
    folder = os.path.dirname(path)
    limit = os.path.dirname(root) if path == root else root
    while not os.path.isdir(folder):
        if not below(os.path.dirname(folder), limit) or folder == os.path.dirname(folder):
            return State.OFFLINE
        folder = os.path.dirname(folder)
    on = os.stat(folder).st_dev
    return State.GONE if on == record.stat.device or on in devices else State.OFFLINE
