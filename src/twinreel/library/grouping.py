"""The ways to group a library's videos, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from twinreel.errors import UserError
from twinreel.group.clusters import MIN_SAMPLES, dbscan, hdbscan
from twinreel.group.fd_means import THRESHOLD, fd_means
from twinreel.group.groups import groups
from twinreel.group.representative import best_first
from twinreel.group.ring import md5_places, near_places
from twinreel.pooling.base import pooled
from twinreel.pooling.means import MeanPooler
from twinreel.types import Fingerprint, Float32, Group, Int64, Match, Video

STAR = "star"
_BY_MATCHES: dict[str, Callable[..., list[Group]]] = {"dbscan": dbscan, "hdbscan": hdbscan}
_BY_VECTORS: dict[str, Callable[[Float32], Int64]] = {"ring": near_places, "md5-ring": md5_places}
METHODS = (STAR, *_BY_MATCHES, *_BY_VECTORS)
"""star: duplicates of one representative. dbscan, hdbscan: by density, over matches. ring, md5-ring: FD-means on a
feature hash ring, over one vector a video, matches aside."""


def check_method(name: str) -> None:
    """UserError for a name that is none."""
    if name not in METHODS:
        raise UserError(f"there is no way to group called {name!r}; there are {', '.join(METHODS)}")


def grouped(
    method: str,
    videos: Mapping[str, Video],
    matches: Iterable[Match],
    least: float,
    fingerprints: Callable[[], Iterable[tuple[Video, Fingerprint]]],
    *,
    min_samples: int = MIN_SAMPLES,
    threshold: float = THRESHOLD,
) -> list[Group]:
    """Groups of two and more, best representative first.

    least: the score from which matches count. min_samples: of dbscan and hdbscan. fingerprints: videos and their
    fingerprints, and threshold: of the rings, which keep the centre of each group.
    """
    check_method(method)
    if method == STAR:
        return groups(videos, matches, least)
    if method in _BY_MATCHES:
        return _BY_MATCHES[method](videos, matches, least, min_samples)
    vectors = {video.content: pooled(one, MeanPooler()) for video, one in fingerprints() if video.content in videos}
    return around_centres(videos, vectors, threshold, _BY_VECTORS[method])


def around_centres(
    videos: Mapping[str, Video],
    vectors: Mapping[str, Float32],
    threshold: float = THRESHOLD,
    places: Callable[[Float32], Int64] = near_places,
) -> list[Group]:
    """Groups of videos by one vector each; a video without anything to say (zeros) is in none."""
    contents = sorted(content for content, vector in vectors.items() if vector.any())
    if not contents:
        return []
    found = []
    for cluster in fd_means(np.stack([vectors[content] for content in contents]), threshold, places):
        centre, *others = (contents[row] for row in (cluster.centre, *cluster.members))
        members = best_first([videos[content] for content in others if content != centre])
        if members or len(videos[centre].paths) > 1:
            why = "the centre of its group" if members else "identical files"
            found.append(Group(centre, why, (centre, *(video.content for video in members))))
    order = {video.content: n for n, video in enumerate(best_first([videos[one.representative] for one in found]))}
    return sorted(found, key=lambda group: order[group.representative])
