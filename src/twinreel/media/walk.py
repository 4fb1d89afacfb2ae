"""Which files there are: one stat each, none opened.

What is taken
    A file named by itself, whatever its extension. In a folder, and in the folders within, files with an extension
    of ``EXTENSIONS`` or, where include globs are given, those that match one of them instead.
What is left out
    What an exclude glob matches, named by itself or not. Hidden files and folders (a leading dot; the hidden
    attribute on Windows), unless asked for. Trash, snapshots, thumbnails and version control (``SYSTEM``) always.
    A folder given by its own name is entered even so.
Globs
    Without regard to case. A glob without "/" is held against names, one with "/" against the path below the given
    folder, with "/" on every system; ``*`` reaches across "/". A folder that an exclude glob matches is not entered.
Links
    A linked file is taken if what it points to is reached in no other way. Linked folders are not entered (one link
    to "/" would drag in the whole machine) except where given by name. Hard links are different paths to one file:
    each is reported, with the same device and inode, so that whoever counts bytes can count them once.
"""

# A Path for each of a million files would be time and memory for nothing.
# ruff: noqa: PTH112, PTH114, PTH116, PTH118, PTH119, PTH122
from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from twinreel.errors import NotFound
from twinreel.media.source import access_error
from twinreel.types import Failure

_CONTAINERS = "mp4 m4v mov qt mkv webm avi wmv asf flv f4v ogv ogm 3gp 3g2 ts mts m2ts m2t mxf nut ivf"
_DISCS_BROADCAST_CAMERAS = "mpg mpeg mpe m1v m2v mpv vob evo tp trp tod dv gxf wtv divx rm rmvb nsv nuv amv mj2"
_SINGLE_CODEC = "h264 264 avc h265 265 hevc av1 obu y4m mjpeg mjpg"
_MOVING_PICTURES = "gif webp apng"
EXTENSIONS = frozenset(f"{_CONTAINERS} {_DISCS_BROADCAST_CAMERAS} {_SINGLE_CODEC} {_MOVING_PICTURES}".split())
"""Extensions of video files, in lower case."""

