"""From paths to fingerprints: look, streams, describe, refit."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

import numpy as np

from twinreel.engine.pool import Reply, WorkerPool
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.shards.folder import Folder, Row, name_of, read_rows, scattered, shard_of, write_rows
from twinreel.engine.shards.job import Setting
from twinreel.engine.space import shipped_background
from twinreel.engine.streams import by_head, by_picture, may_be_alike
from twinreel.engine.taking import Taken, look_at, take
from twinreel.engine.tasks import StreamDigestTask
from twinreel.errors import MediaError
from twinreel.match.reference import fit_reference, reference_of
from twinreel.media.identity import HEAD
from twinreel.store.arrow import pyarrow
from twinreel.store.entries import Entry, Place
from twinreel.store.parquet import from_table, to_table
from twinreel.store.videos import Outline, probe_from_json, probe_to_json
from twinreel.types import Failure, Reference, State

ROW_GROUP = 64
"""Videos of a shard that are read at once, at least."""
Path = tuple[str, int, int]
"""Path, bytes, and time of change in ns."""


def reading_pool(setting: Setting) -> WorkerPool:
    """One process that reads untrusted files, as for a scan on one machine; the engine runs many jobs."""
    return open_pool(setting.describer.image_size, Resources(1, setting.plan.memory))


def _failure(path: str, error: MediaError) -> Row:
    return asdict(Failure(path, error.kind, error.stage, error.reason))


@dataclass(frozen=True, slots=True)
class LookJob:
    """Looks at files. Groups: rows by content shard, by shard of the head's digest, and failures."""

    shard: int
    paths: tuple[Path, ...]
    step: ClassVar[str] = "look"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, self.paths)

    def run(self, setting: Setting) -> None:
        shards = setting.plan.shards
        stats = {path: (size, mtime) for path, size, mtime in self.paths}
        with reading_pool(setting) as pool:
            looks = look_at(pool, list(stats))
            lacking = [look.path for look in looks.values() if isinstance(look, Taken) and look.head is None]
            heads = _digests(pool, lacking, HEAD)
        rows: list[tuple[int, Row]] = []
        for path, look in looks.items():
            if isinstance(look, MediaError):
                rows.append((2 * shards, _failure(path, look)))
                continue
            head, (size, mtime) = look.head or heads.get(path), stats[path]
            row = {"content": look.content, "path": path, "size": size, "mtime_ns": mtime, "head": head}
            rows.append((shard_of(look.content, shards), row | {"probe": probe_to_json(look.probe)}))
            if head is not None:
                picture = look.probe.codec, look.probe.coded_width, look.probe.coded_height
                outline = {"picture": picture, "duration": look.probe.duration}
                rows.append((shards + shard_of(head, shards), row | outline))
        write_rows(setting.folder, self.output, scattered(rows, 2 * shards + 1))


def _digests(pool: WorkerPool, paths: Iterable[str], packets: int | None) -> dict[str, str]:
    tasks = (StreamDigestTask(path, packets) for path in paths)
    return {event.task.path: str(event.value) for event in pool.run(tasks) if isinstance(event, Reply)}


@dataclass(frozen=True, slots=True)
class StreamsJob:
    """Tells same streams among the videos whose heads are in one shard. Groups: rows by content shard."""

    shard: int
    looks: tuple[str, ...]
    step: ClassVar[str] = "streams"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, self.looks)

    def run(self, setting: Setting) -> None:
        shards = setting.plan.shards
        rows = read_rows(setting.folder, self.looks, shards + self.shard)
        first = {row["content"]: row for row in sorted(rows, key=lambda row: row["path"], reverse=True)}
        outlines = [Outline(c, tuple(row["picture"]), row["duration"], row["head"]) for c, row in first.items()]
        alike = may_be_alike(by_head(may_be_alike(by_picture(outlines), first)), first)
        with reading_pool(setting) as pool:
            digests = _digests(pool, [first[outline.content]["path"] for outline in alike], None)
        same: dict[str, list[str]] = {}
        for outline in alike:
            if digest := digests.get(first[outline.content]["path"]):
                same.setdefault(digest, []).append(outline.content)
        found = (
            (shard_of(content, shards), {"content": content, "digest": digest, "same": contents, "path": path})
            for digest, contents in same.items()
            for path in [first[contents[0]]["path"]]
            for content in contents
        )
        write_rows(setting.folder, self.output, scattered(found, shards))


