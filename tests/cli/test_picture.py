"""Pictures from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from makers import write_video
from twinreel.cli.shapes import OUTPUTS
from twinreel.library import Library
from twinreel.types import UInt8

from .conftest import PLANTED, invoke, invoke_json
from .test_commands import fits


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def cells(picture: Image.Image) -> UInt8:
    """(h, w) brightness of a heat map without its edges: cells are never white in their last row and column."""
    brightness = np.asarray(picture.convert("L"))
    return brightness[brightness[:, -1] < 255][:, brightness[-1] < 255]


@pytest.mark.parametrize("options", [(), ("--verify", "chamfer")])
def test_a_map_of_a_clip_has_a_bright_diagonal(films: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    file = tmp_path / "map.png"
    clip, where = films / "clip.mp4", ("--describer", "phash", "--library", str(tmp_path / "none.sqlite"))
    found = invoke_json("picture", "map", films / "film.mp4", clip, file, *where, *options)
    assert fits(found, OUTPUTS["picture map"])
    picture = opened(file)
    assert picture.size == (found["width"], found["height"])
    assert picture.size[0] < picture.size[1]  # the film runs down
    brightness = cells(picture).astype(float)
    height, width = brightness.shape
    for second in (0.5, 1.5, 2.5, 3.5):  # of the clip, which is seconds 4 to 8 of the film's nine
        brightest = np.argmax(brightness[:, int(second / 4 * width)]) / height * 9
        assert brightest == pytest.approx(second + PLANTED[0], abs=1.0)


def test_a_strip_of_a_pair_that_has_something_in_common(films: Path, tmp_path: Path) -> None:
    strip = ("picture", "strip", films / "film.mp4", films / "clip.mp4")
    where = ("--describer", "phash", "--library", tmp_path / "none.sqlite")
    found = invoke_json(*strip, tmp_path / "strip.jpg", *where, "--frames", 4)
    assert fits(found, OUTPUTS["picture strip"])
    assert opened(tmp_path / "strip.jpg").format == "JPEG"
    black = write_video(tmp_path / "black.mp4", np.zeros((50, 108, 192, 3), np.uint8))
    result = invoke("picture", "strip", films / "film.mp4", black, tmp_path / "no.png", *where)
    assert result.exit_code == 2
    assert "nothing in common" in result.stderr
    assert not (tmp_path / "no.png").exists()


def test_a_clip_and_its_results_move(films: Path, library: Path, tmp_path: Path) -> None:
    for name in ("found.gif", "found.webp"):
        search = ("picture", "search", films / "clip.mp4", tmp_path / name, "--library", library)
        found = invoke_json(*search, "--top", 3, "--min-score", 0)
        assert fits(found, OUTPUTS["picture search"])
        with Image.open(tmp_path / name) as moving:
            assert moving.size == (found["width"], found["height"])
            assert getattr(moving, "n_frames", 1) > 10
    assert found["width"] > 3 * found["height"]


def test_anchor_frames_of_three_scenes(films: Path, tmp_path: Path) -> None:
    library = tmp_path / "none.sqlite"
    for count in (2, 5):
        file = tmp_path / f"{count}.png"
        found = invoke_json("picture", "anchors", films / "film.mp4", file, "--count", count, "--library", library)
        assert fits(found, OUTPUTS["picture anchors"])
        assert opened(file).size == (found["width"], found["height"])
    assert not library.exists()


@pytest.mark.parametrize(
    ("words", "ending"),
    [(("map", "a.mp4", "b.mp4"), ".gif"), (("strip", "a.mp4", "b.mp4"), ".webp"), (("anchors", "a.mp4"), ".gif")],
)
def test_a_name_that_cannot_be_written_is_refused_before_any_work(words: tuple[str, ...], ending: str) -> None:
    result = invoke("picture", *words, f"picture{ending}")
    assert result.exit_code == 2
    assert "must end in .png" in result.stderr
    result = invoke("picture", "search", "a.mp4", "picture.png")
    assert result.exit_code == 2
    assert "must end in .gif or .webp" in result.stderr


def test_results_show_themselves_in_a_notebook(films: Path, library: Path) -> None:
    with Library(library) as known:
        (group, *_), (match, *_), found = known.groups(), known.matches(), known.search(films / "clip.mp4")
        comparison, anchors = (
            known.compare(films / "film.mp4", films / "clip.mp4"),
            known.anchors(films / "film.mp4", 4),
        )
    assert group.reason in group._repr_html_() and all(member in group._repr_html_() for member in group.members)
    assert match.a in match._repr_html_() and match.relation.value in match._repr_html_()
    assert Path(found[0].video.path).name in found[0]._repr_html_()
    for result in (comparison, anchors):
        assert result._repr_png_().startswith(b"\x89PNG")
    assert anchors.errors[0] == 1 and np.all(np.diff(anchors.errors) < 0) and len(anchors.times) == 4
