"""A collection as data, on libraries whose footage is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from twinreel.clean.quality import quality, unique_seconds

from .made import Made, footage


def test_what_several_files_show_counts_once(tmp_path: Path) -> None:
    made = Made(tmp_path)
    film = made.file("film.mp4", (0, 0, 30), height=1080)
    made.file("cut.mp4", (0, 5, 20))
    made.file("more.mp4", (0, 25, 30), (1, 0, 10))
    shutil.copy(film, tmp_path / "again.mp4")
    videos = made.videos()
    assert unique_seconds({video.content: video for video in videos}, made.matches()) == len(footage(tmp_path)) == 40
    found = quality(videos, made.matches(), changed=1, failed=4)
    assert found.files == 4 and found.unique_hours * 3600 == pytest.approx(40)
    assert found.hours * 3600 == pytest.approx(30 + 30 + 15 + 15)
    assert (found.consistency, found.correctness, found.completeness) == (0.8, 0.5, 1.0)
    assert found.minimisation == pytest.approx(40 / 90)
    after = quality(videos, made.matches(), removed=made.plan().removed)
    assert (after.files, after.completeness) == (2, 1.0) and after.minimisation == pytest.approx(40 / 45)


def test_nothing_is_perfect() -> None:
    found = quality([], [])
    assert (found.files, found.completeness, found.minimisation) == (0, 1.0, 1.0)
