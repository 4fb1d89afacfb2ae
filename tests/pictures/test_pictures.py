"""Strips, moving pictures and curves, of videos whose frames say their number; other programs read the files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from makers import write_video
from numbered import number_in, numbered
from twinreel.errors import MediaError, UserError
from twinreel.pictures import Moving, Picture, aligned_strip, anchor_sheet, error_curve, side_by_side
from twinreel.pictures.digits import stamp, width, write
from twinreel.pictures.strips import frames_at
from twinreel.types import Segment, UInt8

FPS = 25
SIZE = (192, 128)
SECONDS = 12


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds whose frames say their number."""
    folder = tmp_path_factory.mktemp("numbered")
    return write_video(folder / "film.mp4", numbered(FPS * SECONDS, SIZE), FPS, options={"crf": "10"})


@pytest.fixture(scope="module")
def excerpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds 4 to 10 of it."""
    folder = tmp_path_factory.mktemp("numbered")
    return write_video(folder / "excerpt.mp4", numbered(FPS * 6, SIZE, 4 * FPS), FPS, options={"crf": "10"})


def number_of(image: UInt8) -> int:
    """The number of a stamped frame: below 4096, so that the squares beneath the stamp are dark ones."""
    plain = image.copy()
    plain[-17:, :60] = 20
    return number_in(plain)


def cells(image: UInt8, across: int, down: int, gap: int) -> list[list[UInt8]]:
    """A grid of pictures of one size taken apart."""
    height, width = (image.shape[0] + gap) // down, (image.shape[1] + gap) // across
    assert (height * down - gap, width * across - gap) == image.shape[:2]
    return [
        [image[y * height : (y + 1) * height - gap, x * width : (x + 1) * width - gap] for x in range(across)]
        for y in range(down)
    ]


def test_frames_at_given_seconds(film: Path) -> None:
    found = frames_at(film, np.array([0.0, 3.01, 1.0, 11.99, 20.0]), height=96)
    assert [image.shape for image in found] == [(96, 144, 3)] * 5
    assert [number_in(image) for image in found[:3]] == [0, 75, 25]
    assert [number_in(image) >= 296 for image in found[3:]] == [True, True]  # what lies beyond the end is the last


def test_a_strip_shows_the_same_footage_twice(film: Path, excerpt: Path) -> None:
    picture = aligned_strip(film, excerpt, [Segment(4.0, 10.0, 0.0, 6.0, 1.0)], frames=6)
    above, below = cells(picture.pixels, across=6, down=2, gap=2)
    assert [number_of(image) for image in above] == [number_of(image) for image in below]
    assert [number_of(image) for image in above] == [112, 137, 162, 187, 212, 237]  # 4.5 s, 5.5 s ...


def test_a_strip_of_a_segment_that_runs_backwards_at_double_speed(film: Path, excerpt: Path) -> None:
    backwards = Segment(0.0, 3.0, 0.0, 6.0, 1.0, backwards=True)
    above, below = cells(aligned_strip(film, excerpt, [backwards], frames=3).pixels, across=3, down=2, gap=2)
    assert [number_of(image) for image in above] == [12, 37, 62]
    assert [number_of(image) for image in below] == [100 + 125, 100 + 75, 100 + 25]


def test_a_strip_needs_a_segment_and_files_that_can_be_read(film: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no segments"):
        aligned_strip(film, film, [])
    (tmp_path / "letter.mp4").write_text("Dear diary")
    with pytest.raises(MediaError):
        aligned_strip(film, tmp_path / "letter.mp4", [Segment(0, 1, 0, 1, 1.0)])


def test_a_clip_and_what_it_was_found_in_play_together(film: Path, excerpt: Path) -> None:
    moving = side_by_side(film, [(excerpt, [Segment(4.0, 10.0, 0.0, 6.0, 1.0)]), (film, [])], frames=12)
    assert len(moving.frames) == 12 and moving.seconds > 0
    for number, frame in enumerate(moving.frames):
        ((clip, found, nothing),) = cells(frame, across=3, down=1, gap=4)
        assert number_of(clip) == number * FPS + 12
        if 4 <= number < 10:
            assert number_of(found) == number_of(clip)
        else:
            assert len(np.unique(found)) == 1
        assert len(np.unique(nothing)) == 1


def moving_frames() -> Moving:
    """Four frames of one colour each."""
    colours = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 200, 200)], np.uint8)
    return Moving(np.broadcast_to(colours[:, None, None], (4, 40, 60, 3)).copy(), 0.3)


@pytest.mark.parametrize("ending", [".gif", ".webp", ".GIF"])
def test_another_program_sees_the_frames_move(ending: str, tmp_path: Path) -> None:
    moving = moving_frames()
    moving.save(tmp_path / f"moving{ending}")
    with Image.open(tmp_path / f"moving{ending}") as opened:
        assert opened.size == (60, 40) and opened.info["loop"] == 0
        assert getattr(opened, "n_frames", 1) == 4
        for number, frame in enumerate(moving.frames):
            opened.seek(number)
            opened.load()
            assert opened.info["duration"] == 300
            seen = np.asarray(opened.convert("RGB")).astype(int)
            assert np.abs(seen - frame).max() <= 12  # lossy compression of one colour


@pytest.mark.parametrize("ending", [".png", ".jpg", ".jpeg"])
def test_another_program_sees_a_still_picture(ending: str, tmp_path: Path) -> None:
    picture = Picture(np.full((40, 60, 3), (200, 100, 50), np.uint8))
    picture.save(tmp_path / f"still{ending}")
    with Image.open(tmp_path / f"still{ending}") as opened:
        assert np.abs(np.asarray(opened.convert("RGB")).astype(int) - picture.pixels).max() <= 6


@pytest.mark.parametrize("picture", [Picture(np.zeros((2, 2, 3), np.uint8)), moving_frames()])
def test_names_that_say_nothing_of_a_known_format_are_refused(picture: Picture | Moving, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must end in \.(png or \.jpg or \.jpeg|gif or \.webp)"):
        picture.save(tmp_path / "picture.tiff")
    assert not list(tmp_path.iterdir())


def test_notebooks_get_files_that_can_be_read() -> None:
    assert Image.open(io.BytesIO(Picture(np.zeros((4, 6, 3), np.uint8))._repr_png_())).size == (6, 4)
    assert moving_frames()._repr_html_().startswith('<img src="data:image/webp;base64,')


def curve(pixels: UInt8) -> dict[int, float]:
    """Column of pixels -> mean row of the curve's colour, which nothing else has."""
    rows, columns = np.nonzero((pixels == (20, 90, 200)).all(axis=-1))
    return {int(column): float(rows[columns == column].mean()) for column in np.unique(columns)}


