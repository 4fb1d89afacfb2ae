"""A second look at matches: whose regions it computes, what it keeps, and what becomes of scores."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from collection import DESCRIBER, PAIRS, clip, make_collection, name

from makers import write_video
from twinreel.errors import UserError
from twinreel.library import Library
from twinreel.match.verify import Chamfer
from twinreel.store.catalogue import Catalogue

SEEN = {pair for pair, relation in PAIRS.items() if relation.value not in ("identical file", "same stream")}


def scores(library: Library) -> dict[tuple[str, str], float]:
    return {
        (min(pair), max(pair)): match.score
        for match in library.matches(0.0)
        for pair in [
            (name(library, match.a).replace("same as", "scene"), name(library, match.b).replace("same as", "scene"))
        ]
    }


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only. Some of it may faintly match by chance; a black file never does."""
    folder = make_collection(tmp_path_factory.mktemp("made") / "videos")
    write_video(folder / "black.mp4", [np.zeros((64, 96, 3), np.uint8)] * 50)
    return folder


@pytest.fixture(scope="module")
def verified(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, int]:
    """The file of a library with a second look, and how many pairs and videos that took. Read only."""
    path = tmp_path_factory.mktemp("verified") / "library.sqlite"
    with Library(path, describer=DESCRIBER, verify="chamfer") as library:
        done = library.add(collection, jobs=2)
    return path, done.verified, done.regions


def test_only_videos_of_matching_pairs_are_described_by_regions(
    collection: Path, verified: tuple[Path, int, int]
) -> None:
    path, pairs, videos = verified
    with Library(path) as library:
        found = set(scores(library))
        everything = len(library.videos())
    same_stream = ("remux of 0.mkv", "scene 0.mp4")
    assert found >= SEEN | {same_stream}
    matching = found - {same_stream}  # which needs no second look
    assert pairs == len(matching)
    names = {one for pair in matching for one in pair}
    assert videos == len(names) < everything


def test_a_second_look_counts_half(collection: Path, verified: tuple[Path, int, int], tmp_path: Path) -> None:
    with Library(tmp_path / "plain.sqlite", describer=DESCRIBER) as library:
        report = library.add(collection, jobs=2)
        plain = scores(library)
    assert (report.verified, report.regions) == (0, 0)
    with Catalogue.open(verified[0]) as catalogue:
        key = catalogue.meta.get("verification")
        assert key is not None and key.startswith("chamfer@1|backbone@")
        similarities = catalogue.verified.all(key)
        _, *regions_key = key.split("|")
        for (a, b), similarity in similarities.items():
            first, second = (catalogue.regions.get(content, *regions_key) for content in (a, b))
            assert first is not None and second is not None
            assert similarity == pytest.approx(Chamfer().similarity(first, second), abs=1e-6)
    with Library(verified[0]) as library:
        found = scores(library)
        named = {
            (min(pair), max(pair)): similarity
            for (a, b), similarity in similarities.items()
            for pair in [tuple(name(library, content).replace("same as", "scene") for content in (a, b))]
        }
    assert found.keys() == plain.keys()
    for pair, score in found.items():
        expected = (plain[pair] + named[pair]) / 2 if pair in named else plain[pair]
        assert score == pytest.approx(expected, abs=1e-6)


def test_regions_are_kept_and_the_verifier_remembered(
    collection: Path, verified: tuple[Path, int, int], tmp_path: Path
) -> None:
    path = Path(shutil.copy(verified[0], tmp_path / "library.sqlite"))
    videos = Path(shutil.copytree(collection, tmp_path / "videos"))
    with Library(path) as library:
        assert library.verify == "chamfer"
        again = library.add(videos, jobs=2)
        assert (again.verified, again.regions) == (0, 0)
        before = scores(library)
    with Library(path, verify="none") as library:
        library.add(videos, jobs=2)
        plain = scores(library)
        assert plain.keys() == before.keys()
        assert plain != before
    with Library(path, verify="chamfer") as library:
        back = library.add(videos, jobs=2)
        assert (back.verified, back.regions) == (0, 0)
        assert scores(library) == before


def test_a_new_video_alone_is_described(verified: tuple[Path, int, int], tmp_path: Path) -> None:
    path = Path(shutil.copy(verified[0], tmp_path / "library.sqlite"))
    write_video(tmp_path / "half of 1.mp4", clip(1, 1.0, 5.0), gop=25)
    with Library(path) as library:
        done = library.add(tmp_path / "half of 1.mp4", jobs=1)
        assert done.regions == 1
        assert done.verified >= 1


def test_unknown_verifiers_and_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no verifier 'dtw'; there are none, chamfer, visil, dns, s2vs"):
        Library(tmp_path / "library.sqlite", verify="dtw")
    with (
        Library(tmp_path / "library.sqlite", verify="visil") as library,
        pytest.raises(UserError, match="visil needs the folder of its weights"),
    ):
        library.add(tmp_path)


def test_regions_go_with_their_video(verified: tuple[Path, int, int], tmp_path: Path) -> None:
    path = Path(shutil.copy(verified[0], tmp_path / "library.sqlite"))
    with Catalogue.open(path) as catalogue:
        key = catalogue.meta.get("verification") or ""
        _, *regions_key = key.split("|")
        having = catalogue.regions.having(*regions_key)
        assert having and catalogue.verified.all(key)
        found = catalogue.regions.get(next(iter(having)), *regions_key)
        assert found is not None
        np.testing.assert_allclose(np.linalg.norm(found, axis=2), 1, rtol=1e-5)
        catalogue.paths.forget(list(catalogue.paths.load()))
        catalogue.videos.prune()
        assert not catalogue.regions.having(*regions_key)
        assert not catalogue.verified.all(key)
