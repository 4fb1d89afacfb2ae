"""The cascade: keyframes first, more frames where they have something in common, the same whatever happens."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from cascading import CUTTING, FILM, FPS, KEYFRAME, PART, SCENE, UNRELATED, make_videos, open_cascade, scenes, times_of
from collection import add_interrupted, everything

from makers import write_video
from twinreel.match import cascade
from twinreel.match.cascade import AROUND
from twinreel.types import Relation


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only."""
    return make_videos(tmp_path_factory.mktemp("videos"))


@pytest.fixture(scope="module")
def scanned(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the videos. Read only."""
    path = tmp_path_factory.mktemp("scanned") / "library.sqlite"
    with open_cascade(path) as library:
        library.add(videos)
    return path


def test_what_has_nothing_in_common_is_left_at_its_keyframes(scanned: Path) -> None:
    times = times_of(scanned)
    for name in ("unrelated.mp4", "remux.mkv"):  # a remux is found by its packets
        assert np.diff(times[name]).min() >= KEYFRAME - 0.3
        assert len(times[name]) == len(UNRELATED) * SCENE / KEYFRAME


def test_a_stretch_in_common_is_looked_into_and_its_surroundings(scanned: Path) -> None:
    times = times_of(scanned)
    for name, seeds in (("film.mp4", FILM), ("cutting.mkv", CUTTING)):
        start = seeds.index(PART[0]) * SCENE
        stop = start + len(PART) * SCENE
        near = times[name][(times[name] > start) & (times[name] < stop)]
        assert np.diff(near).max() < 1.3
    film = times["film.mp4"]
    far = np.concatenate([film[film < 70 - AROUND - KEYFRAME], film[film > 100 + AROUND + KEYFRAME]])
    assert len(far) > 10
    assert np.diff(far).min() >= KEYFRAME - 0.3


def test_the_seconds_do_not_rest_on_keyframes(scanned: Path) -> None:
    with open_cascade(scanned) as library:
        found = {Path(library.show(m.a).path).name: m for m in library.matches() if m.relation is not Relation.REMUX}
        (match,) = found.values()
        (segment,) = match.segments
        film, cutting = (segment.a_start, segment.a_stop), (segment.b_start, segment.b_stop)
        if "film.mp4" not in found:
            film, cutting = cutting, film
        assert film == pytest.approx((70.0, 100.0), abs=0.6)
        assert cutting == pytest.approx((20.0, 50.0), abs=0.6)


def test_a_clip_that_is_searched_for_is_looked_at_as_a_whole(scanned: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", list(scenes([*PART]))[30:90], FPS, gop=1000)
    with open_cascade(scanned) as library:
        names = {Path(found.video.path).name for found in library.search(clip)}
    assert names == {"film.mp4", "cutting.mkv"}


def test_files_that_come_later_give_the_same(videos: Path, scanned: Path, tmp_path: Path) -> None:
    with open_cascade(tmp_path / "library.sqlite") as library, open_cascade(scanned) as at_once:
        for name in ("film.mp4", "remux.mkv", "cutting.mkv", "unrelated.mp4"):
            report = library.add(videos / name)
        for one, other in zip(everything(library, 0.5), everything(at_once, 0.5), strict=True):
            # What is usual in a library is judged by the frames there were when it was.
            assert one[:3] == other[:3]
            assert one[3] == pytest.approx(other[3], abs=1e-4)
            np.testing.assert_allclose(one[5], other[5], atol=1e-3)
        assert library.add(videos).frames == 0
    for name, times in times_of(scanned).items():
        np.testing.assert_array_equal(times_of(tmp_path / "library.sqlite")[name], times)
    assert report.failures == ()


def test_interrupted_at_any_report_it_goes_on_to_the_same_result(videos: Path, scanned: Path, tmp_path: Path) -> None:
    with open_cascade(tmp_path / "library.sqlite") as library, open_cascade(scanned) as uninterrupted:
        add_interrupted(library, videos)
        assert everything(library) == everything(uninterrupted)
    for name, times in times_of(scanned).items():
        np.testing.assert_array_equal(times_of(tmp_path / "library.sqlite")[name], times)


def test_a_file_that_is_away_is_looked_into_when_it_is_back(videos: Path, tmp_path: Path) -> None:
    root = tmp_path / "videos"
    root.mkdir()
    film = root / "film.mp4"
    film.write_bytes((videos / "film.mp4").read_bytes())
    with open_cascade(tmp_path / "library.sqlite") as library:
        library.add(root)
        film.rename(tmp_path / "film.mp4")
        (root / "cutting.mkv").write_bytes((videos / "cutting.mkv").read_bytes())
        library.add(root)
        coarse = times_of(library.path)
        assert np.diff(coarse["film.mp4"]).min() >= KEYFRAME - 0.3
        (tmp_path / "film.mp4").rename(film)
        library.add(root)
        assert len(times_of(library.path)["film.mp4"]) > len(coarse["film.mp4"]) + 20


def test_what_is_faint_is_looked_into_as_far_as_that_is_affordable(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another part of the film shows the same for a moment only: keyframes say little of it."""
    root = tmp_path / "videos"
    root.mkdir()
    write_video(root / "cutting.mkv", chain(scenes(UNRELATED), list(scenes([PART[0]]))[:15]), FPS, gop=1000)
    (root / "film.mp4").write_bytes((videos / "film.mp4").read_bytes())
    frames = {}
    for seconds in (0.0, 7200.0):
        monkeypatch.setattr(cascade, "DEPTHS", (1e-6, 0.999999))
        monkeypatch.setattr(cascade, "SHARE", 0.0)
        monkeypatch.setattr(cascade, "ALWAYS", seconds)
        with open_cascade(tmp_path / f"{seconds}.sqlite") as library:
            frames[seconds] = library.add(root).frames
    assert frames[0.0] < frames[7200.0]
