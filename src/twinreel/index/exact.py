"""The index that compares every query with every vector: slow, obvious, what the fast one is measured by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from twinreel.index.base import Int64
from twinreel.index.hits import NOTHING, ROW_BITS, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.types import Float32, Float64

BLOCK = 4096
"""Vectors compared at a time."""
QUERIES = 128
"""Queries compared at a time."""
LONG = 20
"""How many times as many vectors an owner has, in the mean of a block, as are taken of one, for the best of each to be
chosen before all are ranked: where few owners have many, ranking is most of the work."""


class ExactIndex:
    """An Index of vectors in memory. Scores are float64 products rounded to float32.

    That rounding makes scores of equal vectors equal, whatever the order in which a product was summed.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._vectors: dict[int, Float32] = {}
        self._blocks: list[tuple[Int64, Float64]] = []
        """All owners' vectors, laid together for ``scan``; empty while that has to be done anew."""

    def add(self, owner: int, vectors: Float32) -> None:
        if owner in self._vectors:
            raise ValueError(f"owner {owner} is in the index already; remove it first")
        ids_of(owner, 0)
        self._vectors[owner] = _lasting(as_vectors(vectors, self.dimensions))
        self._blocks = []

    def remove(self, owner: int) -> None:
        del self._vectors[owner]
        self._blocks = []

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        scores, ids = scan(self._laid_together(), as_vectors(queries, self.dimensions), k, exclude, per_owner)
        return scores, *owners_and_rows(ids)

    def keep(self) -> None:
        pass

    def __len__(self) -> int:
        return sum(map(len, self._vectors.values()))

    def _laid_together(self) -> list[tuple[Int64, Float64]]:
        """At least ``BLOCK`` vectors in each block but the last."""
        if not self._blocks:
            held: list[int] = []
            count = 0
            for place, (owner, vectors) in enumerate(self._vectors.items(), 1):
                held.append(owner)
                count += len(vectors)
                if count >= BLOCK or place == len(self._vectors):
                    self._blocks.append(self._block(held))
                    held, count = [], 0
        return self._blocks

    def _block(self, owners: Iterable[int]) -> tuple[Int64, Float64]:
        parts = [(owner, self._vectors[owner]) for owner in owners]
        ids = np.concatenate([ids_of(owner, len(vectors)) for owner, vectors in parts])
        return ids, block([vectors for _, vectors in parts])


def _lasting(vectors: Float32) -> Float32:
    """The same numbers, whatever becomes of the array: a copy, unless nobody can change it."""
    frozen = not vectors.flags.writeable and vectors.base is None
    return vectors if frozen else vectors.copy()


def block(parts: Sequence[Float32]) -> Float64:
    """Vectors (c, d) in parts, as ``scan`` takes them: (d, c) in double precision."""
    return np.concatenate(parts).T.astype(np.float64)


def scan(
    blocks: Iterable[tuple[Int64, Float64]], queries: Float32, k: int, exclude: int | None, per_owner: int
) -> tuple[Float32, Int64]:
    """``best_hits`` (m, k) of queries (m, d) among all of the blocks: ids (c,), and vectors (d, c), see ``block``.

    The best of what was seen so far and of the next block are the best of both: whatever is not among the best of
    a part, with at most ``per_owner`` of each owner, is not among those of the whole.
    """
    scores = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full((len(queries), k), NOTHING, np.int64)
    for number, (block_ids, vectors) in enumerate(blocks):
        starts = [*np.flatnonzero(np.diff(block_ids >> ROW_BITS, prepend=NOTHING)).tolist(), len(block_ids)]
        for at in range(0, len(queries), QUERIES):
            part = slice(at, at + QUERIES)
            candidates = (queries[part].astype(np.float64) @ vectors).astype(np.float32)
            candidate_ids = np.broadcast_to(block_ids, candidates.shape)
            if len(block_ids) > LONG * per_owner * (len(starts) - 1):
                candidates, candidate_ids = _best_of_each(candidates, block_ids, starts, per_owner)
            if number:
                candidates = np.concatenate([scores[part], candidates], axis=1)
                candidate_ids = np.concatenate([ids[part], candidate_ids], axis=1)
            scores[part], ids[part] = best_hits(candidates, candidate_ids, k, exclude, per_owner)
    return scores, ids


def _best_of_each(scores: Float32, ids: Int64, starts: Sequence[int], per_owner: int) -> tuple[Float32, Int64]:
    """Of candidates (m, c) with ids (c,), which lie together by owner, those that ``best_hits`` can take of each one.

    starts: where those of each begin, and the end. ``scores`` is used up.
    """
    rows = np.arange(len(scores))
    best_scores, best_ids = [], []
    for start, stop in pairwise(starts):
        own = scores[:, start:stop]
        for _ in range(min(per_owner, stop - start)):
            best = own.argmax(axis=1)  # of equal ones the first, which has the lowest id
            best_scores.append(own[rows, best])
            best_ids.append(ids[start + best])
            own[rows, best] = -np.inf
    return np.stack(best_scores, axis=1), np.stack(best_ids, axis=1)
