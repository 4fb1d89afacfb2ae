"""Pictures that look like photographs to a describer: the power spectrum of nature, and things with edges."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from twinreel.types import UInt8


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


def as_jpeg(images: UInt8, quality: int) -> UInt8:
    """The pictures after a round through JPEG."""
    return np.stack([_through_jpeg(image, quality) for image in images])


def _through_jpeg(image: UInt8, quality: int) -> UInt8:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file), np.uint8)
