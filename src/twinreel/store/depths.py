"""How far the videos of a cascade have been looked into, by describer and sampling.

A video has a row from when it was compared by its keyframes. ``wanted`` are the spans that had something in common with
another video, ``filled`` those whose frames are part of its fingerprint since. Spans are float64, start and stop in
turn, ascending and apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from twinreel.store.database import Database
from twinreel.store.videos import numbers_of
from twinreel.types import Span

Spans = tuple[Span, ...]


class Depths:
    """The spans of a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wanted(self, describer: str, sampling: str) -> dict[str, Spans]:
        """Of each video that was compared, by content id."""
        return {content: wanted for content, wanted, _ in self._rows(describer, sampling)}

    def lacking(self, describer: str, sampling: str) -> dict[str, Spans]:
        """Content id -> all that is wanted of a video, where some of it is not filled."""
        return {content: wanted for content, wanted, filled in self._rows(describer, sampling) if wanted != filled}

    def want(self, describer: str, sampling: str, spans: Mapping[str, Spans]) -> None:
        """Notes that videos were compared, and what is wanted of each now. NotFound for an unknown video."""
        with self._database.transaction():
            numbers = numbers_of(self._database, sorted(spans))
            self._database.execute_many(
                """
                INSERT INTO depths (video, describer, sampling, wanted) VALUES (?, ?, ?, ?)
                ON CONFLICT (video, describer, sampling) DO UPDATE SET wanted = excluded.wanted
                """,
                [(numbers[content], describer, sampling, _packed(wanted)) for content, wanted in spans.items()],
            )

    def fill(self, describer: str, sampling: str, contents: Iterable[str]) -> None:
        """Notes that there is no more to be had of what is wanted of these videos. NotFound for an unknown one."""
        with self._database.transaction():
            numbers = numbers_of(self._database, sorted(contents)).values()
            self._database.execute_many(
                "UPDATE depths SET filled = wanted WHERE video = ? AND describer = ? AND sampling = ?",
                [(number, describer, sampling) for number in numbers],
            )

    def _rows(self, describer: str, sampling: str) -> list[tuple[str, Spans, Spans]]:
        rows = self._database.query(
            """
            SELECT v.content, d.wanted, d.filled FROM depths d JOIN videos v ON v.id = d.video
            WHERE d.describer = ? AND d.sampling = ? ORDER BY v.content
            """,
            (describer, sampling),
        )
        return [(content, _spans(wanted), _spans(filled)) for content, wanted, filled in rows]


def _packed(spans: Spans) -> bytes:
    return np.array(spans, "<f8").tobytes()


def _spans(packed: bytes) -> Spans:
    return tuple((float(start), float(stop)) for start, stop in np.frombuffer(packed, "<f8").reshape(-1, 2))
