"""Scans of real files: what is read again and what is not, and that no interruption changes the result."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from collection import PAIRS, add_interrupted, clip, everything, make_collection, open_library, relations, touch

from makers import Hostile, remux, write_video
from twinreel.errors import LibraryError, NotFound
from twinreel.library import Library, Step
from twinreel.store.catalogue import Catalogue
from twinreel.store.paths import FileStat
from twinreel.types import FailureKind, Relation, State


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    return make_collection(tmp_path_factory.mktemp("collection") / "videos")


@pytest.fixture(scope="module")
def scanned(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the collection. Read only."""
    path = tmp_path_factory.mktemp("scanned") / "library.sqlite"
    with open_library(path) as library:
        library.add(collection)
    return path


@pytest.fixture
def copied(collection: Path, scanned: Path, tmp_path: Path) -> Iterator[tuple[Path, Library]]:
    """A copy of the collection and a library that has scanned it, to be changed."""
    root = tmp_path / "videos"
    shutil.copytree(collection, root)
    shutil.copy(scanned, tmp_path / "library.sqlite")
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        known = catalogue.paths.load()
        catalogue.paths.forget(known)
        for path, record in known.items():
            here = root / Path(path).name
            catalogue.paths.put([record._replace(path=str(here), stat=FileStat.of(here.stat()))])
    with Library(tmp_path / "library.sqlite") as library:
        yield root, library


# What comes out


def test_a_scan_finds_what_was_planted(scanned: Path) -> None:
    with open_library(scanned) as library:
        assert relations(library) == PAIRS
        assert [len(group.members) for group in library.groups()] == [2, 2]
        same = library.show(library.groups()[0].members[0])
        assert {Path(path).name for path in same.paths} >= {"scene 1.mp4", "same as 1.mp4"}
        assert library.failures() == []


def test_a_scan_says_what_it_did(collection: Path, tmp_path: Path) -> None:
    with open_library(tmp_path / "library.sqlite") as library:
        report = library.add(collection)
        assert (report.files, report.added, report.moved, report.unchanged) == (7, 6, 1, 0)
        assert report.decoded == 5  # neither the remux nor the identical file
        assert report.frames == 27 + 9  # with the middles
        assert report.seconds_of_video == pytest.approx(4 * 6 + 3, abs=0.1)
        assert report.matches >= len(PAIRS)


def test_one_worker_and_three_give_the_same(collection: Path, tmp_path: Path) -> None:
    found = []
    for jobs in (1, 3):
        with open_library(tmp_path / f"{jobs}.sqlite") as library:
            library.add(collection, jobs=jobs, readers_per_drive=2)
            found.append((everything(library), relations(library), library.groups()))
    assert found[0] == found[1]
    assert found[0][1] == PAIRS


def test_files_added_one_by_one_give_the_same_as_all_at_once(collection: Path, scanned: Path, tmp_path: Path) -> None:
    with open_library(tmp_path / "library.sqlite") as library, open_library(scanned) as whole:
        for path in sorted(collection.iterdir(), reverse=True):
            library.add(path, jobs=1)
        # What is hardly alike may be proposed by the search for one of both, and not for the one that came last.
        assert everything(library, 0.1) == everything(whole, 0.1)


def test_progress_is_told_stage_by_stage(collection: Path, tmp_path: Path) -> None:
    steps: list[Step] = []
    with open_library(tmp_path / "library.sqlite") as library:
        library.add(collection, progress=steps.append)
        stages = {stage: list(told) for stage, told in itertools.groupby(steps, key=lambda step: step.stage)}
        assert list(stages) == ["list", "look", "verify", "describe", "match"]
        for stage, told in stages.items():
            assert [step.done for step in told] == sorted(step.done for step in told)
            assert told[-1].done == told[-1].total, stage
        assert stages["describe"][-1].bytes == stages["describe"][-1].total_bytes > 0
        assert stages["describe"][-1].seconds == pytest.approx(27, abs=0.1)

        steps.clear()
        library.add(collection, progress=steps.append)
        assert {step.stage for step in steps} == {"list"}


