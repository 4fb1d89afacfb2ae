"""Files that are new or have changed: which content each holds.

A content id covers three mebibytes of a file. Where a second file with a known id turns up while the first is still
there, both are read whole before they are called the same. If they differ (two downloads of one film, each complete
in other places), the second is known by its full file digest instead of its content id; so is any further file, which
always resolves to the same keys as files are settled in order of the walk.
"""

from __future__ import annotations

# ruff: noqa: PTH116
import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from twinreel.engine.census import stat_of
from twinreel.engine.pool import Done, Failed, Reply, Task
from twinreel.engine.progress import Meter
from twinreel.engine.state import Scan
from twinreel.engine.tasks import FileDigestTask, Look, LookTask
from twinreel.errors import MediaError
from twinreel.media.identity import MIB
from twinreel.media.walk import Found
from twinreel.store.paths import FileStat, PathRecord
from twinreel.types import State

WHOLE = 3 * MIB
"""Bytes up to which a content id covers the whole file."""
_BATCH, _SECONDS = 64, 1.0
"""Files, and seconds, after which what is settled is written down."""

Links = Sequence[Found]
"""The paths of one file: hard links, most often one."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A file whose content id is that of another one."""

    links: Links
    content: str
    other: str | None
    """Path of the other one; None where it is not there, but was read whole before."""


