"""Decoded frames to upright RGB arrays of one size, scaled inside the decoder's own conversion."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from twinreel.media.bars import Crop
from twinreel.types import UInt8

LARGEST = 4096
"""A side of the intermediate picture never exceeds this, whatever is cropped."""


def enlarged(images: UInt8, crop: Crop) -> UInt8:
    """(n, h, w, 3) -> (n, h, w, 3): what remains after the crop, stretched to the whole."""
    _, height, width, _ = images.shape
    rows = slice(round(crop.top * height), height - round(crop.bottom * height))
    columns = slice(round(crop.left * width), width - round(crop.right * width))
    reformatter = VideoReformatter()
    results = []
    for image in images:
        part = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[rows, columns]), format="rgb24")
        scaled = reformatter.reformat(part, width=width, height=height, interpolation="BILINEAR", threads=1)
        results.append(scaled.to_ndarray())
    return np.stack(results)


class Scaler:
    """Scales the frames of one video. What the conversion sets up is kept from frame to frame: for small pictures
    that is most of its work."""

    def __init__(self, size: tuple[int, int], crop: Crop | None = None, *, interpolation: str = "AREA") -> None:
        """``size``: (height, width) of the results; ``crop``: what to cut off first.

        interpolation: swscale's. The area filter is exact for shrinking and becomes bilinear for enlarging.
        """
        self._size = size
        self._interpolation = interpolation
        self._crop = crop or Crop()
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> UInt8:
        """The frame as shown: scaled, rotated upright, without what the crop names: (h, w, 3) RGB uint8.

        The picture is stretched: what remains after the crop fills the size whatever its shape, so that a copy
        squeezed to another aspect ratio looks the same. One swscale pass does scaling and colour conversion; the crop
        is a slice of a proportionally larger result.
        """
        crop, (height, width) = self._crop, self._size
        turns = round(frame.rotation / 90) % 4  # counter-clockwise quarter turns that make it upright
        whole_h = min(LARGEST, round(height / (1 - crop.top - crop.bottom)))
        whole_w = min(LARGEST, round(width / (1 - crop.left - crop.right)))
        scaled_h, scaled_w = (whole_w, whole_h) if turns % 2 else (whole_h, whole_w)
        scaled = self._reformatter.reformat(
            frame, width=scaled_w, height=scaled_h, format="rgb24", interpolation=self._interpolation, threads=1
        )
        image = scaled.to_ndarray()
        if turns:
            image = np.rot90(image, turns)
        y, x = round(crop.top * whole_h), round(crop.left * whole_w)
        y, x = min(y, whole_h - height), min(x, whole_w - width)
        return np.ascontiguousarray(image[y : y + height, x : x + width])
