"""A scan finds the same whatever index its candidates are searched with."""

from __future__ import annotations

from pathlib import Path

import pytest
from collection import DESCRIBER, PAIRS, clip, everything, make_collection, relations

from makers import write_video
from twinreel.index import sizes
from twinreel.library import Library


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("index", ["ivfpq", "milvus"])
def test_every_index_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str) -> None:
    """Beside FAISS's exact one; then a video comes and the libraries are opened anew, and one is searched."""
    if index == "milvus":
        pytest.importorskip("pymilvus")
    monkeypatch.setattr(sizes, "NUMPY_BELOW", 0)
    monkeypatch.setattr(sizes, "LEAST_FOR_LISTS", 20)
    videos = make_collection(tmp_path / "videos")
    name = f"milvus:{tmp_path / 'vectors.db'}" if index == "milvus" else index
    found = []
    for round_ in range(2):
        for file, chosen in (("exact.sqlite", "exact"), ("other.sqlite", name)):
            with Library(tmp_path / file, describer=DESCRIBER, index=chosen if round_ == 0 else None) as library:
                library.add(videos, jobs=1)
                assert relations(library).items() >= PAIRS.items()
                found.append(everything(library))
        assert found[-1] == found[-2]
        write_video(videos / "part of 0.mp4", clip(0, 1.0, 4.0), gop=25)
    assert len(found[2]) > len(found[0])
    with Library(tmp_path / "other.sqlite") as library:
        assert library.index == name
        assert library.search(videos / "part of 2.mp4")
    kept = tmp_path / ("vectors.db" if index == "milvus" else "other.sqlite.index")
    assert kept.exists()
