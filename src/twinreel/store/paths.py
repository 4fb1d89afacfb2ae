"""Where each content was seen: one row a path, compared with one ``stat`` a file by every scan."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from twinreel.errors import NotFound
from twinreel.store.database import Database
from twinreel.types import State


class FileStat(NamedTuple):
    """What a file system says of a file without opening it; equal where the file is unchanged."""

    size: int
    """Bytes."""
    mtime_ns: int
    device: int
    inode: int
    """0 where the file system has none."""

    @classmethod
    def of(cls, result: os.stat_result) -> FileStat:
        return cls(result.st_size, result.st_mtime_ns, result.st_dev, result.st_ino)


class PathRecord(NamedTuple):
    """A known path. Written and read as exact bytes (``os.fsencode``), so a name may be invalid UTF-8."""

    path: str
    stat: FileStat
    content: str | None
    """Content id of the video that lies there; None where the file could not be used."""
    state: State
    scan: int
    """Number of the scan that saw it last."""


_SELECT = """
    SELECT p.path, p.size, p.mtime_ns, p.device, p.inode, v.content, p.state, p.scan
    FROM paths p LEFT JOIN videos v ON v.id = p.video
"""
_STATES = {state.value: state for state in State}


def _record(row: tuple[Any, ...]) -> PathRecord:
    path, size, mtime_ns, device, inode, content, state, scan = row
    stat = FileStat(size, int(mtime_ns), int(device), int(inode))
    return PathRecord(os.fsdecode(path), stat, content, _STATES[state], scan)


class Paths:
    """The paths of a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> dict[str, PathRecord]:
        """Every known path, in one query: what a scan compares the files with."""
        return {record.path: record for record in map(_record, self._database.query(_SELECT))}

    def get(self, path: str) -> PathRecord | None:
        rows = self._database.query(_SELECT + "WHERE p.path = ?", (os.fsencode(path),))
        return _record(rows[0]) if rows else None

    def of(self, content: str) -> list[PathRecord]:
        """The paths of a video, whatever their state, in order of their bytes."""
        rows = self._database.query(_SELECT + "WHERE v.content = ? ORDER BY p.path", (content,))
        return [_record(row) for row in rows]

    def by_inode(self, stat: FileStat) -> list[PathRecord]:
        """The known paths of the same file, unchanged: where a new path was renamed from, or is a hard link of.

        Empty where the file system has no inodes.
        """
        if stat.inode == 0:
            return []
        where = "WHERE p.inode = ? AND p.device = ? AND p.size = ? AND p.mtime_ns = ? ORDER BY p.path"
        values = (str(stat.inode), str(stat.device), stat.size, str(stat.mtime_ns))
        return [_record(row) for row in self._database.query(_SELECT + where, values)]

    def put(self, records: Iterable[PathRecord]) -> None:
        """Adds paths, or replaces what was known of them. NotFound where a content is not in the catalogue."""
        rows = (
            {
                "path": os.fsencode(record.path),
                "content": record.content,
                "size": record.stat.size,
                "mtime_ns": str(record.stat.mtime_ns),
                "device": str(record.stat.device),
                "inode": str(record.stat.inode),
                "state": record.state.value,
                "scan": record.scan,
            }
            for record in records
        )
        try:
            # A content that is not there gives the video -1, which the foreign key refuses.
            self._database.execute_many(
                """
                INSERT INTO paths (path, video, size, mtime_ns, device, inode, state, scan)
                VALUES (
                    :path,
                    CASE WHEN :content IS NOT NULL
                        THEN coalesce((SELECT id FROM videos WHERE content = :content), -1) END,
                    :size, :mtime_ns, :device, :inode, :state, :scan
                )
                ON CONFLICT (path) DO UPDATE SET video = excluded.video, size = excluded.size,
                    mtime_ns = excluded.mtime_ns, device = excluded.device, inode = excluded.inode,
                    state = excluded.state, scan = excluded.scan
                """,
                rows,
            )
        except sqlite3.IntegrityError as error:
            raise NotFound("a path was given a content id that is not in the library: add the video first") from error

    def saw(self, paths: Iterable[str], scan: int) -> int:
        """Notes that a scan found these paths unchanged; the number of known ones among them."""
        return self._database.execute_many(
            "UPDATE paths SET state = 'present', scan = ? WHERE path = ?",
            ((scan, os.fsencode(path)) for path in paths),
        )

    def mark(self, paths: Iterable[str], state: State) -> int:
        """Sets where paths stand; the number of known ones among them."""
        return self._database.execute_many(
            "UPDATE paths SET state = ? WHERE path = ?", ((state.value, os.fsencode(path)) for path in paths)
        )

    def forget(self, paths: Iterable[str]) -> int:
        """Removes paths and their failures, not the videos; the number of known ones among them."""
        encoded = [(os.fsencode(path),) for path in paths]
        with self._database.transaction():
            self._database.execute_many("DELETE FROM failures WHERE path = ?", encoded)
            return self._database.execute_many("DELETE FROM paths WHERE path = ?", encoded)
