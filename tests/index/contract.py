"""What every Index has to keep. Inherit, say how an empty one is made, and get the suite.

``IndexContract`` holds for approximate indexes too; ``ExactContract`` adds equality with an oracle that is nothing but
Python: products one by one, sorted, taken from the best while their owner has a place left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinreel.index.base import Index, Int64
from twinreel.types import Float32

Content = dict[int, Float32]
Result = tuple[Float32, Int64, Int64]

D = 16


def unit(vectors: np.ndarray) -> Float32:
    rows: Float32 = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return rows


def random_content(seed: int, owners: int = 60, d: int = D) -> Content:
    """Videos of 0 to 30 random frames, numbered with gaps."""
    rng = np.random.default_rng(seed)
    numbers = rng.choice(10 * owners, owners, replace=False)
    return {int(n): unit(rng.standard_normal((rng.integers(0, 31), d))) for n in numbers}


def clustered_content(seed: int, scenes: int = 25, owners: int = 60, d: int = D) -> Content:
    """Videos whose frames are taken from the same scenes, many of them exactly the same frame."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((scenes, d))
    content = {}
    for owner in range(owners):
        near = centres[rng.integers(0, scenes, rng.integers(1, 31))]
        moved = near + 0.2 * rng.standard_normal(near.shape) * rng.integers(0, 2, (len(near), 1))
        content[owner] = unit(moved)
    return content


def hash_content(seed: int, owners: int = 60, d: int = D) -> Content:
    """Videos of hashes as vectors: their products are exact and take few values, so that most hits are ties."""
    rng = np.random.default_rng(seed)
    return {owner: unit(rng.choice([-1.0, 1.0], (rng.integers(1, 31), d))) for owner in range(owners)}


def long_content(seed: int, d: int = D) -> Content:
    """Three long videos of hashes, in each of which most frames are repeated."""
    rng = np.random.default_rng(seed)
    hashes = rng.choice([-1.0, 1.0], (200, d))
    return {owner: unit(hashes[rng.integers(0, 200, 500 + owner)]) for owner in (7, 20, 30)}


CONTENTS: dict[str, Callable[[int], Content]] = {
    "random": random_content,
    "clustered": clustered_content,
    "hashes": hash_content,
}


def some_of(content: Content, n: int = 40, seed: int = 9) -> Float32:
    """Queries: vectors of the content, some as they are, some moved."""
    rng = np.random.default_rng(seed)
    rows = np.concatenate(list(content.values()))
    chosen = rows[rng.integers(0, len(rows), n)]
    return unit(chosen + 0.1 * rng.standard_normal(chosen.shape) * rng.integers(0, 2, (n, 1)))


def oracle(content: Content, queries: Float32, k: int, exclude: int | None, per_owner: int) -> Result:
    scores = np.full((len(queries), k), -np.inf, np.float32)
    owners, rows = np.full((2, len(queries), k), -1, np.int64)
    for m, query in enumerate(queries.astype(np.float64)):
        hits = [
            (-np.float32(np.dot(query, vector.astype(np.float64))), owner, row)
            for owner, vectors in content.items()
            if owner != exclude
            for row, vector in enumerate(vectors)
        ]
        taken: Counter[int] = Counter()
        place = 0
        for score, owner, row in sorted(hits):
            if place < k and taken[owner] < per_owner:
                scores[m, place], owners[m, place], rows[m, place] = -score, owner, row
                taken[owner] += 1
                place += 1
    return scores, owners, rows


