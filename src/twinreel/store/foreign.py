"""Vectors that another program made, as a table of (id, uri, vectors)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from twinreel.errors import UserError
from twinreel.store.entries import Entry, Place
from twinreel.types import LAYOUT, Fingerprint, Float32, Probe, State

FOREIGN = ("id", "uri", "vectors")
"""Columns of a table of vectors that another program made: text, text, a list of lists of float (or one list: a
single frame). ``times`` (list of seconds, else 0, 1, 2 ...) and ``duration`` (seconds) may come with them."""
_OPTIONAL = ("times", "duration")


def first_length(batches: Iterable[Any]) -> int:
    """Length of the first vector; 0 where there is not one."""
    return next((len(row) for batch in batches for scalar in batch["vectors"] for row in _rows(scalar)), 0)


def _rows(scalar: Any) -> list[Any]:
    value = scalar.as_py() or []
    return value if not value or isinstance(value[0], list) else [value]


def foreign(batch: Any, describer: str, sampling: str, path: Path) -> Iterator[Entry]:
    """The videos of a batch; UserError for lists that do not fit together."""
    ids, uris = batch["id"].to_pylist(), batch["uri"].to_pylist()
    optional = [batch[name].to_pylist() if name in batch.schema.names else [None] * len(ids) for name in _OPTIONAL]
    for number, (name, uri, times, duration) in enumerate(zip(ids, uris, *optional, strict=True)):
        rows = _rows(batch["vectors"][number])
        if len({len(row) for row in rows}) > 1:
            raise UserError(f"{path}: the vectors of {name!r} differ in length")
        vectors = _unit(np.array(rows, np.float32).reshape(len(rows), -1))
        seconds = np.arange(len(rows), dtype=np.float64) if times is None else np.array(times, np.float64)
        if len(seconds) != len(rows) or (np.diff(seconds) <= 0).any():
            raise UserError(f"{path}: {name!r} needs as many times as vectors ({len(rows)}), ascending")
        fingerprint = Fingerprint(
            seconds,
            vectors,
            (np.linalg.norm(vectors, axis=1) > 0.5).astype(np.float32),
            np.zeros((len(rows), LAYOUT), np.float32),
            describer,
            sampling,
            np.zeros(len(rows), np.uint8),
        )
        length = float(duration) if duration is not None else float(seconds[-1] + 1 if len(rows) else 0.0)
        content = xxhash.xxh3_128_hexdigest(str(name).encode())
        yield Entry(content, 0, unknown_probe(length), (Place(str(uri), 0, State.OFFLINE),), fingerprint)


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), np.float32)


def unknown_probe(duration: float) -> Probe:
    """What is known of a video that nobody here has opened."""
    return Probe(
        duration=duration,
        duration_from_header=None,
        duration_from_content=None,
        width=0,
        height=0,
        coded_width=0,
        coded_height=0,
        rotation=0,
        sample_aspect=1.0,
        codec="unknown",
        pixel_format="unknown",
        fps_average=None,
        fps_real=None,
        bit_rate=None,
        frame_count=None,
        hdr=False,
        interlaced=False,
        audio_languages=(),
        subtitle_languages=(),
        container="unknown",
    )
