"""Nearest neighbours on their way from the index shards to the votes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twinreel.engine.shards.folder import Folder
from twinreel.index.base import Int64
from twinreel.index.hits import ROW_BITS, best_hits
from twinreel.match.candidates import PER_VIDEO, Hits
from twinreel.store.arrow import pyarrow
from twinreel.types import Float32, Float64

_ARRAYS = {"scores": "<f4", "owners": "<i4", "rows": "<i4", "times": "<f8", "bias": "<f4"}
"""Columns of (n, k) numbers, as bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """What the telling frames of a video hit in one index shard."""

    content: str
    mirrored: bool
    others: tuple[str, ...]
    """Content ids that ``owners`` count."""
    scores: Float32
    """(n, k), -inf where there is no hit."""
    owners: Int64
    """(n, k), -1 where there is no hit."""
    rows: Int64
    """(n, k) of the owner's telling frames."""
    times: Float64
    bias: Float32

    def compact(self) -> Neighbours:
        """The same without columns that hold no hit, and without others that were not hit."""
        width = int((self.owners >= 0).sum(axis=1).max(initial=0))
        used = np.unique(self.owners[self.owners >= 0])
        owners = np.where(self.owners >= 0, np.searchsorted(used, self.owners), -1)[:, :width]
        others = tuple(self.others[number] for number in used)
        return replace(
            self,
            others=others,
            scores=self.scores[:, :width],
            owners=owners,
            rows=self.rows[:, :width],
            times=self.times[:, :width],
            bias=self.bias[:, :width],
        )


def merged(several: Sequence[Neighbours], every: Sequence[Neighbours], k: int) -> tuple[list[str], Hits]:
    """The k best neighbours of each frame among those of several shards: as if one index held all.

    ``every``: also those of the mirrored video; owners are numbered by their content ids among all of them. Returns
    these content ids, and the hits; ``frame`` counts the telling frames.
    """
    contents = sorted({other for one in every for other in one.others})
    number = {content: place for place, content in enumerate(contents)}
    ids, scores, times, bias = [], [], [], []
    for one in several:
        owners = np.array([*(number[other] for other in one.others), -1], np.int64)[one.owners]
        ids.append(np.where(owners >= 0, (owners << ROW_BITS) + one.rows, -1))
        scores.append(one.scores)
        times.append(one.times)
        bias.append(one.bias)
    all_ids = np.concatenate(ids, axis=1)
    best, chosen = best_hits(np.concatenate(scores, axis=1), all_ids, k, None, PER_VIDEO)
    known, first = np.unique(all_ids, return_index=True)
    frame, place = np.nonzero(chosen >= 0)
    hit = chosen[frame, place]
    at = first[np.searchsorted(known, hit)]
    return contents, Hits(
        frame,
        hit >> ROW_BITS,
        best[frame, place],
        np.concatenate(times, axis=1).ravel()[at],
        np.concatenate(bias, axis=1).ravel()[at],
    )


def write_neighbours(folder: Folder, name: str, groups: Iterable[Sequence[Neighbours]]) -> None:
    """Writes a group for each shard of queries."""
    pa, pq = pyarrow()
    fields = [("content", pa.string()), ("mirrored", pa.bool_()), ("others", pa.list_(pa.string())), ("n", pa.int32())]
    schema, sink = pa.schema([*fields, *((name, pa.binary()) for name in _ARRAYS)]), io.BytesIO()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in groups:
            columns: list[list[object]] = [
                [one.content for one in group],
                [one.mirrored for one in group],
                [list(one.others) for one in group],
                [len(one.scores) for one in group],
            ]
            columns += [[getattr(one, key).astype(kind).tobytes() for one in group] for key, kind in _ARRAYS.items()]
            writer.write_table(pa.table(columns, schema=schema))
    folder.write(name, sink.getvalue())


def read_neighbours(folder: Folder, names: Iterable[str], group: int) -> Iterator[Neighbours]:
    """What several index shards found for a shard of queries."""
    _, pq = pyarrow()
    for name in names:
        with folder.open_file(name) as file:
            rows = pq.ParquetFile(file).read_row_group(group).to_pylist()
        for row in rows:
            arrays = {key: np.frombuffer(row[key], kind).reshape(row["n"], -1) for key, kind in _ARRAYS.items()}
            yield Neighbours(
                row["content"],
                row["mirrored"],
                tuple(row["others"]),
                arrays["scores"],
                arrays["owners"].astype(np.int64),
                arrays["rows"].astype(np.int64),
                arrays["times"],
                arrays["bias"],
            )
