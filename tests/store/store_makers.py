"""Small contents for catalogues, all derived from a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twinreel.store.catalogue import Catalogue
from twinreel.store.paths import FileStat, PathRecord
from twinreel.types import LAYOUT, Fingerprint, Probe, Reference, State

REFERENCE = Reference("reference-1", np.eye(3, 8, dtype=np.float32))


def content(number: int) -> str:
    return f"{number:032x}"


def probe(duration: float = 12.5) -> Probe:
    return Probe(
        duration=duration,
        duration_from_header=None,
        duration_from_content=duration,
        width=1920,
        height=1080,
        coded_width=1920,
        coded_height=1088,
        rotation=90,
        sample_aspect=1.0,
        codec="h264",
        pixel_format="yuv420p",
        fps_average=29.97,
        fps_real=30.0,
        bit_rate=None,
        frame_count=375,
        hdr=False,
        interlaced=True,
        audio_languages=("eng", "und"),
        subtitle_languages=(),
        container="mov,mp4",
    )


def absolute(path: str) -> str:
    return str(Path(path).absolute())


def record(path: str, number: int | None, *, inode: int = 7, state: State = State.PRESENT, scan: int = 1) -> PathRecord:
    stat = FileStat(size=1000, mtime_ns=1_700_000_000_123_456_789, device=64, inode=inode)
    return PathRecord(absolute(path), stat, None if number is None else content(number), state, scan)


def fingerprint(number: int, frames: int = 5, dims: int = 8, *, describer: str = "net@1") -> Fingerprint:
    random = np.random.default_rng(number)
    vectors = random.standard_normal((frames, dims)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return Fingerprint(
        times=np.sort(random.uniform(0, 100, frames)),
        vectors=vectors,
        weights=random.uniform(0, 1, frames).astype(np.float32),
        layout=(random.integers(-127, 128, (frames, LAYOUT)) / 127).astype(np.float32),
        describer=describer,
        sampling="auto:1",
        parts=np.sort(random.integers(0, 3, frames)).astype(np.uint8),
    )


def add_video(catalogue: Catalogue, number: int, *paths: str) -> None:
    """A whole video: its row, its paths, its fingerprint, in one transaction."""
    with catalogue.transaction():
        catalogue.videos.add(content(number), 1000 + number, probe())
        catalogue.paths.put([record(path, number) for path in paths])
        catalogue.fingerprints.put(content(number), fingerprint(number))
