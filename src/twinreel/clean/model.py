"""What a clean-up would do: plain data, from the files it is about to the plan that is written."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Deed(enum.StrEnum):
    """What is done to a file that is not needed."""

    REPORT = "report"
    """Nothing."""
    QUARANTINE = "quarantine"
    """It is moved, with its side files, to a folder on the same drive."""
    TRASH = "trash"
    """It goes to the system's trash."""
    HARD_LINK = "hard link"
    """Its name becomes another name of the kept file. For identical files, on one drive."""
    SYMLINK = "symbolic link"
    """Its name points at the kept file. For identical files."""
    REFLINK = "reflink"
    """It shares the kept file's blocks, as file systems like Btrfs, XFS and APFS can. For identical files."""
    DELETE = "delete"
    """It is gone. Only what is identical to a kept file can be brought back."""


LINKS = frozenset({Deed.HARD_LINK, Deed.SYMLINK, Deed.REFLINK})
"""The deeds that leave something readable under the old name, and so need the same bytes."""


class Sides(enum.StrEnum):
    """What becomes of subtitles, .nfo files and pictures beside a file that leaves its place."""

    MOVE = "move"
    """They go where it goes, where that is a quarantine; else they stay."""
    MERGE = "merge"
    """They are renamed to belong to the kept file, where it has none of that kind; the others stay."""
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class File:
    """A regular file as it was when the plan was made."""

    path: str
    """Absolute."""
    real: str
    """The same with all links resolved: where it truly lies."""
    size: int
    mtime_ns: int
    device: int
    inode: int
    links: int
    """Names that the file has."""
    mode: int
    """Permission bits."""
    uid: int
    gid: int
    content: str = ""
    """Content id."""
    digest: str = ""
    """XXH3-128 of all bytes; empty until the plan is sealed."""
    sides: tuple[str, ...] = ()
    """Absolute paths of its side files."""
    names: tuple[str, ...] = ()
    """Other names of the file (hard links) that the library knows."""


@dataclass(frozen=True, slots=True)
class Move:
    """A file that is moved along."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Action:
    """One file that is not needed, why not, and what is done to it."""

    number: int
    """From 1."""
    deed: Deed
    file: File
    kept: tuple[File, ...]
    """The files that together show all that it shows: all of them have to stay."""
    relation: str
    """``identical file`` or how it is covered, in a word or two."""
    reason: str
    """Why it is not needed, in one line."""
    freed: int
    """Bytes: 0 for another name of a file that is counted already."""
    lost: float = 0.0
    """Seconds that exist nowhere else, a loss that was accepted; 0 for another file of a video that is counted."""
    target: str | None = None
    """Where it goes, for a quarantine: absolute, no part of it a link."""
    across: bool = False
    """Is that on another drive?"""
    sides: tuple[Move, ...] = ()
    """Files beside it that are moved along, or to the kept file."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A video that stays though some of it exists elsewhere, and why."""

    path: str
    kept: tuple[str, ...]
    """Paths of the files that show what exists elsewhere."""
    share: float
    """Of the video that exists elsewhere, [0, 1]."""
    unique: tuple[tuple[float, float], ...]
    """Seconds that exist nowhere else."""
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a clean-up would do. Making one changes nothing."""

    id: str
    """Names its journal: a plan is applied once."""
    made_at: float
    """Seconds since 1970, UTC."""
    protected: tuple[str, ...]
    """Real paths of folders that may not be touched."""
    actions: tuple[Action, ...]
    remarks: tuple[Remark, ...]

    @property
    def removed(self) -> frozenset[str]:
        """Paths at which nothing is any more once it is applied."""
        leaving = frozenset({Deed.QUARANTINE, Deed.TRASH, Deed.DELETE})
        return frozenset(action.file.path for action in self.actions if action.deed in leaving)

    @property
    def freed(self) -> int:
        """Bytes that all actions free."""
        return sum(action.freed for action in self.actions if action.deed is not Deed.REPORT)
