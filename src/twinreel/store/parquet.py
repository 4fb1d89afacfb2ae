"""Videos as Parquet, a row each, that DuckDB, pandas and another library can read.

    content, size, file_digest, stream_digest, head
    probe          struct of ``types.Probe``
    places         list of struct(path, mtime_ns, state); paths as in an export of matches
    describer, sampling, dimensions
    times          list of seconds, one a frame
    vectors        list of lists of int8, one a frame: divided by its length it is the vector (``store.quantise``)
    weights        list of float
    layout         list of lists of int8, in 127ths
    parts          list of uint8

``describer`` to ``parts`` are null where a video has no fingerprint. Decisions, where there are any, are JSON in the
schema's metadata. A table that someone else made has at least the columns of ``FOREIGN`` instead.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np

from twinreel.errors import UserError
from twinreel.store.arrow import pyarrow
from twinreel.store.decisions import Decision, DecisionKind, Identity
from twinreel.store.entries import Entry, Place
from twinreel.store.exports import path_to_text, text_to_path
from twinreel.store.foreign import FOREIGN, first_length, foreign
from twinreel.store.quantise import dequantise, quantise
from twinreel.store.writing import written
from twinreel.types import LAYOUT, Fingerprint, Probe, State

_DECISIONS = b"twinreel.decisions"
_FRAMES = ("times", "vectors", "weights", "layout", "parts")
_ROWS = 256
"""Videos written, and read, at a time."""


def schema() -> Any:
    """The columns of a table of entries."""
    pa, _ = pyarrow()
    types = {
        float: pa.float64(),
        int: pa.int64(),
        bool: pa.bool_(),
        str: pa.string(),
        tuple[str, ...]: pa.list_(pa.string()),
    }
    types |= {kind | None: types[kind] for kind in (float, int)}  # type: ignore[misc]
    probe = pa.struct([(name, types[kind]) for name, kind in get_type_hints(Probe).items()])
    place = pa.struct([("path", pa.string()), ("mtime_ns", pa.int64()), ("state", pa.string())])
    return pa.schema(
        [
            ("content", pa.string()),
            ("size", pa.int64()),
            ("file_digest", pa.string()),
            ("stream_digest", pa.string()),
            ("head", pa.string()),
            ("probe", probe),
            ("places", pa.list_(place)),
            ("describer", pa.string()),
            ("sampling", pa.string()),
            ("dimensions", pa.int32()),
            ("times", pa.list_(pa.float64())),
            ("vectors", pa.list_(pa.list_(pa.int8()))),
            ("weights", pa.list_(pa.float32())),
            ("layout", pa.list_(pa.list_(pa.int8()))),
            ("parts", pa.list_(pa.uint8())),
        ]
    )


def to_table(found: Sequence[Entry]) -> Any:
    """A table of entries."""
    pa, _ = pyarrow()
    plain = [
        {
            "content": one.content,
            "size": one.size,
            "file_digest": one.file_digest,
            "stream_digest": one.stream_digest,
            "head": one.head,
            "probe": dataclasses.asdict(one.probe),
            "places": [(path_to_text(path), mtime_ns, state.value) for path, mtime_ns, state in one.places],
            "describer": one.fingerprint and one.fingerprint.describer,
            "sampling": one.fingerprint and one.fingerprint.sampling,
            "dimensions": one.fingerprint and one.fingerprint.vectors.shape[1],
        }
        for one in found
    ]
    made = [one.fingerprint for one in found]
    whole, names = schema(), list(plain[0]) if plain else []
    columns = [pa.array([row[name] for row in plain], whole.field(name).type) for name in names]
    frames: list[list[Any]] = [
        [f and f.times for f in made],
        [f and quantise(f.vectors) for f in made],
        [f and f.weights.astype(np.float16).astype(np.float32) for f in made],
        [f and np.rint(f.layout * 127).astype(np.int8) for f in made],
        [f and f.parts for f in made],
    ]
    columns += [_ragged(arrays, whole.field(name).type) for name, arrays in zip(_FRAMES, frames, strict=True)]
    return pa.table(columns, schema=whole) if plain else whole.empty_table()


def _ragged(arrays: Sequence[Any], kind: Any) -> Any:
    """A column of lists: arrays (n,) or (n, d), or None, without a Python object for each number."""
    pa, _ = pyarrow()
    given = [array for array in arrays if array is not None]
    if not given:
        return pa.nulls(len(arrays), kind)
    counts = np.cumsum([0, *(0 if array is None else len(array) for array in arrays)])
    offsets = pa.array(counts, pa.int32(), mask=np.array([*(array is None for array in arrays), False]))
    inner = pa.array(np.concatenate(given).ravel())
    if given[0].ndim == 2:
        starts = np.arange(counts[-1] + 1) * given[0].shape[1]
        inner = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), inner)
    return pa.ListArray.from_arrays(offsets, inner)


def from_table(table: Any) -> Iterator[Entry]:
    """The entries of a table, or of a batch of one."""
    names = [name for name in schema().names if name not in _FRAMES]
    columns = {name: table[name].to_pylist() for name in names}
    for number in range(table.num_rows):
        row = {name: column[number] for name, column in columns.items()}
        made = row.pop("describer"), row.pop("sampling"), row.pop("dimensions")
        probe, places = row.pop("probe"), row.pop("places")
        probe.update({key: tuple(value) for key, value in probe.items() if isinstance(value, list)})
        yield Entry(
            **row,
            probe=Probe(**probe),
            places=tuple(Place(text_to_path(p["path"]), p["mtime_ns"], State(p["state"])) for p in places),
            fingerprint=None if None in made else _fingerprint(table, number, *made),
        )


def _fingerprint(table: Any, row: int, describer: str, sampling: str, dimensions: int) -> Fingerprint:
    times = _numbers(table["times"][row])
    n = len(times)
    layout = _numbers(table["layout"][row]).reshape(n, LAYOUT).astype(np.float32) / np.float32(127)
    return Fingerprint(
        times=times,
        vectors=dequantise(_numbers(table["vectors"][row]).reshape(n, dimensions)),
        weights=_numbers(table["weights"][row]),
        layout=layout,
        describer=describer,
        sampling=sampling,
        parts=_numbers(table["parts"][row]),
    )


def _numbers(scalar: Any) -> Any:
    """All numbers of a list, or of a list of lists, in one array of one's own."""
    values = scalar.values
    while hasattr(values, "flatten") and hasattr(values.type, "value_type"):
        values = values.flatten()
    return values.to_numpy(zero_copy_only=False).copy()