# What is read again


def test_an_unchanged_folder_is_only_listed(copied: tuple[Path, Library]) -> None:
    root, library = copied
    before = everything(library)
    report = library.add(root)
    assert (report.files, report.unchanged) == (7, 7)
    assert (report.added, report.moved, report.decoded, report.matches) == (0, 0, 0, 0)
    assert everything(library) == before


def test_a_touched_file_is_looked_at_and_not_decoded(copied: tuple[Path, Library]) -> None:
    root, library = copied
    before = everything(library)
    touch(root / "scene 2.mp4")
    report = library.add(root)
    assert (report.unchanged, report.moved, report.added, report.decoded, report.gone) == (6, 1, 0, 0, 0)
    assert everything(library) == before
    assert library.add(root).unchanged == 7


def test_a_changed_file_is_another_video(copied: tuple[Path, Library]) -> None:
    root, library = copied
    old = library.show(root / "scene 2.mp4").content
    write_video(root / "scene 2.mp4", clip(9), gop=25)
    report = library.add(root)
    assert (report.unchanged, report.added, report.decoded) == (6, 1, 1)
    assert library.show(root / "scene 2.mp4").content != old
    assert ("part of 2.mp4", "scene 2.mp4") not in relations(library)
    assert library.show(old).state is State.GONE
    library.prune()
    assert old not in {video.content for video in library.videos()}


def test_renamed_files_are_not_read(copied: tuple[Path, Library]) -> None:
    root, library = copied
    before = everything(library)
    (root / "inner").mkdir()
    for path in [*root.glob("*.m*")]:
        path.rename(root / "inner" / f"renamed {path.name}")
    stages: set[str] = set()
    report = library.add(root, progress=lambda step: stages.add(step.stage))
    assert (report.moved, report.unchanged, report.added, report.decoded, report.gone) == (7, 0, 0, 0, 0)
    assert stages == {"list"}  # not even looked at
    assert everything(library) == before
    assert all("renamed" in path for video in library.videos() for path in video.paths)


def test_files_moved_to_another_drive_are_not_decoded(copied: tuple[Path, Library], tmp_path: Path) -> None:
    root, library = copied
    before = everything(library)
    shutil.copytree(root, tmp_path / "other drive")
    shutil.rmtree(root)
    report = library.add(tmp_path / "other drive")
    assert (report.moved, report.added, report.decoded, report.matches) == (7, 0, 0, 0)
    assert everything(library) == before


def test_a_remux_found_later_is_not_decoded(copied: tuple[Path, Library]) -> None:
    root, library = copied
    remux(root / "scene 2.mp4", root / "another remux.mkv")
    report = library.add(root)
    assert (report.added, report.decoded) == (1, 0)
    assert relations(library)["another remux.mkv", "scene 2.mp4"] is Relation.REMUX


def test_a_hard_link_is_no_copy(copied: tuple[Path, Library], tmp_path: Path) -> None:
    root, library = copied
    os.link(root / "scene 0.mp4", root / "link to 0.mp4")
    report = library.add(root)
    assert (report.moved, report.added, report.decoded) == (1, 0, 0)
    video = library.show(root / "link to 0.mp4")
    assert len(video.paths) == 2
    library.export(tmp_path / "all.csv", 0.0)
    exported = (tmp_path / "all.csv").read_text()
    assert ("link to 0.mp4" in exported) != ("scene 0.mp4" in exported)  # one of the two names stands for the file


def test_new_hard_links_are_looked_at_once(collection: Path, tmp_path: Path) -> None:
    root = tmp_path / "videos"
    root.mkdir()
    shutil.copy(collection / "scene 0.mp4", root / "0.mp4")
    for number in range(1, 5):
        os.link(root / "0.mp4", root / f"{number}.mp4")
    looked: list[int | None] = []
    with open_library(tmp_path / "library.sqlite") as library:
        report = library.add(root, progress=lambda step: looked.append(step.total) if step.stage == "look" else None)
        assert set(looked) == {1}
        assert (report.files, report.added, report.decoded) == (5, 1, 1)
        assert len(library.show(root / "3.mp4").paths) == 5
        assert library.groups() == []


