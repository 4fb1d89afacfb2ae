"""Groups by density, as an alternative to ``groups``: DBSCAN and HDBSCAN over the distances that matches are.

Two videos are ``1 - score`` apart where they are duplicates of one another, and 1 where they are not. In these units
DBSCAN's *eps* is 1 less the least score that counts, and *min_samples* is how many videos, itself among them, have to
lie that close for a video to draw others into its group: 2 joins whatever is linked by a chain, 3 and more ask that
duplicates of a video agree. Unlike ``groups``, members may match one another by way of others only.

Sources: Ester et al., "A density-based algorithm for discovering clusters" (KDD 1996); Campello, Moulavi and Sander,
"Density-based clustering based on hierarchical density estimates" (PAKDD 2013). Both by scikit-learn.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from twinreel.errors import MissingExtra, UserError
from twinreel.group.groups import DUPLICATES
from twinreel.group.representative import best_first, reason
from twinreel.types import Float32, Group, Int64, Match, Video

MIN_SAMPLES = 2
MOST = 20_000
"""Videos with duplicates that HDBSCAN takes: it compares all with all."""


def dbscan(
    videos: Mapping[str, Video], matches: Iterable[Match], min_score: float, min_samples: int = MIN_SAMPLES
) -> list[Group]:
    """Groups of two and more, best representative first; eps is ``1 - min_score``. MissingExtra, UserError."""
    contents, rows, columns, distances = _links(videos, matches, min_score)
    if not contents:
        return _grouped(videos, [], np.zeros(0, np.int64))
    # The graph holds the links that count: the others are 1 apart, which eps never reaches.
    from scipy.sparse import coo_matrix  # takes a while to import, and most commands do without

    graph = coo_matrix((distances, (rows, columns)), shape=(len(contents), len(contents))).tocsr()
    method = _cluster().DBSCAN(eps=1.0 - min_score + 1e-6, min_samples=_samples(min_samples), metric="precomputed")
    return _grouped(videos, contents, method.fit(graph).labels_)


def hdbscan(
    videos: Mapping[str, Video], matches: Iterable[Match], min_score: float, min_samples: int = MIN_SAMPLES
) -> list[Group]:
    """The same at densities of their own for each group: none under ``min_score``. MissingExtra, UserError."""
    contents, rows, columns, distances = _links(videos, matches, min_score)
    if len(contents) > MOST:
        raise UserError(f"{len(contents)} videos have duplicates; hdbscan takes {MOST}: use dbscan")
    if not contents:
        return _grouped(videos, [], np.zeros(0, np.int64))
    # A far pair beside them: what is all there is cannot be told from the background otherwise.
    apart: Float32 = np.ones((len(contents) + 2, len(contents) + 2), np.float32)
    apart[rows, columns] = distances
    apart[-2:, -2:] = 0.0
    np.fill_diagonal(apart, 0.0)
    method = _cluster().HDBSCAN(
        min_cluster_size=2,
        min_samples=max(1, _samples(min_samples) - 1),
        metric="precomputed",
        allow_single_cluster=False,
        copy=True,
    )
    labels = method.fit(apart).labels_[:-2]
    return _grouped(videos, contents, _linked(labels, rows, columns))


def _samples(number: int) -> int:
    if number < 1:
        raise UserError(f"min_samples is {number}; a number from 1 is expected")
    return number


def _cluster() -> Any:
    try:
        return importlib.import_module("sklearn.cluster")
    except ImportError:
        raise MissingExtra("grouping by density", "clusters") from None


def _links(
    videos: Mapping[str, Video], matches: Iterable[Match], min_score: float
) -> tuple[list[str], Int64, Int64, Float32]:
    """The videos that have duplicates, and every link both ways: row, column, distance."""
    known = [
        match
        for match in matches
        if match.relation in DUPLICATES
        and match.score >= min_score
        and match.a in videos
        and match.b in videos
        and match.a != match.b
    ]
    contents = sorted({content for match in known for content in (match.a, match.b)})
    number = {content: n for n, content in enumerate(contents)}
    a, b = (np.array([number[getattr(match, end)] for match in known], np.int64) for end in ("a", "b"))
    distances = np.array([max(0.0, 1.0 - match.score) for match in known], np.float32)
    return contents, np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([distances, distances])


def _linked(labels: Int64, rows: Int64, columns: Int64) -> Int64:
    """Labels without the members that no other of their group is linked to."""
    kept = np.full_like(labels, -1)
    alike = labels[rows] == labels[columns]
    kept[rows[alike]] = labels[rows[alike]]
    return kept


def _grouped(videos: Mapping[str, Video], contents: list[str], labels: Int64) -> list[Group]:
    """Groups as ``groups`` makes them; -1 is noise."""
    members: dict[int, list[Video]] = {}
    for content, label in zip(contents, labels.tolist(), strict=True):
        if label >= 0:
            members.setdefault(label, []).append(videos[content])
    found = [best_first(some) for some in members.values() if len(some) > 1]
    taken = {video.content for some in found for video in some}
    found += [[video] for video in videos.values() if len(video.paths) > 1 and video.content not in taken]
    order = {video.content: n for n, video in enumerate(best_first([some[0] for some in found]))}
    return [
        Group(
            some[0].content,
            reason(some[0], some[1:]) if some[1:] else "identical files",
            tuple(video.content for video in some),
        )
        for some in sorted(found, key=lambda some: order[some[0].content])
    ]
