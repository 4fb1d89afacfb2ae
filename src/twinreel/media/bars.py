"""Black (or plainly coloured) bars: found over several frames of a video, cut off every frame.

A row or column belongs to a bar where, in every frame that says anything, it is one flat colour, the same from
the frame's edge inwards. One frame proves nothing (a night sky is flat too); agreement over time does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twinreel.types import Float32, UInt8

FLAT = 4.0
"""Standard deviation of luma along a line, out of 255, up to which the line counts as flat: compression noise
of a bar stays below it, the flattest lines of real footage seldom do."""
DRIFT = 8.0
"""Difference of a line's mean from the outermost line's up to which it is the same bar."""
SAY_NOTHING = 6.0
"""A frame whose luma varies less than this over its whole area (black, white, a fade) is no evidence."""
MOST = 0.8
"""A larger share than this is never cut off: what would remain is too little to tell."""
LEAST = 0.015
"""Less than this share on a side is left alone: it is within the blur of scaling."""


@dataclass(frozen=True, slots=True)
class Crop:
    """What to cut off, as shares of the picture's height (top, bottom) and width (left, right)."""

    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0

    @property
    def nothing(self) -> bool:
        return not (self.top or self.bottom or self.left or self.right)


def luma(image: UInt8) -> Float32:
    """(h, w, 3) RGB uint8 -> (h, w) float32, Rec. 601 weights, 0..255."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return image.astype(np.float32) @ weights


def _flat_run(lines: Float32) -> int:
    """How many lines (n, m) of luma from index 0 inwards are flat and alike."""
    if lines[0].std() > FLAT:  # as in most frames
        return 0
    means = lines.mean(axis=1)
    alike = (lines.std(axis=1) <= FLAT) & (np.abs(means - means[0]) <= DRIFT)
    return int(np.argmin(alike)) if not alike.all() else len(alike)


def _common_run(frames: Iterable[Float32]) -> int:
    """The shortest ``_flat_run`` of several frames' lines; those after one without any are not looked at."""
    least: int | None = None
    for lines in frames:
        run = _flat_run(lines)
        least = run if least is None else min(least, run)
        if least == 0:
            break
    return least or 0


class BarDetector:
    """Gathers evidence frame by frame; ``crop`` is what all of them agree on."""

    def __init__(self) -> None:
        self._frames: list[Float32] = []

    def add(self, image: UInt8) -> None:
        """One whole frame (h, w, 3) RGB; all frames of a detector have one size."""
        y = luma(image)
        if y.std() >= SAY_NOTHING:
            self._frames.append(y)

    @property
    def seen(self) -> int:
        """Frames that counted as evidence."""
        return len(self._frames)

    def crop(self) -> Crop:
        """The bars that every frame has; nothing where there is no evidence."""
        if not self._frames:
            return Crop()
        height, width = self._frames[0].shape
        top, bottom = (_common_run(y[::side] for y in self._frames) for side in (1, -1))
        # columns are judged inside the rows that remain, else letterbox rows would make no column flat
        inner = slice(top, height - bottom) if top + bottom < height else slice(None)
        left, right = (_common_run(y[inner].T[::side] for y in self._frames) for side in (1, -1))

        def share(lines: int, size: int) -> float:
            # the innermost line of a bar is a blend of bar and picture: it goes too
            return (lines + 1) / size if lines / size >= LEAST else 0.0

        crop = Crop(share(top, height), share(bottom, height), share(left, width), share(right, width))
        if crop.top + crop.bottom > MOST or crop.left + crop.right > MOST:
            return Crop()
        return crop
