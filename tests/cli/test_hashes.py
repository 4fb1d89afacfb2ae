"""twinreel hashes, on the planted relations of the films."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from twinreel.cli.shapes import OUTPUTS

from .conftest import invoke, invoke_json
from .test_commands import fits


@pytest.fixture(scope="module", params=["vpdq", "tmk"])
def ours(request: pytest.FixtureRequest, library: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A format, and a folder with the library's hashes in it. To be read only."""
    folder = tmp_path_factory.mktemp("ours") / "hashes"
    found = invoke_json("hashes", "export", folder, "--format", request.param, "--library", library, "--jobs", "2")
    assert fits(found, OUTPUTS["hashes export"])
    assert all(one["made"] and one["error"] is None for one in found)
    return request.param, folder


def content_of(library: Path, file: Path) -> str:
    content: str = invoke_json("show", file, "--library", library)["video"]["content"]
    return content


def test_every_video_has_a_file_named_by_its_content(ours: tuple[str, Path], library: Path, films: Path) -> None:
    format, folder = ours
    names = {path.name for path in folder.iterdir()}
    suffix = {"vpdq": ".txt", "tmk": ".tmk"}[format]
    assert len(names) == 5  # the copy has the content of the film, and one of the others of the other
    assert content_of(library, films / "film.mp4") + suffix in names
    again = invoke("hashes", "export", folder, "--format", format, "--library", library)
    assert again.stdout == f"0 files written to {folder}, 5 files were there\n"


def test_a_listed_video_is_found_in_its_copies_with_the_seconds(
    ours: tuple[str, Path], library: Path, films: Path
) -> None:
    format, folder = ours
    suffix = {"vpdq": ".txt", "tmk": ".tmk"}[format]
    film = folder / (content_of(library, films / "film.mp4") + suffix)
    found = invoke_json("hashes", "match", film, "--keep", folder, "--library", library)
    assert fits(found, OUTPUTS["hashes match"])
    (listed,) = found["listed"]
    assert (listed["file"], listed["format"], listed["error"]) == (str(film), format, None)
    by_name = {Path(one["path"]).name: one for one in listed["found"]}
    assert {"film.mp4", "film.mkv"} <= by_name.keys()
    assert not {"other [bold].mp4"} & by_name.keys()
    itself = by_name["film.mp4"]
    assert itself["seconds"] == itself["listed_seconds"]
    assert itself["seconds"][0]["start"] == 0 and itself["seconds"][-1]["end"] == pytest.approx(9, abs=0.3)
    scores = [itself[name] for name in ("percent_listed", "percent_own", "level_1", "level_2")]
    assert scores == {"vpdq": [100, 100, None, None], "tmk": [None, None, *[pytest.approx(1)] * 2]}[format]


def test_a_clip_that_is_listed_is_found_in_the_film_by_vpdq(library: Path, films: Path, tmp_path: Path) -> None:
    """Without --keep: all of it is made for this once. Its four seconds begin with the film's fifth."""
    assert invoke("hashes", "export", tmp_path, "--library", library).exit_code == 0
    clip = tmp_path / (content_of(library, films / "clip.mp4") + ".txt")
    (listed,) = invoke_json("hashes", "match", clip, "--library", library)["listed"]
    film = next(one for one in listed["found"] if Path(one["path"]).name == "film.mp4")
    assert film["percent_listed"] == 100 and 40 <= film["percent_own"] <= 50
    assert film["seconds"][0]["start"] == 4.0 and film["seconds"][-1]["end"] == 8.0
    whole = invoke_json("hashes", "match", clip, "--library", library, "--keep", tmp_path, "--own", "80")
    assert all(Path(one["path"]).name != "film.mp4" for one in whole["listed"][0]["found"])


def test_matches_are_told_in_words(ours: tuple[str, Path], library: Path, films: Path) -> None:
    format, folder = ours
    suffix = {"vpdq": ".txt", "tmk": ".tmk"}[format]
    film = folder / (content_of(library, films / "film.mp4") + suffix)
    lines = invoke("hashes", "match", film, "--keep", folder, "--library", library).stdout.splitlines()
    assert lines[0].startswith(f"{film}: ") and "match" in lines[0]
    place = lines.index(f"  {films / 'film.mp4'}")
    assert lines[place + 1].startswith("      0:00:00.0-0:00:0") and ", listed 0:00:00.0-0:00:0" in lines[place + 1]
    words = {"vpdq": "100% of the listed video, 100% of this one", "tmk": "level 1 1.000, level 2 1.000"}[format]
    assert lines[place + 2] == f"      {words}"


def test_what_is_no_list_is_refused_and_the_rest_is_answered(
    ours: tuple[str, Path], library: Path, tmp_path: Path
) -> None:
    _, folder = ours
    theirs = tmp_path / "theirs"
    shutil.copytree(folder, theirs)
    (theirs / "a letter.txt").write_text("Dear diary\n")
    (theirs / "b.tmk").write_bytes(b"TMK1FVEC")
    (theirs / "picture.png").write_bytes(b"")
    result = invoke("hashes", "match", theirs, "--keep", folder, "--library", library)
    assert result.exit_code == 4
    first, second = sorted(result.stderr.splitlines())
    assert first.startswith(f"error: {theirs / 'a letter.txt'}: line 1 is 'Dear diary'; a vPDQ line is expected")
    assert second == f"error: {theirs / 'b.tmk'}: it is cut short: 8 bytes, of which the header alone takes 32"
    assert len([line for line in result.stdout.splitlines() if line.startswith(str(theirs))]) == 5


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["match"], "no list was given"),
        (["match", "nowhere.txt"], "there is no file or folder nowhere.txt"),
        (["match", __file__], "is no list of hashes: a name that ends in .txt (vpdq) or .tmk (tmk) is expected"),
        (["export", "x", "--format", "md5"], "there is no format 'md5'; there are vpdq, tmk"),
    ],
)
def test_wrong_use_says_what_is_right(library: Path, words: list[str], why: str) -> None:
    result = invoke("hashes", *words, "--library", library)
    assert (result.exit_code, result.stdout) == (2, "")
    assert why in result.stderr


def test_a_broken_file_of_ones_own_is_made_anew(ours: tuple[str, Path], library: Path, tmp_path: Path) -> None:
    format, folder = ours
    kept = Path(shutil.copytree(folder, tmp_path / "kept"))
    broken, *others = sorted(kept.iterdir())
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-5])
    found = invoke_json("hashes", "export", kept, "--format", format, "--library", library)
    assert [one["made"] for one in found] == [True] + [False] * len(others)
    assert broken.read_bytes() == whole
