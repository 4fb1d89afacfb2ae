"""Frames of videos side by side. Files are decoded here, in this process, as a player would."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from twinreel.media.probe import probe
from twinreel.media.shown import shown_at
from twinreel.pictures.curves import error_curve
from twinreel.pictures.digits import HEIGHT as TEXT
from twinreel.pictures.digits import stamp, width, write
from twinreel.pictures.picture import Picture, above, beside
from twinreel.types import Float64, Segment, UInt8

FRAMES = 5
HEIGHT = 84
"""Pixels."""
GAP = 2
WIDEST = 4.0
"""A picture is shown at most so many times as wide as high."""
_A_ROW = 4
"""Anchor frames side by side."""
_END = 0.1
"""Seconds before the end of a video from which its last frame is shown."""
_WHITE, _SHADE, _BETWEEN = (255, 255, 255), (0, 0, 0), 10
"""Colours, and pixels between the strips of two segments."""


def frames_at(path: Path | str, moments: Float64, height: int = HEIGHT) -> list[UInt8]:
    """What a video shows at some seconds (n,), each (height, w, 3). Raises MediaError."""
    found = probe(str(path))
    size = height, max(2, int(min(WIDEST, found.width / found.height) * height) // 2 * 2)
    latest = max(0.0, found.duration - _END)
    return list(shown_at(str(path), np.clip(moments, 0.0, latest), size))


def moments(start: float, stop: float, frames: int = FRAMES) -> Float64:
    """Seconds (frames,) at even distances between two others."""
    return start + (np.arange(frames) + 0.5) / frames * (stop - start)


def strip(path: Path, start: float, stop: float) -> UInt8:
    """(h, w, 3) RGB: frames at even distances between two seconds of a video. Raises MediaError."""
    return beside(frames_at(path, moments(start, stop)), GAP, _WHITE)


def aligned_strip(a: Path | str, b: Path | str, segments: Iterable[Segment], frames: int = FRAMES) -> Picture:
    """Frames of a above those of b that show the same footage, each with its second; for each segment two rows.

    Raises MediaError where a file cannot be read; ValueError without segments.
    """
    pairs = []
    for segment in segments:
        seconds = moments(segment.a_start, segment.a_stop, frames)
        there = np.array([segment.seen_in_b(float(moment)) for moment in seconds])
        pairs.append(above([_stamped(a, seconds), _stamped(b, there)], GAP, _WHITE))
    if not pairs:
        raise ValueError("no segments are given: there are no seconds to show")
    return Picture(above(pairs, _BETWEEN, _WHITE))


def anchor_sheet(path: Path | str, times: Float64, errors: Float64) -> Picture:
    """The curve of errors (k + 1,), and below it the anchor frames of a video at their seconds (k,).

    Raises MediaError where the file cannot be read.
    """
    rows = [times[start : start + _A_ROW] for start in range(0, len(times), _A_ROW)]
    curve = error_curve(errors).pixels
    return Picture(above([curve, *(_stamped(path, row) for row in rows)], GAP, _WHITE))


def _stamped(path: Path | str, seconds: Float64) -> UInt8:
    return beside(with_stamps(frames_at(path, seconds), seconds.tolist()), GAP, _WHITE)


def with_stamps(images: Sequence[UInt8], seconds: Sequence[float]) -> list[UInt8]:
    """The pictures with their seconds in the lower left corner."""
    stamped = []
    for image, second in zip(images, seconds, strict=True):
        image, text = image.copy(), stamp(second)
        image[-TEXT - 6 :, : width(text) + 8] = _SHADE
        write(image, text, len(image) - TEXT - 3, 4, _WHITE)
        stamped.append(image)
    return stamped
