"""The folder of a run: files that are whole or absent, on a disk that all machines see or in object storage."""

from __future__ import annotations

import io
import json
import os
import posixpath
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xxhash

from twinreel.errors import UserError
from twinreel.media.remote import absolute, file_system
from twinreel.store.arrow import pyarrow

Row = dict[str, Any]
"""Something that JSON can hold."""
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by name; names have "/" on every system."""

    root: str
    """A path or URL."""

    @classmethod
    def open(cls, root: str, settings: Mapping[str, Any]) -> Folder:
        """The folder of a run with these settings, made where there is none.

        UserError where it holds a run with others: its files would not fit.
        """
        folder = cls(absolute(root))
        if not folder.exists(MANIFEST):
            folder.write(MANIFEST, json.dumps(dict(settings), indent=1).encode())
        known = folder.settings()
        if changed := sorted(key for key in {*known, *settings} if known.get(key) != settings.get(key)):
            words = ", ".join(f"{key} {known.get(key)!r}, now {settings.get(key)!r}" for key in changed)
            raise UserError(f"the folder {root} holds a run with other settings ({words}): give another folder")
        return folder

    def settings(self) -> dict[str, Any]:
        """What the run is made with."""
        settings: dict[str, Any] = json.loads(self.read(MANIFEST))
        return settings

    def _at(self, name: str) -> tuple[Any, str]:
        system, root = file_system(self.root)
        return system, posixpath.join(root, name)

    def exists(self, name: str) -> bool:
        system, path = self._at(name)
        return bool(system.exists(path))

    def read(self, name: str) -> bytes:
        system, path = self._at(name)
        return bytes(system.cat_file(path))

    def open_file(self, name: str) -> Any:
        """A file to read parts of."""
        system, path = self._at(name)
        return system.open(path, "rb")

    def write(self, name: str, data: bytes) -> None:
        """Puts a file in its place at once, so that nobody reads a part of it."""
        system, path = self._at(name)
        system.makedirs(posixpath.dirname(path), exist_ok=True)
        unfinished = f"{path}.{uuid.uuid4().hex}.unfinished"
        if "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,)):
            system.pipe_file(unfinished, data)
            os.replace(unfinished, path)  # noqa: PTH105
        else:  # object storage shows no object before all of it is there
            system.pipe_file(path, data)

    def list(self, step: str) -> list[str]:
        """The finished files of a step, in order."""
        system, path = self._at(step)
        if not system.exists(path):
            return []
        names = (posixpath.basename(found) for found in system.ls(path, detail=False))
        return sorted(f"{step}/{name}" for name in names if not name.endswith(".unfinished"))


def name_of(step: str, shard: int, made_from: Sequence[object]) -> str:
    """The name of a file of a step, which says what it was made from."""
    return f"{step}/{shard:05}-{xxhash.xxh3_64_hexdigest(json.dumps(made_from, default=str).encode())}.parquet"


def shard_of(content: str, shards: int) -> int:
    """Where a content id belongs: shards are ranges of them, so that the lowest are in the first."""
    return int(content[:8], 16) * shards >> 32


def write_rows(folder: Folder, name: str, groups: Iterable[Iterable[Row]]) -> None:
    """Writes rows for several readers, each of which reads its own group alone."""
    pa, pq = pyarrow()
    schema, sink = pa.schema([("row", pa.string())]), io.BytesIO()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in groups:
            writer.write_table(pa.table([[json.dumps(row) for row in group]], schema=schema))
    folder.write(name, sink.getvalue())


def read_rows(folder: Folder, names: Iterable[str], group: int) -> list[Row]:
    """The rows that several files hold for a reader."""
    _, pq = pyarrow()
    rows: list[Row] = []
    for name in names:
        with folder.open_file(name) as file:
            column = pq.ParquetFile(file).read_row_group(group).column("row")
            rows += map(json.loads, column.to_pylist())
    return rows


def scattered(rows: Iterable[tuple[int, Row]], groups: int) -> list[list[Row]]:
    """Rows by the number of their reader."""
    found: list[list[Row]] = [[] for _ in range(groups)]
    for group, row in rows:
        found[group].append(row)
    return found
