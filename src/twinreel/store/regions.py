"""Vectors of the regions of a video's frames, of the videos that a verifier looked at. int8 as in fingerprints."""

from __future__ import annotations

import numpy as np

from twinreel.store.database import Database
from twinreel.store.quantise import dequantise, quantise
from twinreel.store.videos import numbers_of
from twinreel.types import Float32


class Regions:
    """The regions of a catalogue, by video, describer of regions and sampling."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, content: str, describer: str, sampling: str, vectors: Float32) -> None:
        """vectors: (frames, regions, d). NotFound for an unknown video, ValueError for what is not finite."""
        frames, regions, dims = vectors.shape
        with self._database.transaction():
            number = numbers_of(self._database, [content])[content]
            self._database.execute(
                """
                INSERT INTO regions (video, describer, sampling, frames, regions, dims, vectors)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (video, describer, sampling) DO UPDATE SET
                    frames = excluded.frames, regions = excluded.regions, dims = excluded.dims,
                    vectors = excluded.vectors
                """,
                (
                    *(number, describer, sampling, frames, regions, dims),
                    quantise(vectors.reshape(frames * regions, dims)).tobytes(),
                ),
            )

    def get(self, content: str, describer: str, sampling: str) -> Float32 | None:
        """(frames, regions, d), each vector of length 1; None where there are none."""
        rows = self._database.query(
            """
            SELECT r.frames, r.regions, r.dims, r.vectors FROM regions r JOIN videos v ON v.id = r.video
            WHERE v.content = ? AND r.describer = ? AND r.sampling = ?
            """,
            (content, describer, sampling),
        )
        if not rows:
            return None
        frames, regions, dims, vectors = rows[0]
        return dequantise(np.frombuffer(vectors, np.int8).reshape(-1, dims)).reshape(frames, regions, dims)

    def having(self, describer: str, sampling: str) -> set[str]:
        """Content ids of the videos that have some."""
        rows = self._database.query(
            "SELECT v.content FROM regions r JOIN videos v ON v.id = r.video WHERE r.describer = ? AND r.sampling = ?",
            (describer, sampling),
        )
        return {content for (content,) in rows}
