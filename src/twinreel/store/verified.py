"""How alike verifiers found pairs of videos. Kept by pair and verifier, since it depends on nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from twinreel.store.database import Database
from twinreel.store.videos import numbers_of

Pair = tuple[str, str]
"""Two content ids, the lower one first."""


class Verified:
    """The similarities of a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, verifier: str, similarities: Mapping[Pair, float]) -> None:
        """Adds them, or replaces those of the same pairs. NotFound for an unknown video."""
        with self._database.transaction():
            numbers = numbers_of(self._database, sorted({content for pair in similarities for content in pair}))
            rows = [(sorted((numbers[a], numbers[b])), similarity) for (a, b), similarity in similarities.items()]
            self._database.execute_many(
                """
                INSERT INTO verified (verifier, a, b, similarity) VALUES (?, ?, ?, ?)
                ON CONFLICT (verifier, a, b) DO UPDATE SET similarity = excluded.similarity
                """,
                [(verifier, a, b, similarity) for (a, b), similarity in rows],
            )

    def all(self, verifier: str) -> dict[Pair, float]:
        """Every pair that this verifier looked at."""
        rows = self._database.query(
            """
            SELECT va.content, vb.content, w.similarity
            FROM verified w JOIN videos va ON va.id = w.a JOIN videos vb ON vb.id = w.b
            WHERE w.verifier = ?
            """,
            (verifier,),
        )
        return {(min(a, b), max(a, b)): similarity for a, b, similarity in rows}
