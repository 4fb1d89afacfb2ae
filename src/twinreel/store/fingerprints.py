"""What is remembered of each video's looks, by describer and sampling and nothing else.

Times are kept as float64, exactly. Vectors are int8 (see ``quantise``), packed without loss (see ``packing``), so a
Fingerprint that is read has slightly other vectors than the one that was put, and reading, putting and reading again
changes nothing more. Weights are float16: 0 and 1 are exact, others are off by at most 2**-12 (2**-11 relative). The
layout is int8 in 127ths. The parts of a video that shows no pictures within its picture take no room.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from twinreel.store.database import Database
from twinreel.store.packing import pack, unpack
from twinreel.store.quantise import dequantise, quantise
from twinreel.store.videos import numbers_of
from twinreel.types import LAYOUT, Fingerprint


def _fingerprint(row: tuple[Any, ...]) -> Fingerprint:
    describer, sampling, dims, times, vectors, weights, layout, parts, packed = row
    seconds = np.frombuffer(times, "<f8").astype(np.float64)
    n = len(seconds)
    codes = unpack(vectors, n, dims) if packed else np.frombuffer(vectors, np.int8).reshape(n, dims)
    return Fingerprint(
        times=seconds,
        vectors=dequantise(codes),
        weights=np.frombuffer(weights, "<f2").astype(np.float32),
        layout=np.frombuffer(layout, np.int8).reshape(n, LAYOUT).astype(np.float32) / np.float32(127),
        describer=describer,
        sampling=sampling,
        parts=np.frombuffer(parts, np.uint8).copy() if parts else np.zeros(n, np.uint8),
    )


class Fingerprints:
    """The fingerprints of a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, content: str, fingerprint: Fingerprint) -> None:
        """Adds a video's fingerprint, or replaces the one by the same describer and sampling.

        NotFound for an unknown video, ValueError for vectors that are not finite.
        """
        with self._database.transaction():
            number = numbers_of(self._database, [content])[content]
            self._database.execute(
                """
                INSERT INTO fingerprints
                    (video, describer, sampling, dims, times, vectors, weights, layout, parts, packed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
                ON CONFLICT (video, describer, sampling) DO UPDATE SET
                    dims = excluded.dims, times = excluded.times, vectors = excluded.vectors,
                    weights = excluded.weights, layout = excluded.layout, parts = excluded.parts,
                    packed = excluded.packed
                """,
                (
                    number,
                    fingerprint.describer,
                    fingerprint.sampling,
                    fingerprint.vectors.shape[1],
                    fingerprint.times.astype("<f8").tobytes(),
                    pack(quantise(fingerprint.vectors)),
                    fingerprint.weights.astype("<f2").tobytes(),
                    np.rint(fingerprint.layout * 127).astype(np.int8).tobytes(),
                    fingerprint.parts.tobytes() if fingerprint.parts.any() else b"",
                ),
            )

    def get(self, content: str, describer: str, sampling: str) -> Fingerprint | None:
        rows = self._database.query(
            """
            SELECT f.describer, f.sampling, f.dims, f.times, f.vectors, f.weights, f.layout, f.parts, f.packed
            FROM fingerprints f JOIN videos v ON v.id = f.video
            WHERE v.content = ? AND f.describer = ? AND f.sampling = ?
            """,
            (content, describer, sampling),
        )
        return _fingerprint(rows[0]) if rows else None

    def all(self, describer: str, sampling: str) -> Iterator[tuple[str, Fingerprint]]:
        """Content id and fingerprint of every video that has one, in order of content id, one in memory at a time."""
        having = self._database.query(
            """
            SELECT v.content FROM videos v
            WHERE EXISTS (SELECT 1 FROM fingerprints WHERE video = v.id AND describer = ? AND sampling = ?)
            ORDER BY v.content
            """,
            (describer, sampling),
        )
        for (content,) in having:
            fingerprint = self.get(content, describer, sampling)
            if fingerprint is not None:  # None where it was removed meanwhile
                yield content, fingerprint

    def frames(self, describer: str, sampling: str) -> int:
        """How many frames all of them hold together."""
        rows = self._database.query(
            "SELECT coalesce(sum(length(times)), 0) / 8 FROM fingerprints WHERE describer = ? AND sampling = ?",
            (describer, sampling),
        )
        return int(rows[0][0])

    def missing(self, describer: str, sampling: str) -> list[str]:
        """Content ids of the videos without such a fingerprint, in order, whether a file is present or not."""
        rows = self._database.query(
            """
            SELECT v.content FROM videos v
            WHERE NOT EXISTS (SELECT 1 FROM fingerprints WHERE video = v.id AND describer = ? AND sampling = ?)
            ORDER BY v.content
            """,
            (describer, sampling),
        )
        return [content for (content,) in rows]

    def copy(self, source: str, target: str) -> int:
        """Gives a video every fingerprint of another with the same stream that it lacks; how many.

        NotFound for an unknown video.
        """
        with self._database.transaction():
            numbers = numbers_of(self._database, [source, target])
            return self._database.execute(
                """
                INSERT INTO fingerprints
                    (video, describer, sampling, dims, times, vectors, weights, layout, parts, packed)
                SELECT ?, describer, sampling, dims, times, vectors, weights, layout, parts, packed
                FROM fingerprints WHERE video = ?
                ON CONFLICT (video, describer, sampling) DO NOTHING
                """,
                (numbers[target], numbers[source]),
            )
