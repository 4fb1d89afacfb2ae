"""Edits that lose detail: of resolution, sharpness, compression."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from twinreel.edits.base import Apply, Edit, Rng, picture, pixels, resized, towards
from twinreel.types import UInt8


def downscale(rng: Rng, strength: float) -> Apply:
    """To a smaller size, and back."""
    factor = float(np.exp(-towards(0.2, 1.6, strength, rng)))

    def apply(frame: UInt8) -> UInt8:
        height, width = frame.shape[:2]
        return resized(resized(frame, width * factor, height * factor), width, height)

    return apply


def blur(rng: Rng, strength: float) -> Apply:
    """Strength as a share of the short side: what matters is what can still be told apart."""
    return blurred(towards(0.002, 0.022, strength, rng))


def blurred(share: float) -> Apply:
    return lambda frame: pixels(picture(frame).filter(ImageFilter.GaussianBlur(share * min(frame.shape[:2]))))


def sharpen(rng: Rng, strength: float) -> Apply:
    percent = round(towards(50, 300, strength, rng))
    return lambda frame: pixels(picture(frame).filter(ImageFilter.UnsharpMask(2, percent, 0)))


def noise(rng: Rng, strength: float) -> Apply:
    """New in every frame, as that of a sensor is."""
    return noisy(rng, towards(4, 40, strength, rng))


def noisy(rng: Rng, spread: float) -> Apply:
    """``spread``: standard deviation of each value."""
    grains = np.random.default_rng(rng.integers(2**63))

    def apply(frame: UInt8) -> UInt8:
        noisy = frame + grains.standard_normal(frame.shape, np.float32) * np.float32(spread)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    return apply


def interfering(rng: Rng, depth: float) -> Apply:
    """Moiré: waves of light and dark, as between the grids of a screen and of a camera; ``depth`` in [0, 1]."""
    angle, waves = rng.uniform(0, np.pi), rng.uniform(15, 40)
    pattern = np.zeros((0, 0, 1), np.float32)

    def apply(frame: UInt8) -> UInt8:
        nonlocal pattern
        height, width = frame.shape[:2]
        if pattern.shape[:2] != (height, width):
            y, x = np.mgrid[0:height, 0:width].astype(np.float32) / min(height, width)
            phase = 2 * np.pi * waves * (x * np.cos(angle) + y * np.sin(angle))
            pattern = np.asarray(1 + depth * np.sin(phase), np.float32)[..., None]
        shown: UInt8 = np.clip(frame * pattern, 0, 255).astype(np.uint8)
        return shown

    return apply


def compress(rng: Rng, strength: float) -> Apply:
    """JPEG, whose artefacts are those of all block transforms."""
    quality = round(70 - towards(0, 62, strength, rng))

    def apply(frame: UInt8) -> UInt8:
        stream = io.BytesIO()
        picture(frame).save(stream, "JPEG", quality=quality)
        return pixels(Image.open(stream))

    return apply


def pixelate(rng: Rng, strength: float) -> Apply:
    return pixelated(96 / (1 + towards(0, 3, strength, rng)))


def pixelated(blocks: float) -> Apply:
    """``blocks``: along the short side."""

    def apply(frame: UInt8) -> UInt8:
        height, width = frame.shape[:2]
        share = min(1.0, blocks / min(height, width))
        small = picture(resized(frame, width * share, height * share))
        return pixels(small.resize((width, height), Image.Resampling.NEAREST))

    return apply


QUALITY = (
    Edit("downscale", downscale),
    Edit("blur", blur),
    Edit("sharpen", sharpen),
    Edit("noise", noise),
    Edit("compress", compress),
    Edit("pixelate", pixelate),
)
