"""Nearest neighbours by Milvus: Milvus Lite in a file of this machine, or a server or cluster; the same calls for both.

    frames   owner, frame, vector              one row a vector
    videos   owner, frames, digest, key, vector   one row a video: the mean of its vectors, and what was put in for it

Two collections for each number of dimensions and metric, in each a partition for every library. Sources: Wang et al.,
"Milvus: A Purpose-Built Vector Data Management System" (SIGMOD 2021); HNSW, Malkov & Yashunin (TPAMI 2020); DiskANN,
Subramanya et al. (NeurIPS 2019).

Consistency is Strong: a search sees everything that was added before it, on whichever node. A connection that is lost
is made again, ``TRIES`` times at growing distances; every call may be repeated, since rows of an owner are deleted
before others are put in, and a video's row follows those of its frames: one without the other counts for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import numpy as np
import xxhash

from twinreel.errors import LibraryError, UserError
from twinreel.index import sizes
from twinreel.index.base import Int64
from twinreel.index.hits import NOTHING, as_vectors, best_hits, check_numbers, ids_of, owners_and_rows
from twinreel.types import Float32

METRICS = ("IP", "L2")
TRIES = 5
FIRST_WAIT = 0.2
"""Seconds; each further wait is twice as long."""
INSERTED = 4096
"""Rows a request: 4 MB of 256 dimensions, where a server takes 64."""
ASKED = 64
"""Queries a request."""
ROUNDING = 1e-5
"""More than Milvus's scores of unit vectors are off by."""
PAGE = 16_384
"""Rows that a query without vectors reads at a time."""

T = TypeVar("T")


KINDS = ("FLAT", "IVF_FLAT", "HNSW", "DISKANN")
"""Indexes of Milvus, by the number of vectors that they are for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One of them, and how it is made."""

    name: str
    build: dict[str, int]

    def search(self, width: int, lists: int) -> dict[str, int]:
        return {
            "IVF_FLAT": {"nprobe": sizes.probes_for(lists)},
            "HNSW": {"ef": max(256, width)},
            "DISKANN": {"search_list": max(256, width)},
        }.get(self.name, {})


def kind_for(vectors: int, *, embedded: bool) -> Kind:
    """FLAT looks at every vector; IVF_FLAT and HNSW keep them in memory, DISKANN on a disk of its node."""
    lists = sizes.lists_for(vectors)
    if vectors < sizes.IVF_FROM:
        return Kind("FLAT", {})
    if embedded or vectors < sizes.HNSW_FROM:
        return Kind("IVF_FLAT", {"nlist": lists})
    if vectors < sizes.DISK_FROM:
        return Kind("HNSW", {"M": 16, "efConstruction": 200})
    return Kind("DISKANN", {})