def test_a_curve_falls_from_all_to_what_is_left() -> None:
    found = curve(error_curve(np.array([1.0, 0.5, 0.25, 0.0])).pixels)
    columns = sorted(found)
    assert columns[0] == 38 and columns[-1] == 40 + 400 + 1
    places = [found[column] for column in np.linspace(40, 439, 4).round().astype(int).tolist()]
    height = places[-1] - places[0]
    assert [(place - places[0]) / height for place in places] == pytest.approx([0, 0.5, 0.75, 1], abs=0.02)


@pytest.mark.parametrize("errors", [[1.0], [1.0, 0.0], np.linspace(1, 0, 300)])
def test_any_number_of_anchors_has_a_curve(errors: list[float]) -> None:
    assert curve(error_curve(np.asarray(errors, np.float64)).pixels)


def test_a_sheet_of_anchor_frames_shows_the_frames(film: Path) -> None:
    times = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    sheet = anchor_sheet(film, times, np.linspace(1, 0, 6)).pixels
    first = sheet[len(error_curve(np.linspace(1, 0, 6)).pixels) + 2 :]
    width = 84 * 192 // 128
    assert [number_of(first[:84, x * (width + 2) : x * (width + 2) + width]) for x in range(4)] == [0, 25, 50, 75]
    assert number_of(first[86 : 86 + 84, :width]) == 100


def test_numbers_are_written_where_they_fit() -> None:
    image = np.zeros((30, 60, 3), np.uint8)
    write(image, "1:05", 10, 4, (255, 255, 255))
    rows, columns = np.nonzero(image[..., 0])
    assert (rows.min(), rows.max()) == (10, 19)
    assert columns.min() >= 4 and columns.max() < 4 + width("1:05")
    write(image, "8", -5, 55, (255, 255, 255))  # what lies outside is cut off
    other = np.zeros((30, 60, 3), np.uint8)
    write(other, "1:06", 10, 4, (255, 255, 255))
    assert (other != image).any()


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (65.9, "1:05"), (3725.0, "1:02:05"), (2.9999999, "0:03")])
def test_stamps(seconds: float, text: str) -> None:
    assert stamp(seconds) == text
