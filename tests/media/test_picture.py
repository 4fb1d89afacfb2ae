"""What is measured of a picture: each measure moves with what it is for, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from makers import Image, scene, write_video
from twinreel.media.picture import Measured, measure

SIZE = (384, 224)
BEST = {"crf": "12"}


def measured(path: Path, size: tuple[int, int] = SIZE, seconds: float = 2.0) -> Measured:
    *_, last = measure(str(path), *size, seconds)
    assert last is not None
    return last


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    """With fine structure, unlike a scene alone."""
    rng = np.random.default_rng(0)
    squares = rng.integers(0, 2, (SIZE[1] // 4, SIZE[0] // 4, 1), np.uint8).repeat(4, 0).repeat(4, 1) * 40
    return [
        np.asarray(np.clip(image.astype(int) // 2 + 40 + squares, 0, 255), np.uint8)
        for image in scene(1, 2.0, size=SIZE)
    ]


@pytest.fixture(scope="module")
def original(frames: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measured(write_video(tmp_path_factory.mktemp("picture") / "a.mp4", frames, options=BEST))


def blurred(image: Image) -> Image:
    picture = image.astype(float)
    for _ in range(8):
        for axis in (0, 1):
            picture = (np.roll(picture, 1, axis) + picture + np.roll(picture, -1, axis)) / 3
    return np.asarray(picture, np.uint8)


def noisy(image: Image, rng: np.random.Generator) -> Image:
    return np.asarray(np.clip(image + rng.normal(0, 12, image.shape), 0, 255), np.uint8)


def test_a_blurred_picture_has_less_detail(frames: list[Image], original: Measured, tmp_path: Path) -> None:
    found = measured(write_video(tmp_path / "a.mp4", map(blurred, frames), options=BEST))
    assert found.detail < 0.7 * original.detail


def test_contrast_makes_no_difference_to_detail(frames: list[Image], original: Measured, tmp_path: Path) -> None:
    flat = (np.asarray(image // 2 + 60, np.uint8) for image in frames)
    found = measured(write_video(tmp_path / "a.mp4", flat, options=BEST))
    assert found.detail == pytest.approx(original.detail, rel=0.12)


def test_noise_is_measured_and_is_no_detail(frames: list[Image], original: Measured, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    found = measured(write_video(tmp_path / "a.mp4", (noisy(image, rng) for image in frames), options=BEST))
    assert found.noise > original.noise + 4
    assert found.detail == pytest.approx(original.detail, rel=0.25)


def test_black_and_white_has_no_colour_even_where_noise_has(
    frames: list[Image], original: Measured, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    gray = (image.mean(axis=2, keepdims=True).repeat(3, 2) for image in frames)
    found = measured(write_video(tmp_path / "a.mp4", (noisy(image, rng) for image in gray), options=BEST))
    assert found.colour < 1.5 < original.colour


def test_bars_are_cut_off(frames: list[Image], tmp_path: Path) -> None:
    boxed = (np.pad(image, ((40, 40), (0, 0), (0, 0))) for image in frames)
    found = measured(write_video(tmp_path / "a.mp4", boxed, options=BEST), (384, 304))
    assert found.width == 384
    assert found.height == pytest.approx(224, abs=8)


def test_bits_are_those_of_the_packets(frames: list[Image], tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", frames, gop=25)
    found = measured(path)
    assert len(found.bits) == 2 and min(found.bits) > 0
    assert sum(found.bits) == pytest.approx(path.stat().st_size * 8, rel=0.1)