class Looking:
    """The look at the new files of a scan; ``contents`` grows."""

    def __init__(self, scan: Scan, known: Mapping[str, PathRecord]) -> None:
        self._scan = scan
        self._catalogue = scan.catalogue
        self._videos = set(scan.catalogue.videos.numbers())
        self._ids: dict[int, set[str]] = {}
        self._places: dict[str, dict[str, FileStat]] = {}
        """Content id -> path -> what the file was like, of the paths that are there."""
        for path, record in known.items():
            if record.content is not None:
                self._ids.setdefault(record.stat.size, set()).add(record.content)
                if record.state is State.PRESENT:
                    self._places.setdefault(record.content, {})[path] = record.stat
        self._told_apart_sizes = scan.catalogue.videos.sizes_told_apart()
        self._doubts: list[_Doubt] = []
        self.contents: dict[str, str] = {}
        """Path -> content id of every file that could be used."""

    def run(self, files: Sequence[Links]) -> None:
        """Looks at the files, in order of the walk, and writes down what they hold."""
        for settled in _batches(self._looks(files)):
            with self._catalogue.transaction():
                for links, found in settled:
                    self._settle(links, found)
        if self._doubts:
            self._verify()

    def _looks(self, files: Sequence[Links]) -> Iterator[tuple[Links, Look | MediaError]]:
        """What was found out about each file, in order."""
        if not files:
            return
        meter = Meter(self._scan.progress, "look", len(files))
        tasks = (LookTask(links[0].path, frozenset(self._ids.get(links[0].size, ()))) for links in files)
        results = _results(self._scan, tasks)
        came: dict[str, Look | MediaError] = {}
        for links in files:
            while links[0].path not in came:
                path, result = next(results)
                came[path] = result  # type: ignore[assignment]
                meter.advance()
            yield links, came.pop(links[0].path)
        for _ in results:
            pass

    def _settle(self, links: Links, found: Look | MediaError) -> None:
        if isinstance(found, MediaError):
            self._unusable(links, found)
            return
        other = self._elsewhere(links, found.content)
        if found.content in self._videos and (
            (other is not None and links[0].size > WHOLE) or links[0].size in self._told_apart_sizes
        ):
            self._doubts.append(_Doubt(links, found.content, other))
            return
        self._keep(links, found.content, found)

    def _elsewhere(self, links: Links, content: str) -> str | None:
        """A path with this content that is there, unchanged, and not one of the file's own."""
        own = {link.path for link in links}
        for path, stat in self._places.get(content, {}).items():
            with contextlib.suppress(OSError):
                if path not in own and FileStat.of(os.stat(path))[:2] == stat[:2]:
                    return path
        return None

    def _keep(self, links: Links, content: str, look: Look) -> None:
        tally = self._scan.tally
        known = content in self._videos
        if known:
            tally.moved += len(links)
        elif look.probe is not None:
            self._catalogue.videos.add(content, links[0].size, look.probe)
            if look.head is not None:
                self._catalogue.videos.set_digests(content, head=look.head)
            self._videos.add(content)
            tally.added += 1
        self._put(links, content)
        if known:
            for link in links:
                self._scan.inherit(content, link)

    def _put(self, links: Links, content: str | None) -> None:
        paths = [link.path for link in links]
        self._catalogue.paths.put(
            PathRecord(link.path, stat_of(link), content, State.PRESENT, self._scan.number) for link in links
        )
        if content is not None:
            self._catalogue.failures.clear(paths)
            self._places.setdefault(content, {}).update((link.path, stat_of(link)) for link in links)
            self.contents.update(dict.fromkeys(paths, content))

    def _unusable(self, links: Links, error: MediaError) -> None:
        self._put(links, None)
        for link in links:
            self._scan.fail(link, error)

    def _verify(self) -> None:
        """Reads the files in doubt, and those that they may be the same as, whole."""
        known = {doubt.content: self._catalogue.videos.get(doubt.content) for doubt in self._doubts}
        digests = {content: video.file_digest for content, video in known.items() if video is not None}
        paths = {doubt.links[0].path: doubt.links[0].size for doubt in self._doubts}
        paths.update((d.other, d.links[0].size) for d in self._doubts if d.other and not digests.get(d.content))
        meter = Meter(self._scan.progress, "verify", len(paths), sum(paths.values()))
        results: dict[str, object] = {}
        for path, result in _results(self._scan, (FileDigestTask(path) for path in paths)):
            results[path] = result
            meter.advance(bytes=paths[path])
        collided: list[tuple[Links, str]] = []
        for doubt in self._doubts:
            digest = results[doubt.links[0].path]
            first = digests.get(doubt.content) or results.get(doubt.other or "")
            with self._catalogue.transaction():
                if isinstance(digest, MediaError):
                    self._unusable(doubt.links, digest)
                elif isinstance(digest, str) and isinstance(first, str) and digest != first:
                    self._catalogue.videos.set_digests(doubt.content, file=first)
                    if digest in self._videos:
                        self._keep(doubt.links, digest, Look(digest, None))
                    else:
                        collided.append((doubt.links, digest))
                else:
                    # Where the first cannot be read now, the content id has to do.
                    if isinstance(first, str):
                        self._catalogue.videos.set_digests(doubt.content, file=first)
                    self._keep(doubt.links, doubt.content, Look(doubt.content, None))
        self._doubts.clear()
        self._tell_apart(collided)

    def _tell_apart(self, collided: Sequence[tuple[Links, str]]) -> None:
        """Enters the files that only share a content id with another under their full digests."""
        looks = dict(_results(self._scan, (LookTask(links[0].path) for links, _ in collided)))
        for links, digest in collided:
            look = looks[links[0].path]
            with self._catalogue.transaction():
                if isinstance(look, MediaError):
                    self._unusable(links, look)
                elif isinstance(look, Look):
                    self._keep(links, digest, look)
                    self._catalogue.videos.set_digests(digest, file=digest)


def _results(scan: Scan, tasks: Iterable[Task]) -> Iterator[tuple[str, object]]:
    """Path and single reply, or the error, of tasks as they end."""
    replies: dict[str, object] = {}
    for event in scan.pool.run(tasks, limit=scan.readers.reading):
        match event:
            case Reply(task, value):
                replies[task.path] = value
            case Done(task):
                yield task.path, replies.pop(task.path)
            case Failed(task, error):
                yield task.path, error


def _batches(
    settled: Iterable[tuple[Links, Look | MediaError]],
) -> Iterator[list[tuple[Links, Look | MediaError]]]:
    batch: list[tuple[Links, Look | MediaError]] = []
    since = time.monotonic()
    for item in settled:
        batch.append(item)
        if len(batch) >= _BATCH or time.monotonic() - since > _SECONDS:
            yield batch
            batch, since = [], time.monotonic()
    if batch:
        yield batch
