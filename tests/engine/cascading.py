"""Videos of which two share a part that keyframes alone do not bound, for the tests of the cascade."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from makers import Image, remux, scene, write_video
from twinreel.library import Library
from twinreel.store.catalogue import Catalogue
from twinreel.types import Float64

FPS, SCENE = 5, 10.0
"""Frames a second, and seconds of a scene."""
KEYFRAME = 5.0
"""Seconds between keyframes."""
FILM = list(range(20))
"""Scenes, by their seeds."""
PART = (7, 8, 9)
"""Scenes of the film that another video shows, ..."""
CUTTING = [100, 101, *PART, 102, 103]
"""... after two of its own and before two others."""
UNRELATED = list(range(200, 212))


def scenes(seeds: Iterable[int], size: tuple[int, int] = (96, 64)) -> Iterable[Image]:
    return chain.from_iterable(scene(seed, SCENE, FPS, size) for seed in seeds)


def write(path: Path, seeds: Iterable[int], size: tuple[int, int] = (96, 64)) -> Path:
    regular = {"x264-params": "scenecut=0"}
    return write_video(path, scenes(seeds, size), FPS, gop=round(KEYFRAME * FPS), options=regular)


def make_videos(root: Path) -> Path:
    """Four videos: the film and the cutting share PART, one is a remux of one that shares nothing."""
    write(root / "film.mp4", FILM)
    write(root / "cutting.mkv", CUTTING, (80, 48))
    write(root / "unrelated.mp4", UNRELATED)
    remux(root / "unrelated.mp4", root / "remux.mkv")
    return root


def open_cascade(path: Path) -> Library:
    return Library(path, describer="phash", sampling="cascade")


def times_of(library: Path) -> dict[str, Float64]:
    """Name -> seconds of the frames of the whole picture that its fingerprint has."""
    with Catalogue.open(library, create=False) as catalogue:
        found = {}
        for video in catalogue.videos.all():
            fingerprint = catalogue.fingerprints.get(video.content, "phash@1", "cascade:1")
            assert fingerprint is not None
            found[Path(video.path).name] = fingerprint.times[fingerprint.parts == 0]
        return found
