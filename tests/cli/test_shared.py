"""twinreel shared, on files with a planted intro."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from makers import Image, scene, write_video
from twinreel.cli.shapes import OUTPUTS
from twinreel.cli.text import clock
from twinreel.library import Library

from .conftest import invoke, invoke_json
from .test_commands import fits

SIZE = (96, 64)
INTRO = 3.0
"""Seconds."""


def shot(seed: int, seconds: float) -> list[Image]:
    return list(scene(seed, seconds, size=SIZE))


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only. A library of six episodes that begin with the same intro, a small copy of the first, and a film in six
    versions; all with the files beside it."""
    root = tmp_path_factory.mktemp("episodes")
    intro = shot(50, INTRO)
    for number in range(6):
        frames = [*intro, *shot(60 + number, 3), *shot(70 + number, 4)]
        write_video(root / f"episode {number}.mp4", frames, gop=25)
        if number == 0:
            write_video(root / "episode 0, small.mp4", [frame[::2, ::2] for frame in frames], gop=25)
    film = [*shot(80, 4), *shot(81, 4)]
    for number in range(6):
        write_video(root / f"version {number}.mp4", film, gop=25, options={"crf": f"{20 + number}"})
    result = invoke("scan", root, "--library", root / "library.sqlite", "--describer", "phash", "--jobs", 2)
    assert result.exit_code == 0, result.stderr
    assert "1 stretch that many videos share: twinreel shared" in result.stdout
    return root / "library.sqlite"


def test_an_intro_is_shared_content_and_duplicates_are_not(episodes: Path) -> None:
    (intro,) = found = invoke_json("shared", "--library", episodes)
    assert fits(found, OUTPUTS["shared"])
    assert intro["videos"] == len(intro["occurrences"]) == 7
    assert {Path(place["path"]).name.split(" ")[0] for place in intro["occurrences"]} == {"episode"}
    for place in intro["occurrences"]:
        assert (place["start"], place["end"]) == pytest.approx((0, INTRO), abs=1.0)
    assert intro["seconds"] == pytest.approx(7 * INTRO, abs=4.0)


def test_shared_content_is_told_with_its_seconds(episodes: Path) -> None:
    (intro,) = invoke_json("shared", "--library", episodes)
    lines = invoke("shared", "--library", episodes).stdout.splitlines()
    assert lines[0] == f"Shared content 1: 7 videos, {clock(intro['seconds'])} in all"
    assert len(lines) == 1 + 2 * 7
    assert lines[1].startswith("  ") and lines[1].endswith(".mp4")
    assert lines[2].startswith("      0:00:00.0-0:00:0")


def test_matches_groups_and_exports_call_it_by_its_name(episodes: Path, tmp_path: Path) -> None:
    relations = {
        frozenset((Path(match["a"]).stem, Path(match["b"]).stem)): match["relation"]
        for match in invoke_json("matches", "--library", episodes)
    }
    of_one = frozenset(("episode 0", "episode 0, small"))
    across = {pair: what for pair, what in relations.items() if all(name.startswith("episode") for name in pair)}
    assert across.pop(of_one) == "duplicate"
    assert set(across.values()) == {"shared content"} and len(across) >= 15
    sizes = sorted(len(group["members"]) for group in invoke_json("groups", "--library", episodes))
    assert sizes == [2, 6]
    invoke("export", tmp_path / "m.csv", "--library", episodes)
    with (tmp_path / "m.csv").open(newline="") as file:
        exported = {
            frozenset((Path(row["a"]).stem, Path(row["b"]).stem)): row["relation"] for row in csv.DictReader(file)
        }
    assert exported == relations


def test_the_matches_of_one_video_say_the_same(episodes: Path) -> None:
    with Library(episodes) as library:
        everything = library.matches()
        for video in library.videos():
            of_it = [match for match in everything if video.content in (match.a, match.b)]
            assert library.matches(video=video.content) == of_it


def test_a_library_without_shared_content(library: Path) -> None:
    assert invoke("shared", "--library", library).stdout == "no shared content\n"
    assert invoke_json("shared", "--library", library) == []


def test_a_search_gives_shared_content_no_weight(episodes: Path, tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", [*shot(50, INTRO), *shot(62, 3), *shot(72, 1)], gop=25)
    (answer,) = invoke_json("search", clip, "--library", episodes)
    relations = {Path(one["match"]["b"]).name: one["match"]["relation"] for one in answer["found"]}
    assert relations.pop("episode 2.mp4") == "contains"
    assert len(relations) >= 4 and set(relations.values()) == {"shared content"}


def test_a_comparison_gives_shared_content_no_weight(episodes: Path) -> None:
    files = [episodes.parent / f"episode {number}.mp4" for number in (1, 2)]
    found = invoke_json("compare", *files, "--library", episodes, "--describer", "phash")
    assert found["match"]["relation"] == "shared content"
