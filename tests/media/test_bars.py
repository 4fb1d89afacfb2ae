"""Black bars: what is cut off, and above all what is not."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from makers import Image, scene, write_video
from twinreel.media.bars import LEAST, MOST, BarDetector, Crop, luma
from twinreel.media.frames import Scaler
from twinreel.media.sampling import Sampling, sample
from twinreel.types import UInt8

SIZE = 160
"""Height and width of the pictures here."""

BLACK = (0, 0, 0)


@pytest.fixture(scope="module")
def pictures() -> list[Image]:
    """Eight moments of a scene, two seconds apart."""
    return list(scene(3, 16, 0.5, (SIZE, SIZE)))


def barred(image: Image, bars: Crop, colour: tuple[int, int, int] = BLACK) -> Image:
    """The picture with lines of its own painted over; shares are rounded to whole lines."""
    covered = image.copy()
    top, bottom, left, right = lines(bars)
    covered[:top] = covered[SIZE - bottom :] = colour
    covered[:, :left] = covered[:, SIZE - right :] = colour
    return covered


def lines(bars: Crop) -> tuple[int, int, int, int]:
    return round(bars.top * SIZE), round(bars.bottom * SIZE), round(bars.left * SIZE), round(bars.right * SIZE)


def found(images: Sequence[UInt8]) -> Crop:
    detector = BarDetector()
    for image in images:
        detector.add(image)
    return detector.crop()


def assert_cut(crop: Crop, bars: Crop) -> None:
    """Every bar is cut off, and the line beside it, but not a second one."""
    for cut, bar in zip(lines(crop), lines(bars), strict=True):
        assert cut == (bar + 1 if bar else 0)


KINDS = {
    "letterbox": Crop(top=0.125, bottom=0.125),
    "pillarbox": Crop(left=0.2, right=0.2),
    "both": Crop(0.1, 0.1, 0.2, 0.2),
    "top only": Crop(top=0.1),
    "bottom only": Crop(bottom=0.25),
    "left only": Crop(left=0.05),
    "right only": Crop(right=0.4),
    "uneven": Crop(0.05, 0.2, 0.0, 0.3),
    "most of the picture": Crop(0.39, 0.39),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", [BLACK, (255, 255, 255), (20, 40, 120), (128, 128, 128)])
def test_bars_of_any_colour_are_found(pictures: list[Image], kind: str, colour: tuple[int, int, int]) -> None:
    assert_cut(found([barred(image, KINDS[kind], colour) for image in pictures]), KINDS[kind])


@pytest.mark.parametrize("quality", [30, 60, 90])
def test_bars_are_found_through_compression(pictures: list[Image], quality: int) -> None:
    def compressed(image: Image) -> UInt8:
        file = io.BytesIO()
        Pillow.fromarray(image).save(file, "JPEG", quality=quality)
        return np.array(Pillow.open(file))

    # off the grid of 8 x 8 blocks, which would keep the edge sharp
    bars = Crop(top=21 / SIZE, bottom=27 / SIZE)
    cut = lines(found([compressed(barred(image, bars)) for image in pictures]))
    # ringing may take up to a block off the evidence, and never adds to it
    assert 21 - 8 <= cut[0] <= 22 and 27 - 8 <= cut[1] <= 28 and cut[2:] == (0, 0)


def test_pictures_without_bars_are_left_whole(pictures: list[Image]) -> None:
    assert found(pictures).nothing


def test_a_dark_scene_is_not_a_bar(pictures: list[Image]) -> None:
    """A lamp wanders over a night sky: at each moment most of it is flat black."""

    def night() -> Iterator[Image]:
        for place in np.linspace(0, SIZE - 20, 8).astype(int):
            image = np.full((SIZE, SIZE, 3), 4, np.uint8)
            image[place : place + 20, place : place + 20] = 220
            yield image

    assert found(list(night())).nothing
    # dimmed footage has edges as dark as bars, but they are not flat
    assert found([(image // 6).astype(np.uint8) for image in pictures]).nothing


def test_frames_that_say_nothing_are_no_evidence(pictures: list[Image]) -> None:
    black, white = np.zeros_like(pictures[0]), np.full_like(pictures[0], 250)
    faded = [(barred(image, KINDS["letterbox"]) // 60).astype(np.uint8) for image in pictures]
    detector = BarDetector()
    for image in (black, white, *faded):
        detector.add(image)
    assert detector.seen == 0 and detector.crop() == Crop()
    between = [black, barred(pictures[0], KINDS["both"]), white, barred(pictures[4], KINDS["both"]), black]
    assert_cut(found(between), KINDS["both"])


def test_bars_of_some_frames_only_are_not_cut(pictures: list[Image]) -> None:
    letterboxed = [barred(image, KINDS["letterbox"]) for image in pictures]
    assert found([*letterboxed, pictures[5]]).nothing
    # what all have in common is: 0.05 of the letterbox, nothing of the pillars
    some = [barred(image, Crop(0.05, 0.3)) for image in pictures]
    assert_cut(found([*letterboxed, *some]), Crop(0.05, 0.125))
    assert found([*letterboxed, barred(pictures[0], KINDS["pillarbox"])]).nothing


def test_writing_in_a_bar_is_kept(pictures: list[Image]) -> None:
    subtitled = [barred(image, KINDS["letterbox"]) for image in pictures]
    subtitled[3][SIZE - 12 : SIZE - 6, 40:120:2] = 255
    assert lines(found(subtitled)) == (21, 7, 0, 0)


def test_too_little_and_too_much_is_left_alone(pictures: list[Image]) -> None:
    thin = Crop(top=2 / SIZE, left=1 / SIZE)
    assert 2 / SIZE < LEAST
    assert found([barred(image, thin) for image in pictures]).nothing
    assert found([barred(image, Crop(0.45, 0.45)) for image in pictures]).nothing


def test_nothing_but_two_plain_halves() -> None:
    halves = np.full((SIZE, SIZE, 3), 10, np.uint8)
    halves[SIZE // 2 - 1], halves[SIZE // 2 :] = 17, 24  # each line is like one of the edges, and the middle like both
    assert found([halves] * 3).nothing


@settings(max_examples=40)
@given(
    edges=st.lists(st.integers(0, 70), min_size=4, max_size=4),
    grey=st.integers(0, 255),
    order=st.permutations(range(8)),
)
def test_never_more_than_the_bars_and_a_line(
    pictures: list[Image], edges: list[int], grey: int, order: list[int]
) -> None:
    bars = Crop(*(edge / SIZE for edge in edges))
    images = [barred(pictures[i], bars, (grey, grey, grey)) for i in order]
    crop = found(images)
    assert all(cut <= bar + 1 for cut, bar in zip(lines(crop), lines(bars), strict=True))
    assert crop.top + crop.bottom <= MOST and crop.left + crop.right <= MOST
    assert found(images[::-1]) == crop


def test_luma_is_rec_601() -> None:
    colours = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]], np.uint8)
    np.testing.assert_allclose(luma(colours), [[76.245, 149.685, 29.07, 255]], rtol=1e-5)


# The crop, and the decision over a whole video


def test_the_scaler_gives_the_picture_inside_the_bars() -> None:
    """A picture of 128 lines with 32 black ones above and below comes out as if they had never been there."""
    (image,) = scene(9, 1, 1, (192, 128))
    tall = np.zeros((192, 192, 3), np.uint8)
    tall[32:160] = image
    whole, crop = av.VideoFrame.from_ndarray(image, "rgb24"), Crop(top=32 / 192, bottom=32 / 192)
    cut = Scaler((64, 64), crop)(av.VideoFrame.from_ndarray(tall, "rgb24"))
    expected = Scaler((64, 64))(whole)
    assert cut.shape == expected.shape == (64, 64, 3)
    assert np.abs(cut.astype(int) - expected).mean() < 1


def letterboxed(frames: Sequence[Image], lines: int) -> Iterator[Image]:
    for image in frames:
        covered = image.copy()
        covered[:lines] = covered[len(covered) - lines :] = 0
        yield covered


def edges(path: Path, sampling: str = "dense") -> list[float]:
    """Mean brightness of the outermost lines of every sample."""
    chunks = list(sample(str(path), Sampling.parse(sampling), (96, 96)))
    return [float(image[[0, 1, -2, -1]].mean()) for chunk in chunks for image in chunk.images]


@pytest.mark.parametrize("name", ["bars.mp4", "bars.mkv", "bars.ts"])
def test_bars_of_a_video_are_cut_off_from_its_first_frame_on(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, letterboxed(list(scene(2, 20, 5, (96, 96))), 12), 5, gop=20)
    assert min(edges(path)) > 30


def test_a_letterboxed_beginning_leaves_a_long_film_whole(tmp_path: Path) -> None:
    """Twenty minutes, the first half with bars: the first sixteen frames cannot know."""
    frames = list(scene(2, 1200, 0.25, (96, 96)))
    frames[:150] = letterboxed(frames[:150], 12)
    path = write_video(tmp_path / "film.mp4", frames, 0.25, gop=20)
    found = edges(path, "dense:4")
    assert max(found[:150]) < 15 and min(found[150:]) > 30


def test_bars_are_found_behind_a_black_beginning(tmp_path: Path) -> None:
    frames = list(letterboxed(list(scene(2, 60, 1, (96, 96))), 12))
    for image in frames[:20]:
        image[:] = 0
    assert min(edges(write_video(tmp_path / "film.mp4", frames, 1, gop=10))[20:]) > 30
