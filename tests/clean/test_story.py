"""Four episodes in a good picture, and one film in a worse that has them all and 20 s of its own."""

from __future__ import annotations

import itertools
from itertools import islice
from pathlib import Path

import pytest

from makers import Image, scene, write_video
from twinreel.library import Library

LENGTH = 12.0
"""Seconds of an episode."""
OWN = 20.0
"""Seconds that only the film has."""


def shots(seed: int, seconds: float, size: tuple[int, int]) -> list[Image]:
    """A scene that is cut every two seconds, so that no moment is like another."""
    frames = itertools.chain.from_iterable(scene(100 * seed + shot, 2, 25, size) for shot in range(12))
    return list(islice(frames, round(seconds * 25)))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("story")
    for number in range(4):
        write_video(root / f"episode {number}.mp4", shots(number, LENGTH, (240, 136)), gop=25)
    parts = [shots(number, LENGTH, (160, 90)) for number in range(4)]
    film = [*parts[0], *parts[1], *shots(9, OWN, (160, 90)), *parts[2], *parts[3]]
    write_video(root / "film.mp4", film, gop=25)
    with Library(root / "library.sqlite") as opened:
        opened.add(root)
    return root / "library.sqlite"


def test_by_default_the_film_stays_and_the_verdict_says_why(library: Path) -> None:
    with Library(library) as opened:
        plan = opened.plan()
    assert plan.actions == ()
    (remark,) = plan.remarks
    assert Path(remark.path).name == "film.mp4"
    assert {Path(path).name for path in remark.kept} == {f"episode {number}.mp4" for number in range(4)}
    assert remark.share == pytest.approx(4 * LENGTH / (4 * LENGTH + OWN), abs=0.03)
    (stretch,) = remark.unique
    assert stretch == pytest.approx((2 * LENGTH, 2 * LENGTH + OWN), abs=1.0)


def test_an_accepted_loss_lets_the_film_go(library: Path) -> None:
    with Library(library) as opened:
        plan = opened.plan(accept_loss=30)
        assert opened.plan(accept_loss=15).actions == ()
    (action,) = plan.actions
    assert Path(action.file.path).name == "film.mp4"
    assert {Path(file.path).name for file in action.kept} == {f"episode {number}.mp4" for number in range(4)}
    assert "4 files" in action.reason and "which is accepted" in action.reason
