"""Nearest neighbours by FAISS: exact for small libraries, inverted lists (IVF) for large ones.

Sources: Douze et al., "The Faiss library" (2024); inverted lists: Sivic & Zisserman, "Video Google" (ICCV 2003), in
the form of Jegou, Douze & Schmid (TPAMI 2011), without product quantisation: vectors are kept as float16. When to use
which, and with how many lists, is stated in ``sizes``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import faiss
import numpy as np

from twinreel.index import sizes
from twinreel.index.base import Int64
from twinreel.index.exact import scan
from twinreel.index.hits import NOTHING, ROW_BITS, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.types import Float32

ROUNDING = 1e-5
"""More than FAISS's float32 scores of unit vectors are off by."""
CHUNK = 1 << 22
"""Numbers in the arrays that are worked on at a time: 16 MiB."""


class FaissIndex:
    """An Index in memory. With inverted lists, neighbours in lists that were not looked into are missed, and scores
    are those of vectors rounded to float16; below ``ivf_from`` vectors results are those of the exact index.

    The lists are made by the first search over so many vectors, and again when there are four times as many, from
    a sample that is drawn in the order of ids with a fixed seed: the same vectors make the same lists, in whatever
    order they were added.
    """

    def __init__(self, dimensions: int, ivf_from: int = sizes.IVF_FROM) -> None:
        self.dimensions = dimensions
        self._rows: dict[int, int] = {}
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions))
        self._lists = 0
        self._train_at = ivf_from

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
        with _one_thread():
            return self._search(queries, k, exclude, per_owner)

    def _search(self, queries: Float32, k: int, exclude: int | None, per_owner: int) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        queries = as_vectors(queries, self.dimensions)
        if len(self) >= self._train_at:
            self._make_lists()
            self._train_at = sizes.RETRAIN * len(self)
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), NOTHING, np.int64)
        pending = np.arange(len(queries) if len(self) else 0)
        width = min(len(self), max(sizes.MIN_WIDTH, sizes.FIRST_WIDTH * k))
        probes = sizes.probes_for(self._lists)
        while len(pending) and width <= sizes.MAX_WIDTH:
            all_seen = width == len(self) and probes == self._lists
            enough = np.empty(len(pending), bool)
            step = max(1, CHUNK // (width * self.dimensions))
            for at in range(0, len(pending), step):
                part = pending[at : at + step]
                fetched, worst = self._fetch(queries[part], width, probes)
                scores[part], ids[part] = best_hits(*fetched, k, exclude, per_owner)
                # what was not fetched scores no more than the worst that was: could any of it be among the best?
                enough[at : at + step] = all_seen | (scores[part, -1] > worst + ROUNDING)
            pending = pending[~enough]
            width = min(len(self), width * sizes.WIDEN)
            probes = min(self._lists, probes * sizes.WIDEN)
        if len(pending):
            scores[pending], ids[pending] = scan(self._blocks(), queries[pending], k, exclude, per_owner)
        return scores, *owners_and_rows(ids)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def _fetch(self, queries: Float32, width: int, probes: int) -> tuple[tuple[Float32, Int64], Float32]:
        """Scores and ids (m, width) of the nearest neighbours, and the worst score (m,) by FAISS's reckoning.

        The order in which FAISS sums, and so the last bits of its scores, depends on where a vector lies. Scores are
        reckoned again as the exact index does, so that equal vectors have equal scores.
        """
        if self._lists:
            parameters = faiss.SearchParametersIVF()
            parameters.nprobe = probes
            rough, ids, vectors = self._index.search_and_reconstruct(queries, width, params=parameters)
        else:
            # by position: the map from ids to positions is slow, and not needed to read vectors
            flat: Any = faiss.downcast_index(self._index.index)
            rough, places = flat.search(queries, width)
            stored = faiss.rev_swig_ptr(flat.get_xb(), len(self) * self.dimensions).reshape(-1, self.dimensions)
            ids, vectors = faiss.vector_to_array(self._index.id_map)[places], stored[places]
        products = (vectors.astype(np.float64) @ queries[:, :, np.newaxis].astype(np.float64))[:, :, 0]
        scores = np.where(ids == NOTHING, -np.inf, products).astype(np.float32)
        return (scores, ids), rough[:, -1]

    def _make_lists(self) -> None:
        """Moves all vectors to new inverted lists."""
        every_id = np.sort(np.concatenate([ids for ids, _ in self._blocks()]))
        lists = sizes.lists_for(len(every_id))
        rng = np.random.default_rng(sizes.SEED)
        sample = rng.choice(every_id, min(len(every_id), lists * sizes.POINTS_PER_LIST), replace=False)
        drawn = [(ids[among], vectors[among]) for ids, vectors in self._blocks() for among in [np.isin(ids, sample)]]
        order = np.argsort(np.concatenate([ids for ids, _ in drawn]))
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(self.dimensions),
            self.dimensions,
            lists,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
            False,  # vectors themselves, not their differences from the centre of the list
        )
        index.cp.seed = sizes.SEED
        index.cp.niter = sizes.KMEANS_ROUNDS
        index.cp.max_points_per_centroid = sizes.POINTS_PER_LIST
        index.train(np.concatenate([vectors for _, vectors in drawn])[order])
        for ids, vectors in self._blocks():
            index.add_with_ids(vectors, ids)
        self._index, self._lists = index, lists

    def _blocks(self) -> Iterator[tuple[Int64, Float32]]:
        """All ids and vectors, some at a time; valid until something is added or removed."""
        if not self._lists:
            ids = faiss.vector_to_array(self._index.id_map)
            flat: Any = faiss.downcast_index(self._index.index)
            vectors = faiss.rev_swig_ptr(flat.get_xb(), ids.size * self.dimensions).reshape(-1, self.dimensions)
            step = max(1, CHUNK // self.dimensions)
            for at in range(0, ids.size, step):
                yield ids[at : at + step], vectors[at : at + step]
            return
        lists = self._index.invlists
        for number in range(self._lists):
            if size := lists.list_size(number):
                codes = faiss.rev_swig_ptr(lists.get_codes(number), size * self._index.code_size)
                halves = codes.view(np.float16).reshape(size, self.dimensions)
                yield faiss.rev_swig_ptr(lists.get_ids(number), size), halves.astype(np.float32)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The frames of one video are too few to share out: threads would wait for one another most of the time, fifteen
    times as long as the search takes where another process wants the processor, too."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