def write_entries(found: Iterable[Entry], decisions: Iterable[Decision], path: Path) -> int:
    """Writes entries to a file, some at a time; how many. The file is whole or untouched at any moment.

    UserError where it cannot be written.
    """
    _, pq = pyarrow()
    spoken = json.dumps([_decision_to_plain(decision) for decision in decisions])
    whole = schema().with_metadata({_DECISIONS: spoken.encode()})
    count, rest = 0, iter(found)
    with written(path) as unfinished, pq.ParquetWriter(unfinished, whole, compression="zstd") as writer:
        while batch := list(itertools.islice(rest, _ROWS)):
            writer.write_table(to_table(batch).replace_schema_metadata(whole.metadata))
            count += len(batch)
    return count


class EntriesFile:
    """A Parquet file of videos: those of a library, or vectors that another program made."""

    def __init__(self, path: Path) -> None:
        """UserError where it cannot be read, or its columns are neither."""
        pa, pq = pyarrow()
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise UserError(f"cannot read {path} as Parquet: {str(error).splitlines()[0]}") from error
        names = set(self._file.schema_arrow.names)
        self.path, self.foreign = path, not set(schema().names) <= names
        if self.foreign and not set(FOREIGN) <= names:
            raise UserError(
                f"{path} has the columns {', '.join(sorted(names))}: a file of twinreel export --videos is expected, "
                f"or one with the columns {', '.join(FOREIGN)}"
            )

    @property
    def dimensions(self) -> int:
        """Of the vectors of another program; 0 where there is not one."""
        return first_length(self._file.iter_batches(_ROWS, columns=["vectors"]))

    def decisions(self) -> list[Decision]:
        spoken = (self._file.schema_arrow.metadata or {}).get(_DECISIONS, b"[]")
        return [_decision_from_plain(plain) for plain in json.loads(spoken)]

    def entries(self, describer: str, sampling: str) -> Iterator[Entry]:
        """All videos, some in memory at a time; ``describer`` and ``sampling`` name foreign vectors."""
        for batch in self._file.iter_batches(_ROWS):
            yield from foreign(batch, describer, sampling, self.path) if self.foreign else from_table(batch)


def _decision_to_plain(decision: Decision) -> dict[str, Any]:
    return dataclasses.asdict(decision)


def _decision_from_plain(plain: dict[str, Any]) -> Decision:
    b = plain["b"]
    return Decision(
        DecisionKind(plain["kind"]),
        Identity(**plain["a"]),
        Identity(**b) if b else None,
        plain["note"],
        plain["decided_at"],
    )
