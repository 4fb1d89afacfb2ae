"""Matches, and which videos have been searched for them, each on a basis.

A scan that is killed goes on with the videos that are not yet marked as searched. When the reference or the settings
change, matches gather under the new basis while readers still see the old, and ``publish`` changes over at once: the
two are never mixed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinreel.errors import NotFound
from twinreel.store.database import Database
from twinreel.store.videos import numbers_of
from twinreel.types import Match, Relation, Segment


@dataclass(frozen=True, slots=True)
class Basis:
    """What a match depends on beside its two videos."""

    reference: str
    """Id of the Reference, which must have been put into the catalogue."""
    settings: str
    """Names the parameters of matching, the describer and the sampling; the caller's choice of words."""


_FOUND = """
    SELECT m.id, va.content, vb.content, m.relation, m.score, m.coverage_a, m.coverage_b,
        s.a_start, s.a_stop, s.b_start, s.b_stop, s.score, s.mirrored, s.backwards
    FROM matches m JOIN videos va ON va.id = m.a JOIN videos vb ON vb.id = m.b
        LEFT JOIN segments s ON s.match = m.id
    WHERE m.a = :a AND m.basis = :basis AND m.score >= :min_score AND (:video IS NULL OR :video IN (m.a, m.b))
    ORDER BY vb.content, s.number
"""


def _match(rows: Sequence[tuple[Any, ...]]) -> Match:
    _, a, b, relation, score, coverage_a, coverage_b = rows[0][:7]
    segments = tuple(
        Segment(a_start, a_stop, b_start, b_stop, best, bool(mirrored), bool(backwards))
        for *_, a_start, a_stop, b_start, b_stop, best, mirrored, backwards in rows
        if best is not None
    )
    return Match(a, b, Relation(relation), score, coverage_a, coverage_b, segments)


def _pair(a: int, b: int) -> tuple[int, int]:
    if a == b:
        raise ValueError("a match is between two videos, given was one video twice")
    return min(a, b), max(a, b)


class Matches:
    """The matches of a catalogue; on one basis a pair of videos has one at most, whichever of the two is its a."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, basis: Basis, matches: Iterable[Match], *, searched: Mapping[str, int] | None = None) -> None:
        """Adds matches, or replaces those of the same pairs, and marks videos as searched, all or nothing.

        ``searched`` gives for each content id the number of its aligned pairs that were not kept (truncation).
        NotFound for an unknown video or reference, ValueError for a match of a video with itself: the paths of one
        content are in ``Video.paths``.
        """
        searched = searched or {}
        with self._database.transaction():
            number = self._ensure(basis)
            found = list(matches)
            contents = {content for match in found for content in (match.a, match.b)} | searched.keys()
            videos = numbers_of(self._database, sorted(contents))
            self._replace(number, {_pair(videos[match.a], videos[match.b]): match for match in found}, videos)
            self._database.execute_many(
                """
                INSERT INTO searched (basis, video, dropped) VALUES (?, ?, ?)
                ON CONFLICT (basis, video) DO UPDATE SET dropped = excluded.dropped
                """,
                [(number, videos[content], dropped) for content, dropped in searched.items()],
            )

    def searched(self, basis: Basis) -> dict[str, int]:
        """The videos that have been searched on a basis, each with the number of its pairs that were not kept."""
        return dict(
            self._database.query(
                """
                SELECT v.content, s.dropped FROM searched s JOIN videos v ON v.id = s.video
                WHERE s.basis = ? ORDER BY v.content
                """,
                (self._number(basis),),
            )
        )

    def all(self, basis: Basis, *, min_score: float = 0.0, video: str | None = None) -> Iterator[Match]:
        """The matches on a basis in order of a and b, those of one a in memory at a time.

        ``video`` keeps those that this content id is part of, as a or as b. NotFound for an unknown video.
        """
        values: dict[str, Any] = {"basis": self._number(basis), "min_score": min_score, "video": None}
        touching = ""
        if video is not None:
            values["video"] = numbers_of(self._database, [video])[video]
            touching = "AND (a = :video OR b = :video)"
        starts = self._database.query(
            # The plus keeps SQLite from looking through all pairs of a basis where those of one video are wanted.
            f"""
            SELECT DISTINCT v.id, v.content FROM matches JOIN videos v ON v.id = a
            WHERE +basis = :basis AND score >= :min_score {touching}
            ORDER BY v.content
            """,
            values,
        )
        for a, _ in starts:
            found = self._database.query(_FOUND, {**values, "a": a})
            for _, group in itertools.groupby(found, key=lambda row: row[0]):
                yield _match(list(group))

    def remove_touching(self, contents: Iterable[str]) -> int:
        """Removes, on every basis, the matches of these videos and the marks that they were searched.

        How many matches. NotFound for an unknown video.
        """
        with self._database.transaction():
            numbers = [{"video": number} for number in numbers_of(self._database, contents).values()]
            self._database.execute_many("DELETE FROM searched WHERE video = :video", numbers)
            return self._database.execute_many("DELETE FROM matches WHERE a = :video OR b = :video", numbers)

    def current(self) -> Basis | None:
        """The basis that readers should use; None before the first ``publish``."""
        rows = self._database.query("SELECT reference, settings FROM bases WHERE current")
        return Basis(*rows[0]) if rows else None

    def publish(self, basis: Basis) -> None:
        """Makes a basis the current one and removes all others, their matches, and references without a basis.

        NotFound for an unknown reference.
        """
        with self._database.transaction():
            number = self._ensure(basis)
            self._database.execute("DELETE FROM bases WHERE id <> ?", (number,))
            self._database.execute("UPDATE bases SET current = 1 WHERE id = ?", (number,))
            self._database.execute("DELETE FROM reference WHERE id NOT IN (SELECT reference FROM bases)")

    def _number(self, basis: Basis) -> int | None:
        values = (basis.reference, basis.settings)
        rows = self._database.query("SELECT id FROM bases WHERE reference = ? AND settings = ?", values)
        return int(rows[0][0]) if rows else None

    def _ensure(self, basis: Basis) -> int:
        number = self._number(basis)
        if number is not None:
            return number
        if not self._database.query("SELECT 1 FROM reference WHERE id = ?", (basis.reference,)):
            raise NotFound(f"no reference {basis.reference} in the library: put it before its matches")
        values = (basis.reference, basis.settings)
        return self._database.insert("INSERT INTO bases (reference, settings) VALUES (?, ?)", values)

    def _replace(self, basis: int, found: Mapping[tuple[int, int], Match], videos: Mapping[str, int]) -> None:
        self._database.execute_many(
            "DELETE FROM matches WHERE basis = ? AND min(a, b) = ? AND max(a, b) = ?",
            ((basis, *pair) for pair in found),
        )
        self._database.execute_many(
            """
            INSERT INTO matches (basis, a, b, relation, score, coverage_a, coverage_b) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            (
                (basis, videos[m.a], videos[m.b], m.relation.value, m.score, m.coverage_a, m.coverage_b)
                for m in found.values()
            ),
        )
        self._database.execute_many(
            """
            INSERT INTO segments (match, number, a_start, a_stop, b_start, b_stop, score, mirrored, backwards)
            VALUES (
                (SELECT id FROM matches WHERE basis = ? AND min(a, b) = ? AND max(a, b) = ?), ?, ?, ?, ?, ?, ?, ?, ?
            )
            """,
            (
                (basis, *pair, number, s.a_start, s.a_stop, s.b_start, s.b_stop, s.score, s.mirrored, s.backwards)
                for pair, match in found.items()
                for number, s in enumerate(match.segments)
            ),
        )
