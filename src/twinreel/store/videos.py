"""Videos by content: what a probe said of them, their digests, and how to find one."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from twinreel.errors import NotFound
from twinreel.store.database import Database
from twinreel.types import Probe, State, Video

# The present paths first, of these the one that was seen last.
_SELECT = """
    SELECT v.content, v.size, v.probe, v.file_digest, v.stream_digest, p.path, p.state
    FROM (SELECT * FROM videos v {which}) v LEFT JOIN paths p ON p.video = v.id
    ORDER BY v.content, CASE p.state WHEN 'present' THEN 0 WHEN 'offline' THEN 1 ELSE 2 END, p.scan DESC, p.path
"""
_PAGE = 500


def probe_to_json(probe: Probe) -> str:
    return json.dumps(dataclasses.asdict(probe))


def probe_from_json(text: str) -> Probe:
    values: dict[str, Any] = json.loads(text)
    values.update({key: tuple(value) for key, value in values.items() if isinstance(value, list)})
    return Probe(**values)


def _video(rows: Sequence[tuple[Any, ...]]) -> Video:
    content, size, probe, file_digest, stream_digest, _, state = rows[0]
    paths = tuple(os.fsdecode(row[5]) for row in rows if row[5] is not None and row[6] == state)
    return Video(
        content=content,
        path=paths[0] if paths else "",
        paths=paths,
        state=State(state) if paths else State.GONE,
        size=size,
        probe=probe_from_json(probe),
        file_digest=file_digest,
        stream_digest=stream_digest,
    )


class Outline(NamedTuple):
    """What tells cheaply that two streams differ."""

    content: str
    picture: tuple[str, int, int]
    """Codec, coded width and height."""
    duration: float
    """Seconds."""
    head: str | None
    """Digest of the stream's first packets, where that was needed."""


class Videos:
    """The videos of a catalogue.

    The ``state`` of a Video is the best that any of its paths has (present, then offline, then gone), and ``paths``
    are those in this state. A video of which every path was forgotten has the path ``""`` and the state gone.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, content: str, size: int, probe: Probe) -> int:
        """Adds a video, or replaces what a probe said of it; its number, which never changes nor returns."""
        self._database.execute(
            """
            INSERT INTO videos (content, size, probe, first_seen) VALUES (?, ?, ?, ?)
            ON CONFLICT (content) DO UPDATE SET size = excluded.size, probe = excluded.probe
            """,
            (content, size, probe_to_json(probe), time.time()),
        )
        return int(self._database.query("SELECT id FROM videos WHERE content = ?", (content,))[0][0])

    def set_digests(
        self, content: str, *, file: str | None = None, stream: str | None = None, head: str | None = None
    ) -> None:
        """Adds the digests that are given; decisions about the video learn them too. NotFound for an unknown video.

        head: digest of the stream's first packets.
        """
        changed = self._database.execute(
            """
            UPDATE videos SET file_digest = coalesce(?, file_digest), stream_digest = coalesce(?, stream_digest),
                stream_head = coalesce(?, stream_head)
            WHERE content = ?
            """,
            (file, stream, head, content),
        )
        if not changed:
            raise NotFound(f"no video with the content id {content} in the library: add it first")

    def get(self, content: str) -> Video | None:
        return next(iter(self._where("WHERE v.content = ?", content)), None)

    def by_path(self, path: str) -> Video | None:
        """The video that was last seen at a path."""
        which = "WHERE v.id = (SELECT video FROM paths WHERE path = ?)"
        return next(iter(self._where(which, os.fsencode(path))), None)

    def by_file_digest(self, digest: str) -> list[Video]:
        return self._where("WHERE v.file_digest = ?", digest)

    def by_stream_digest(self, digest: str) -> list[Video]:
        return self._where("WHERE v.stream_digest = ?", digest)

    def sizes_told_apart(self) -> set[int]:
        """Bytes of the videos that are known by their file digest, as their content id is that of another one."""
        return {size for (size,) in self._database.query("SELECT size FROM videos WHERE content = file_digest")}

    def outlines(self) -> list[Outline]:
        """Of every video, in order of content id."""
        rows = self._database.query(
            """
            SELECT content, json_extract(probe, '$.codec'), json_extract(probe, '$.coded_width'),
                json_extract(probe, '$.coded_height'), json_extract(probe, '$.duration'), stream_head
            FROM videos ORDER BY content
            """
        )
        return [Outline(content, tuple(picture), duration, head) for content, *picture, duration, head in rows]

    def all(self) -> Iterator[Video]:
        """Every video in order of content id, a page at a time."""
        after = ""
        while page := self._where(f"WHERE v.content > ? ORDER BY v.content LIMIT {_PAGE}", after):
            yield from page
            after = page[-1].content

    def durations(self) -> dict[str, float]:
        """Seconds of every video, by content id."""
        return dict(self._database.query("SELECT content, json_extract(probe, '$.duration') FROM videos"))

    def not_gone(self) -> set[str]:
        """The content ids of the videos that are present or offline."""
        rows = self._database.query(
            "SELECT content FROM videos WHERE id IN (SELECT video FROM paths WHERE state <> ?)", (State.GONE,)
        )
        return {content for (content,) in rows}

    def first_seen(self) -> dict[str, float]:
        """When every content id came into the library, seconds since 1970, UTC."""
        return dict(self._database.query("SELECT content, first_seen FROM videos"))

    def numbers(self) -> dict[str, int]:
        """The number of every content id: what an Index calls the owner of a vector."""
        return dict(self._database.query("SELECT content, id FROM videos ORDER BY content"))

    def prune(self) -> int:
        """Removes the videos without any path, with their fingerprints and matches; decisions stay. How many."""
        return self._database.execute(
            "DELETE FROM videos WHERE id NOT IN (SELECT video FROM paths WHERE video IS NOT NULL)"
        )

    def _where(self, which: str, *values: str | bytes) -> list[Video]:
        rows = self._database.query(_SELECT.format(which=which), values)
        return [_video(list(group)) for _, group in itertools.groupby(rows, key=lambda row: row[0])]


def numbers_of(database: Database, contents: Iterable[str]) -> dict[str, int]:
    """The numbers of some content ids. NotFound for the first that is not in the catalogue."""
    numbers = {}
    for content in contents:
        rows = database.query("SELECT id FROM videos WHERE content = ?", (content,))
        if not rows:
            raise NotFound(f"no video with the content id {content} in the library: add it first")
        numbers[content] = int(rows[0][0])
    return numbers
