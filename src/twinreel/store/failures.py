"""Files that could not be used, and why."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import NamedTuple

from twinreel.store.database import Database, plain_text
from twinreel.types import Failure, FailureKind


class Version(NamedTuple):
    """Tells whether a file has changed since it failed."""

    size: int
    """Bytes."""
    mtime_ns: int


class Failures:
    """The failures of a catalogue, at most one a path, the latest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, failure: Failure, version: Version | None = None) -> None:
        """Keeps a failure with the size and time that the file had, where they could be read."""
        size, mtime_ns = (version.size, str(version.mtime_ns)) if version else (None, None)
        self._database.execute(
            """
            INSERT INTO failures (path, kind, stage, reason, size, mtime_ns, failed_at) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, stage = excluded.stage, reason = excluded.reason,
                size = excluded.size, mtime_ns = excluded.mtime_ns, failed_at = excluded.failed_at
            """,
            (
                os.fsencode(failure.path),
                failure.kind.value,
                failure.stage,
                plain_text(failure.reason),
                size,
                mtime_ns,
                time.time(),
            ),
        )

    def clear(self, paths: Iterable[str]) -> None:
        """Forgets the failures of paths that have been used since."""
        self._database.execute_many("DELETE FROM failures WHERE path = ?", ((os.fsencode(path),) for path in paths))

    def all(self) -> list[Failure]:
        """Every failure, in order of the path's bytes."""
        rows = self._database.query("SELECT path, kind, stage, reason FROM failures ORDER BY path")
        return [Failure(os.fsdecode(path), FailureKind(kind), stage, reason) for path, kind, stage, reason in rows]

    def bad_files(self) -> dict[str, Version]:
        """The files that a scan skips while they are unchanged. Failures of other kinds are always tried again."""
        rows = self._database.query(
            "SELECT path, size, mtime_ns FROM failures WHERE kind = ? AND size IS NOT NULL",
            (FailureKind.BAD_FILE.value,),
        )
        return {os.fsdecode(path): Version(size, int(mtime_ns)) for path, size, mtime_ns in rows}
