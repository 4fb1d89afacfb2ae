"""The index that compares every query with every vector: slow, obvious, what the fast one is measured by."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from twinreel.index.base import Int64
from twinreel.index.hits import NOTHING, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.types import Float32, Float64

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
        self._blocks: list[tuple[Int64, Float64]] | None = None
        """All ids and vectors, from the first search until something is added or removed."""

    def add(self, owner: int, vectors: Float32) -> None:
        if owner in self._vectors:
            raise ValueError(f"owner {owner} is in the index already; remove it first")
        ids_of(owner, 0)
        self._vectors[owner] = as_vectors(vectors, self.dimensions).copy()
        self._blocks = None

    def remove(self, owner: int) -> None:
        del self._vectors[owner]
        self._blocks = None

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        if self._blocks is None:
            self._blocks = self._made()
        scores, ids = scan(self._blocks, as_vectors(queries, self.dimensions), k, exclude, per_owner)
        return scores, *owners_and_rows(ids)

    def keep(self) -> None:
        pass

    def __len__(self) -> int:
        return sum(map(len, self._vectors.values()))

    def _made(self) -> list[tuple[Int64, Float64]]:
        if not self._vectors:
            return []
        ids = np.concatenate([ids_of(owner, len(vectors)) for owner, vectors in self._vectors.items()])
        vectors = np.concatenate(list(self._vectors.values())).astype(np.float64)
        return [(ids[at : at + BLOCK], vectors[at : at + BLOCK]) for at in range(0, len(ids), BLOCK)]


def scan(
    blocks: Iterable[tuple[Int64, Float32 | Float64]], queries: Float32, k: int, exclude: int | None, per_owner: int
) -> tuple[Float32, Int64]:
    """``best_hits`` (m, k) of queries (m, d) among all ids and vectors (c,), (c, d) of the blocks.

    The best of what was seen so far and of the next block are the best of both: whatever is not among the best of
    a part, with at most ``per_owner`` of each owner, is not among those of the whole.
    """
    scores = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full((len(queries), k), NOTHING, np.int64)
    for block_ids, vectors in blocks:
        transposed = vectors.T.astype(np.float64, copy=False)
        for at in range(0, len(queries), QUERIES):
            part = slice(at, at + QUERIES)
            products = (queries[part].astype(np.float64) @ transposed).astype(np.float32)
            candidates = np.concatenate([scores[part], products], axis=1)
            candidate_ids = np.concatenate([ids[part], np.broadcast_to(block_ids, products.shape)], axis=1)
            scores[part], ids[part] = best_hits(candidates, candidate_ids, k, exclude, per_owner)
    return scores, ids
