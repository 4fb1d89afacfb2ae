"""FAISS held to the contract: equal to the oracle while exact, near enough with inverted lists."""

from __future__ import annotations

import numpy as np
import pytest

from index.contract import Content, ExactContract, IndexContract, assert_same, unit
from twinreel.index import sizes
from twinreel.index.base import Index
from twinreel.index.choose import make_index
from twinreel.index.exact import ExactIndex
from twinreel.index.faiss import FaissIndex
from twinreel.types import Float32


class TestFlatIndex(ExactContract):
    def make(self, dimensions: int) -> Index:
        return FaissIndex(dimensions)


class TestInvertedLists(IndexContract):
    tolerance = 2e-3  # float16 keeps 11 bits of each number

    def make(self, dimensions: int) -> Index:
        return FaissIndex(dimensions, ivf_from=100)


D = 64


def planted(videos: int, seed: int = 0) -> Content:
    """Videos of 20 frames, two from each of ten scenes; each scene is in five videos."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((2 * videos, D))
    scenes = rng.permutation(np.arange(2 * videos).repeat(5)).reshape(videos, 10)
    return {
        owner: unit(centres[own.repeat(2)] + 0.5 * rng.standard_normal((20, D))) for owner, own in enumerate(scenes)
    }


def queries_of(content: Content, n: int) -> Float32:
    rng = np.random.default_rng(1)
    rows = np.concatenate([vectors[:1] for vectors in content.values()])[:n]
    return unit(rows + 0.02 * rng.standard_normal(rows.shape))


def filled(index: Index, content: Content) -> Index:
    for owner, vectors in content.items():
        index.add(owner, vectors)
    return index


@pytest.mark.parametrize("videos", [100, 600])
def test_inverted_lists_find_nearly_all_that_the_exact_index_finds(videos: int) -> None:
    content = planted(videos)
    queries = queries_of(content, 100)
    exact_scores, *exact_ids = filled(ExactIndex(D), content).search(queries, 10, per_owner=2)
    scores, *ids = filled(FaissIndex(D, ivf_from=1000), content).search(queries, 10, per_owner=2)
    keys, exact_keys = (owners * 20 + rows for owners, rows in (ids, exact_ids))
    recall = np.mean([np.isin(a, b).mean() for a, b in zip(exact_keys, keys, strict=True)])
    assert recall >= 0.95
    found = np.isin(keys, exact_keys)
    assert found.any() and not np.isin(scores[found], exact_scores).all(), (
        "float16 was expected, so lists were not used"
    )


def test_lists_follow_a_growing_library() -> None:
    """Lists made for the first 50 videos are made anew for 300: they find what fresh ones find."""
    content = planted(300)
    queries = queries_of(content, 50)
    index = FaissIndex(D, ivf_from=1000)
    for owner, vectors in content.items():
        if owner in (50, 100):
            index.search(queries, 5)
        index.add(owner, vectors)
    fresh = filled(FaissIndex(D, ivf_from=1000), content)
    grown_scores, grown_owners, _ = index.search(queries, 10)
    scores, owners, _ = fresh.search(queries, 10)
    # float16 of float16 is the same; the sample is drawn from rounded vectors, so that lists differ slightly
    np.testing.assert_allclose(grown_scores[:, 0], scores[:, 0], atol=1e-6)
    assert (grown_owners == owners).mean() > 0.95


def test_lists_are_made_the_same_each_time() -> None:
    content = planted(300)
    queries = queries_of(content, 100)
    results = [filled(FaissIndex(D, ivf_from=1000), content).search(queries, 20) for _ in range(2)]
    assert_same(*results)


def test_nothing_is_lost_where_most_is_removed_from_the_lists() -> None:
    content = planted(100)
    index = filled(FaissIndex(D, ivf_from=1000), content)
    index.search(queries_of(content, 1), 1)
    for owner in range(95):
        index.remove(owner)
    _, owners, _ = index.search(queries_of(content, 1), 100, per_owner=100)
    assert sorted(owners[0].tolist()) == [owner for owner in range(95, 100) for _ in range(20)]


def test_an_index_is_chosen_by_size() -> None:
    assert isinstance(make_index(0, 8), ExactIndex)
    assert isinstance(make_index(sizes.NUMPY_BELOW, 8), FaissIndex)
    index = make_index(10**6, 8)
    index.add(1, np.eye(8, dtype=np.float32))
    assert index.search(np.eye(1, 8, dtype=np.float32), 1)[2].item() == 0


@pytest.mark.parametrize("vectors", [1, 38, 39, 1000, sizes.IVF_FROM, 10**6, 10**8])
def test_lists_are_neither_too_many_to_train_nor_probed_more_than_there_are(vectors: int) -> None:
    lists = sizes.lists_for(vectors)
    assert 1 <= sizes.probes_for(lists) <= lists
    assert lists == 1 or vectors / lists >= sizes.MIN_POINTS_PER_LIST
    assert lists < sizes.lists_for(4 * max(vectors, 39))
