"""How far a scan is, told to whoever draws it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_EVERY = 0.1
"""Seconds between two reports of one stage."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far one stage is."""

    stage: str
    """Of a scan list, look, heads, verify, describe, match, regions, pairs: in this order, but that a verify may
    come before the heads, too; stages without work are left out. Of making a collection clips, make. Of hashes for
    exchange hash. Of a scan in shards "shards: " and the step, and load."""
    done: int
    """Files, in ``match`` and ``regions`` videos, in ``pairs`` pairs, in shards shards."""
    total: int | None
    """None while it is not known (list)."""
    seconds: float = 0.0
    """Of video, of what is done."""
    bytes: int = 0
    """Of what is done."""
    total_bytes: int = 0
    """0 where bytes say nothing about the work."""


Progress = Callable[[Step], None]
"""Called in the thread that scans: at the start of a stage, ten times a second at most, and at its end."""


class Meter:
    """Counts one stage and reports at a sane rate."""

    def __init__(self, progress: Progress | None, stage: str, total: int | None, total_bytes: int = 0) -> None:
        self._progress, self._stage, self._total, self._total_bytes = progress, stage, total, total_bytes
        self._done, self._seconds, self._bytes = 0, 0.0, 0
        self._last = time.monotonic()
        if total != 0:
            self._report()

    def advance(self, files: int = 1, *, seconds: float = 0.0, bytes: int = 0) -> None:
        self._done += files
        self._seconds += seconds
        self._bytes += bytes
        now = time.monotonic()
        if now - self._last >= _EVERY or self._done == self._total:
            self._last = now
            self._report()

    def finish(self) -> None:
        """Says that the stage is over, where the total was not known."""
        if self._total is None:
            self._total = self._done
            self._report()

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(Step(self._stage, self._done, self._total, self._seconds, self._bytes, self._total_bytes))