def test_two_contents_with_one_content_id_are_told_apart(collection: Path, tmp_path: Path) -> None:
    """As two downloads of one film, each complete in other places."""
    root = tmp_path / "videos"
    root.mkdir()
    padding = 6 << 20
    film = (collection / "scene 0.mp4").read_bytes()
    free = (padding + 8).to_bytes(4, "big") + b"free" + bytes(padding)
    whole = film + free
    for number in range(3):
        changed = bytearray(whole)
        changed[len(film) + (1 << 20) + 100] = min(number, 1)  # neither in the first, the middle nor the last MiB
        (root / f"{number}.mp4").write_bytes(changed)
    with open_library(tmp_path / "library.sqlite") as library:
        library.add(root)
        contents = [library.show(root / f"{number}.mp4").content for number in range(3)]
        assert contents[0] != contents[1] == contents[2]
        (match,) = library.matches()
        assert match.relation is Relation.REMUX
        assert {match.a, match.b} == {*contents}

        # which one a file is does not depend on whether the other is still there
        (root / "0.mp4").unlink()
        touch(root / "1.mp4")
        touch(root / "2.mp4")
        report = library.add(root)
        assert (report.added, report.moved, report.decoded, report.gone) == (0, 2, 0, 1)
        assert library.show(root / "1.mp4").content == library.show(root / "2.mp4").content == contents[1]


# What is no longer there


def test_a_vanished_file_is_gone_and_comes_back_without_decoding(copied: tuple[Path, Library], tmp_path: Path) -> None:
    root, library = copied
    before = everything(library)
    (root / "scene 2.mp4").rename(tmp_path / "away.mp4")
    report = library.add(root)
    assert (report.gone, report.unchanged) == (1, 6)
    assert library.show(root / "scene 2.mp4").state is State.GONE
    assert ("part of 2.mp4", "scene 2.mp4") not in relations(library)
    assert library.add(root).gone == 0  # said once

    (tmp_path / "away.mp4").rename(root / "scene 2.mp4")
    report = library.add(root)
    assert (report.unchanged, report.decoded, report.matches) == (7, 0, 0)
    assert everything(library) == before


def test_nothing_is_gone_while_its_root_is_absent(copied: tuple[Path, Library], tmp_path: Path) -> None:
    root, library = copied
    before = everything(library)
    root.rename(tmp_path / "unplugged")
    report = library.add(root)
    assert (report.files, report.gone) == (0, 0)
    assert {video.state for video in library.videos()} == {State.OFFLINE}
    assert everything(library) == before  # still known

    (tmp_path / "unplugged").rename(root)
    report = library.add(root)
    assert (report.unchanged, report.decoded) == (7, 0)
    assert {video.state for video in library.videos()} == {State.PRESENT}


def test_nothing_is_gone_under_an_empty_mount_point(copied: tuple[Path, Library]) -> None:
    """The folder is there, but the drive that the files were on is not what is mounted at it."""
    root, library = copied
    with Catalogue.open(library.path) as catalogue:
        records = catalogue.paths.load().values()
        elsewhere = [r._replace(stat=r.stat._replace(device=r.stat.device + 1)) for r in records]
        catalogue.paths.put(elsewhere)
    for path in root.iterdir():
        path.unlink()
    assert library.add(root.parent).gone == 0
    assert {video.state for video in library.videos()} == {State.OFFLINE}


def test_a_drive_that_got_another_number_is_the_same_drive(copied: tuple[Path, Library]) -> None:
    root, library = copied
    with Catalogue.open(library.path) as catalogue:
        records = catalogue.paths.load().values()
        catalogue.paths.put([r._replace(stat=r.stat._replace(device=r.stat.device + 1)) for r in records])
    (root / "scene 2.mp4").unlink()
    report = library.add(root)
    assert (report.unchanged, report.gone, report.decoded) == (6, 1, 0)
    with Catalogue.open(library.path) as catalogue:
        record = catalogue.paths.get(str(root / "scene 0.mp4"))
        assert record is not None
        assert record.stat == FileStat.of((root / "scene 0.mp4").stat())


