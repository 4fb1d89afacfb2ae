"""Edits of where things are in the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from twinreel.edits.base import (
    Apply,
    Colour,
    Edit,
    Rng,
    any_colour,
    dark_colour,
    picture,
    pixels,
    resized,
    sign,
    towards,
)
from twinreel.edits.colour import brightness
from twinreel.types import Float64, UInt8


def flip(rng: Rng, strength: float) -> Apply:
    return lambda frame: np.ascontiguousarray(frame[:, ::-1])


def flip_upright(rng: Rng, strength: float) -> Apply:
    return lambda frame: np.ascontiguousarray(frame[::-1])


def cropped(rng: Rng, width_kept: float, height_kept: float) -> Apply:
    """Keeps a rectangle, given as shares of the sides, somewhere."""
    x, y = rng.uniform(0, 1, 2)

    def apply(frame: UInt8) -> UInt8:
        height, width = frame.shape[:2]
        h, w = max(2, round(height * height_kept)), max(2, round(width * width_kept))
        top, left = round(y * (height - h)), round(x * (width - w))
        return np.ascontiguousarray(frame[top : top + h, left : left + w])

    return apply


def crop(rng: Rng, strength: float) -> Apply:
    """Down to half of the area."""
    side = 1 - towards(0.05, 0.3, strength, rng)
    narrower = float(rng.uniform(0.9, 1.0))
    return cropped(rng, *rng.permutation([side, side * narrower]).tolist())


def big_crop(rng: Rng, strength: float) -> Apply:
    """Down to a fifth of the area: a person out of a scene."""
    side = 1 - towards(0.25, 0.57, strength, rng)
    narrower = float(rng.uniform(0.85, 1.0))
    return cropped(rng, *rng.permutation([side, side * narrower]).tolist())


def stretch(rng: Rng, strength: float) -> Apply:
    return stretched(float(np.exp(sign(rng) * towards(0.1, 0.7, strength, rng))))


def stretched(factor: float) -> Apply:
    """Wider by a factor, as high as before."""
    return lambda frame: resized(frame, frame.shape[1] * factor, frame.shape[0])


def rotate(rng: Rng, strength: float) -> Apply:
    """By a small angle; the corners are filled, or cut off by zooming in."""
    angle = sign(rng) * towards(2, 30, strength, rng)
    colour, zoomed = any_colour(rng), bool(rng.random() < 0.3)
    return rotated(angle, colour, zoomed=zoomed)


def rotated(angle: float, colour: Colour, *, zoomed: bool) -> Apply:
    """By degrees against the clock; ``colour`` fills the corners, where they are not cut off by zooming in."""

    def apply(frame: UInt8) -> UInt8:
        turned = picture(frame).rotate(angle, Image.Resampling.BILINEAR, fillcolor=colour)
        if not zoomed:
            return pixels(turned)
        height, width = frame.shape[:2]
        radians = np.deg2rad(abs(angle))
        kept = 1 / (np.cos(radians) + max(width / height, height / width) * np.sin(radians))
        dx, dy = width * (1 - kept) / 2, height * (1 - kept) / 2
        return pixels(turned.resize((width, height), Image.Resampling.BILINEAR, (dx, dy, width - dx, height - dy)))

    return apply


def quarter_turn(rng: Rng, strength: float) -> Apply:
    """By 90, 180 or 270 degrees."""
    turns = int(rng.integers(1, 4))
    return lambda frame: np.ascontiguousarray(np.rot90(frame, turns))


def border(rng: Rng, strength: float) -> Apply:
    """Bars above and below, at the sides, or all around."""
    share = towards(0.03, 0.3, strength, rng)
    colour, place = any_colour(rng), rng.integers(3)
    return bordered(share * (place != 1), share * (place != 0), colour)


def bordered(above: float, beside: float, colour: Colour) -> Apply:
    """Bars above and below, and on both sides, each a share of the picture's height or width."""

    def apply(frame: UInt8) -> UInt8:
        height, width = frame.shape[:2]
        top, left = round(height * above), round(width * beside)
        padded = np.empty((height + 2 * top, width + 2 * left, 3), np.uint8)
        padded[:] = colour
        padded[top : top + height, left : left + width] = frame
        return padded

    return apply


