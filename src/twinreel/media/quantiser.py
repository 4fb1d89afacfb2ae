"""How coarsely a video was encoded: the step of its quantiser, which some of FFmpeg's decoders tell of every frame.

Lossy codecs round the coefficients of a transform to multiples of a step, and what that loses grows with the step
whichever the codec, where the bits that it takes to write them down do not compare. Steps are given in levels of 8 bits
and as of an orthonormal transform:

H.264          2^((QP - 4) / 6): ITU-T H.264, 8.5.9, doubles every 6 QP and is 1 at QP 4
VP9            an eighth of what the specification's table of AC quantisers (8.6.1) says, as its transforms scale by 8
MPEG-1, -2, -4 the quantiser's scale, times DEAD_ZONE

Frames that are interpolated between others (B) do not count: most are left out by nothing else, their step is coarse as
they hardly have coefficients of their own, and what they show has been encoded in the others.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable

import av
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import PictureType
from av.video.stream import VideoStream

DEAD_ZONE = 1.25
"""MPEG-4 encoders round down what is under 1.25 steps, those of H.264 and VP9 what is under two thirds to five sixths,
which comes to something between the same and half as much again."""
_HEADER = struct.Struct("@IQQii")
"""FFmpeg's AVVideoEncParams: number of blocks, where they begin, bytes of each, kind of quantiser, quantiser of the
frame. Of a block: x, y, width, height, what its quantiser is more."""
_VP9, _H264, _MPEG = 0, 1, 2
_VP9_INDEX = (0, 1, 95, 107, 119, 134, 150, 166, 182, 198, 214, 230, 246, 255)
_VP9_STEP = (4, 8, 102, 126, 150, 194, 255, 341, 456, 615, 832, 1129, 1537, 1828)
"""A few places of the table, which is smooth between them."""


def ask(stream: VideoStream) -> None:
    """Has the decoder of a stream, of which nothing was decoded so far, tell of quantisers."""
    context = stream.codec_context
    context.options = {**context.options, "export_side_data": "venc_params"}


class Coarseness:
    """The mean step of the frames that it is shown."""

    def __init__(self) -> None:
        self._steps: list[float] = []

    def add(self, frame: av.VideoFrame) -> None:
        step = coarseness(frame)
        if step is not None:
            self._steps.append(step)

    def taken(self) -> float | None:
        """The geometric mean since it was taken last; None where no decoder told."""
        steps, self._steps = self._steps, []
        return geometric_mean(steps)


def geometric_mean(values: Iterable[float]) -> float | None:
    """Of positive values; None of none."""
    logs = [math.log(value) for value in values]
    return math.exp(math.fsum(logs) / len(logs)) if logs else None


def coarseness(frame: av.VideoFrame) -> float | None:
    """The geometric mean of the steps of a frame's blocks; None for frames that do not count, and where it is unknown,
    or nothing was rounded."""
    told = frame.side_data.get("VIDEO_ENC_PARAMS")
    if not isinstance(told, SideData) or frame.pict_type not in (PictureType.I, PictureType.P):
        return None
    data = bytes(told)
    number, first, size, kind, whole = _HEADER.unpack_from(data)
    blocks = np.ndarray((number,), np.int32, data, first + 16, (size,)) if number else np.zeros(1, np.int32)
    quantisers = whole + blocks.astype(np.float64)
    if kind == _H264:
        logs = (quantisers - 4) / 6 * math.log(2) - (frame.format.components[0].bits - 8) * math.log(2)
    elif kind == _VP9:
        logs = np.log(np.interp(quantisers, _VP9_INDEX, _VP9_STEP) / 8)
    elif kind == _MPEG and quantisers.min() > 0:
        logs = np.log(quantisers * DEAD_ZONE)
    else:
        return None
    return float(np.exp(logs.mean()))
