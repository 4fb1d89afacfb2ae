"""A small collection with planted answers, made once, and what the tests of scanning ask about a library."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from makers import Image, remux, scene, write_video
from twinreel.library import Library, Step
from twinreel.types import Match, Relation

SIZE = (96, 64)
DESCRIBER = "phash"
"""Quick, and exact enough for scenes that only change their size."""

Row = tuple[str, str, str, float, float, tuple[tuple[float, ...], ...]]


def clip(seed: int, start: float = 0.0, stop: float = 6.0, size: tuple[int, int] = SIZE) -> Iterable[Image]:
    """Seconds [start, stop) of a scene, 25 frames a second."""
    return islice(scene(seed, 20, size=size), round(start * 25), round(stop * 25))


def make_collection(root: Path) -> Path:
    """Seven videos of which four pairs match: see PAIRS."""
    root.mkdir(parents=True, exist_ok=True)
    for seed in range(3):
        write_video(root / f"scene {seed}.mp4", clip(seed), gop=25)
    write_video(root / "smaller 1.mp4", clip(1, size=(64, 48)), gop=50)
    write_video(root / "part of 2.mp4", clip(2, 2.0, 5.0), gop=25)
    remux(root / "scene 0.mp4", root / "remux of 0.mkv", tags={"title": "another"})
    shutil.copy(root / "scene 1.mp4", root / "same as 1.mp4")
    return root


PAIRS = {
    ("scene 1.mp4", "smaller 1.mp4"): Relation.DUPLICATE,
    ("part of 2.mp4", "scene 2.mp4"): Relation.CONTAINS,
    ("remux of 0.mkv", "scene 0.mp4"): Relation.REMUX,
}
"""File names in order -> relation, beside the two identical files."""


def open_library(path: Path) -> Library:
    return Library(path, describer=DESCRIBER)


def name(library: Library, content: str) -> str:
    """The first name, in alphabetical order, of a video."""
    return min(Path(path).name for path in library.show(content).paths)


def relations(library: Library) -> dict[tuple[str, str], Relation]:
    """What is reported, by file names."""
    found = {}
    for match in library.matches():
        a, b = sorted((name(library, match.a), name(library, match.b)))
        found[a.replace("same as", "scene"), b.replace("same as", "scene")] = match.relation
    return found


def everything(library: Library, least: float = 0.0) -> list[Row]:
    """All that matching found, independent of paths, with a score of ``least`` and more."""
    return [_row(match) for match in library.matches(least)]


def _row(match: Match) -> Row:
    segments = tuple((s.a_start, s.a_stop, s.b_start, s.b_stop, s.score) for s in match.segments)
    return match.a, match.b, match.relation.value, match.score, match.coverage_a, segments


def touch(path: Path) -> None:
    """Another time of change, whatever the resolution of the file system."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 5_000_000_000))


def add_interrupted(library: Library, root: Path) -> None:
    """Adds a folder, with a Ctrl-C as it comes out of a wait: after three reports, after six ... until none comes."""
    left = interrupted = 0

    def interrupt(step: Step) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    while True:
        left = 3 * (interrupted + 1)
        try:
            library.add(root, jobs=1, progress=interrupt)
            break
        except KeyboardInterrupt:
            interrupted += 1
            assert library.integrity_check() == []
    assert interrupted > 2