@dataclass(frozen=True, slots=True)
class DescribeJob:
    """Makes the fingerprints of a shard: a file of entries (``store.parquet``), and one of failures beside it.

    A video with the same stream as others is described from the file of the first of them, as a scan copies its
    fingerprint.
    """

    shard: int
    looks: tuple[str, ...]
    streams: tuple[str, ...]
    earlier: tuple[str, ...] = ()
    """Files that this step made of the shard when fewer paths were known: what they hold is not made again."""
    step: ClassVar[str] = "describe"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.looks, self.streams))

    def run(self, setting: Setting) -> None:
        streams = {row["content"]: row for row in read_rows(setting.folder, self.streams, self.shard)}
        looks: dict[str, list[Row]] = {}
        for row in sorted(read_rows(setting.folder, self.looks, self.shard), key=lambda row: row["path"]):
            looks.setdefault(row["content"], []).append(row)
        known = {entry.content: entry for name in self.earlier for entry in read_entries(setting.folder, name)}
        paths = {content: streams.get(content, rows[0])["path"] for content, rows in sorted(looks.items())}
        made = {content: entry.fingerprint for content, entry in known.items() if entry.fingerprint is not None}
        wanted = {
            path: Taken(path, content, probe_from_json(looks[content][0]["probe"]))
            for content, path in paths.items()
            if content not in made
        }
        results: dict[str, Taken | MediaError] = {}
        if wanted:
            with reading_pool(setting) as pool:
                results = take(pool, setting.describer, [(taken, setting.plan.sampling) for taken in wanted.values()])
        damages = {row["content"]: row for row in read_damages(setting.folder, map(failures_of, self.earlier))}
        entries, failures = list[Entry](), list[Row]()
        for content, rows in sorted(looks.items()):
            result = results.get(paths[content])
            fingerprint = result.fingerprint if isinstance(result, Taken) else made.get(content)
            if isinstance(result, MediaError):
                failures += [_failure(row["path"], result) for row in rows]
            elif result is not None and result.damage is not None:
                failures += [damage_row(content, replace(result.damage, path=row["path"])) for row in rows]
            elif result is None and content in damages:  # said of a file that is not read again
                failures += [damages[content] | {"path": row["path"]} for row in rows]
            entries.append(
                Entry(
                    content,
                    rows[0]["size"],
                    probe_from_json(rows[0]["probe"]),
                    tuple(Place(row["path"], row["mtime_ns"], State.PRESENT) for row in rows),
                    fingerprint,
                    stream_digest=streams.get(content, {}).get("digest"),
                    head=rows[0]["head"],
                )
            )
        write_rows(setting.folder, failures_of(self.output), [failures])
        write_entries(setting.folder, self.output, entries)


def damage_row(content: str, damage: Failure) -> Row:
    """What is wrong with a video; it goes with the content to other paths."""
    return {**asdict(damage), "content": content}


def read_damages(folder: Folder, names: Iterable[str], group: int = 0) -> Iterator[Row]:
    """Rows of ``damage_row`` in a group of files of failures."""
    return (row for row in read_rows(folder, names, group) if "content" in row)


def failures_of(videos: str) -> str:
    """The name of the file of failures beside a file of entries."""
    return videos.replace("describe/", "failures/")


def write_entries(folder: Folder, name: str, entries: Sequence[Entry]) -> None:
    """Writes the entries of a shard."""
    _, pq = pyarrow()
    sink = io.BytesIO()
    pq.write_table(to_table(entries), sink, row_group_size=ROW_GROUP, compression="zstd")
    folder.write(name, sink.getvalue())


def read_entries(folder: Folder, name: str, only: Set[str] | None = None) -> Iterator[Entry]:
    """The entries of a file, some in memory at a time; ``only`` of these content ids."""
    _, pq = pyarrow()
    with folder.open_file(name) as file:
        parquet = pq.ParquetFile(file)
        for number in range(parquet.num_row_groups):
            if only is not None:
                contents = parquet.read_row_group(number, columns=["content"])["content"].to_pylist()
                if not only & set(contents):
                    continue
            for entry in from_table(parquet.read_row_group(number).combine_chunks()):
                if only is None or entry.content in only:
                    yield entry


def read_fingerprinted(folder: Folder, name: str) -> set[str]:
    """Content ids of the entries of a file that have a fingerprint."""
    _, pq = pyarrow()
    with folder.open_file(name) as file:
        columns = pq.ParquetFile(file).read(columns=["content", "describer"]).to_pydict()
    pairs = zip(columns["content"], columns["describer"], strict=True)
    return {content for content, describer in pairs if describer is not None}


@dataclass(frozen=True, slots=True)
class RefitJob:
    """Fits the reference to the standing videos, which lie in the first shards. A file of NumPy's."""

    videos: tuple[str, ...]
    step: ClassVar[str] = "refit"

    @property
    def output(self) -> str:
        return name_of(self.step, 0, self.videos).replace(".parquet", ".npz")

    def run(self, setting: Setting) -> None:
        having = (
            entry.fingerprint
            for name in self.videos
            for entry in read_entries(setting.folder, name)
            if entry.fingerprint is not None
        )
        videos = sum(len(read_fingerprinted(setting.folder, name)) for name in self.videos)
        reference = fit_reference(shipped_background(setting.describer), having, videos)
        sink = io.BytesIO()
        np.savez(sink, background=reference.background, crowd=reference.crowd)
        setting.folder.write(self.output, sink.getvalue())


def read_reference(folder: Folder, name: str) -> Reference:
    with np.load(io.BytesIO(folder.read(name)), allow_pickle=False) as arrays:
        return reference_of(arrays["background"], float(arrays["crowd"]))
