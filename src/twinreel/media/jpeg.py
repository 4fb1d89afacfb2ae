"""A picture as a JPEG file."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from twinreel.types import UInt8

QUALITY = "4"
"""Of FFmpeg's Motion JPEG: 2 is the best, 31 the worst."""


def jpeg(image: UInt8) -> bytes:
    """A picture (h, w, 3) RGB as a JPEG file; odd sides lose a line."""
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    codec: Any = av.CodecContext.create("mjpeg", "w")
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width, height, "yuvj420p", Fraction(1, 25)
    codec.options = {"qmin": QUALITY, "qmax": QUALITY}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), "rgb24")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])