SYSTEM = (
    "$recycle.bin",
    "system volume information",
    "lost+found",
    ".trash*",
    ".git",
    ".hg",
    ".svn",
    ".snapshots",
    ".thumbnails",
    ".spotlight-v100",
    ".fseventsd",
    "@eadir",
    "#recycle",
    "@recycle",
    "#snapshot",
)
"""Folders that systems, NAS firmware and version control keep for themselves, as globs."""
_SYSTEM = re.compile("|".join(map(fnmatch.translate, SYSTEM)), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be a video."""

    path: str
    """As reached from what was given; ``os.fsencode`` gives its exact bytes."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change of its content, nanoseconds since 1970."""
    device: int
    inode: int
    """With the device, the same for all hard links to one file."""


def walk(
    paths: Iterable[str], *, include: Iterable[str] = (), exclude: Iterable[str] = (), hidden: bool = False
) -> Iterator[Found | Failure]:
    """The files reached from the given files and folders, each once.

    In order of the sorted paths given and, below them, first a folder's files by name, then its folders by name;
    linked files come last. What cannot be looked at (a folder that may not be read, a loop of links, a given path
    that is not there) comes as a Failure of kind NO_ACCESS and stage ``list``.
    Raises NotFound, before anything is listed, where paths are given and none of them exists.
    """
    given = sorted(set(paths))
    if given and not any(os.path.lexists(path) for path in given):
        raise NotFound(f"there is no file or folder {', '.join(map(repr, given))}")
    return _Walk(matcher(include), matcher(exclude), hidden).all(given)


Matcher = Callable[[str, str], bool]
"""(name, path below the given folder) -> whether some glob matches."""


def matcher(globs: Iterable[str]) -> Matcher | None:
    """None where there are no globs."""
    names: list[re.Pattern[str]] = []
    paths: list[re.Pattern[str]] = []
    for glob in globs:
        pattern = re.compile(fnmatch.translate(glob.removeprefix("./").lstrip("/")), re.IGNORECASE)
        (paths if "/" in glob else names).append(pattern)
    if not names and not paths:
        return None
    return lambda name, below: any(p.match(name) for p in names) or any(p.match(below) for p in paths)


class _Walk:
    """One walk: what it takes, and what it has come past."""

    def __init__(self, include: Matcher | None, exclude: Matcher | None, hidden: bool) -> None:
        self.include = include
        self.exclude = exclude
        self.hidden = hidden
        self.files: set[str] = set()
        """Real paths of the files reported."""
        self.folders: set[tuple[int, int]] = set()
        """Device and inode of the folders entered."""
        self.links: dict[str, bool] = {}
        """Linked files, kept for the end, and whether their names are those of a video."""

    def all(self, given: Iterable[str]) -> Iterator[Found | Failure]:
        for path in given:
            name = os.path.basename(path)
            if os.path.isdir(path):
                yield from self.below(path)
            elif self.exclude is None or not self.exclude(name, name):
                if os.path.islink(path):
                    self.links[path] = True
                else:
                    yield from self.file(path, os.path.realpath(path))
        for path, wanted in sorted(self.links.items()):
            yield from self.link(path, wanted)

    def below(self, root: str) -> Iterator[Found | Failure]:
        # A stack of its own: folders may be nested deeper than Python recurses.
        stack = [(root, os.path.realpath(root), "")]
        while stack:
            folder, real, prefix = stack.pop()
            inner = []
            try:
                status = os.stat(folder)
                if (status.st_dev, status.st_ino) in self.folders:
                    continue
                self.folders.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as entries:
                    listing = sorted(entries, key=lambda entry: entry.name)
                for entry in listing:
                    if self.left_out(entry, prefix + entry.name):
                        continue
                    if entry.is_symlink():
                        self.links.setdefault(entry.path, self.wanted(entry.name, prefix + entry.name))
                    elif entry.is_dir(follow_symlinks=False):
                        if not _is_system(entry.name):
                            inner.append((entry.path, os.path.join(real, entry.name), f"{prefix}{entry.name}/"))
                    elif self.wanted(entry.name, prefix + entry.name):
                        yield from self.file(entry.path, os.path.join(real, entry.name))
            except OSError as error:
                yield _failure(folder, error)
            stack.extend(reversed(inner))

    def file(self, path: str, real: str) -> Iterator[Found | Failure]:
        if real in self.files:
            return
        self.files.add(real)
        try:
            status = os.stat(path)
        except OSError as error:
            yield _failure(path, error)
        else:
            yield Found(path, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino)

    def link(self, path: str, wanted: bool) -> Iterator[Found | Failure]:
        try:
            status = os.stat(path)
        except OSError as error:
            # Whatever its name: a link that loops could have been anything.
            if wanted or error.errno == errno.ELOOP:
                yield _failure(path, error)
        else:
            if wanted and not stat.S_ISDIR(status.st_mode):
                yield from self.file(path, os.path.realpath(path))

    def wanted(self, name: str, below: str) -> bool:
        if self.include is not None:
            return self.include(name, below)
        return os.path.splitext(name)[1][1:].lower() in EXTENSIONS

    def left_out(self, entry: os.DirEntry[str], below: str) -> bool:
        if self.exclude is not None and self.exclude(entry.name, below):
            return True
        return not self.hidden and _is_hidden(entry)


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if sys.platform == "win32":  # there the attributes come with the listing
        attributes = entry.stat(follow_symlinks=False).st_file_attributes
        return entry.name.startswith(".") or bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)
    return entry.name.startswith(".")


def _is_system(name: str) -> bool:
    return _SYSTEM.match(name) is not None


def _failure(path: str, error: OSError) -> Failure:
    refused = access_error(error, "list")
    return Failure(path, refused.kind, refused.stage, refused.reason)
