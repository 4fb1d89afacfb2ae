"""Milvus Lite held to the contract, and what makes it another kind of index: it outlives who fills it."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.contract import CONTENTS, Content, IndexContract, assert_same, clustered_content, oracle, some_of, unit
from twinreel.errors import LibraryError, UserError
from twinreel.index.base import Index
from twinreel.index.exact import ExactIndex
from twinreel.index.milvus import MilvusIndex, kind_for

pymilvus = pytest.importorskip("pymilvus")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

D = 16
NUMBERS = itertools.count()


class Suite(IndexContract):
    metric = "IP"

    @pytest.fixture(scope="class")
    def shared(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
        """Of all tests: it takes a second to start what serves it, which ends with the last who has it open."""
        file = tmp_path_factory.mktemp("milvus") / "vectors.db"
        held = MilvusIndex(D, str(file), library="held open")
        yield file
        held.close()

    @pytest.fixture(autouse=True)
    def _in_a_file(self, shared: Path) -> Iterator[None]:
        self.file = shared
        self.made: list[MilvusIndex] = []
        yield
        for index in self.made:
            index.close()

    def make(self, dimensions: int) -> Index:
        # Each in a library of its own: partitions of the same collections.
        library = f"library {next(NUMBERS)}"
        self.made.append(MilvusIndex(dimensions, f"{self.file}?metric={self.metric}", library=library))
        return self.made[-1]

    @pytest.mark.parametrize("kind", CONTENTS)
    def test_hits_are_those_of_the_oracle_ties_aside(self, kind: str) -> None:
        content = CONTENTS[kind](11)
        queries = some_of(content, 15)
        scores, _, _ = self.filled(content).search(queries, 10, exclude=7)
        np.testing.assert_allclose(scores, oracle(content, queries, 10, 7, 3)[0], atol=self.tolerance)


class TestInnerProduct(Suite):
    pass


class TestDistance(Suite):
    metric = "L2"


def opened(file: Path, library: str = "a", key: str = "key") -> MilvusIndex:
    return MilvusIndex(D, str(file), library=library, key=key)


def fill(index: MilvusIndex, content: Content) -> MilvusIndex:
    for owner, vectors in content.items():
        index.add(owner, vectors)
    return index


def test_what_is_kept_need_not_be_put_in_again(tmp_path: Path) -> None:
    content = clustered_content(seed=3)
    queries = some_of(content)
    first = fill(opened(tmp_path / "vectors.db"), content)
    before = first.search(queries, 10)
    first.close()
    client = pymilvus.MilvusClient(str(tmp_path / "vectors.db"))
    rows = client.query("twinreel_frames_16_ip", filter="", output_fields=["count(*)"])
    client.close()
    again = fill(opened(tmp_path / "vectors.db"), content)
    assert_same(again.search(queries, 10), before)
    again.close()
    client = pymilvus.MilvusClient(str(tmp_path / "vectors.db"))
    assert client.query("twinreel_frames_16_ip", filter="", output_fields=["count(*)"]) == rows
    client.close()


def test_only_what_is_added_again_is_found(tmp_path: Path) -> None:
    content = clustered_content(seed=3)
    first = fill(opened(tmp_path / "vectors.db"), content)
    first.keep()
    first.close()
    later = {owner: -vectors if owner == 7 else vectors for owner, vectors in content.items() if owner != 5}
    again = fill(opened(tmp_path / "vectors.db"), later)
    exact = ExactIndex(D)
    for owner, vectors in later.items():
        exact.add(owner, vectors)
    queries = np.concatenate([content[5], later[7], content[7]])
    np.testing.assert_allclose(again.search(queries, 20)[0], exact.search(queries, 20)[0], atol=1e-6)
    again.close()


@pytest.mark.parametrize(("library", "key"), [("b", "key"), ("a", "another")])
def test_libraries_and_keys_are_kept_apart(tmp_path: Path, library: str, key: str) -> None:
    first = fill(opened(tmp_path / "vectors.db"), clustered_content(seed=3))
    first.keep()
    first.close()
    other = opened(tmp_path / "vectors.db", library, key)
    other.add(3, unit(np.eye(1, D)))
    assert len(other) == 1
    assert (other.search(unit(np.eye(1, D)), 5, per_owner=5)[1] >= 0).sum() == 1
    other.close()


def test_videos_are_found_by_their_mean(tmp_path: Path) -> None:
    content = {owner: unit(np.eye(D)[[owner, owner + 1]]) for owner in range(10)}
    index = fill(opened(tmp_path / "vectors.db"), content)
    nearest = index.nearest_videos(content[4], 3)
    assert nearest[0][0] == 4 and {owner for owner, _ in nearest} == {3, 4, 5}
    np.testing.assert_allclose([score for _, score in nearest], [1, 0.5, 0.5], atol=1e-6)
    index.close()


def test_a_connection_that_is_lost_is_made_again(tmp_path: Path) -> None:
    content = clustered_content(seed=3)
    index = fill(opened(tmp_path / "vectors.db"), content)
    before = index.search(some_of(content), 5)
    index.close()
    assert_same(index.search(some_of(content), 5), before)
    index.close()


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinreel.index.milvus.TRIES", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LibraryError, match=f"127.0.0.1:{port} cannot be reached"):
        MilvusIndex(D, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["vectors.txt", "vectors.db?metric=cosine"])
def test_a_place_that_milvus_cannot_have_is_refused(address: str) -> None:
    with pytest.raises(UserError):
        MilvusIndex(D, address)


def test_the_kind_of_index_goes_by_size() -> None:
    sizes = (1000, 100_000, 10**7, 10**9)
    assert [kind_for(n, embedded=False).name for n in sizes] == ["FLAT", "IVF_FLAT", "HNSW", "DISKANN"]
    assert [kind_for(n, embedded=True).name for n in sizes] == ["FLAT", "IVF_FLAT", "IVF_FLAT", "IVF_FLAT"]


def test_a_library_that_grows_gets_another_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinreel.index.sizes.IVF_FROM", 500)
    content = clustered_content(seed=3)
    index = opened(tmp_path / "vectors.db")
    index.add(10_000, unit(np.ones((1, D))))
    assert index.search(unit(np.ones((1, D))), 1)[1].item() == 10_000
    fill(index, content)
    queries = np.concatenate([vectors[:1] for vectors in content.values()])
    np.testing.assert_allclose(index.search(queries, 1)[0], 1, atol=1e-6)
    index.close()
    client = pymilvus.MilvusClient(str(tmp_path / "vectors.db"))
    assert client.describe_index("twinreel_frames_16_ip", "vector")["index_type"] == "IVF_FLAT"
    client.close()
