"""Numbers written into pictures: a font of a dozen signs, three by five dots, so that none has to be installed."""

from __future__ import annotations

import numpy as np

from twinreel.types import UInt8

DOT = 2
"""Pixels."""
HEIGHT = 5 * DOT
"""Pixels of a line of text."""
_ROWS = {
    "0": (7, 5, 5, 5, 7),
    "1": (2, 6, 2, 2, 7),
    "2": (7, 1, 7, 4, 7),
    "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7),
    "6": (7, 4, 7, 5, 7),
    "7": (7, 1, 2, 2, 2),
    "8": (7, 5, 7, 5, 7),
    "9": (7, 5, 7, 1, 7),
    ":": (0, 2, 0, 2, 0),
    ".": (0, 0, 0, 0, 2),
    "%": (5, 1, 2, 4, 5),
}
"""Three bits a row, the left dot first."""


def width(text: str) -> int:
    """Pixels that ``write`` takes for a text."""
    return max(0, 4 * len(text) - 1) * DOT


def write(image: UInt8, text: str, top: int, left: int, colour: tuple[int, int, int]) -> None:
    """Writes digits, ``:``, ``.`` and ``%`` into a picture (h, w, 3), their upper left corner there; what lies outside
    is cut off. KeyError for other signs."""
    for sign, x in zip(text, range(left, left + 4 * DOT * len(text), 4 * DOT), strict=True):
        dots = np.array([[bits >> 2 & 1, bits >> 1 & 1, bits & 1] for bits in _ROWS[sign]], bool)
        down, right = np.nonzero(dots.repeat(DOT, axis=0).repeat(DOT, axis=1))
        down, right = down + top, right + x
        inside = (down >= 0) & (down < len(image)) & (right >= 0) & (right < image.shape[1])
        image[down[inside], right[inside]] = colour


def stamp(seconds: float) -> str:
    """``1:05`` or ``1:02:05``: the second that a moment lies in."""
    whole = max(0, int(seconds + 1e-6))
    minutes, rest = divmod(whole, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
