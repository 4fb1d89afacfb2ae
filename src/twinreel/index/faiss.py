"""Exact nearest neighbours by FAISS: every vector is looked at, in blocks that fill the processor.

Source: Douze et al., "The Faiss library" (2024), its flat index. For libraries of which that costs too much there is
``ivfpq``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import faiss
import numpy as np

from twinreel.index import sizes
from twinreel.index.base import Int64
from twinreel.index.exact import block, scan
from twinreel.index.hits import NOTHING, ROW_BITS, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.types import Float32, Float64

ROUNDING = 1e-5
"""More than FAISS's float32 scores of unit vectors are off by."""
CHUNK = 1 << 22
"""Numbers in the arrays that are worked on at a time: 16 MiB."""


class FaissIndex:
    """An Index in memory; its results are those of ``ExactIndex``."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._rows: dict[int, int] = {}
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))

    def add(self, owner: int, vectors: Float32) -> None:
        if owner in self._rows:
            raise ValueError(f"owner {owner} is in the index already; remove it first")
        vectors = as_vectors(vectors, self.dimensions)
        self._index.add_with_ids(vectors, ids_of(owner, len(vectors)))
        self._rows[owner] = len(vectors)

    def remove(self, owner: int) -> None:
        if rows := self._rows.pop(owner):
            first = owner << ROW_BITS
            self._index.remove_ids(faiss.IDSelectorRange(first, first + rows))

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        with one_thread():
            return self._search(queries, k, exclude, per_owner)

    def _search(self, queries: Float32, k: int, exclude: int | None, per_owner: int) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        queries = as_vectors(queries, self.dimensions)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), NOTHING, np.int64)
        pending = np.arange(len(queries) if len(self) else 0)
        width = min(len(self), max(sizes.MIN_WIDTH, sizes.FIRST_WIDTH * k))
        while len(pending) and width <= sizes.MAX_WIDTH:
            enough = np.empty(len(pending), bool)
            step = max(1, CHUNK // (width * self.dimensions))
            for at in range(0, len(pending), step):
                part = pending[at : at + step]
                fetched, worst = self._fetch(queries[part], width)
                scores[part], ids[part] = best_hits(*fetched, k, exclude, per_owner)
                # what was not fetched scores no more than the worst that was: could any of it be among the best?
                enough[at : at + step] = (width == len(self)) | (scores[part, -1] > worst + ROUNDING)
            pending = pending[~enough]
            width = min(len(self), width * sizes.WIDEN)
        if len(pending):
            scores[pending], ids[pending] = scan(self._blocks(), queries[pending], k, exclude, per_owner)
        return scores, *owners_and_rows(ids)

    def keep(self) -> None:
        pass

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def _fetch(self, queries: Float32, width: int) -> tuple[tuple[Float32, Int64], Float32]:
        """Scores and ids (m, width) of the nearest neighbours, and the worst score (m,) by FAISS's reckoning.

        The order in which FAISS sums, and so the last bits of its scores, depends on where a vector lies. Scores are
        reckoned again as the exact index does, so that equal vectors have equal scores.
        """
        # by position: the map from ids to positions is slow, and not needed to read vectors
        flat: Any = faiss.downcast_index(self._index.index)
        rough, places = flat.search(queries, width)
        ids, stored = self.content()
        products = (stored[places].astype(np.float64) @ queries[:, :, np.newaxis].astype(np.float64))[:, :, 0]
        return (products.astype(np.float32), ids[places]), rough[:, -1]

    def content(self) -> tuple[Int64, Float32]:
        """All ids (n,) and vectors (n, d), in no order; valid until something is added or removed."""
        ids: Int64 = faiss.vector_to_array(self._index.id_map)
        flat: Any = faiss.downcast_index(self._index.index)
        return ids, faiss.rev_swig_ptr(flat.get_xb(), ids.size * self.dimensions).reshape(-1, self.dimensions)

    def _blocks(self) -> Iterator[tuple[Int64, Float64]]:
        ids, vectors = self.content()
        step = max(1, CHUNK // self.dimensions)
        for at in range(0, ids.size, step):
            yield ids[at : at + step], block([vectors[at : at + step]])


@contextmanager
def one_thread() -> Iterator[None]:
    """The frames of one video are too few to share out: threads would wait for one another most of the time, fifteen
    times as long as the search takes where another process wants the processor, too."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
