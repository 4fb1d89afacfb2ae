"""What an edit is: a change that people make to the picture of a video before they post it again.

An edit is drawn once, with its parameters, and then applied to every frame of a clip alike, as an editing program does.
Frames are uint8 RGB (h, w, 3); the result may have another size. Lists and strengths follow TRECVID CCD, VCDB,
VSC2022 and AugLy (Papakipos & Bitton, "AugLy: Data augmentations for robustness", CVPR workshops 2022).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from twinreel.types import UInt8

Rng = np.random.Generator
Colour = tuple[int, int, int]
Apply = Callable[[UInt8], UInt8]
"""Frame (h, w, 3) to frame (h', w', 3)."""
Combine = Callable[[UInt8, UInt8], UInt8]
"""Two frames, of any sizes, to one that shows both."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One kind of edit: ``draw(rng, strength)`` gives it with its parameters chosen; strength in (0, 1]."""

    name: str
    draw: Callable[[Rng, float], Apply]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to show two pictures in one frame; the first is the main one where they differ in rank."""

    name: str
    draw: Callable[[Rng, float], Combine]


def picture(frame: UInt8) -> Image.Image:
    return Image.fromarray(frame)


def pixels(image: Image.Image) -> UInt8:
    return np.asarray(image.convert("RGB"), np.uint8)


def resized(frame: UInt8, width: float, height: float) -> UInt8:
    size = max(2, round(width)), max(2, round(height))
    return pixels(picture(frame).resize(size, Image.Resampling.BILINEAR))


def towards(low: float, high: float, strength: float, rng: Rng) -> float:
    """A value between ``low`` and the point that ``strength`` reaches on the way to ``high``, nearer to the latter."""
    return float(low + (high - low) * strength * rng.uniform(0.3, 1.0))


def sign(rng: Rng) -> float:
    return float(rng.choice([-1.0, 1.0]))


def any_colour(rng: Rng) -> Colour:
    """Black or white as often as any other colour."""
    kind = rng.integers(3)
    if kind < 2:
        return (0, 0, 0) if kind == 0 else (255, 255, 255)
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def dark_colour(rng: Rng) -> Colour:
    red, green, blue = rng.integers(0, 60, 3).tolist()
    return red, green, blue