def assert_same(result: Result, expected: Result) -> None:
    for ours, theirs in zip(result, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class IndexContract(ABC):
    """``tolerance``: by how much a score may differ from the inner product of unit vectors."""

    tolerance = 1e-6

    @abstractmethod
    def make(self, dimensions: int) -> Index: ...

    def filled(self, content: Content) -> Index:
        index = self.make(next(iter(content.values())).shape[1])
        for owner, vectors in content.items():
            index.add(owner, vectors)
        return index

    @pytest.mark.parametrize("kind", CONTENTS)
    @pytest.mark.parametrize(("k", "exclude", "per_owner"), [(1, None, 3), (10, 7, 3), (40, 30, 1), (25, None, 100)])
    def test_hits_are_what_they_say(self, kind: str, k: int, exclude: int | None, per_owner: int) -> None:
        content = CONTENTS[kind](1)
        queries = some_of(content)
        scores, owners, rows = self.filled(content).search(queries, k, exclude=exclude, per_owner=per_owner)
        assert scores.shape == owners.shape == rows.shape == (len(queries), k)
        assert scores.dtype == np.float32 and owners.dtype == rows.dtype == np.int64
        for query, *places in zip(queries, scores, owners, rows, strict=True):
            hits = list(zip(*places, strict=True))
            assert hits == sorted(hits, key=lambda hit: (-hit[0], hit[1], hit[2]))
            assert len({(owner, row) for _, owner, row in hits}) == k
            assert max(Counter(places[1].tolist()).values()) <= per_owner
            assert exclude not in places[1]
            for score, owner, row in hits:
                assert abs(score - content[owner][row] @ query) <= self.tolerance

    @pytest.mark.parametrize("kind", CONTENTS)
    def test_a_vector_finds_itself(self, kind: str) -> None:
        content = CONTENTS[kind](2)
        queries = np.concatenate(list(content.values()))
        scores, owners, rows = self.filled(content).search(queries, 1)
        np.testing.assert_allclose(scores, 1, atol=self.tolerance)
        found = [content[owner][row] for owner, row in zip(owners[:, 0].tolist(), rows[:, 0].tolist(), strict=True)]
        np.testing.assert_array_equal(found, queries)

    def test_an_empty_index_has_no_hits(self) -> None:
        index = self.make(D)
        assert len(index) == 0
        expected = np.full((2, 4), -np.inf, np.float32), np.full((2, 4), -1), np.full((2, 4), -1)
        assert_same(index.search(unit(np.ones((2, D))), 4), expected)

    def test_no_queries_have_no_hits(self) -> None:
        for part in self.filled(random_content(seed=3)).search(np.empty((0, D), np.float32), 5):
            assert part.shape == (0, 5)

    def test_length_counts_vectors(self) -> None:
        content = random_content(seed=4)
        index = self.filled(content)
        assert len(index) == sum(map(len, content.values()))
        gone = next(owner for owner, vectors in content.items() if len(vectors))
        index.remove(gone)
        assert len(index) == sum(map(len, content.values())) - len(content[gone])

    def test_k_beyond_the_size_gives_all_that_the_cap_allows(self) -> None:
        content = random_content(seed=5)
        total = sum(map(len, content.values()))
        scores, owners, rows = self.filled(content).search(some_of(content, 3), total + 10, per_owner=2)
        allowed = sum(min(len(vectors), 2) for vectors in content.values())
        assert ((owners >= 0).sum(axis=1) == allowed).all()
        assert (np.isneginf(scores) == (owners == -1)).all() and ((rows == -1) == (owners == -1)).all()
        assert (owners[:, allowed:] == -1).all()

    def test_a_removed_video_is_not_found_and_can_come_back(self) -> None:
        content = clustered_content(seed=6)
        index = self.filled(content)
        queries = some_of(content)
        before = index.search(queries, 10)
        gone = int(before[1][0, 0])
        index.remove(gone)
        assert gone not in index.search(queries, 10)[1]
        index.add(gone, -content[gone])
        scores, owners, rows = index.search(-content[gone][:1], 1)
        assert (owners.item(), content[gone][rows.item()].tolist()) == (gone, content[gone][0].tolist())
        assert abs(scores.item() - 1) <= self.tolerance
        index.remove(gone)
        index.add(gone, content[gone])
        assert_same(index.search(queries, 10), before)

    def test_removing_everything_leaves_an_empty_index(self) -> None:
        content = random_content(seed=7)
        index = self.filled(content)
        index.search(some_of(content), 3)
        for owner in content:
            index.remove(owner)
        assert len(index) == 0
        assert (index.search(some_of(content), 3)[1] == -1).all()

    def test_the_order_of_adding_does_not_matter(self) -> None:
        content = clustered_content(seed=8)
        shuffled = dict(sorted(content.items(), key=lambda item: hash((item[0] * 7919) % 61)))
        assert list(shuffled) != list(content)
        queries = some_of(content)
        assert_same(self.filled(shuffled).search(queries, 12), self.filled(content).search(queries, 12))

    def test_queries_do_not_depend_on_their_company(self) -> None:
        content = clustered_content(seed=10)
        index = self.filled(content)
        queries = some_of(content, 50)
        together = index.search(queries, 10)
        for row in range(0, 50, 7):
            alone = index.search(queries[row : row + 1], 10)
            assert_same(alone, tuple(part[row : row + 1] for part in together))  # type: ignore[arg-type]

    def test_a_still_video_leaves_places_to_others(self) -> None:
        """1,000 copies of the query in one video, 500 in the excluded one, and five others farther away."""
        still = unit(np.eye(1, D))
        content = {1: still.repeat(1000, 0), 2: still.repeat(500, 0)}
        content |= {owner: unit(still + 0.1 * owner * np.eye(1, D, k=1)) for owner in range(3, 8)}
        _, owners, rows = self.filled(content).search(still, 7, exclude=2, per_owner=2)
        assert owners.tolist() == [[1, 1, 3, 4, 5, 6, 7]]
        assert rows.tolist() == [[0, 1, 0, 0, 0, 0, 0]]

    def test_what_was_added_is_not_tied_to_the_array(self) -> None:
        vectors = unit(np.eye(3, D))
        index = self.make(D)
        index.add(5, vectors)
        vectors[:] = 0
        assert index.search(unit(np.eye(1, D)), 1)[0].item() == 1

    def test_a_view_that_cannot_be_written_is_no_safer(self) -> None:
        vectors = unit(np.eye(3, D))
        view = vectors[:]
        view.flags.writeable = False
        index = self.make(D)
        index.add(5, view)
        vectors[:] = 0
        assert index.search(unit(np.eye(1, D)), 1)[0].item() == 1

    def test_views_and_other_layouts_are_taken(self) -> None:
        wide = unit(np.random.default_rng(0).standard_normal((10, D)))
        index = self.make(D)
        index.add(0, np.asfortranarray(wide)[::2])
        assert index.search(np.asfortranarray(wide)[2:3], 1)[2].item() == 1

    def test_an_owner_may_have_no_vectors(self) -> None:
        index = self.make(D)
        index.add(3, np.empty((0, D), np.float32))
        assert len(index) == 0
        with pytest.raises(ValueError, match="owner 3 is in the index already"):
            index.add(3, unit(np.ones((1, D))))
        index.remove(3)
        with pytest.raises(KeyError):
            index.remove(3)

    def test_owners_at_the_ends_of_their_range(self) -> None:
        index = self.make(D)
        first, last = unit(np.eye(2, D))[:, np.newaxis]
        index.add(0, first)
        index.add(2**31 - 1, last)
        assert index.search(np.concatenate([first, last]), 1)[1].ravel().tolist() == [0, 2**31 - 1]
        for owner in (-1, 2**31):
            with pytest.raises(ValueError, match="a number from 0"):
                index.add(owner, first)
        index.remove(2**31 - 1)
        assert index.search(last, 1)[1].item() == 0
        index.remove(0)
        assert len(index) == 0

    def test_wrong_arguments_are_refused(self) -> None:
        index = self.filled({1: unit(np.ones((2, D)))})
        for wrong in (np.ones((2, D + 1), np.float32), np.ones(D, np.float32)):
            with pytest.raises(ValueError, match=r"\(n, 16\) is expected"):
                index.add(2, wrong)
            with pytest.raises(ValueError, match=r"\(n, 16\) is expected"):
                index.search(wrong, 1)
        query = unit(np.ones((1, D)))
        for k, per_owner in ((0, 3), (-1, 3), (1, 0)):
            with pytest.raises(ValueError, match="numbers from 1 are expected"):
                index.search(query, k, per_owner=per_owner)
        with pytest.raises(KeyError):
            index.remove(2)
        with pytest.raises(ValueError, match="already"):
            index.add(1, query)
        assert len(index) == 2


class ExactContract(IndexContract):
    @pytest.mark.parametrize("kind", CONTENTS)
    @pytest.mark.parametrize(("k", "exclude", "per_owner"), [(1, None, 3), (10, 7, 3), (40, 30, 1), (200, None, 100)])
    def test_hits_are_those_of_the_oracle(self, kind: str, k: int, exclude: int | None, per_owner: int) -> None:
        content = CONTENTS[kind](11)
        queries = some_of(content, 15)
        result = self.filled(content).search(queries, k, exclude=exclude, per_owner=per_owner)
        assert_same(result, oracle(content, queries, k, exclude, per_owner))

    @pytest.mark.parametrize(("k", "exclude", "per_owner"), [(1, None, 3), (10, 7, 3), (40, 30, 1), (200, None, 100)])
    def test_few_long_videos(self, k: int, exclude: int | None, per_owner: int) -> None:
        content = long_content(12)
        queries = some_of(content, 15)
        result = self.filled(content).search(queries, k, exclude=exclude, per_owner=per_owner)
        assert_same(result, oracle(content, queries, k, exclude, per_owner))

    @settings(max_examples=40, suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_any_hashes_any_question(self, data: st.DataObject) -> None:
        sizes = data.draw(st.dictionaries(st.integers(0, 40), st.integers(0, 60), min_size=1, max_size=8))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
        content = {owner: unit(rng.choice([-1.0, 1.0], (size, 4))) for owner, size in sizes.items()}
        removed = data.draw(st.sets(st.sampled_from(sorted(content))))
        index = self.filled(content)
        for owner in removed:
            index.remove(owner)
        left = {owner: vectors for owner, vectors in content.items() if owner not in removed}
        queries = unit(rng.choice([-1.0, 1.0], (3, 4)))
        k, per_owner = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 20))
        exclude = data.draw(st.none() | st.sampled_from(sorted(content)))
        result = index.search(queries, k, exclude=exclude, per_owner=per_owner)
        assert_same(result, oracle(left, queries, k, exclude, per_owner))

    def test_many_equal_vectors(self) -> None:
        """20,000 copies in one video and 30 in each of 40 others: the first of them by owner and row are the hits."""
        copy = unit(np.ones((1, 8)))
        content = {5: copy.repeat(20_000, 0)} | {owner: copy.repeat(30, 0) for owner in range(100, 140)}
        content[200] = unit(np.array([[1, 1, 1, 1, 1, 1, 1, 0.9]]))
        scores, owners, rows = self.filled(content).search(copy, 130, per_owner=3)
        assert (scores[0, :123] == scores[0, 0]).all() and scores[0, 123] < scores[0, 0]
        assert owners[0, :124].tolist() == [owner for owner in [5, *range(100, 140)] for _ in range(3)] + [200]
        assert rows[0, :124].tolist() == [0, 1, 2] * 41 + [0]
        assert (owners[0, 124:] == -1).all()
