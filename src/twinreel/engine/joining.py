"""Videos that were scanned elsewhere become part of a library, which is then matched anew, without decoding.

What a video is known by, its fingerprint and the decisions about it are taken over. Matches are not: they are relative
to a library's reference, which changes with the videos in it. A path is taken to be present only where a file of that
size and time lies there now; else it is offline, and nothing is concluded of it.
"""

from __future__ import annotations

# ruff: noqa: PTH116
import contextlib
import os
from collections.abc import Container, Iterable
from dataclasses import dataclass

from twinreel.engine.devices import Devices
from twinreel.engine.matching import match_library
from twinreel.engine.pool import WorkerPool
from twinreel.engine.progress import Progress
from twinreel.engine.settings import Resources
from twinreel.engine.space import forget_reference
from twinreel.engine.state import Readers, Recipe, Scan, Tally
from twinreel.engine.streams import same_streams
from twinreel.errors import UserError
from twinreel.media.remote import is_remote
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import Decision
from twinreel.store.entries import Entry, Place
from twinreel.store.paths import FileStat, PathRecord
from twinreel.types import State

HOST = "host://"
"""Begins a path on another machine: ``host://NAME/its/path``."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining did."""

    videos: int = 0
    """Given."""
    added: int = 0
    """Of them, contents that are new to the library."""
    decisions: int = 0
    """Taken over."""
    matches: int = 0
    """Pairs that were aligned with a result."""


@dataclass(slots=True)
class Joining:
    """Takes videos into a catalogue. The caller holds the lock for scans."""

    catalogue: Catalogue
    recipe: Recipe
    scan: int
    """Number of the scan that takes them in."""
    host: str | None = None
    """Name of the machine whose paths they have; None where they are paths, or URLs, here as well."""

    def take(
        self, entries: Iterable[Entry], decisions: Iterable[Decision], anew: Container[str] = ()
    ) -> tuple[Joined, list[str]]:
        """All or nothing; what was done, and the content ids that are new.

        anew: content ids whose fingerprints take the place of those that are here.
        UserError where a path is known with another content, or a fingerprint is not of this library's kind.
        """
        known = set(self.catalogue.videos.numbers())
        count, new = 0, []
        with self.catalogue.transaction():
            for entry in entries:
                count += 1
                content = self._put(entry, known, anew)
                if content not in known:
                    known.add(content)
                    new.append(content)
            return Joined(count, len(new), sum([self.catalogue.decisions.merge(one) for one in decisions])), new

    def _put(self, entry: Entry, known: set[str], anew: Container[str]) -> str:
        catalogue, content = self.catalogue, entry.content
        ours = catalogue.videos.get(content) if content in known else None
        if ours and entry.file_digest and ours.file_digest and entry.file_digest != ours.file_digest:
            content = entry.file_digest  # two files that share a content id, as ``engine.looking`` keeps them
        if content not in known:
            catalogue.videos.add(content, entry.size, entry.probe)
        catalogue.videos.set_digests(content, file=entry.file_digest, stream=entry.stream_digest, head=entry.head)
        catalogue.paths.put(self._records(content, entry))
        if entry.fingerprint is not None:
            kind, key = (entry.fingerprint.describer, entry.fingerprint.sampling), self.recipe.key
            if kind != key:
                raise UserError(
                    f"the videos were fingerprinted with {' '.join(kind)}, those here with {' '.join(key)}: give the "
                    "same --describer and --sampling, or take another library"
                )
            if content in anew or catalogue.fingerprints.get(content, *kind) is None:
                catalogue.fingerprints.put(content, entry.fingerprint)
        return content

    def _records(self, content: str, entry: Entry) -> Iterable[PathRecord]:
        for place in entry.places:
            record = self._record(content, entry.size, place)
            ours = self.catalogue.paths.get(record.path)
            if ours is None or ours.content is None or (record.state is State.PRESENT and record != ours):
                yield record
            elif ours.content != content:
                raise UserError(
                    f"{record.path!r} is known with another content: if it is a path of another machine, name that "
                    "with --host"
                )

    def _record(self, content: str, size: int, place: Place) -> PathRecord:
        path = place.path
        if self.host is not None and not is_remote(path):
            path = f"{HOST}{self.host}/{path.lstrip('/')}"
        stat = FileStat(size, place.mtime_ns, 0, 0)  # on no device of this machine
        state = State.GONE if place.state is State.GONE else State.OFFLINE
        if not is_remote(path):
            with contextlib.suppress(OSError):
                here = FileStat.of(os.stat(path))
                if here[:2] == stat[:2]:
                    stat, state = here, State.PRESENT
        return PathRecord(path, stat, content, state, self.scan)


def rematch(
    catalogue: Catalogue,
    recipe: Recipe,
    new: Iterable[str],
    pool: WorkerPool,
    resources: Resources,
    aligner: str,
    index: str,
    progress: Progress | None,
    number: int,
) -> int:
    """Refits the reference to all videos and matches them; how many pairs were aligned with a result.

    new: content ids that were taken in. Where their files are here, same streams are told as a scan tells them.
    """
    readers, devices = Readers(resources), Devices(pool, resources)
    scan = Scan(catalogue, number, pool, readers, devices, {}, Tally(), progress)
    videos = (catalogue.videos.get(content) for content in new)
    files = {video.content: video.path for video in videos if video is not None}
    present = {content: path for content, path in files.items() if os.path.lexists(path)}
    for first, *others in same_streams(scan, present):
        fingerprint = catalogue.fingerprints.get(first, *recipe.key)
        for other in others:
            if fingerprint is not None:
                catalogue.fingerprints.put(other, fingerprint)
    forget_reference(catalogue)
    return match_library(catalogue, recipe, aligner, pool, progress, index=index)
