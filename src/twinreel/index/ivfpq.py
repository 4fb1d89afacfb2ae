"""Nearest neighbours among many vectors: inverted lists of short codes, and a second look at the best of them.

Sources: inverted lists and product quantisation, Jegou, Douze & Schmid, "Product Quantization for Nearest Neighbor
Search" (TPAMI 2011); codes of four bits scanned in registers, André, Kermarrec & Le Scouarnec, "Quicker ADC" (TPAMI
2019), as FAISS has them (Douze et al., "The Faiss library", 2024). A query looks into the lists of its nearest centres,
takes the best by their codes, a bit a dimension, and ranks those by the vectors themselves, a byte a dimension.
Codes are of vectors, not of their differences from the centre: with re-ranking that measures the same and saves a
table of distances for each list. All numbers are in ``sizes``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import xxhash

from twinreel.index import sizes
from twinreel.index.base import Int64
from twinreel.index.faiss import FaissIndex, one_thread
from twinreel.index.hits import NOTHING, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.index.saved import Entry, State, load, save
from twinreel.types import Float32

LIMB = 4
"""Dimensions a code of four bits stands for."""
OLD = 1 << 48
"""Added to the places that a file gave, until it is known where those vectors are now."""


class IvfPqIndex:
    """An Index in memory, 304 bytes a vector of 256 dimensions; exact until there are ``lists_from`` vectors.

    With lists, neighbours in lists that were not looked into are missed; scores are those of vectors rounded to a byte
    a dimension; and where more vectors than ``sizes.MAX_WIDTH`` are as near as the nearest (footage that is everywhere)
    only so many of them are looked at.

    Lists are made at the first search, or when there are more vectors than they are made from: from a sample drawn in
    the order of ids with a fixed seed. They are made anew when there are ``sizes.RETRAIN`` times as many vectors, when
    those added since lie much farther from the centres, or when a good part was removed. ``expected``: about how many
    vectors there will be. ``place``: a folder where ``keep`` writes lists and codes (40 bytes a vector; the vectors
    stay with their owner), ``key``: what the vectors depend on.
    """

    def __init__(
        self,
        dimensions: int,
        expected: int = 0,
        *,
        place: Path | None = None,
        key: str = "",
        lists_from: int = sizes.IVF_FROM,
    ) -> None:
        self.dimensions = dimensions
        self._width = -(-dimensions // LIMB) * LIMB
        self._flat: FaissIndex | None = FaissIndex(dimensions)
        self._lists_from = lists_from
        self._train_at = max(lists_from, sizes.sample_for(sizes.lists_for(max(expected, sizes.UNKNOWN))))
        self._entries: dict[int, Entry] = {}
        """Owner -> where its vectors are among all places."""
        self._live = 0
        self._place, self._key, self._dirty = place, key, False
        self._known: dict[int, Entry] = {}
        """Owners whose codes came from a file."""
        saved = None if place is None else load(place, key, self._width)
        if saved is not None and len(saved.entries):
            self._flat = None
            self._ranges = faiss.clone_index(saved.vectors)
            self._start(saved.lists, saved.vectors)
            self._known, self.state = saved.entries, saved.state
            self._moved = np.zeros(1 + max(entry.stop for entry in saved.entries.values()), np.int64)
            _each_list(saved.lists, lambda ids: ids + OLD)

    def _start(self, lists: Any, vectors: Any) -> None:
        """Empty but for what the lists hold. Place 0 is nobody's: what was removed points there."""
        lists.ntotal = 0  # which is asked to be that of the vectors, and counts for nothing else
        self._lists, self._vectors, self._refined = lists, vectors, faiss.IndexRefine(lists, vectors)
        self._ids = np.full(1, NOTHING, np.int64)
        self._used = 0
        self._added: list[tuple[Int64, Float32, bool]] = []
        self._waiting = 0
        self._moved = np.zeros(0, np.int64)
        self._dead = 0
        self._append(np.full(1, NOTHING, np.int64), np.zeros((1, self.dimensions), np.float32), False)

    def add(self, owner: int, vectors: Float32) -> None:
        if owner in self._entries:
            raise ValueError(f"owner {owner} is in the index already; remove it first")
        vectors = as_vectors(vectors, self.dimensions)
        ids = ids_of(owner, len(vectors))
        self._live += len(vectors)
        digest = xxhash.xxh3_64_intdigest(vectors.tobytes())
        if self._flat is not None:
            self._entries[owner] = Entry(0, len(vectors), digest)
            self._flat.add(owner, vectors)
            if len(self._flat) >= self._train_at:
                self._leave_flat()
            return
        entry = self._entries[owner] = Entry(self._used, self._used + len(vectors), digest)
        old = self._known.pop(owner, None)
        same = old is not None and (len(old), old.digest) == (len(entry), digest)
        if old is not None and same:
            self._moved[old.start : old.stop] = np.arange(entry.start, entry.stop)
        self._append(ids, vectors, not same)
        if self._waiting >= sizes.ADDED:
            self._flush()

    def _append(self, ids: Int64, vectors: Float32, new: bool) -> None:
        self._added.append((ids, vectors.copy(), new))
        self._used += len(ids)
        self._waiting += len(ids)
        self._dirty |= new

    def remove(self, owner: int) -> None:
        entry = self._entries.pop(owner)
        self._live -= len(entry)
        if self._flat is not None:
            self._flat.remove(owner)
            return
        self._flush()
        self._ids[entry.start : entry.stop] = NOTHING
        self._dead += len(entry)
        self._dirty = True

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        queries = as_vectors(queries, self.dimensions)
        self._settle()
        if self._flat is not None:
            return self._flat.search(queries, k, exclude=exclude, per_owner=per_owner)
        with one_thread():
            return self._search(queries, k, exclude, per_owner)

    def _search(self, queries: Float32, k: int, exclude: int | None, per_owner: int) -> tuple[Float32, Int64, Int64]:
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), NOTHING, np.int64)
        pending = np.arange(len(queries))
        lists, total = self._lists.nlist, self._used
        width, probes = min(total, max(sizes.LOOKED_AT, sizes.FIRST_WIDTH * k)), sizes.probes_for(lists)
        while len(pending):
            step = max(1, sizes.FETCHED // width)
            for at in range(0, len(pending), step):
                part = pending[at : at + step]
                fetched = self._fetch(self._wide(queries[part]), width, probes)
                scores[part], ids[part] = best_hits(*fetched, k, exclude, per_owner)
            if width == total or width >= sizes.MAX_WIDTH:
                break
            pending = pending[ids[pending, -1] == NOTHING]
            width = min(total, width * sizes.WIDEN)
            probes = min(lists, probes * sizes.WIDEN)
        return scores, *owners_and_rows(ids)

    def _fetch(self, queries: Float32, width: int, probes: int) -> tuple[Float32, Int64]:
        """Scores and ids (m, width) of nearest neighbours; of all vectors where so many are asked for."""
        if width == self._used:  # a scan of codes loses those whose rounded score is the least there can be
            scores, places = self._vectors.search(queries, width)
        else:
            lists, parameters = faiss.SearchParametersIVF(), faiss.IndexRefineSearchParameters()
            lists.nprobe = probes
            parameters.k_factor, parameters.base_index_params = 1, lists
            scores, places = self._refined.search(queries, width, params=parameters)
        ids = self._ids[np.maximum(places, 0)]
        scores[ids == NOTHING] = -np.inf
        return scores, ids

    def __len__(self) -> int:
        return self._live

    def keep(self) -> None:
        """Writes lists and codes to the place; nothing where they have not changed, or there are none."""
        self._settle()
        if self._place is not None and self._flat is None and self._dirty:
            # A memo: on a full disk the next scan has to do it again, and this one goes on.
            with suppress(OSError, RuntimeError):
                save(self._place, self._key, self._lists, self._ranges, self._entries, self.state)
                self._dirty = False

    def _settle(self) -> None:
        """Everything that was added is in the lists, and the lists are fit for it."""
        if self._flat is not None:
            if len(self._flat) >= self._lists_from:
                self._leave_flat()
            return
        self._flush()
        if len(self._moved):
            _each_list(self._lists, self._where_now)
            self._dead += int((self._moved[1:] == 0).sum())
            self._dirty |= bool(self._known)
            self._moved, self._known = np.zeros(0, np.int64), {}
        live, state = self._live, self.state
        moved_away = state.measured and 1 - state.products / state.measured > sizes.DRIFT * (1 - state.fit)
        if live >= sizes.MIN_TRAINED and (
            live >= sizes.RETRAIN * state.trained
            or self._dead > sizes.MOST_DEAD * live
            or (moved_away and state.new > sizes.NEW_SHARE * live)
        ):
            places = np.flatnonzero(self._ids[: self._used] != NOTHING)
            self._build(self._ids[places], places, self._vectors.reconstruct_batch)

    def _where_now(self, ids: Int64) -> Int64:
        return np.where(ids >= OLD, self._moved[np.maximum(ids - OLD, 0)], ids)

    def _leave_flat(self) -> None:
        assert self._flat is not None
        flat, self._flat = self._flat, None  # whose memory the vectors are, until they are in the lists
        ids, vectors = flat.content()
        self._build(ids, np.arange(len(ids)), lambda some: self._wide(vectors[some]))

    def _build(self, ids: Int64, places: Int64, read: Callable[[Int64], Float32]) -> None:
        """New lists for vectors that are read by their places (n,), which have ids (n,)."""
        places = places[np.argsort(ids)]
        ids = np.sort(ids)
        count = sizes.lists_for(len(ids))
        rng = np.random.default_rng(sizes.SEED)
        sample = read(places[np.sort(rng.choice(len(ids), min(len(ids), sizes.sample_for(count)), replace=False))])
        vectors = faiss.IndexScalarQuantizer(self._width, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        vectors.sq.rangestat_arg = sizes.RANGE
        vectors.train(sample)
        self._ranges = faiss.clone_index(vectors)
        centres = faiss.IndexFlatIP(self._width)
        lists = faiss.IndexIVFPQFastScan(
            centres, self._width, count, self._width // LIMB, 4, faiss.METRIC_INNER_PRODUCT
        )
        lists.by_residual = False
        for training in (lists.cp, lists.pq.cp):
            training.seed = sizes.SEED
            training.niter = sizes.KMEANS_ROUNDS
            training.max_points_per_centroid = sizes.POINTS_PER_LIST
            training.min_points_per_centroid = 1
        lists.pq.cp.max_points_per_centroid = sizes.POINTS_PER_CODE
        lists.train(sample)
        fit = float(centres.search(sample[: sizes.MEASURED], 1)[0].mean())
        entries = self._entries
        self._start(lists, vectors)
        self.state = State(len(ids), fit)
        for at in range(0, len(ids), sizes.ADDED):
            self._append(ids[at : at + sizes.ADDED], read(places[at : at + sizes.ADDED]), True)
            self._flush()
        self.state = State(len(ids), fit)
        owners, starts = np.unique(owners_and_rows(ids)[0], return_index=True)
        for owner, start in zip(owners.tolist(), starts.tolist(), strict=True):
            entry = entries[owner]
            entries[owner] = Entry(1 + start, 1 + start + len(entry), entry.digest)

    def _flush(self) -> None:
        if not self._added:
            return
        ids = np.concatenate([ids for ids, _, _ in self._added])
        vectors = self._wide(np.concatenate([vectors for _, vectors, _ in self._added]))
        new = np.concatenate([np.full(len(ids), new) for ids, _, new in self._added])
        self._added, self._waiting = [], 0
        first = self._used - len(ids)
        if len(self._ids) < self._used:
            grown = np.full(max(self._used, 2 * len(self._ids)), NOTHING, np.int64)
            grown[:first] = self._ids[:first]
            self._ids = grown
        self._ids[first : self._used] = ids
        self._vectors.add(vectors)
        if new.any():
            fresh = vectors[new]
            self._lists.add_with_ids(fresh, first + np.flatnonzero(new))
            some = fresh[:: max(1, len(fresh) // sizes.MEASURED)]
            self.state.new += len(fresh)
            self.state.measured += len(some)
            self.state.products += float(self._lists.quantizer.search(some, 1)[0].sum())
        self._refined.ntotal = self._used

    def _wide(self, vectors: Float32) -> Float32:
        """As many dimensions as codes stand for: zeros change no product."""
        missing = self._width - vectors.shape[1]
        return np.pad(vectors, ((0, 0), (0, missing))) if missing else vectors


def _each_list(lists: Any, change: Callable[[Int64], Int64]) -> None:
    """Changes the ids in inverted lists."""
    for number in range(lists.nlist):
        if size := lists.invlists.list_size(number):
            ids = faiss.rev_swig_ptr(lists.invlists.get_ids(number), size)
            ids[:] = change(ids)
