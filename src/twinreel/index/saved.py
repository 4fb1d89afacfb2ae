"""Lists and codes of ``ivfpq`` as files: a folder beside the catalogue that may be deleted at any time.

    state.json    format, key and a State
    lists.faiss   inverted lists: centres, codes, places (FAISS's own format)
    ranges.faiss  what a byte of a stored vector stands for (FAISS's own format, no vectors)
    entries.npy   (owners, 4) int64: owner, first place, one after the last, digest of its vectors

The folder is written whole beside its place and then renamed; one that is broken or for something else counts as none.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an owner's vectors are: the places ``start`` to ``stop``."""

    start: int
    stop: int
    digest: int
    """Of the vectors: 64 bits."""

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(slots=True)
class State:
    """What tells whether lists are still fit for their vectors."""

    trained: int
    """Vectors that there were when the lists were made."""
    fit: float
    """Mean product of those with the nearest centre."""
    new: int = 0
    """Vectors added since, ..."""
    measured: int = 0
    """... of which so many were compared with the centres, ..."""
    products: float = 0.0
    """... and the sum of their products with the nearest."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What ``load`` read."""

    lists: Any
    vectors: Any
    """A scalar quantiser without vectors."""
    entries: dict[int, Entry]
    state: State


def save(place: Path, key: str, lists: Any, vectors: Any, entries: dict[int, Entry], state: State) -> None:
    """Writes the folder, in place of what is there."""
    made = place.with_name(place.name + ".new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    faiss.write_index(lists, str(made / "lists.faiss"))
    faiss.write_index(vectors, str(made / "ranges.faiss"))
    rows = [(owner, entry.start, entry.stop, entry.digest) for owner, entry in entries.items()]
    np.save(made / "entries.npy", np.array(rows, np.uint64).reshape(-1, 4).view(np.int64))
    written = {"format": FORMAT, "key": key, "state": asdict(state)}
    (made / "state.json").write_text(json.dumps(written), encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)
    made.rename(place)


def load(place: Path, key: str, dimensions: int) -> Saved | None:
    """None where there is nothing, or nothing that is whole and was made for this key."""
    try:
        written = json.loads((place / "state.json").read_text(encoding="utf-8"))
        if (written["format"], written["key"]) != (FORMAT, key):
            return None
        lists, vectors = (faiss.read_index(str(place / name)) for name in ("lists.faiss", "ranges.faiss"))
        rows = np.load(place / "entries.npy", allow_pickle=False).view(np.uint64)
        entries = {owner: Entry(start, stop, digest) for owner, start, stop, digest in rows.tolist()}
        return Saved(lists, vectors, entries, State(**written["state"])) if lists.d == dimensions else None
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):  # the last is FAISS's for a broken file
        return None
