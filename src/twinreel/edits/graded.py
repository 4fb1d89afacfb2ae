"""Edits at three fixed strengths, to measure with: what a strength means does not depend on luck.

Edits to train with are drawn from ranges; here only what has no strength (a place, a colour, a direction) is drawn.
Values follow the lists of TRECVID's copy detection task, MUSCLE-VCD-2007, VSC2022 and AugLy: blur in pixels of a
picture 360 high, noise as FFmpeg's filter of that name counts it. Some kinds have fewer strengths than three.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from twinreel.edits import geometry, overlay
from twinreel.edits.base import Apply, Combine, Rng, any_colour, dark_colour, resized, sign
from twinreel.edits.colour import brightened, contrasted, gamma_corrected, grayscale, hue_turned, saturated
from twinreel.edits.layout import blended, framed, inset, side_by_side, stacked
from twinreel.edits.quality import blurred, interfering, noisy, pixelated
from twinreel.types import Float64, UInt8


class Strength(enum.StrEnum):
    LIGHT = "light"
    MEDIUM = "medium"
    HEAVY = "heavy"


LIGHT, MEDIUM, HEAVY = Strength
Grades = Mapping[Strength, Callable[[Rng], Apply]]
Several = Callable[[list[UInt8]], UInt8]
"""Pictures, of any sizes, to one that shows them all; the first is the main one where they differ in rank."""


class Graded(NamedTuple):
    """A layout at one strength."""

    pictures: int
    """How many are shown."""
    draw: Callable[[Rng], Several]
    others: tuple[str, Strength] | None
    """What it amounts to for those that are not the first; None where they are hardly to be seen."""


LayoutGrades = Mapping[Strength, Graded]

_OF_360 = 1 / 360
_FFMPEG_NOISE = 3**-0.5
"""Standard deviation of FFmpeg's noise of strength 1."""
_SCREEN_WIDTHS = 2.0
"""How far from the screen a camera stands."""


def _three(draw: Callable[[Rng, float], Apply], *values: float) -> Grades:
    return {strength: partial(_at, draw, value) for strength, value in zip(Strength, values, strict=True)}


def _at(draw: Callable[[Rng, float], Apply], value: float, rng: Rng) -> Apply:
    return draw(rng, value)


def _more_or_less(make: Callable[[float], Apply]) -> Callable[[Rng, float], Apply]:
    return lambda rng, value: make(value * sign(rng))


def _times_or_by(make: Callable[[float], Apply]) -> Callable[[Rng, float], Apply]:
    return lambda rng, factor: make(float(factor ** sign(rng)))


def _smaller(factor: float) -> Apply:
    return lambda frame: resized(frame, frame.shape[1] * factor, frame.shape[0] * factor)


def _cropped_to(rng: Rng, area: float) -> Apply:
    return geometry.cropped(rng, area**0.5, area**0.5)


def _bordered(rng: Rng, share: float) -> Apply:
    """Letterbox, pillarbox, or all around."""
    place = rng.integers(3)
    return geometry.bordered(share * (place != 1), share * (place != 0), any_colour(rng))


def _rotated(rng: Rng, degrees: float) -> Apply:
    return geometry.rotated(degrees * sign(rng), any_colour(rng), zoomed=False)


def _logo(rng: Rng, area: float) -> Apply:
    return overlay.marked(rng, (area / 0.8) ** 0.5, faintest=0.7)


def _subtitle(rng: Rng, lines: float) -> Apply:
    words = [overlay.phrase(rng, 5) for _ in range(round(lines))]
    return overlay.captioned(words, 0.07, 0.97 - 1.3 * 0.07 * len(words), bar=True, white=True)


def _emoji(rng: Rng, count: int, size: float) -> Apply:
    opacity = round(255 * rng.uniform(0.7, 1.0))
    places = rng.uniform(0, 1, (count, 2)) * (1 - size)
    return overlay.faces(places, np.full(count, size), (rng.random(count) < 0.7).tolist(), opacity)


def _camcord(rng: Rng, degrees: float) -> Apply:
    """Filmed off a screen: from the side, in other light, softer, with the screen's grid, by hand."""
    light = gamma_corrected(float(np.exp(np.deg2rad(degrees) * rng.uniform(-1, 1))))
    steps = (
        geometry.filmed(_seen_from_the_side(rng, degrees), dark_colour(rng), light, 0.0002 * degrees),
        interfering(rng, 0.005 * degrees),
        geometry.shaken(rng, 0.001 * degrees),
    )

    def apply(frame: UInt8) -> UInt8:
        for step in steps:
            frame = step(frame)
        return frame

    return apply


def _seen_from_the_side(rng: Rng, degrees: float) -> Float64:
    """Where the corners (4, 2) of a screen turned by an angle around some axis in its plane lie in the picture."""
    axis, angle = rng.uniform(0, 2 * np.pi), np.deg2rad(degrees)
    corners = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [0.5, -0.5]])
    along, across = np.array([np.cos(axis), np.sin(axis)]), np.array([-np.sin(axis), np.cos(axis)])
    distance = corners @ across
    flat = np.outer(corners @ along, along) + np.outer(distance * np.cos(angle), across)
    seen = flat / (1 + distance * np.sin(angle) / _SCREEN_WIDTHS)[:, None]
    return np.asarray(0.5 + seen * 0.48 / np.abs(seen).max(), np.float64)


