"""The facade, on real files with planted answers."""

from __future__ import annotations

import csv
import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import twinreel
from makers import Image, remux, scene, write_video
from twinreel.errors import BadFile, MediaError, NoAccess, NotFound, UserError
from twinreel.library import Comparison, Library
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import DecisionKind
from twinreel.types import Match, Relation, State

SIZE = (96, 64)


def clip(
    seed: int, start: float = 0.0, stop: float = 8.0, fps: float = 25, size: tuple[int, int] = SIZE
) -> list[Image]:
    """Seconds [start, stop) of a scene that is cut every two seconds, so that no moment is like another."""
    frames: Iterable[Image] = itertools.chain.from_iterable(
        islice(scene(100 * seed + shot, 2, fps, size), round(2 * fps)) for shot in range(12)
    )
    return list(islice(frames, round(start * fps), round(stop * fps)))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only. Two films of 16 s, a third that ends with 6 s of the first, twice the second."""
    root = tmp_path_factory.mktemp("films")
    write_video(root / "first.mp4", clip(1, 0, 16), gop=25)
    write_video(root / "second.mp4", clip(2, 0, 16), gop=25)
    write_video(root / "third.mp4", [*clip(3, 0, 10), *clip(1, 4, 10)], gop=25)
    write_video(root / "second, small.mp4", clip(2, 0, 16, size=(64, 48)), gop=50)
    shutil.copy(root / "first.mp4", root / "first, again.mp4")
    return root


@pytest.fixture(scope="module")
def made(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a library of the films. Read only."""
    path = tmp_path_factory.mktemp("made") / "library.sqlite"
    with Library(path, describer="phash") as library:
        library.add(films)
    return path


@pytest.fixture(scope="module")
def shared(made: Path) -> Iterator[Library]:
    """Read only."""
    with Library(made) as library:
        yield library


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Iterator[Library]:
    """A copy of it, to be changed."""
    shutil.copy(made, tmp_path / "own.sqlite")
    with Library(tmp_path / "own.sqlite") as library:
        yield library


def spans(match: Match | None) -> list[tuple[float, float, float, float]]:
    """The segments in order of a."""
    assert match is not None
    return [(s.a_start, s.a_stop, s.b_start, s.b_stop) for s in match.segments]


def names(matches: Iterable[Match], library: Library) -> set[frozenset[str]]:
    return {frozenset(Path(library.show(content).path).name for content in (m.a, m.b)) for m in matches}


# Opening


def test_it_is_the_package_s_one_name() -> None:
    assert twinreel.Library is Library
    with pytest.raises(AttributeError, match="Libary"):
        _ = twinreel.Libary


def test_to_import_the_library_takes_no_longer_than_it_must() -> None:
    heavy = ("scipy", "sklearn", "onnxruntime", "torch", "pyarrow", "PIL", "faiss")
    code = f"import sys, twinreel.library; sys.exit(', '.join(name for name in {heavy} if name in sys.modules) or 0)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_worker_process_does_not_import_it() -> None:
    code = "import sys, twinreel.engine.worker, twinreel.engine.tasks; sys.exit('twinreel.library' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_a_library_was_made_with_is_remembered(films: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path, describer="phash", sampling="dense:2", aligner="hough") as library:
        library.add(films / "first.mp4")
    with Library(path) as library:
        assert (library.describer, library.sampling, library.aligner) == ("phash", Sampling("dense", 2.0), "hough")
        assert library.add(films / "first.mp4").decoded == 0


def test_another_sampling_makes_new_fingerprints_beside_the_old(films: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path, describer="phash") as library:
        library.add(films)
        before = names(library.matches(), library)
    with Library(path, sampling=Sampling("dense", 1.5)) as library:
        report = library.add(films)
        assert (report.unchanged, report.decoded) == (5, 4)
        assert names(library.matches(), library) == before
    with Library(path, sampling="auto:1") as library:
        assert library.add(films).decoded == 0
        assert names(library.matches(), library) == before


def test_every_sampling_finds_the_copies(films: Path, tmp_path: Path) -> None:
    pytest.importorskip("scenedetect")
    for sampling in ("shots", "anchors", "keyframes"):
        with Library(tmp_path / f"{sampling}.sqlite", describer="phash", sampling=sampling) as library:
            assert library.add(films).failures == ()
            assert frozenset({"second.mp4", "second, small.mp4"}) in names(library.matches(), library)


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no library"):
        Library(tmp_path / "none.sqlite", create=False)
    assert not (tmp_path / "none.sqlite").exists()