class MilvusIndex:
    """An Index in Milvus, which outlives this object; see ``Index.keep`` for what that means.

    ``address``: a file ending in .db, or http(s)://[USER:PASSWORD@]HOST:PORT, either with ``?metric=L2`` after it;
    by default inner product. Vectors are taken to be unit vectors: with L2 a score is 1 minus half the squared
    distance. ``library``: names its partition. ``key``: what the vectors depend on; those of another are replaced.
    """

    def __init__(
        self, dimensions: int, address: str, *, library: str = "default", key: str = "", expected: int = 0
    ) -> None:
        self.dimensions = dimensions
        self._uri, _, options = address.partition("?")
        self._metric = parse_qs(options).get("metric", ["IP"])[0].upper()
        if self._metric not in METRICS:
            raise UserError(f"there is no metric {self._metric!r} for Milvus; there are {', '.join(METRICS)}")
        self._embedded = not self._uri.startswith(("http://", "https://", "tcp://"))
        if self._embedded and not self._uri.endswith(".db"):
            raise UserError(f"milvus:{address} is neither a file ending in .db nor http://HOST:PORT")
        self._partition = "library_" + "".join(c if c.isalnum() else "_" for c in library)
        self._key = xxhash.xxh3_64_hexdigest(key.encode())
        suffix = f"{dimensions}_{self._metric.lower()}"
        self._frames, self._videos = f"twinreel_frames_{suffix}", f"twinreel_videos_{suffix}"
        self._expected = expected
        self._client: Any = None
        self._owners: dict[int, int] = {}
        """Owner -> number of its vectors."""
        self._count = 0
        self._waiting: list[dict[str, Any]] = []
        self._waiting_videos: list[dict[str, Any]] = []
        self._kind = kind_for(expected, embedded=self._embedded)
        for name, fields in ((self._frames, ("frame",)), (self._videos, ("frames", "digest", "key"))):
            self._make(name, fields)
        self._kind = self._call(self._made_as)
        self._known = {row["owner"]: (row["frames"], row["digest"]) for row in self._rows()}
        """What Milvus holds of this library and was not added here yet."""

    def add(self, owner: int, vectors: Float32) -> None:
        if owner in self._owners:
            raise ValueError(f"owner {owner} is in the index already; remove it first")
        ids_of(owner, 0)
        vectors = as_vectors(vectors, self.dimensions).copy()
        digest = int(np.uint64(xxhash.xxh3_64_intdigest(vectors.tobytes())).astype(np.int64))
        self._owners[owner] = len(vectors)
        self._count += len(vectors)
        known = self._known.pop(owner, None)
        if known == (len(vectors), digest):
            return
        if known is not None:
            self._delete([owner])
        self._waiting += [{"owner": owner, "frame": row, "vector": vector} for row, vector in enumerate(vectors)]
        self._waiting_videos.append(
            {"owner": owner, "frames": len(vectors), "digest": digest, "key": self._key, "vector": _mean(vectors)}
        )
        if len(self._waiting) >= INSERTED:
            self._flush()

    def remove(self, owner: int) -> None:
        self._count -= self._owners.pop(owner)
        self._flush()
        self._delete([owner])

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        check_numbers(k, per_owner)
        queries = as_vectors(queries, self.dimensions)
        self._settle()
        scores = np.full((len(queries), k), -np.inf, np.float32)
        ids = np.full((len(queries), k), NOTHING, np.int64)
        pending = np.arange(len(queries) if self._count else 0)
        most = min(self._count, sizes.MAX_WIDTH)
        width = min(most, max(sizes.MIN_WIDTH, sizes.FIRST_WIDTH * k))
        while len(pending):
            enough = np.empty(len(pending), bool)
            for at in range(0, len(pending), ASKED):
                part = pending[at : at + ASKED]
                found, found_ids = self._fetch(queries[part], width, exclude)
                scores[part], ids[part] = best_hits(found, found_ids, k, exclude, per_owner)
                # An approximate index may have more that are as good; only one that looks at all says which.
                least = found.min(axis=1) + ROUNDING if self._kind.name == "FLAT" else -np.inf
                enough[at : at + ASKED] = scores[part, -1] > least
            if width == most:
                break
            pending = pending[~enough]
            width = min(most, width * sizes.WIDEN)
        return scores, *owners_and_rows(ids)

    def nearest_videos(self, vectors: Float32, k: int) -> list[tuple[int, float]]:
        """The k videos whose mean vector is nearest to the mean of these (n, d): owner and product, best first."""
        self._settle()
        hits = self._search(self._videos, _mean(vectors)[np.newaxis], min(k, max(1, len(self._owners))), None, {})[0]
        return [(int(hit["entity"]["owner"]), self._score(hit["distance"])) for hit in hits]

    def keep(self) -> None:
        """Everything that was added is in Milvus, and nothing else of this library."""
        self._settle()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def __len__(self) -> int:
        return self._count

    def _fetch(self, queries: Float32, width: int, exclude: int | None) -> tuple[Float32, Int64]:
        """Scores and ids (m, width) of the nearest neighbours.

        The last bits of a score depend on where a vector lies and how many queries there are. Milvus Lite, in this
        process, is asked for the vectors too, and scores are reckoned again as the exact index does; a server is
        not, for a score has 4 bytes and a vector a thousand.
        """
        scores = np.full((len(queries), width), -np.inf, np.float32)
        ids = np.full((len(queries), width), NOTHING, np.int64)
        parameters = self._kind.search(width, sizes.lists_for(self._count))
        for row, hits in enumerate(self._search(self._frames, queries, width, exclude, parameters)):
            for place, hit in enumerate(hits):
                scores[row, place] = self._score(hit["distance"])
                if self._embedded:
                    vector = np.asarray(hit["entity"]["vector"], np.float32)
                    scores[row, place] = np.dot(queries[row].astype(np.float64), vector.astype(np.float64))
                ids[row, place] = (hit["entity"]["owner"] << 32) + hit["entity"]["frame"]
        return scores, ids

    def _score(self, distance: float) -> float:
        return distance if self._metric == "IP" else 1 - distance / 2

    def _search(
        self, collection: str, queries: Float32, width: int, exclude: int | None, parameters: dict[str, int]
    ) -> Any:
        fields = ["owner", "frame"] if collection == self._frames else ["owner"]
        fields += ["vector"] if self._embedded else []
        return self._call(
            lambda client: client.search(
                collection,
                data=list(queries),
                limit=width,
                filter="" if exclude is None else f"owner != {exclude}",
                output_fields=fields,
                search_params={"metric_type": self._metric, "params": parameters},
                partition_names=[self._partition],
                anns_field="vector",
                consistency_level="Strong",
            )
        )

    def _settle(self) -> None:
        """Milvus holds what was added and nothing else, in an index that is fit for it."""
        self._flush()
        if self._known:
            self._delete(list(self._known))
            self._known = {}
        kind = kind_for(max(self._count, self._expected), embedded=self._embedded)
        if KINDS.index(kind.name) > KINDS.index(self._kind.name):
            self._call(lambda client: client.release_collection(self._frames))
            self._call(lambda client: client.drop_index(self._frames, "vector"))
            self._call(lambda client: client.create_index(self._frames, self._index_of(client, kind)))
            self._call(lambda client: client.load_collection(self._frames))
            self._kind = kind

    def _flush(self) -> None:
        for name, rows in ((self._frames, self._waiting), (self._videos, self._waiting_videos)):
            for at in range(0, len(rows), INSERTED):
                self._insert(name, rows[at : at + INSERTED])
            rows.clear()

    def _insert(self, collection: str, rows: list[dict[str, Any]]) -> None:
        self._call(lambda client: client.insert(collection, rows, partition_name=self._partition))

    def _delete(self, owners: list[int]) -> None:
        for name in (self._videos, self._frames):
            for at in range(0, len(owners), 1000):
                among = f"owner in {owners[at : at + 1000]}"
                self._call(partial(_delete_from, name, among, self._partition))

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Rows of the videos of this library; those of another key are deleted, with their frames."""
        rows = self._call(self._all_videos)
        if stale := [row["owner"] for row in rows if row["key"] != self._key]:
            self._delete(stale)
        return (row for row in rows if row["key"] == self._key)

    def _all_videos(self, client: Any) -> list[dict[str, Any]]:
        iterator = client.query_iterator(
            self._videos,
            batch_size=PAGE,
            filter="owner >= 0",
            output_fields=["owner", "frames", "digest", "key"],
            partition_names=[self._partition],
            consistency_level="Strong",
        )
        rows: list[dict[str, Any]] = []
        while page := iterator.next():
            rows += page
        iterator.close()
        return rows

    def _make(self, name: str, fields: tuple[str, ...]) -> None:
        """The collection and this library's partition, where they are not there yet."""
        types = _milvus().DataType

        def make(client: Any) -> None:
            if not client.has_collection(name):
                schema = client.create_schema(auto_id=True, enable_dynamic_field=False)
                schema.add_field("id", types.INT64, is_primary=True)
                for field in ("owner", *fields):
                    text = {"max_length": 64} if field == "key" else {}
                    schema.add_field(field, types.VARCHAR if text else types.INT64, **text)
                schema.add_field("vector", types.FLOAT_VECTOR, dim=self.dimensions)
                kind = self._kind if name == self._frames else kind_for(0, embedded=True)
                client.create_collection(
                    name, schema=schema, index_params=self._index_of(client, kind), consistency_level="Strong"
                )
            if not client.has_partition(name, self._partition):
                client.create_partition(name, self._partition)
            client.load_collection(name)

        self._call(make)

    def _made_as(self, client: Any) -> Kind:
        """What the collection has, which other libraries use, too: it may be made for more vectors, never for fewer."""
        return Kind(client.describe_index(self._frames, "vector")["index_type"], {})

    def _index_of(self, client: Any, kind: Kind) -> Any:
        parameters = client.prepare_index_params()
        parameters.add_index("vector", index_type=kind.name, metric_type=self._metric, params=kind.build)
        return parameters

    def _call(self, ask: Callable[[Any], T]) -> T:
        """Asks Milvus; where the connection is lost, again on a new one. LibraryError where that does not help."""
        milvus = _milvus()
        for attempt in range(TRIES):
            try:
                if self._client is None:
                    if self._embedded:
                        Path(self._uri).resolve().parent.mkdir(parents=True, exist_ok=True)
                    self._client = milvus.MilvusClient(self._uri)
                return ask(self._client)
            except milvus.MilvusException as error:
                if not _lost(error):
                    raise LibraryError(f"Milvus at {self._uri} says: {error.message}") from error
                if attempt == TRIES - 1:
                    raise LibraryError(
                        f"Milvus at {self._uri} cannot be reached ({error.message}): is it running?"
                    ) from error
                self._client = None
                time.sleep(FIRST_WAIT * 2**attempt)
        raise AssertionError("unreachable")


def _lost(error: Any) -> bool:
    """Is it the connection, and not what was asked?"""
    said = str(error).lower()
    return any(word in said for word in ("unavailable", "connect", "channel", "deadline"))


def _delete_from(collection: str, among: str, partition: str, client: Any) -> None:
    client.delete(collection, filter=among, partition_name=partition)


def _mean(vectors: Float32) -> Float32:
    """(n, d) to the unit vector (d,) of their mean; the first axis where there is none."""
    total = vectors.sum(axis=0, dtype=np.float64)
    length = np.linalg.norm(total)
    unit: Float32 = (total / length if length > 0 else np.eye(1, vectors.shape[1])[0]).astype(np.float32)
    return unit


def _milvus() -> Any:
    try:
        import pymilvus
    except ImportError as error:
        raise UserError('an index in Milvus needs pymilvus: pip install "twinreel[milvus]"') from error
    return pymilvus
