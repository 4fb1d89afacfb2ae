"""What a person decided about videos, by content: it outlives renames, other mounts, and the videos themselves."""

from __future__ import annotations

import enum
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from twinreel.store.database import Database, plain_text


class DecisionKind(enum.StrEnum):
    NOT_A_MATCH = "not a match"
    """a and b are not to be reported as a match again; in either order."""
    KEEP = "keep"
    """a is never to be removed."""
    DELETED = "deleted"
    """a was removed; b, where given, is what was kept in its place."""


@dataclass(frozen=True, slots=True)
class Identity:
    """All that is known to recognise a content by."""

    content: str
    file_digest: str | None = None
    stream_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    kind: DecisionKind
    a: Identity
    b: Identity | None
    note: str
    decided_at: float
    """Seconds since 1970, UTC."""


def _pair(kind: DecisionKind, a: str, b: str | None) -> tuple[str, str | None]:
    """The contents in the order they are kept in; ValueError for a number of them that makes no sense."""
    if kind is DecisionKind.KEEP and b is not None:
        raise ValueError(f"'{kind}' is about one video, two were given: {a} and {b}")
    if kind is not DecisionKind.NOT_A_MATCH:
        return a, b
    if b is None or a == b:
        raise ValueError(f"'{kind}' is about two different videos, given were {a} and {b}")
    return min(a, b), max(a, b)


def _decision(row: tuple[Any, ...]) -> Decision:
    kind, note, decided_at, *identities = row
    b = Identity(*identities[3:]) if identities[3] is not None else None
    return Decision(DecisionKind(kind), Identity(*identities[:3]), b, note, decided_at)


class Decisions:
    """The decisions of a catalogue. Nothing but ``revoke`` removes one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, kind: DecisionKind, a: str, b: str | None = None, *, note: str = "") -> None:
        """Keeps a decision about content ids, with the digests that are known of them now and later.

        The same decision again replaces the note. ValueError for a number of videos that the kind does not take.
        """
        a, b = _pair(kind, a, b)
        digest = "(SELECT {} FROM videos WHERE content = {})"
        self._database.execute(
            f"""
            INSERT INTO decisions
                (kind, a, b, note, decided_at, a_file_digest, a_stream_digest, b_file_digest, b_stream_digest)
            VALUES (:kind, :a, :b, :note, :now,
                {digest.format("file_digest", ":a")}, {digest.format("stream_digest", ":a")},
                {digest.format("file_digest", ":b")}, {digest.format("stream_digest", ":b")})
            ON CONFLICT (kind, a, coalesce(b, '')) DO UPDATE SET note = excluded.note, decided_at = excluded.decided_at
            """,
            {"kind": kind.value, "a": a, "b": b, "note": plain_text(note), "now": time.time()},
        )

    def take(self, decisions: Iterable[Decision]) -> int:
        """Keeps decisions that were taken in another library, where they are not known; how many."""
        nobody = Identity("")
        rows = []
        for decision in decisions:
            a, b = decision.a, decision.b or nobody
            rows.append(
                (
                    *(decision.kind.value, a.content, b.content or None, plain_text(decision.note)),
                    *(decision.decided_at, a.file_digest, a.stream_digest, b.file_digest, b.stream_digest),
                )
            )
        return self._database.execute_many(
            """
            INSERT INTO decisions
                (kind, a, b, note, decided_at, a_file_digest, a_stream_digest, b_file_digest, b_stream_digest)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (kind, a, coalesce(b, '')) DO NOTHING
            """,
            rows,
        )

    def revoke(self, kind: DecisionKind, a: str, b: str | None = None) -> bool:
        """Takes a decision back; whether there was one."""
        a, b = _pair(kind, a, b)
        where = "WHERE kind = ? AND a = ? AND b IS ?"
        return self._database.execute(f"DELETE FROM decisions {where}", (kind.value, a, b)) > 0

    def all(self, *, about: str | None = None) -> list[Decision]:
        """Every decision in the order they were first taken; ``about`` keeps those that a content id is part of."""
        return [
            _decision(row)
            for row in self._database.query(
                """
                SELECT kind, note, decided_at, a, a_file_digest, a_stream_digest, b, b_file_digest, b_stream_digest
                FROM decisions WHERE :about IS NULL OR a = :about OR b = :about ORDER BY id
                """,
                {"about": about},
            )
        ]