def test_wrong_settings_are_refused(tmp_path: Path, films: Path) -> None:
    with pytest.raises(UserError, match="network, hough"):
        Library(tmp_path / "l.sqlite", aligner="best")
    with pytest.raises(UserError, match="auto, keyframes"):
        Library(tmp_path / "l.sqlite", sampling="some")
    with Library(tmp_path / "l.sqlite", describer="none") as library, pytest.raises(UserError, match="phash"):
        library.add(films)
    with Library(tmp_path / "l.sqlite", describer="phash") as library:
        with pytest.raises(UserError, match="jobs is 0"):
            library.add(films, jobs=0)
        with pytest.raises(UserError, match="0 to 1"):
            library.matches(1.5)


# Search


def test_a_clip_is_found_where_it_was_seen(shared: Library, films: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", clip(1, 5, 9, size=(80, 60)), gop=25)
    found = shared.search(path)
    assert {f.video.content for f in found} == {shared.show(films / n).content for n in ("first.mp4", "third.mp4")}
    planted = {"first, again.mp4": 5.0, "first.mp4": 5.0, "third.mp4": 11.0}
    for one in found:
        assert one.match.b == one.video.content
        assert one.match.coverage_a > 0.9 > one.match.coverage_b
        start, stop, other_start, other_stop = spans(one.match)[0]
        at = planted[Path(one.video.path).name]
        assert (start, stop) == pytest.approx((0, 4), abs=1.0)
        assert (other_start, other_stop) == pytest.approx((at, at + 4), abs=1.0)
    assert len(shared.search(path, top=1)) == 1
    assert str(path) not in {p for video in shared.videos() for p in video.paths}


def test_a_still_image_is_found_where_it_was_seen(shared: Library, tmp_path: Path) -> None:
    path = write_video(tmp_path / "still.png", clip(2, 7, 7.04), codec="png", pix_fmt="rgb24", format="image2")
    found = shared.search(path, min_score=0.0)
    assert Path(found[0].video.path).name in ("second.mp4", "second, small.mp4")
    (span,) = spans(found[0].match)
    assert span[2] <= 7.0 + 0.5
    assert span[3] >= 7.0 - 0.5


def test_a_video_of_the_library_is_found_as_itself_first(shared: Library, films: Path) -> None:
    found = shared.search(films / "second.mp4")
    assert [(f.match.relation, f.match.score) for f in found[:1]] == [(Relation.IDENTICAL, 1.0)]
    assert [Path(f.video.path).name for f in found] == ["second.mp4", "second, small.mp4"]


def test_what_was_never_seen_is_not_found(shared: Library, tmp_path: Path) -> None:
    assert shared.search(write_video(tmp_path / "new.mp4", clip(9), gop=25)) == []


def test_clips_that_cannot_be_used(shared: Library, films: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nothing" * 100)
    with pytest.raises(BadFile):
        shared.search(tmp_path / "bad.mp4")
    with pytest.raises(NoAccess):
        shared.search(tmp_path / "none.mp4")
    answers = shared.search_many([tmp_path / "bad.mp4", films / "second.mp4"])
    bad, good = answers.values()
    assert isinstance(bad, MediaError)
    assert isinstance(good, list)
    assert len(good) == 2


def test_an_empty_library_has_seen_nothing(films: Path, tmp_path: Path) -> None:
    with Library(tmp_path / "library.sqlite", describer="phash") as library:
        assert library.search(films / "first.mp4") == []
        assert (library.groups(), library.matches(), library.videos(), library.failures()) == ([], [], [], [])
        assert library.status().videos == 0


# Compare


def compared(a: Iterable[Image], b: Iterable[Image], folder: Path, fps: float = 25) -> Comparison:
    """Two files that are not part of the library."""
    write_video(folder / "a.mp4", a, gop=50)
    write_video(folder / "b.mp4", b, fps, gop=50)
    with Library(folder / "library.sqlite", describer="phash") as library:
        comparison = library.compare(folder / "a.mp4", folder / "b.mp4")
        assert library.videos() == []
    return comparison


def close(found: Iterable[tuple[float, ...]], planted: Iterable[tuple[float, ...]], within: float = 0.5) -> None:
    found, planted = list(found), list(planted)
    assert len(found) == len(planted), found
    for one, other in zip(found, planted, strict=True):
        assert one == pytest.approx(other, abs=within)


def test_compare_a_trimmed_copy(tmp_path: Path) -> None:
    comparison = compared(clip(4, 0, 12), clip(4, 3, 9), tmp_path)
    assert comparison.match is not None
    assert comparison.match.relation is Relation.CONTAINS
    assert comparison.match.a == comparison.a.content
    close(spans(comparison.match), [(3, 9, 0, 6)])
    assert comparison.similarity.shape == (len(comparison.times_a), len(comparison.times_b))
    assert [stage.passed for stage in comparison.stages] == [False, False, True, True, True, True]


def test_compare_says_the_same_the_other_way_round(tmp_path: Path) -> None:
    comparison = compared(clip(4, 3, 9), clip(4, 0, 12), tmp_path)
    assert comparison.match is not None
    assert comparison.match.a == comparison.a.content
    close(spans(comparison.match), [(0, 6, 3, 9)])


def test_compare_a_mirrored_copy(tmp_path: Path) -> None:
    comparison = compared(clip(5, 0, 10), [frame[:, ::-1] for frame in clip(5, 2, 8)], tmp_path)
    close(spans(comparison.match), [(2, 8, 0, 6)])
    assert comparison.match is not None
    assert all(segment.mirrored for segment in comparison.match.segments)


def test_compare_a_copy_at_another_speed(tmp_path: Path) -> None:
    comparison = compared(clip(6, 0, 15), clip(6, 0, 15), tmp_path, fps=25 * 1.25)
    close(spans(comparison.match), [(0, 15, 0, 12)])


def test_compare_clips_in_another_order(tmp_path: Path) -> None:
    comparison = compared(clip(7, 0, 12), [*clip(7, 6, 12), *clip(7, 0, 6)], tmp_path)
    close(spans(comparison.match), [(0, 6, 6, 12), (6, 12, 0, 6)])


def test_compare_what_has_nothing_in_common(tmp_path: Path) -> None:
    comparison = compared(clip(8, 0, 6), clip(9, 0, 6), tmp_path)
    assert comparison.stages[2].passed
    assert not comparison.stages[-1].passed


def test_compare_a_black_video(tmp_path: Path) -> None:
    black = [np.zeros((64, 96, 3), np.uint8)] * 100
    comparison = compared(clip(8, 0, 6), black, tmp_path)
    assert comparison.match is None
    stage = next(stage for stage in comparison.stages[2:] if not stage.passed)
    assert stage.name == "frames that say something"
    assert "0 of" in stage.detail


def test_compare_the_shortcuts(shared: Library, films: Path, tmp_path: Path) -> None:
    same = shared.compare(films / "first.mp4", films / "first, again.mp4")
    assert same.match is not None
    assert (same.match.relation, same.stages[0].passed) == (Relation.IDENTICAL, True)
    remux(films / "first.mp4", tmp_path / "remux.mkv")
    other = shared.compare(films / "first.mp4", tmp_path / "remux.mkv")
    assert other.match is not None
    assert (other.match.relation, [s.passed for s in other.stages[:2]]) == (Relation.REMUX, [False, True])
    assert other.a == shared.show(films / "first.mp4")
    assert (other.b.path, other.b.state) == (str(tmp_path / "remux.mkv"), State.PRESENT)


def test_compare_ranks_in_the_library(shared: Library, films: Path) -> None:
    comparison = shared.compare(films / "third.mp4", films / "first.mp4")
    close(spans(comparison.match), [(10, 16, 4, 10)])
    assert "rank 1 in the library" in comparison.stages[3].detail


def test_compare_what_is_not_there(shared: Library, films: Path, tmp_path: Path) -> None:
    with pytest.raises(NoAccess):
        shared.compare(films / "first.mp4", tmp_path / "none.mp4")


# What a library holds


def test_matches_and_groups(shared: Library, films: Path) -> None:
    assert names(shared.matches(), shared) == {
        frozenset({"second.mp4", "second, small.mp4"}),
        frozenset({Path(shared.show(films / "first.mp4").path).name, "third.mp4"}),
    }
    (match,) = shared.matches(video=str(films / "third.mp4"))
    assert {match.a, match.b} == {shared.show(films / name).content for name in ("first.mp4", "third.mp4")}
    groups = [{Path(shared.show(member).path).name for member in group.members} for group in shared.groups()]
    assert {"second.mp4", "second, small.mp4"} in groups
    assert len(groups) == 2  # the other one: the same file in two places
    assert len(shared.matches(0.0)) >= 2


def test_a_denied_match_is_not_reported_again(own: Library, films: Path) -> None:
    pair = [own.show(films / name).content for name in ("second.mp4", "second, small.mp4")]
    with Catalogue.open(own.path) as catalogue:
        catalogue.decisions.record(DecisionKind.NOT_A_MATCH, *pair)
    assert len(own.matches()) == 1
    assert len(own.groups()) == 1


def test_show(shared: Library, films: Path) -> None:
    video = shared.show(films / "first.mp4")
    assert video == shared.show(video.content)
    assert video.probe.duration == pytest.approx(16, abs=0.1)
    with pytest.raises(NotFound, match=r"no\.mp4"):
        shared.show("no.mp4")


def test_an_export_has_every_pair_of_files(shared: Library, films: Path, tmp_path: Path) -> None:
    count = shared.export(tmp_path / "m.csv")
    with (tmp_path / "m.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    pairs = {frozenset({Path(row["a"]).name, Path(row["b"]).name}) for row in rows}
    assert pairs == {
        frozenset({"first.mp4", "first, again.mp4"}),
        frozenset({"first.mp4", "third.mp4"}),
        frozenset({"first, again.mp4", "third.mp4"}),
        frozenset({"second.mp4", "second, small.mp4"}),
    }
    assert shared.export(tmp_path / "all.jsonl", 0.0) >= count
    with pytest.raises(UserError, match="csv"):
        shared.export(tmp_path / "m.txt")


def test_forget(own: Library, films: Path) -> None:
    content = own.show(films / "second.mp4").content
    assert own.forget(films / "second.mp4") == 1
    assert content not in {video.content for video in own.videos()}
    assert len(own.matches()) == 1
    with pytest.raises(NotFound):
        own.forget(films / "second.mp4")
    assert own.forget(films / "first.mp4") == 1
    assert own.show(films / "first, again.mp4").paths == (str(films / "first, again.mp4"),)
    assert own.forget(films) == 3
    assert own.videos() == []
    report = own.add(films)
    assert (report.added, report.decoded) == (4, 4)
    assert len(own.matches()) == 2


def test_prune_forgets_what_is_gone(own: Library, films: Path, tmp_path: Path) -> None:
    root = tmp_path / "films"
    shutil.copytree(films, root)
    assert own.add(root).moved == 5
    (root / "third.mp4").unlink()
    own.add(root)
    assert own.prune() == 1
    assert own.show(films / "third.mp4").state is State.PRESENT
    with pytest.raises(NotFound):
        own.show(root / "third.mp4")
    assert own.prune() == 0


def test_status(shared: Library, films: Path) -> None:
    status = shared.status()
    assert (status.videos, status.fingerprints, status.failures, status.reported) == (4, 4, 0, 2)
    assert status.paths == {"present": 5, "gone": 0, "offline": 0}
    assert status.hours == pytest.approx(4 * 16 / 3600, rel=0.01)
    assert (status.describer, status.sampling, status.aligner) == ("phash", "auto:1", "network")
    assert status.last_scan is not None
    assert status.last_scan.report is not None
    assert status.last_scan.report.files == 5


def test_a_picture_in_a_picture_is_found(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    shown, host = clip(6, size=(320, 180)), clip(7, size=(320, 180))
    write_video(tmp_path / "films" / "shown.mp4", shown, gop=25)
    write_video(tmp_path / "films" / "other.mp4", clip(8, size=(320, 180)), gop=25)
    for frame, small in zip(host, shown, strict=True):
        frame[10:100, 150:310] = small[::2, ::2]
    write_video(tmp_path / "films" / "inset.mp4", host, gop=25)
    with Library(tmp_path / "library.sqlite") as library:
        library.add(tmp_path / "films")
        match = max(library.matches(), key=lambda match: match.score)
        assert names([match], library) == {frozenset({"shown.mp4", "inset.mp4"})}
    np.testing.assert_allclose(spans(match), [(0, 8, 0, 8)], atol=1.1)
