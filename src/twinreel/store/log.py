"""Small notes of a catalogue: settings by key, and the scans that were run."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from typing import Any

from twinreel.store.database import Database
from twinreel.types import ScanReport


class Meta:
    """Text by key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> str | None:
        rows = self._database.query("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def set(self, key: str, value: str) -> None:
        self._database.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )


@dataclass(frozen=True, slots=True)
class ScanEntry:
    """One line of the log of scans."""

    number: int
    started: float
    """Seconds since 1970, UTC."""
    finished: float | None
    """None where the scan still runs or was killed."""
    report: ScanReport | None
    """Its numbers; failures are kept in ``Failures``, not here."""


class Scans:
    """The log of scans."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self) -> int:
        """Opens an entry; its number, by which paths say which scan saw them last."""
        return self._database.insert("INSERT INTO scans (started) VALUES (?)", (time.time(),))

    def finish(self, number: int, report: ScanReport) -> None:
        counts = {f.name: getattr(report, f.name) for f in dataclasses.fields(report) if f.name != "failures"}
        self._database.execute(
            "UPDATE scans SET finished = ?, report = ? WHERE id = ?", (time.time(), json.dumps(counts), number)
        )

    def all(self) -> list[ScanEntry]:
        """The scans, the latest first."""
        rows = self._database.query("SELECT id, started, finished, report FROM scans ORDER BY id DESC")
        return [_entry(row) for row in rows]


def _entry(row: tuple[Any, ...]) -> ScanEntry:
    number, started, finished, report = row
    return ScanEntry(number, started, finished, ScanReport(**json.loads(report)) if report else None)
