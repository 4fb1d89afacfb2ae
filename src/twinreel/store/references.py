"""References: what scores are relative to.

Vectors are kept as float32, exactly. They are few, and a score must be the same to the last bit whether its reference
was just fitted or read back.
"""

from __future__ import annotations

import time

import numpy as np

from twinreel.store.database import Database
from twinreel.types import Reference


class References:
    """The references of a catalogue, those that matches or a later scan need."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, reference: Reference, describer: str) -> None:
        """Keeps a reference for a describer's vectors; nothing happens where its id is known, as ids name content."""
        self._database.execute(
            """
            INSERT INTO reference (id, describer, dims, background, created, crowd) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO NOTHING
            """,
            (
                reference.id,
                describer,
                reference.background.shape[1],
                reference.background.astype("<f4").tobytes(),
                time.time(),
                reference.crowd,
            ),
        )

    def get(self, reference: str) -> Reference | None:
        rows = self._database.query("SELECT dims, background, crowd FROM reference WHERE id = ?", (reference,))
        if not rows:
            return None
        dims, background, crowd = rows[0]
        return Reference(reference, np.frombuffer(background, "<f4").astype(np.float32).reshape(-1, dims), crowd)

    def ids(self, describer: str) -> list[str]:
        """The references for a describer, the newest first."""
        rows = self._database.query(
            "SELECT id FROM reference WHERE describer = ? ORDER BY created DESC, rowid DESC", (describer,)
        )
        return [reference for (reference,) in rows]
