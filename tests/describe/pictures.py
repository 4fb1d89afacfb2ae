"""Pictures that look like photographs to a describer: the power spectrum of nature, and things with edges."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from twinreel.types import Float64, UInt8


def pictures(n: int, size: tuple[int, int], seed: int = 0) -> UInt8:
    """(n, h, w, 3) different pictures, the same for the same seed."""
    rng = np.random.default_rng(seed)
    return np.stack([_picture(rng, *size) for _ in range(n)])


def _picture(rng: np.random.Generator, height: int, width: int) -> UInt8:
    frequency = np.hypot(np.fft.fftfreq(height)[:, np.newaxis], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf  # no mean
    spectrum = np.fft.rfft2(rng.standard_normal((4, height, width))) / frequency**1.2
    layers = np.fft.irfft2(spectrum, (height, width))
    layers /= layers.std(axis=(1, 2), keepdims=True)
    picture = 128 + 40 * layers[0][..., np.newaxis] + 12 * np.moveaxis(layers[1:], 0, -1)
    for _ in range(5):
        top, left = rng.integers(0, height * 3 // 4), rng.integers(0, width * 3 // 4)
        bottom, right = top + rng.integers(1, height // 2 + 1), left + rng.integers(1, width // 2 + 1)
        picture[top:bottom, left:right] = 0.3 * picture[top:bottom, left:right] + 0.7 * rng.integers(0, 256, 3)
    clipped: UInt8 = np.clip(picture, 0, 255).astype(np.uint8)
    return clipped


def drawings(height: int, width: int) -> UInt8:
    """(6, h, w, 3) pictures of six kinds: a network trained on photographs sees in them what a person sees."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, np.newaxis, np.newaxis]
    distance = np.hypot(x - 0.5, y - 0.45)
    fields = [  # what is painted in the colour of the picture, and what in the opposite one
        (((x * 8).astype(int) + (y * 8).astype(int)) % 2 == 0, distance < 0),
        ((distance * 15).astype(int) % 2 == 1, distance < 0.07),
        ((x + y) % 0.18 < 0.05, distance < 0),
        ((y > 0.62), (np.abs(x - 0.67) < 0.11) & (y > 0.3)),
        (_spots(rng, x, y, 30), _spots(rng, x, y, 30)),
        (np.abs(0.18 * np.sin(16 * x) + 0.5 - y) < 0.06, np.abs(0.18 * np.sin(16 * x + 2) + 0.27 - y) < 0.04),
    ]
    pictures = []
    for first, second in fields:
        slope = rng.uniform(-90, 90, 2)
        picture = np.ones((height, width, 3)) * rng.uniform(40, 215, 3) + (slope[0] * x + slope[1] * y)[..., np.newaxis]
        colour = rng.uniform(0, 255, 3)
        picture[first], picture[second] = colour, 255 - colour
        pictures.append(np.clip(gaussian_filter(picture, (0.8, 0.8, 0)), 0, 255).astype(np.uint8))
    return np.stack(pictures)


def _spots(rng: np.random.Generator, x: Float64, y: Float64, count: int) -> NDArray[np.bool_]:
    covered = np.zeros(x.shape, bool)
    for across, down, radius in rng.uniform((0, 0, 0.01), (1, 1, 0.04), (count, 3)):
        covered |= np.hypot(x - across, y - down) < radius
    return covered


def as_jpeg(images: UInt8, quality: int) -> UInt8:
    """The pictures after a round through JPEG."""
    return np.stack([_through_jpeg(image, quality) for image in images])


def _through_jpeg(image: UInt8, quality: int) -> UInt8:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file), np.uint8)
