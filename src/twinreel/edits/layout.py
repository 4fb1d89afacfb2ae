"""Edits that show two pictures in one frame."""

from __future__ import annotations

import numpy as np

from twinreel.edits.base import Combine, Layout, Rng, any_colour, resized
from twinreel.types import UInt8


def picture_in_picture(rng: Rng, strength: float) -> Combine:
    """The first small over the second, in a corner or the middle; both shown by the second's size."""
    return inset(rng, 0.6 - 0.3 * strength * float(rng.uniform(0.3, 1.0)))


def inset(rng: Rng, share: float) -> Combine:
    """``share``: of the second's sides."""
    x, y = (0.5, 0.5) if rng.random() < 0.2 else rng.choice([0.04, 0.96], 2)

    def combine(first: UInt8, second: UInt8) -> UInt8:
        height, width = second.shape[:2]
        small = resized(first, width * share, height * share)
        top, left = round(y * (height - small.shape[0])), round(x * (width - small.shape[1]))
        result = second.copy()
        result[top : top + small.shape[0], left : left + small.shape[1]] = small
        return result

    return combine


def side_by_side(rng: Rng, strength: float) -> Combine:
    swapped = rng.random() < 0.5

    def combine(first: UInt8, second: UInt8) -> UInt8:
        height, width = first.shape[:2]
        pair = [first, resized(second, width, height)]
        return np.concatenate(pair[::-1] if swapped else pair, axis=1)

    return combine


def stacked(rng: Rng, strength: float) -> Combine:
    swapped = rng.random() < 0.5

    def combine(first: UInt8, second: UInt8) -> UInt8:
        height, width = first.shape[:2]
        pair = [first, resized(second, width, height)]
        return np.concatenate(pair[::-1] if swapped else pair, axis=0)

    return combine


def blend(rng: Rng, strength: float) -> Combine:
    """The second shines through."""
    return blended(0.1 + 0.4 * strength * float(rng.uniform(0.3, 1.0)))


def blended(opacity: float) -> Combine:
    """``opacity``: of the second."""
    share = np.float32(opacity)

    def combine(first: UInt8, second: UInt8) -> UInt8:
        other = resized(second, first.shape[1], first.shape[0])
        mixed = first.astype(np.float32) * (1 - share) + other.astype(np.float32) * share
        return mixed.astype(np.uint8)

    return combine


def on_ground(rng: Rng, strength: float) -> Combine:
    """The first, nearly whole, before the second as a dimmed ground with a frame of one colour around it."""
    return framed(rng, float(rng.uniform(0.65, 0.9)))


def framed(rng: Rng, share: float) -> Combine:
    """``share``: of the sides that the first takes."""
    colour = any_colour(rng)

    def combine(first: UInt8, second: UInt8) -> UInt8:
        height, width = first.shape[:2]
        ground = (resized(second, width, height).astype(np.float32) * 0.6).astype(np.uint8)
        small = resized(first, width * share, height * share)
        top, left = (height - small.shape[0]) // 2, (width - small.shape[1]) // 2
        ground[max(top - 2, 0) : top + small.shape[0] + 2, max(left - 2, 0) : left + small.shape[1] + 2] = colour
        ground[top : top + small.shape[0], left : left + small.shape[1]] = small
        return ground

    return combine


LAYOUTS = (
    Layout("picture_in_picture", picture_in_picture),
    Layout("side_by_side", side_by_side),
    Layout("stacked", stacked),
    Layout("blend", blend),
    Layout("on_ground", on_ground),
)
