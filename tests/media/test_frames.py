"""What the frames of a sampling look like: upright, of one size, in true colours, without bars."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sampled import COUNT, SIZE, shown, together

from makers import _paletted, scene, write_video
from numbered import number_in, numbered, red_corner
from twinreel.media import sampling as sampling_module
from twinreel.media.sampling import Sampling, sample


@pytest.mark.parametrize(
    ("rotation", "corner"),
    [(0, ("top", "left")), (90, ("top", "right")), (180, ("bottom", "right")), (270, ("bottom", "left"))],
)
def test_pictures_stand_upright(tmp_path: Path, rotation: int, corner: tuple[str, str]) -> None:
    path = write_video(tmp_path / "turned.mp4", numbered(60, size=(192, 128)), rotation=rotation)
    (samples,) = sample(str(path), Sampling("dense"), (160, 120))
    assert samples.images.shape == (3, 160, 120, 3)
    assert [red_corner(image) for image in samples.images] == [corner] * 3
    turned_back = np.rot90(samples.images, rotation // 90, axes=(1, 2))
    assert [number_in(image) for image in turned_back] == [0, 25, 50]


def test_the_picture_is_stretched_whatever_its_shape(tmp_path: Path) -> None:
    """Sample aspect and size change the shape in which a player shows it, not what the describer gets."""
    plain = write_video(tmp_path / "plain.mkv", numbered(1, size=(192, 128)), codec="ffv1")
    squeezed = write_video(
        tmp_path / "squeezed.mkv", numbered(1, size=(192, 128)), codec="ffv1", sample_aspect=Fraction(4, 3)
    )
    images = [next(sample(str(path), Sampling(), SIZE)).images for path in (plain, squeezed)]
    np.testing.assert_array_equal(images[0], images[1])
    assert number_in(next(sample(str(plain), Sampling(), (97, 301))).images[0]) == 0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("10 bit.mp4", {"pix_fmt": "yuv420p10le"}),
        ("12 bit.mkv", {"codec": "ffv1", "pix_fmt": "yuv422p12le"}),
        ("444.mp4", {"pix_fmt": "yuv444p"}),
        ("gray.mkv", {"codec": "ffv1", "pix_fmt": "gray"}),
        ("gray 16.mkv", {"codec": "ffv1", "pix_fmt": "gray16le"}),
        ("rgb.mkv", {"codec": "ffv1", "pix_fmt": "bgr0"}),
        ("palette.mov", {"codec": "png", "pix_fmt": "pal8"}),
        ("interlaced.mp4", {"options": {"x264-params": "tff=1"}}),
        ("moving.gif", {"codec": "gif", "pix_fmt": "rgb8"}),
    ],
)
def test_pixel_formats(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    pictures = map(_paletted, numbered(30)) if options.get("pix_fmt") == "pal8" else numbered(30)
    found = shown(write_video(tmp_path / name, pictures, **options), "dense:0.2")
    assert [number for _, number in found] == [0, 5, 10, 15, 20, 25]
    np.testing.assert_allclose([time for time, _ in found], np.arange(6) / 5, atol=0.011)  # GIF has centiseconds


def test_colours_are_right_in_limited_and_full_range(tmp_path: Path) -> None:
    colours = np.array([[(200, 30, 40), (30, 180, 60)], [(40, 60, 220), (230, 220, 40)]], np.uint8)
    picture = colours.repeat(64, axis=0).repeat(96, axis=1)
    for name, options in (
        ("limited.mp4", {"options": {"crf": "5"}}),
        ("full.avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p", "options": {"qmin": "1", "q": "1"}}),
    ):
        path = write_video(tmp_path / name, [picture] * 3, **options)
        image = next(sample(str(path), Sampling(), SIZE)).images[0]
        for y in range(2):
            for x in range(2):
                middle = image[112 * y + 30 : 112 * y + 80, 112 * x + 30 : 112 * x + 80].mean(axis=(0, 1))
                np.testing.assert_allclose(middle, colours[y, x], atol=6)


def test_bars_are_cut_off_all_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def letterboxed() -> Any:
        for image in numbered(COUNT):
            tall = np.zeros((192, 192, 3), np.uint8)
            tall[32:160] = image
            yield tall

    path = write_video(tmp_path / "bars.mp4", letterboxed(), gop=50)
    expected = [(float(second), 25 * second) for second in range(7)]
    assert shown(path, "dense") == expected
    # where large frames leave room for few, those from all over the video decide
    monkeypatch.setattr(sampling_module, "MOST_PIXELS", 1)
    assert shown(path, "dense") == expected


def test_bars_of_the_first_scene_only_are_left_alone(tmp_path: Path) -> None:
    frames = list(scene(1, 12, size=(192, 128)))
    for image in frames[: len(frames) // 2]:
        image[:20] = image[-20:] = 0
    path = write_video(tmp_path / "partly.mp4", frames, gop=25)
    _, images = together(list(sample(str(path), Sampling("dense"), (128, 192))))
    assert images[0][:18].max() < 40
    expected = np.stack([frames[25 * second] for second in range(12)])
    assert np.abs(images.astype(int) - expected).mean() < 6
