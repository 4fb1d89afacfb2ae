"""Frames of a stretch of a video side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twinreel.bench.clips import even
from twinreel.bench.reading import shown_at
from twinreel.media.probe import probe
from twinreel.types import UInt8

FRAMES = 5
HEIGHT = 84
"""Pixels."""
GAP = 2


def strip(path: Path, start: float, stop: float) -> UInt8:
    """(h, w, 3) RGB: frames at even distances between two seconds of a video. Raises MediaError."""
    found = probe(str(path))
    size = HEIGHT, even(min(4.0, found.width / found.height) * HEIGHT)
    latest = max(0.0, found.duration - 0.1)
    moments = np.minimum(start + (np.arange(FRAMES) + 0.5) / FRAMES * (stop - start), latest)
    white = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    cells = [cell for image in shown_at(str(path), moments, size) for cell in (image, white)]
    return np.concatenate(cells[:-1], axis=1)
