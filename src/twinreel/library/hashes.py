"""Hashes of a library's videos as files, and a list of hashes held against them.

A video's file is named by its content id, so that it says nothing of where the video lies, and is made once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinreel.engine.hashing import hash_videos
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.settings import MEMORY, Resources
from twinreel.errors import MediaError, NoAccess, NotFound, UserError
from twinreel.exchange.formats import FORMATS, Format, Hashes, HashRules, Verdict, format_named
from twinreel.exchange.vpdq import STAGE
from twinreel.library.opened import AnyPath, Opened
from twinreel.media.source import readable
from twinreel.store.writing import written
from twinreel.types import State, Video


@dataclass(frozen=True, slots=True)
class Hashed:
    """A video of a library and its file of hashes."""

    video: Video
    file: Path
    """Where it lies; not there where ``error`` is given."""
    made: bool
    """False where it was there before."""
    error: str | None = None
    """Why the video could not be hashed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A listed video that a video of the library matches."""

    file: str
    """Of the list, as given."""
    format: str
    video: Video
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Screening:
    """What a list of hashes was found in."""

    listed: dict[str, str]
    """The files of the list that could be read, in order, and their formats."""
    sightings: tuple[Sighting, ...]
    """In order of the list, then of the videos' content ids."""
    refused: dict[str, MediaError]
    """Files of the list that could not be used."""
    unhashed: dict[str, str]
    """Paths of the library that could not be hashed, and why: nothing is known of these."""


def export_hashes(
    videos: Iterable[Video], folder: Path, format: Format, resources: Resources, progress: Progress | None
) -> list[Hashed]:
    """Writes the file of every video that has none in the folder, which is made where it is not there."""
    _make_folder(folder)
    return sorted(
        (
            Hashed(video, _file(folder, video, format), made, str(hashes) if isinstance(hashes, MediaError) else None)
            for video, hashes, made in _hashes(videos, folder, format, resources, progress)
        ),
        key=lambda hashed: hashed.video.content,
    )


def screen(
    videos: Sequence[Video],
    lists: Iterable[str | os.PathLike[str]],
    keep: Path | None,
    rules: HashRules,
    resources: Resources,
    progress: Progress | None,
) -> Screening:
    """Holds files and folders of hashes against the videos. NotFound where one is not there."""
    refused: dict[str, MediaError] = {}
    listed: dict[str, tuple[Format, Hashes]] = {}
    for file in _listed(lists):
        format = next((one for one in FORMATS.values() if file.lower().endswith(one.suffix)), None)
        if format is None:
            suffixes = " or ".join(f"{one.suffix} ({one.name})" for one in FORMATS.values())
            raise UserError(f"{file} is no list of hashes: a name that ends in {suffixes} is expected")
        try:
            listed[file] = format, format.parse(_read(file))
        except MediaError as error:
            refused[file] = error
    if keep is not None:
        _make_folder(keep)
    sightings: list[Sighting] = []
    unhashed: dict[str, str] = {}
    for format in FORMATS.values():
        asked = {file: hashes for file, (kind, hashes) in listed.items() if kind is format}
        if not asked:
            continue
        for video, own, _ in _hashes(videos, keep, format, resources, progress):
            if isinstance(own, MediaError):
                unhashed[video.path] = str(own)
                continue
            for file, hashes in asked.items():
                if (verdict := format.compare(hashes, own, rules)) is not None:
                    sightings.append(Sighting(file, format.name, video, verdict))
    places = {file: place for place, file in enumerate(listed)}
    sightings.sort(key=lambda one: (places[one.file], one.video.content))
    formats = {file: format.name for file, (format, _) in listed.items()}
    return Screening(formats, tuple(sightings), refused, unhashed)


def _hashes(
    videos: Iterable[Video], folder: Path | None, format: Format, resources: Resources, progress: Progress | None
) -> Iterator[tuple[Video, Hashes | MediaError, bool]]:
    """(video, its hashes, were they made now?), those that the folder holds first; what is made is written there."""
    missing: dict[str, Video] = {}
    for video in videos:
        file = None if folder is None else _file(folder, video, format)
        if file is not None and file.exists():
            try:
                yield video, format.parse(_read(str(file))), False
                continue
            except MediaError:  # broken, so made anew
                pass
        if video.state is State.PRESENT:
            missing[video.path] = video
        else:
            yield video, NoAccess("its drive or folder is absent", STAGE), False
    meter = Meter(progress, "hash", len(missing), sum(video.size for video in missing.values()))
    for path, hashes in hash_videos(missing, format.name, resources):
        video = missing[path]
        if folder is not None and not isinstance(hashes, MediaError):
            _write(_file(folder, video, format), format.write(hashes))
        meter.advance(seconds=video.probe.duration, bytes=video.size)
        yield video, hashes, True


def _file(folder: Path, video: Video, format: Format) -> Path:
    return folder / f"{video.content}{format.suffix}"


def _listed(lists: Iterable[str | os.PathLike[str]]) -> Iterator[str]:
    """The files given, and those of hashes in the folders given, at any depth, in order of their paths."""
    for given in map(Path, lists):
        if given.is_dir():
            suffixes = tuple(format.suffix for format in FORMATS.values())
            yield from sorted(str(file) for file in given.rglob("*") if file.name.lower().endswith(suffixes))
        elif given.exists():
            yield str(given)
        else:
            raise NotFound(f"there is no file or folder {given}")


def _read(file: str) -> bytes:
    with readable(file, STAGE) as (opened, _):
        return opened.read()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {folder}: {error.strerror or error}") from error


def _write(file: Path, content: bytes) -> None:
    with written(file) as unfinished:
        unfinished.write_bytes(content)


class Hashing(Opened):
    """Hashes for others, and of others."""

    def export_hashes(
        self,
        folder: AnyPath,
        format: str = "vpdq",
        *,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> list[Hashed]:
        """Writes the hashes of every video to a folder, a file each, named by its content id.

        format: vpdq (.txt) or tmk (.tmk). Files that are there already are left as they are. Every frame is decoded.
        """
        videos, resources = self._reported.videos().values(), Resources(jobs, memory)
        return export_hashes(videos, Path(folder), format_named(format), resources, progress)

    def screen(
        self,
        lists: Iterable[AnyPath],
        *,
        keep: AnyPath | None = None,
        rules: HashRules | None = None,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> Screening:
        """Holds hashes of other videos, files and folders of vPDQ (.txt) and TMK+PDQF (.tmk), against the library.

        keep: a folder with this library's own hashes, as ``export_hashes`` writes them; what it lacks is made and
        kept there. Without it all videos are decoded and nothing is kept. rules: from where on two videos match.
        """
        folder = None if keep is None else Path(keep)
        videos, resources = list(self._reported.videos().values()), Resources(jobs, memory)
        return screen(videos, lists, folder, rules or HashRules(), resources, progress)