def test_a_file_given_by_name_that_vanished_is_gone(copied: tuple[Path, Library]) -> None:
    root, library = copied
    (root / "scene 2.mp4").unlink()
    assert library.add(root / "scene 2.mp4").gone == 1


def test_only_what_lies_under_the_scanned_folders_is_judged(copied: tuple[Path, Library], tmp_path: Path) -> None:
    root, library = copied
    (root / "scene 2.mp4").unlink()
    (tmp_path / "empty").mkdir()
    assert library.add(tmp_path / "empty").gone == 0
    assert library.show(root / "scene 2.mp4").state is State.PRESENT


def test_what_is_left_out_is_not_gone(copied: tuple[Path, Library]) -> None:
    root, library = copied
    report = library.add(root, exclude=["scene*"])
    assert (report.files, report.unchanged, report.gone) == (4, 4, 0)
    assert {video.state for video in library.videos()} == {State.PRESENT}


def test_a_folder_that_never_was_is_an_error(copied: tuple[Path, Library], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        copied[1].add(tmp_path / "nowhere")
    (copied[0] / "empty").mkdir()
    report = copied[1].add([copied[0] / "empty", tmp_path / "nowhere"])
    assert (report.files, report.failures) == (0, ())


# Bad files


def test_a_bad_file_is_tried_once_and_again_when_it_changes(copied: tuple[Path, Library]) -> None:
    root, library = copied
    bad = root / "bad.mp4"
    bad.write_bytes(b"no video at all" * 1000)
    report = library.add(root)
    assert [(failure.path, failure.kind) for failure in report.failures] == [(str(bad), FailureKind.BAD_FILE)]
    assert (report.failed, report.decoded) == (1, 0)

    looked: list[str] = []
    again = library.add(root, progress=lambda step: looked.append(step.stage))
    assert set(looked) == {"list"}
    assert again.failures == report.failures == tuple(library.failures())

    write_video(bad, clip(8), gop=25)
    report = library.add(root)
    assert (report.added, report.decoded, report.failures) == (1, 1, ())
    assert library.failures() == []

    bad.write_bytes(b"no video at all" * 1000)
    library.add(root)
    bad.unlink()
    library.add(root)
    assert library.failures() == []


def test_a_file_that_breaks_off_is_used_as_far_as_it_goes(copied: tuple[Path, Library], tmp_path: Path) -> None:
    root, library = copied
    whole = write_video(tmp_path / "whole.mp4", clip(7, 0, 12), gop=25, container_options={"movflags": "faststart"})
    broken = root / "broken.mp4"
    shutil.copy(whole, broken)
    os.truncate(broken, broken.stat().st_size * 6 // 10)
    shutil.copy(whole, root / "whole.mp4")
    report = library.add(root)
    (failure,) = report.failures
    assert (failure.path, failure.kind, report.failed) == (str(broken), FailureKind.DAMAGED, 0)
    assert "of 12.0 s could be read" in failure.reason
    assert relations(library)["broken.mp4", "whole.mp4"] in (Relation.CONTAINS, Relation.DUPLICATE)

    assert library.add(root).failures == (failure,)  # still so
    broken.rename(root / "broken, renamed.mp4")
    report = library.add(root)
    assert [f.path for f in report.failures] == [str(root / "broken, renamed.mp4")]
    assert report.decoded == 0


def test_a_keyframe_every_ten_seconds_is_no_damage(tmp_path: Path) -> None:
    write_video(tmp_path / "one keyframe.mp4", clip(3, 0, 8), gop=1000)
    with Library(tmp_path / "library.sqlite", describer="phash", sampling="keyframes") as library:
        report = library.add(tmp_path)
        assert (report.decoded, report.frames, report.failures) == (1, 2, ())  # the frame, and its middle


def test_a_hostile_folder_is_scanned_to_the_end(hostile: tuple[Path, dict[str, Hostile]], tmp_path: Path) -> None:
    root, cases = hostile
    with open_library(tmp_path / "library.sqlite") as library:
        report = library.add(root)
        refused = {Path(f.path).name: f for f in library.failures() if f.kind is not FailureKind.DAMAGED}
        walked = {case for case, expected in cases.items() if expected.refused and (root / case).suffix}
        for case in walked & refused.keys():
            assert refused[case].kind is cases[case].refused
            assert cases[case].reason in refused[case].reason
        assert walked <= refused.keys()
        assert not {case for case, expected in cases.items() if not expected.refused} & refused.keys()
        assert library.integrity_check() == []
        assert library.add(root).decoded == 0
        assert report.decoded > 10


# Interruptions


def wait_for(condition: Callable[[], bool]) -> None:
    """Looks every millisecond until it holds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        threading.Event().wait(0.001)


def progress_of(path: Path) -> tuple[int, int, int]:
    """How many videos are known, described and searched; zeros before the library is there."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            tables = ("videos", "fingerprints", "searched")
            counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
            return counts[0], counts[1], counts[2]
    except sqlite3.OperationalError:
        return 0, 0, 0


SCAN = """
import sys
from twinreel import Library
with Library(sys.argv[1], describer="phash") as library:
    library.add(sys.argv[2])
"""


@pytest.mark.parametrize("number", range(10))
def test_killed_at_a_random_moment_the_next_scan_makes_up_for_it(
    number: int, collection: Path, scanned: Path, tmp_path: Path
) -> None:
    path = tmp_path / "library.sqlite"
    process = subprocess.Popen([sys.executable, "-c", SCAN, str(path), str(collection)])
    with suppress(subprocess.TimeoutExpired):
        process.wait(random.Random(number).uniform(0.2, 1.2))
    process.kill()
    process.wait()
    with open_library(path) as library:
        library.add(collection)
        assert library.integrity_check() == []
        with open_library(scanned) as uninterrupted:
            assert everything(library) == everything(uninterrupted)


def test_killed_in_every_stage_it_goes_on_to_the_same_result(collection: Path, scanned: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    for stage, count in ((0, 1), (1, 1), (1, 4)):
        process = subprocess.Popen([sys.executable, "-c", SCAN, str(path), str(collection)])
        wait_for(lambda: progress_of(path)[stage] >= count or process.poll() is not None)  # noqa: B023
        process.kill()
        process.wait()
    with open_library(path) as library:
        assert library.integrity_check() == []
        done = progress_of(path)[1]
        report = library.add(collection)  # no lock is left
        assert report.decoded <= 5 - done + 1  # what was finished is not done again, but for the remux's twin
        assert library.integrity_check() == []
        assert relations(library) == PAIRS
        with open_library(scanned) as uninterrupted:
            assert everything(library) == everything(uninterrupted)


def test_interrupted_at_any_report_it_goes_on_to_the_same_result(
    collection: Path, scanned: Path, tmp_path: Path
) -> None:
    with open_library(tmp_path / "library.sqlite") as library, open_library(scanned) as uninterrupted:
        add_interrupted(library, collection)
        assert everything(library) == everything(uninterrupted)


def test_a_second_scan_says_that_there_is_a_first(copied: tuple[Path, Library]) -> None:
    root, library = copied
    with Catalogue.open(library.path) as other, other.lock_for_scan(wait=False):
        with pytest.raises(LibraryError, match=f"another scan .*{os.getpid()}"):
            library.add(root)
        with pytest.raises(LibraryError, match="another scan"):
            library.forget(root)
        assert library.matches()  # readers are not held up
    assert library.add(root).unchanged == 7


def test_a_second_scan_can_wait(copied: tuple[Path, Library]) -> None:
    root, library = copied
    reasons: list[str] = []
    with Catalogue.open(library.path) as other:
        lock = other.lock_for_scan(wait=False)
        lock.__enter__()

        def leave(reason: str) -> None:
            reasons.append(reason)
            lock.__exit__(None, None, None)

        assert library.add(root, wait=True, on_wait=leave).unchanged == 7
    assert len(reasons) == 1