GRADED: dict[str, Grades] = {
    "resize": _three(lambda rng, factor: _smaller(factor), 0.75, 0.5, 0.2),
    "stretch": _three(_times_or_by(geometry.stretched), 1.1, 1.33, 2),
    "blur": _three(lambda rng, sigma: blurred(sigma * _OF_360), 1, 4, 10),
    "noise": _three(lambda rng, strength: noisy(rng, strength * _FFMPEG_NOISE), 10, 25, 50),
    "pixelate": _three(lambda rng, blocks: pixelated(blocks), 96, 48, 24),
    "brightness": _three(_more_or_less(brightened), 0.15 * 255, 0.4 * 255, 0.6 * 255),
    "contrast": _three(_times_or_by(contrasted), 1.2, 1.6, 2),
    "saturation": _three(_times_or_by(saturated), 1.3, 2, 3),
    "gamma": _three(_times_or_by(gamma_corrected), 1.2, 1.6, 2.2),
    "grayscale": {LIGHT: lambda rng: grayscale(rng, 1)},
    "hue": {
        MEDIUM: lambda rng: hue_turned(30 * sign(rng)),
        HEAVY: lambda rng: hue_turned(90 * sign(rng)),
    },
    "crop": _three(_cropped_to, 0.9, 0.7, 0.5),
    "big_crop": _three(_cropped_to, 0.4, 0.3, 0.2),
    "border": _three(_bordered, 0.05, 0.15, 0.25),
    "blurred_border": _three(
        lambda rng, taller: geometry.over_itself(taller, beside=False, dimmed=float(rng.choice([1.0, 0.6]))),
        *(1.3, 16 / 9, (16 / 9) ** 2),
    ),
    "flip": {LIGHT: lambda rng: geometry.flip(rng, 1)},
    "flip_upright": {MEDIUM: lambda rng: geometry.flip_upright(rng, 1)},
    "rotate": _three(_rotated, 3, 10, 30),
    "quarter_turn": {HEAVY: lambda rng: geometry.quarter_turn(rng, 1)},
    "camcord": _three(_camcord, 5, 12, 20),
    "logo": _three(_logo, 0.02, 0.1, 0.3),
    "subtitle": {
        LIGHT: lambda rng: _subtitle(rng, 1),
        MEDIUM: lambda rng: _subtitle(rng, 2),
        HEAVY: lambda rng: overlay.crawling(" ".join(overlay.phrase(rng, 5) for _ in range(4)), 0.1),
    },
    "emoji": {
        LIGHT: lambda rng: _emoji(rng, 1, 0.2),
        MEDIUM: lambda rng: _emoji(rng, 2, 0.34),
        HEAVY: lambda rng: _emoji(rng, 3, 0.48),
    },
    "shapes": _three(lambda rng, count: overlay.scribbled(rng, round(count)), 10, 50, 150),
}
"""Edits of one picture."""
MIRRORING = frozenset({"flip", "flip_upright"})
"""Those that leave the picture as in a mirror."""


def _two(
    draw: Callable[[Rng, float], Combine],
    *grades: tuple[float, tuple[str, Strength] | None],
    behind: bool = False,
) -> LayoutGrades:
    """``grades``: for each strength its value, and what it amounts to for the second picture."""
    return {
        strength: Graded(2, partial(_combined, draw, value, behind), others)
        for strength, (value, others) in zip(Strength, grades, strict=True)
    }


def _combined(draw: Callable[[Rng, float], Combine], value: float, behind: bool, rng: Rng) -> Several:
    combine = draw(rng, value)
    return lambda pictures: combine(*(reversed(pictures) if behind else pictures))


def _tiles(rng: Rng) -> Several:
    left_right, above_below = side_by_side(rng, 1), stacked(rng, 1)

    def combine(pictures: list[UInt8]) -> UInt8:
        first, second, third, fourth = pictures
        return above_below(left_right(first, second), left_right(third, fourth))

    return combine


GRADED_LAYOUTS: dict[str, LayoutGrades] = {
    # whoever is in front of the one is behind the other, on about the same share of the picture
    "picture_in_picture": _two(
        inset,
        (0.7, ("picture_behind", HEAVY)),
        (0.5, ("picture_behind", MEDIUM)),
        (0.3, ("picture_behind", LIGHT)),
    ),
    "picture_behind": _two(
        inset,
        (0.1**0.5, ("picture_in_picture", HEAVY)),
        (0.25**0.5, ("picture_in_picture", MEDIUM)),
        (0.5**0.5, ("picture_in_picture", LIGHT)),
        behind=True,
    ),
    "stack": {
        LIGHT: Graded(2, partial(_combined, side_by_side, 1, False), ("stack", LIGHT)),
        MEDIUM: Graded(2, partial(_combined, stacked, 1, False), ("stack", MEDIUM)),
        HEAVY: Graded(4, _tiles, ("stack", HEAVY)),
    },
    "blend": _two(lambda rng, opacity: blended(opacity), (0.1, None), (0.3, None), (0.5, ("blend", HEAVY))),
    "on_ground": _two(framed, (0.9, None), (0.75, None), (0.65, ("picture_behind", HEAVY))),
}
"""Layouts of several pictures."""
