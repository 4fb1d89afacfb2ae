"""Frames that say which one they are: the number stands in the picture, in black and white squares.

A frame that was decoded from the wrong references, blended or cut in the wrong place is not readable, so every
reading is also a proof that the picture is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from makers import Image
from twinreel.types import UInt8

BITS = 4
"""Squares a side: 16 binary digits."""
MARGIN = 8
"""One part in so many of the picture, on every side, is a pattern that never changes and is never flat."""


def numbered(count: int, size: tuple[int, int] = (192, 128), start: int = 0) -> Iterator[Image]:
    """Frames ``start`` up to ``start + count`` of ``size`` (width, height); red in the upper left corner."""
    width, height = size
    rng = np.random.default_rng(0)
    blocks = rng.integers(30, 226, (height // 8 + 1, width // 8 + 1), np.uint8)
    pattern = np.repeat(blocks.repeat(8, axis=0).repeat(8, axis=1)[:height, :width, None], 3, axis=2)
    pattern[: height // MARGIN, : width // MARGIN] = (220, 20, 20)
    rows, columns = _edges(height), _edges(width)
    for number in range(start, start + count):
        image = pattern.copy()
        for square in range(BITS * BITS):
            y, x = divmod(square, BITS)
            image[rows[y] : rows[y + 1], columns[x] : columns[x + 1]] = 235 if number >> square & 1 else 20
        yield image


def number_in(image: UInt8) -> int:
    """What frame this is; ValueError where it cannot be read for certain."""
    rows, columns = (_insides(side) for side in image.shape[:2])
    points = image[rows[:, None], columns].mean(axis=2).reshape(BITS, 3, BITS, 3)
    dark, bright = points.max(axis=(1, 3)) < 90, points.min(axis=(1, 3)) > 165
    if not (dark | bright).all():
        raise ValueError(f"some squares are neither black nor white:\n{points.mean(axis=(1, 3)).round()}")
    return int((bright.ravel() << np.arange(BITS * BITS)).sum())


def red_corner(image: UInt8) -> tuple[str, str]:
    """Where the red corner is: ("top" or "bottom", "left" or "right")."""
    redness = image[..., 0].astype(int) - image[..., 2]
    y, x = np.unravel_index(np.argmax(redness > 100), redness.shape)
    return "top" if y < image.shape[0] / 2 else "bottom", "left" if x < image.shape[1] / 2 else "right"


def _edges(size: int) -> list[int]:
    """Where the squares begin and end along a side."""
    margin = size // MARGIN
    return [margin + (size - 2 * margin) * i // BITS for i in range(BITS + 1)]


def _insides(size: int) -> NDArray[np.int64]:
    """Three places inside every square along a side, well off its edges."""
    edges = np.array(_edges(size))
    return np.concatenate([low + (high - low) * np.arange(3, 8, 2) // 10 for low, high in pairwise(edges)])
