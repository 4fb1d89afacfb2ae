"""The index that compares every query with every vector: slow, obvious, what the fast one is measured by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from twinreel.index.base import Int64
from twinreel.index.hits import NOTHING, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.types import Float32

BLOCK = 4096
"""Vectors compared at a time."""
QUERIES = 128
"""Queries compared at a time."""


class ExactIndex:
    """An Index of vectors in memory. Scores are float64 products rounded to float32.

    That rounding makes scores of equal vectors equal, whatever the order in which a product was summed.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._vectors: dict[int, Float32] = {}

    def add(self, owner: int, vectors: Float32) -> None:
        if owner in self._vectors:
            raise ValueError(f"owner {owner} is in the index already; remove it first")
        ids_of(owner, 0)
        self._vectors[owner] = _lasting(as_vectors(vectors, self.dimensions))

    def remove(self, owner: int) -> None:
        del self._vectors[owner]

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        scores, ids = scan(self._blocks(), as_vectors(queries, self.dimensions), k, exclude, per_owner)
        return scores, *owners_and_rows(ids)

    def keep(self) -> None:
        pass

    def __len__(self) -> int:
        return sum(map(len, self._vectors.values()))

    def _blocks(self) -> Iterator[tuple[Int64, Float32]]:
        """All ids and vectors, at least ``BLOCK`` at a time but for the last."""
        held: list[tuple[Int64, Float32]] = []
        count = 0
        for owner, vectors in self._vectors.items():
            held.append((ids_of(owner, len(vectors)), vectors))
            count += len(vectors)
            if count >= BLOCK:
                yield np.concatenate([ids for ids, _ in held]), np.concatenate([vectors for _, vectors in held])
                held, count = [], 0
        if count:
            yield np.concatenate([ids for ids, _ in held]), np.concatenate([vectors for _, vectors in held])


def _lasting(vectors: Float32) -> Float32:
    """The same numbers, whatever becomes of the array: a copy, unless nobody can change it."""
    frozen = not vectors.flags.writeable and vectors.base is None
    return vectors if frozen else vectors.copy()


def scan(
    blocks: Iterable[tuple[Int64, Float32]], queries: Float32, k: int, exclude: int | None, per_owner: int
) -> tuple[Float32, Int64]:
    """``best_hits`` (m, k) of queries (m, d) among all ids and vectors (c,), (c, d) of the blocks.

    The best of what was seen so far and of the next block are the best of both: whatever is not among the best of
    a part, with at most ``per_owner`` of each owner, is not among those of the whole.
    """
    scores = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full((len(queries), k), NOTHING, np.int64)
    for block_ids, vectors in blocks:
        transposed = vectors.T.astype(np.float64)
        for at in range(0, len(queries), QUERIES):
            part = slice(at, at + QUERIES)
            products = (queries[part].astype(np.float64) @ transposed).astype(np.float32)
            candidates = np.concatenate([scores[part], products], axis=1)
            candidate_ids = np.concatenate([ids[part], np.broadcast_to(block_ids, products.shape)], axis=1)
            scores[part], ids[part] = best_hits(candidates, candidate_ids, k, exclude, per_owner)
    return scores, ids
