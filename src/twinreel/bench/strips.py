"""Frames of a stretch of a video side by side, as a JPEG."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from twinreel.bench.clips import even
from twinreel.bench.reading import shown_at
from twinreel.media.probe import probe
from twinreel.types import UInt8

FRAMES = 5
HEIGHT = 84
"""Pixels."""
GAP = 2
QUALITY = "4"
"""Of FFmpeg's Motion JPEG: 2 is the best, 31 the worst."""


def strip(path: Path, start: float, stop: float) -> UInt8:
    """(h, w, 3) RGB: frames at even distances between two seconds of a video. Raises MediaError."""
    found = probe(str(path))
    size = HEIGHT, even(min(4.0, found.width / found.height) * HEIGHT)
    latest = max(0.0, found.duration - 0.1)
    moments = np.minimum(start + (np.arange(FRAMES) + 0.5) / FRAMES * (stop - start), latest)
    white = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    cells = [cell for image in shown_at(str(path), moments, size) for cell in (image, white)]
    return np.concatenate(cells[:-1], axis=1)


def jpeg(image: UInt8) -> bytes:
    """A picture (h, w, 3) RGB as a JPEG file; odd sides lose a line."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width, height, "yuvj420p", Fraction(1, 25)
    codec.options = {"qmin": QUALITY, "qmax": QUALITY}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "rgb24")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
