"""Edits of colour and light."""

from __future__ import annotations

import numpy as np
from PIL import ImageEnhance

from twinreel.edits.base import Apply, Edit, Rng, picture, pixels, sign, towards
from twinreel.types import Float64, UInt8

_LUMA = np.array([0.299, 0.587, 0.114])


def _table(curve: Float64) -> Apply:
    """Replaces each value in [0, 255] by what a curve (256,) gives for it."""
    table = np.clip(np.rint(curve), 0, 255).astype(np.uint8)
    return lambda frame: table[frame]


def brightness(rng: Rng, strength: float) -> Apply:
    return brightened(sign(rng) * towards(10, 110, strength, rng))


def brightened(shift: float) -> Apply:
    """``shift`` in [-255, 255]."""
    return _table(np.arange(256.0) + shift)


def contrast(rng: Rng, strength: float) -> Apply:
    return contrasted(float(np.exp(sign(rng) * towards(0.1, 0.8, strength, rng))))


def contrasted(factor: float) -> Apply:
    return _table((np.arange(256.0) - 128) * factor + 128)


def gamma(rng: Rng, strength: float) -> Apply:
    return gamma_corrected(float(np.exp(sign(rng) * towards(0.1, 0.8, strength, rng))))


def gamma_corrected(power: float) -> Apply:
    """Above 1 darker, below brighter."""
    return _table(255 * (np.arange(256.0) / 255) ** power)


def saturation(rng: Rng, strength: float) -> Apply:
    return saturated(float(rng.choice([1 - towards(0.1, 1.0, strength, rng), 1 + towards(0.1, 2.0, strength, rng)])))


def saturated(factor: float) -> Apply:
    """0: grey, 1: as it is."""
    return lambda frame: pixels(ImageEnhance.Color(picture(frame)).enhance(factor))


def grayscale(rng: Rng, strength: float) -> Apply:
    return lambda frame: pixels(picture(frame).convert("L"))


def hue(rng: Rng, strength: float) -> Apply:
    """Turns the colours around the axis of greys."""
    return hue_turned(sign(rng) * towards(15, 180, strength, rng))


def hue_turned(degrees: float) -> Apply:
    angle = np.deg2rad(degrees)
    grey = np.full(3, 1 / np.sqrt(3))
    cross = np.array([[0, -grey[2], grey[1]], [grey[2], 0, -grey[0]], [-grey[1], grey[0], 0]])
    turn = np.cos(angle) * np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(grey, grey)
    return _mixed(turn)


def tint(rng: Rng, strength: float) -> Apply:
    """A colour cast, as of a filter or a wrong white balance."""
    gains = np.exp(rng.uniform(-0.5, 0.5, 3) * strength)
    return _mixed(np.diag(gains))


def sepia(rng: Rng, strength: float) -> Apply:
    return _mixed(np.outer([1.07, 0.95, 0.75], _LUMA))


def _mixed(matrix: Float64) -> Apply:
    turned = matrix.T.astype(np.float32)

    def apply(frame: UInt8) -> UInt8:
        mixed: UInt8 = np.clip(frame.astype(np.float32) @ turned, 0, 255).astype(np.uint8)
        return mixed

    return apply


COLOUR = (
    Edit("brightness", brightness),
    Edit("contrast", contrast),
    Edit("gamma", gamma),
    Edit("saturation", saturation),
    Edit("grayscale", grayscale),
    Edit("hue", hue),
    Edit("tint", tint),
    Edit("sepia", sepia),
)
