"""Inverted lists held to the contract: near enough to the exact index, kept, and made anew when they have to be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index.contract import Content, IndexContract, assert_same, unit
from twinreel.index import sizes
from twinreel.index.base import Index
from twinreel.index.exact import ExactIndex
from twinreel.index.ivfpq import IvfPqIndex
from twinreel.types import Float32


class TestInvertedLists(IndexContract):
    tolerance = 1e-2  # a byte a dimension: the step is near 2 / 255, and 16 roundings of half a step add up

    def make(self, dimensions: int) -> Index:
        return IvfPqIndex(dimensions, lists_from=100)


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


def recall(index: Index, content: Content, queries: Float32) -> float:
    """Share of the exact index's ten nearest, two a video, that are found."""
    _, *exact_ids = filled(ExactIndex(D), content).search(queries, 10, per_owner=2)
    _, *ids = index.search(queries, 10, per_owner=2)
    keys, exact_keys = (owners * 20 + rows for owners, rows in (ids, exact_ids))
    return float(np.mean([np.isin(a, b).mean() for a, b in zip(exact_keys, keys, strict=True)]))


@pytest.mark.parametrize("videos", [100, 600])
def test_inverted_lists_find_nearly_all_that_the_exact_index_finds(videos: int) -> None:
    content = planted(videos)
    queries = queries_of(content, 100)
    index = filled(IvfPqIndex(D, lists_from=1000), content)
    assert recall(index, content, queries) >= 0.95
    exact_scores = filled(ExactIndex(D), content).search(queries, 10)[0]
    assert (index.search(queries, 10)[0] != exact_scores).mean() > 0.9, "scores are exact: lists were not used"


def test_lists_follow_a_growing_library() -> None:
    """Lists made for the first 50 videos are made anew for 300: they find what fresh ones find."""
    content = planted(300)
    queries = queries_of(content, 50)
    index = IvfPqIndex(D, lists_from=1000)
    for owner, vectors in content.items():
        if owner in (50, 100):
            index.search(queries, 5)
        index.add(owner, vectors)
    fresh = filled(IvfPqIndex(D, lists_from=1000), content)
    assert recall(index, content, queries) >= recall(fresh, content, queries) - 0.02


def test_lists_are_made_the_same_each_time() -> None:
    content = planted(300)
    queries = queries_of(content, 100)
    results = [filled(IvfPqIndex(D, lists_from=1000), content).search(queries, 20) for _ in range(2)]
    assert_same(*results)


def test_nothing_is_lost_where_most_is_removed_from_the_lists() -> None:
    content = planted(100)
    index = filled(IvfPqIndex(D, lists_from=1000), content)
    index.search(queries_of(content, 1), 1)
    for owner in range(95):
        index.remove(owner)
    _, owners, _ = index.search(queries_of(content, 1), 100, per_owner=100)
    assert sorted(owners[0].tolist()) == [owner for owner in range(95, 100) for _ in range(20)]


@pytest.mark.parametrize("vectors", [1, 38, 39, 1000, sizes.IVF_FROM, 10**6, 10**8])
def test_lists_are_neither_too_many_to_train_nor_probed_more_than_there_are(vectors: int) -> None:
    lists = sizes.lists_for(vectors)
    assert 1 <= sizes.probes_for(lists) <= lists
    assert lists == 1 or vectors / lists >= sizes.MIN_POINTS_PER_LIST
    assert lists < sizes.lists_for(4 * max(vectors, 39))


def kept(place: Path, content: Content, key: str = "key") -> IvfPqIndex:
    index = IvfPqIndex(D, place=place, key=key, lists_from=1000)
    for owner, vectors in content.items():
        index.add(owner, vectors)
    return index


def test_what_was_kept_gives_the_same_hits(tmp_path: Path) -> None:
    content = planted(200)
    first = kept(tmp_path / "index", content)
    first.keep()
    queries = queries_of(content, 50)
    again = kept(tmp_path / "index", dict(reversed(content.items())))
    assert_same(again.search(queries, 10), first.search(queries, 10))
    assert len(again) == len(first)


