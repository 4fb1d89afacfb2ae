"""Libraries made apart and joined, against one that scanned everything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from collection import DESCRIBER, make_collection, open_library, relations

from twinreel.errors import NotFound, UserError
from twinreel.library import Library
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import DecisionKind
from twinreel.types import Match, State

SCORE, SECONDS = 1e-4, 0.05
"""What the same matches may differ by: vectors are the same to the last bit, sums may be made in another order."""


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two folders and their libraries, and a library that scanned both; every planted pair lies across. Read only."""
    root = tmp_path_factory.mktemp("apart")
    make_collection(root / "one")
    (root / "two").mkdir()
    for name in ("smaller 1.mp4", "part of 2.mp4", "remux of 0.mkv", "same as 1.mp4"):
        shutil.move(root / "one" / name, root / "two" / name)
    folders = {"one": [root / "one"], "two": [root / "two"], "whole": [root / "one", root / "two"]}
    for name, given in folders.items():
        with open_library(root / f"{name}.sqlite") as library:
            library.add(given, jobs=1)
    return {name: root / f"{name}.sqlite" for name in folders}


@pytest.fixture
def one(apart: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copy(apart["one"], tmp_path / "one.sqlite"))


def assert_same(found: list[Match], expected: list[Match]) -> None:
    assert [(m.a, m.b, m.relation, len(m.segments)) for m in found] == [
        (m.a, m.b, m.relation, len(m.segments)) for m in expected
    ]
    for one, other in zip(found, expected, strict=True):
        assert one.score == pytest.approx(other.score, abs=SCORE)
        for s, t in zip(one.segments, other.segments, strict=True):
            times = (s.a_start, s.a_stop, s.b_start, s.b_stop)
            assert times == pytest.approx((t.a_start, t.a_stop, t.b_start, t.b_stop), abs=SECONDS)


def test_two_libraries_merged_are_as_one_scan_of_everything(apart: dict[str, Path], one: Path) -> None:
    with open_library(one) as library, open_library(apart["whole"]) as whole:
        assert not library.matches()
        joined = library.merge([apart["two"]], jobs=1)
        assert (joined.videos, joined.added) == (4, 3)  # one is a copy of a file in the first
        assert len(whole.matches()) == 3
        assert_same(library.matches(0), whole.matches(0))
        assert relations(library) == relations(whole)
        assert library.groups() == whole.groups()
        assert library.status().paths == whole.status().paths


def test_a_file_of_videos_says_the_same_as_the_library(apart: dict[str, Path], one: Path, tmp_path: Path) -> None:
    with open_library(apart["two"]) as two:
        assert two.export_videos(tmp_path / "two.parquet") == 4
    with open_library(one) as library, open_library(apart["whole"]) as whole:
        assert library.import_videos(tmp_path / "two.parquet", jobs=1).added == 3
        assert_same(library.matches(0), whole.matches(0))
        assert library.groups() == whole.groups()


def test_taking_in_the_same_videos_again_changes_nothing(apart: dict[str, Path], one: Path) -> None:
    with open_library(one) as library:
        library.merge([apart["two"]], jobs=1)
        before = library.matches(0), library.videos()
        again = library.merge([apart["two"]], jobs=1)
        assert (again.videos, again.added) == (4, 0)
        assert (library.matches(0), library.videos()) == before


def test_paths_of_another_machine_are_named_by_it_and_offline(apart: dict[str, Path], one: Path) -> None:
    with open_library(one) as library:
        here = library.status().paths["present"]
        library.merge([apart["two"]], host="nas", jobs=1)
        paths = library.status().paths
        assert (paths["present"], paths["offline"]) == (here, 4)
        offline = [video for video in library.videos() if video.state is State.OFFLINE]
        assert len(offline) == 3 and all(video.path.startswith("host://nas/") for video in offline)
        # they are matched like all others, but that nobody here can hash their streams
        assert set(relations(library)) == {
            ("scene 1.mp4", "smaller 1.mp4"),
            ("part of 2.mp4", "scene 2.mp4"),
            ("remux of 0.mkv", "scene 0.mp4"),
        }
        assert library.forget("host://nas") == 4


def test_a_scan_leaves_offline_paths_of_another_machine_alone(
    apart: dict[str, Path], one: Path, tmp_path: Path
) -> None:
    drive = tmp_path / "drive"
    shutil.copytree(apart["two"].parent / "two", drive)
    with open_library(tmp_path / "drive.sqlite") as library:
        library.add(drive, jobs=1)
    shutil.rmtree(drive)
    drive.mkdir()  # an empty mount point
    with open_library(one) as library:
        library.merge([tmp_path / "drive.sqlite"], jobs=1)
        assert library.status().paths["offline"] == 4
        library.add(drive, jobs=1)
        assert library.status().paths["offline"] == 4


def test_one_path_with_two_contents_is_refused_unless_the_machine_is_named(
    apart: dict[str, Path], one: Path, tmp_path: Path
) -> None:
    two = Path(shutil.copy(apart["two"], tmp_path / "two.sqlite"))
    with Catalogue.open(one) as catalogue, Catalogue.open(two) as other:
        known = catalogue.paths.load().values()
        record = next(r for r in known if r.content and other.videos.get(r.content) is None)
        stranger = other.videos.get(next(other.videos.all()).content)
        assert stranger is not None
        # there it is another file, with another time
        other.paths.put([record._replace(content=stranger.content, stat=record.stat._replace(mtime_ns=1))])
    with open_library(one) as library:
        before = library.videos()
        with pytest.raises(UserError, match="--host"):
            library.merge([two])
        assert library.videos() == before
        assert library.merge([two], host="nas", jobs=1).videos == 4


def test_decisions_are_taken_over(apart: dict[str, Path], one: Path, tmp_path: Path) -> None:
    two = Path(shutil.copy(apart["two"], tmp_path / "two.sqlite"))
    with open_library(apart["whole"]) as whole:
        match = whole.matches()[0]
    with Catalogue.open(two) as catalogue:
        catalogue.decisions.record(DecisionKind.NOT_A_MATCH, match.a, match.b, note="two takes")
        decided = catalogue.decisions.all()
    with open_library(two) as library:
        library.export_videos(tmp_path / "two.parquet")
    with open_library(one) as library:
        assert library.import_videos(tmp_path / "two.parquet", jobs=1).decisions == 1
        assert (match.a, match.b) not in {(m.a, m.b) for m in library.matches()}
        assert library.merge([two], jobs=1).decisions == 0  # known by now
    with Catalogue.open(one) as catalogue:
        (kept,), (given,) = catalogue.decisions.all(), decided
        assert kept.b is not None and given.b is not None
        # digests may have become known since
        assert (kept.kind, kept.note, kept.decided_at) == (given.kind, given.note, given.decided_at)
        assert (kept.a.content, kept.b.content) == (given.a.content, given.b.content)


def test_other_fingerprints_and_the_library_itself_are_refused(apart: dict[str, Path], one: Path) -> None:
    with Library(one, describer=DESCRIBER, sampling="dense:2") as library:
        with pytest.raises(UserError, match="another --describer or --sampling"):
            library.merge([apart["two"]])
        with pytest.raises(UserError, match="this library itself"):
            library.merge([one])
        with pytest.raises(NotFound, match="there is no library"):
            library.merge([one.with_name("nothing.sqlite")])