def blurred_border(rng: Rng, strength: float) -> Apply:
    """The whole picture over its own blurred enlargement, as phone apps fill another shape of screen."""
    taller = 1 + towards(0.3, 1.9, strength, rng)
    beside = bool(rng.random() < 0.2)
    dimmed = float(rng.choice([1.0, 0.6]))
    return over_itself(taller, beside=beside, dimmed=dimmed)


def over_itself(taller: float, *, beside: bool, dimmed: float) -> Apply:
    """``taller``: height of the result in heights of the frame (``beside``: its width in widths); ``dimmed``: what
    the brightness of the ground is multiplied by."""

    def apply(frame: UInt8) -> UInt8:
        if beside:
            frame = frame.transpose(1, 0, 2)
        height, width = frame.shape[:2]
        top = round(height * (taller - 1) / 2)
        part = round(width / taller / 2)
        middle = frame[:, width // 2 - part : max(width // 2 + part, width // 2 - part + 2)]
        back = picture(resized(middle, width / 4, (height + 2 * top) / 4)).filter(ImageFilter.GaussianBlur(width / 80))
        filled = np.asarray(back.resize((width, height + 2 * top), Image.Resampling.BILINEAR), np.float32) * dimmed
        result = filled.astype(np.uint8)
        result[top : top + height] = frame
        return np.ascontiguousarray(result.transpose(1, 0, 2) if beside else result)

    return apply


def camcord(rng: Rng, strength: float) -> Apply:
    """Filmed off a screen from the side: a trapezium on a dark ground, other light, softer."""
    reach = 0.02 + 0.14 * strength
    corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) + rng.uniform(0, reach, (4, 2)) * [
        [1, 1],
        [1, -1],
        [-1, -1],
        [-1, 1],
    ]
    ground = dark_colour(rng)
    light, softer = brightness(rng, 0.4 * strength), float(rng.uniform(0, 0.006))
    return filmed(corners, ground, light, softer)


def filmed(corners: Float64, ground: Colour, light: Apply, softer: float) -> Apply:
    """``corners`` (4, 2): where the frame's come to lie, in shares of width and height, from the upper left one against
    the clock; ``softer``: blur, as a share of the short side."""

    def apply(frame: UInt8) -> UInt8:
        height, width = frame.shape[:2]
        seen = _perspective(corners * [width, height], width, height)
        image = picture(frame).transform(
            (width, height), Image.Transform.PERSPECTIVE, seen, Image.Resampling.BILINEAR, fillcolor=ground
        )
        return light(pixels(image.filter(ImageFilter.GaussianBlur(softer * min(height, width)))))

    return apply


def shaken(rng: Rng, reach: float) -> Apply:
    """By hand: what is seen wanders from frame to frame, up to ``reach`` of the sides, which are cut off for it."""
    draws = np.random.default_rng(rng.integers(2**63))
    place = np.zeros(2)

    def apply(frame: UInt8) -> UInt8:
        nonlocal place
        place = np.clip(0.8 * place + 0.5 * draws.standard_normal(2), -1, 1)
        height, width = frame.shape[:2]
        margins = np.round(np.array([height, width]) * reach).astype(int)
        top, left = np.round(margins * (1 + place)).astype(int).tolist()
        return np.ascontiguousarray(
            frame[top : top + height - 2 * int(margins[0]), left : left + width - 2 * int(margins[1])]
        )

    return apply


def _perspective(corners: np.ndarray, width: int, height: int) -> list[float]:
    """Coefficients that take a point of the result to one of the frame, whose corners come to lie at ``corners``."""
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (0, height), (width, height), (width, 0)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return list(np.linalg.solve(np.array(rows, np.float64), np.array(values, np.float64)))


GEOMETRY = (
    Edit("flip", flip),
    Edit("flip_upright", flip_upright),
    Edit("crop", crop),
    Edit("big_crop", big_crop),
    Edit("stretch", stretch),
    Edit("rotate", rotate),
    Edit("quarter_turn", quarter_turn),
    Edit("border", border),
    Edit("blurred_border", blurred_border),
    Edit("camcord", camcord),
)