def test_what_was_kept_holds_no_vectors(tmp_path: Path) -> None:
    content = planted(300)
    kept(tmp_path / "index", content).keep()
    codes = (tmp_path / "index" / "lists.faiss").stat().st_size
    assert codes < 300 * 20 * (D // 8 + 8) * 1.5 + 200_000  # half a byte for four dimensions, eight for a place
    assert np.load(tmp_path / "index" / "entries.npy").shape == (300, 4)


def test_only_what_is_added_again_is_found(tmp_path: Path) -> None:
    """Of 200 kept videos 10 are gone and 10 have other vectors; 10 are new."""
    content = planted(200)
    kept(tmp_path / "index", content).keep()
    later = {owner: vectors for owner, vectors in content.items() if owner >= 10}
    later |= {owner: planted(200, seed=1)[owner] for owner in range(10, 20)}
    later |= {200 + owner: planted(200, seed=2)[owner] for owner in range(10)}
    index = kept(tmp_path / "index", later)
    assert len(index) == 200 * 20
    for owner in (10, 19, 20, 199, 200, 209):
        scores, owners, rows = index.search(later[owner][:3], 1)
        assert owners[:, 0].tolist() == [owner] * 3 and rows[:, 0].tolist() == [0, 1, 2]
        np.testing.assert_allclose(scores[:, 0], 1, atol=1e-2)
    _, owners, _ = index.search(np.concatenate([content[owner] for owner in range(10)]), 40)
    assert not np.isin(owners, range(10)).any()
    index.keep()
    once_more = kept(tmp_path / "index", later)
    queries = queries_of(later, 100)
    assert_same(once_more.search(queries, 10), index.search(queries, 10))


@pytest.mark.parametrize("harm", ["other key", "cut short", "no folder"])
def test_what_cannot_be_used_is_made_anew(tmp_path: Path, harm: str) -> None:
    content = planted(100)
    kept(tmp_path / "index", content).keep()
    if harm == "cut short":
        lists = tmp_path / "index" / "lists.faiss"
        lists.write_bytes(lists.read_bytes()[:1000])
    if harm == "no folder":
        (tmp_path / "index").rename(tmp_path / "elsewhere")
    index = kept(tmp_path / "index", content, "another" if harm == "other key" else "key")
    queries = queries_of(content, 50)
    assert_same(index.search(queries, 10), kept(tmp_path / "fresh", content).search(queries, 10))
    index.keep()
    assert_same(kept(tmp_path / "index", content).search(queries, 10), index.search(queries, 10))


def test_lists_follow_a_library_that_has_moved() -> None:
    """Videos of 20 new scenes come to 200 of others, far from every centre: the lists are made anew, once."""
    content = planted(200)
    index = IvfPqIndex(D, lists_from=1000)
    filled(index, content)
    index.search(queries_of(content, 1), 1)
    before = index.state.fit
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((20, D)) + 4 * np.eye(1, D)
    index.add(1000, unit(centres.repeat(40, 0) + 0.1 * rng.standard_normal((800, D))))
    index.search(queries_of(content, 1), 1)
    assert index.state.fit != before
    moved = index.state.fit
    index.search(queries_of(content, 1), 1)
    assert index.state.fit == moved


def test_a_hub_finds_some_of_its_own_and_does_not_look_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 videos open with one frame, of which a query looks at 300; a hundred more show other scenes."""
    monkeypatch.setattr(sizes, "MAX_WIDTH", 300)
    hub = unit(np.ones((1, D)))
    content = planted(100) | {1000 + video: hub for video in range(2000)}
    index = filled(IvfPqIndex(D, lists_from=1000), content)
    scores, owners, _ = index.search(hub, 48, per_owner=3)
    assert len(set(owners[0].tolist())) == 48 and (owners >= 1000).all()
    np.testing.assert_allclose(scores, 1, atol=1e-2)
    assert index.search(content[7][:1], 1)[1].item() == 7


def test_what_was_added_is_counted_over_many_openings(tmp_path: Path) -> None:
    """Each time too few for new lists, and together too many of another kind."""
    content = planted(200)
    kept(tmp_path / "index", content).keep()
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((5, D)) + 4 * np.eye(1, D)
    made = {kept(tmp_path / "index", content).state.trained}
    for opening in range(5):
        content[1000 + opening] = unit(centres.repeat(40, 0) + 0.1 * rng.standard_normal((200, D)))
        index = kept(tmp_path / "index", content)
        index.keep()
        made.add(index.state.trained)
    assert 4000 in made and any(4400 <= trained <= 5000 for trained in made)
