"""One vector for each video of a library, and for clips: by poolers and networks, by name.

What pools frame vectors takes the fingerprints that the library holds. ``dns`` and RCLA's full network look at frames
again, one a second; what they make of them is kept in the library, as the regions of verifiers are.
"""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here from the walk to the catalogue.
# ruff: noqa: PTH100
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.describe.base import identity
from twinreel.describe.regions import RegionDescriber
from twinreel.engine.progress import Progress
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import MEMORY, Resources
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken, look_at, take
from twinreel.engine.verifying import describe_regions, regions_key, regions_of
from twinreel.errors import BadFile, MediaError, MissingExtra, UserError
from twinreel.library.opened import AnyPath, Opened
from twinreel.pooling.base import Pooler, pooled
from twinreel.pooling.names import POOLERS
from twinreel.store.catalogue import Catalogue
from twinreel.types import Float32, Video

NETWORKS = ("dns", "rcla")
NOTHING = "not one of its frames says anything"


@dataclass(frozen=True, slots=True)
class Whole:
    """How a video becomes one vector."""

    pooler: Pooler
    regions: RegionDescriber | None = None
    """What describes the frames; None: the library's own describer."""
    describer: str | None = None
    """The only describer, ``name@version``, whose frame vectors it takes; None: any."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoVectors:
    """One vector for each of some videos; inner products compare."""

    videos: tuple[Video, ...]
    """In order of content id; videos of which nothing can be said are left out."""
    vectors: Float32
    """(n, D), each of length 1."""


@dataclass(frozen=True, slots=True)
class Similar:
    """A video, and how alike its vector is to that of a clip."""

    video: Video
    similarity: float
    """Inner product, in [-1, 1]."""

    @property
    def distance(self) -> float:
        """Euclidean (L2), in [0, 2]."""
        return float(np.sqrt(max(0.0, 2 - 2 * self.similarity)))


def load_whole(name: str, weights: str | Path | None) -> Whole:
    """By name: a pooler, ``dns`` (weights: the folder of its files) or ``rcla`` (weights: the file of its training).

    UserError for an unknown name or files that do not fit, MissingExtra without PyTorch where it is needed.
    """
    if name in POOLERS:
        return Whole(POOLERS[name])
    if name not in NETWORKS:
        raise UserError(f"there is no way {name!r} to describe a video; there are {', '.join((*POOLERS, *NETWORKS))}")
    if weights is None:
        what = "the folder of its weights" if name == "dns" else "the file that `twinreel train rcla` wrote"
        raise UserError(f"{name} needs {what}: --weights; docs/pooling.md says more")
    try:
        from twinreel.networks.whole import PIXELS, RclaFrames, RclaPooler, load_coarse, load_rcla
    except ModuleNotFoundError as error:
        raise MissingExtra(f"describing videos by {name}", "networks") from error
    if name == "dns":
        regions, pooler = load_coarse(Path(weights))
        return Whole(pooler, regions)
    frames, network = load_rcla(Path(weights))
    if frames == PIXELS:
        return Whole(RclaPooler(network), RclaFrames(network))
    return Whole(RclaPooler(network), describer=frames)


def library_vectors(
    catalogue: Catalogue, recipe: Recipe, whole: Whole, resources: Resources, progress: Progress | None
) -> VideoVectors:
    """Of every video that has a fingerprint. LibraryError where frames have to be looked at while a scan goes on."""
    _check(recipe, whole)
    fingerprints = catalogue.fingerprints.all(*recipe.key)
    if whole.regions is None:
        made = {content: pooled(fingerprint, whole.pooler) for content, fingerprint in fingerprints}
    else:
        contents = [content for content, _ in fingerprints]
        with catalogue.lock_for_scan(wait=False):
            describe_regions(catalogue, whole.regions, contents, resources, progress)
        key = regions_key(whole.regions)
        held = ((content, catalogue.regions.get(content, *key)) for content in contents)
        made = {content: _pooled(regions, whole) for content, regions in held if regions is not None}
    videos = ((content, catalogue.videos.get(content)) for content, vector in made.items() if vector.any())
    found = [video for _, video in videos if video is not None]
    rows = [made[video.content] for video in found]
    return VideoVectors(tuple(found), np.stack(rows) if rows else np.zeros((0, 0), np.float32))


def clip_vectors(
    paths: Collection[str], recipe: Recipe, whole: Whole, resources: Resources
) -> dict[str, Float32 | MediaError]:
    """Of files, whether the library knows them or not, by path; or why there is none."""
    _check(recipe, whole)
    found: dict[str, Float32 | MediaError] = {}
    if whole.regions is not None:
        for path, regions in regions_of(paths, whole.regions, resources):
            found[path] = regions if isinstance(regions, MediaError) else _pooled(regions, whole)
    else:
        with open_pool(recipe.describer.image_size, resources) as pool:
            looks = look_at(pool, list(paths))
            usable = [(look, recipe.sampling.full) for look in looks.values() if isinstance(look, Taken)]
            taken = {**looks, **take(pool, recipe.describer, usable)}
        for path, one in taken.items():
            found[path] = one if isinstance(one, MediaError) else pooled(one.known, whole.pooler)
    return {
        path: BadFile(NOTHING) if not isinstance(one, MediaError) and not one.any() else one
        for path, one in found.items()
    }


def nearest(vectors: VideoVectors, clip: Float32, top: int) -> list[Similar]:
    """The videos whose vectors are most alike to that of a clip (D,), the most alike first; exact."""
    if not vectors.videos:
        return []
    similarities = vectors.vectors @ clip
    order = np.argsort(-similarities, kind="stable")[:top]
    return [Similar(vectors.videos[row], float(similarities[row])) for row in order]


def _pooled(regions: Float32, whole: Whole) -> Float32:
    return whole.pooler.pool(regions, np.arange(len(regions), dtype=np.float64))


def _check(recipe: Recipe, whole: Whole) -> None:
    if whole.describer not in (None, identity(recipe.describer)):
        raise UserError(
            f"these weights take frame vectors of {whole.describer}, and the library's are of "
            f"{identity(recipe.describer)}: scan with that describer, or train anew"
        )


class Wholes(Opened):
    """Videos as one vector each."""

    def video_vectors(
        self,
        by: str = "mean",
        weights: AnyPath | None = None,
        *,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> VideoVectors:
        """One vector for every video.

        by: mean, gem, pyramid, anchors, hash, long-hash, dns or rcla; see docs/pooling.md. weights: the folder (dns) or
        file (rcla) of the network's weights. UserError where these are missing or do not fit.
        """
        whole = load_whole(by, weights if weights is None else os.fspath(weights))
        return library_vectors(self._catalogue, self._recipe(), whole, Resources(jobs, memory), progress)

    def similar_videos(
        self,
        clips: Iterable[AnyPath],
        top: int = 10,
        *,
        by: str = "mean",
        weights: AnyPath | None = None,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> dict[str, list[Similar] | MediaError]:
        """The videos that are most alike to each clip as a whole, by their paths as given; see ``video_vectors``.

        A clip that cannot be used has its error as the answer. Which seconds are common is what ``search`` says.
        """
        asked = {os.fspath(clip): os.path.abspath(os.fspath(clip)) for clip in clips}
        whole, resources = load_whole(by, weights if weights is None else os.fspath(weights)), Resources(jobs, memory)
        vectors = library_vectors(self._catalogue, self._recipe(), whole, resources, progress)
        made = clip_vectors(set(asked.values()), self._recipe(), whole, resources)
        return {
            clip: found if isinstance(found := made[path], MediaError) else nearest(vectors, found, top)
            for clip, path in asked.items()
        }
