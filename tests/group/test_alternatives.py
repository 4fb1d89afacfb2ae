"""The other ways to group: what each promises, whatever the order of input."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_groups import video

from twinreel.errors import UserError
from twinreel.group.clusters import dbscan, hdbscan
from twinreel.group.fd_means import fd_means
from twinreel.group.ring import PLACES, md5_places, near_places, ring_distances
from twinreel.types import Float32, Group, Int64, Match, Relation, Video

PLACING = (md5_places, near_places)


def blobs(sizes: list[int], seed: int = 0, spread: float = 0.02) -> tuple[Float32, list[int]]:
    """Unit vectors around random directions, which lie far apart; and which each belongs to."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((len(sizes), 64))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    owner = [number for number, size in enumerate(sizes) for _ in range(size)]
    vectors = directions[owner] + spread * rng.standard_normal((len(owner), 64)) / 8
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32), owner


@pytest.mark.parametrize("places", PLACING)
@given(sizes=st.lists(st.integers(1, 6), min_size=1, max_size=8), seed=st.integers(0, 50))
@settings(max_examples=40)
def test_blobs_are_found_and_singletons_kept(places: Callable[[Float32], Int64], sizes: list[int], seed: int) -> None:
    vectors, owner = blobs(sizes, seed)
    found = {cluster.members for cluster in fd_means(vectors, places=places)}
    assert found == {tuple(row for row, one in enumerate(owner) if one == n) for n in range(len(sizes))}


@pytest.mark.parametrize("places", PLACING)
def test_the_order_of_vectors_makes_no_difference(places: Callable[[Float32], Int64]) -> None:
    # Far from blobs: every choice is a close one.
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((60, 6))
    given = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
    expected = {(c.centre, c.members) for c in fd_means(given, 0.4, places)}
    assert 1 < len(expected) < 60
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(60)
        found = fd_means(given[order], 0.4, places)
        assert {(int(order[c.centre]), tuple(sorted(order[list(c.members)].tolist()))) for c in found} == expected


def test_the_centre_is_the_member_nearest_to_all_others() -> None:
    vectors, _ = blobs([7])
    (cluster,) = fd_means(vectors)
    sums = np.sqrt(np.maximum(0, 1 - vectors @ vectors.T)).sum(axis=1)
    assert sums[cluster.centre] == pytest.approx(sums.min(), rel=0.1)


@pytest.mark.parametrize("places", PLACING)
def test_places_are_distinct_also_of_equal_vectors(places: Callable[[Float32], Int64]) -> None:
    vectors = np.repeat(blobs([1, 1])[0], 5, axis=0)
    found = places(vectors)
    assert len(set(found.tolist())) == 10 and found.min() >= 0 and found.max() < PLACES


def test_near_vectors_lie_near_one_another_on_the_near_ring_only() -> None:
    vectors, owner = blobs([10, 10, 10])
    same = np.equal.outer(owner, owner)
    near, scattered = (ring_distances(p, p)[same].mean() for p in (near_places(vectors), md5_places(vectors)))
    assert near < 0.05 < 0.2 < scattered


def test_the_ring_has_no_end() -> None:
    one, other = np.array([0, PLACES // 2]), np.array([PLACES - 1])
    assert ring_distances(one, other)[:, 0].tolist() == pytest.approx([0.0, 1.0], abs=1e-6)


def test_nothing_makes_no_clusters() -> None:
    assert fd_means(np.zeros((0, 8), np.float32)) == []


def linked(*pairs: tuple[str, str, float]) -> tuple[dict[str, Video], list[Match]]:
    names = sorted({name for a, b, _ in pairs for name in (a, b)})
    videos = {name: video(name) for name in names}
    return videos, [Match(a, b, Relation.DUPLICATE, score, 1.0, 1.0) for a, b, score in pairs]


def members(found: list[Group]) -> set[frozenset[str]]:
    return {frozenset(group.members) for group in found}


CLIQUES = [*combinations("abcd", 2), *combinations("uvw", 2)]


@pytest.mark.parametrize("method", [dbscan, hdbscan])
def test_cliques_are_groups(method: Callable[..., list[Group]]) -> None:
    videos, matches = linked(*((a, b, 0.9) for a, b in CLIQUES))
    videos["alone"] = video("alone")
    assert members(method(videos, matches, 0.5)) == {frozenset("abcd"), frozenset("uvw")}
    assert members(method(videos, matches[::-1], 0.5)) == {frozenset("abcd"), frozenset("uvw")}
    assert method(videos, matches, 0.95) == []
    assert method({}, [], 0.5) == []


@pytest.mark.parametrize("method", [dbscan, hdbscan])
def test_one_pair_is_a_group(method: Callable[..., list[Group]]) -> None:
    assert members(method(*linked(("a", "b", 0.8)), 0.5)) == {frozenset("ab")}


def test_dbscan_follows_chains_unless_more_samples_are_asked_for() -> None:
    videos, matches = linked(("a", "b", 0.9), ("b", "c", 0.9), ("c", "d", 0.9))
    assert members(dbscan(videos, matches, 0.5)) == {frozenset("abcd")}
    assert dbscan(videos, matches, 0.5, min_samples=4) == []


def test_a_number_of_samples_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(UserError, match="min_samples is 0"):
        dbscan(*linked(("a", "b", 0.9)), 0.5, 0)
