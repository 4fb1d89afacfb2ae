"""From a frame to the numbers that a published network takes, as the processor that is published with it does it.

Processors resize with Pillow, so that is what resizes here. A scan never needs it: it asks the decoder for frames of
the size that nothing has to be resized to (``image_size``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from twinreel.describe.frames import check_frames
from twinreel.errors import MissingExtra
from twinreel.types import Float32, UInt8

Filter = Literal["bilinear", "bicubic", "lanczos"]
Rounding = Literal["down", "even"]

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and deviation of ImageNet's pixels in [0, 1]: red, green, blue."""


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Resize, cut out the middle, scale."""

    resize: int | tuple[int, int]
    """Pixels of the shorter side, the shape being kept, or (height, width) to stretch to."""
    crop: tuple[int, int] | None = None
    """(height, width) of the middle that is used; None for all of it, which then has to be of a fixed size."""
    filter: Filter = "bicubic"
    mean: tuple[float, float, float] = IMAGENET[0]
    """Red, green, blue: subtracted from pixels in [0, 1]."""
    std: tuple[float, float, float] = IMAGENET[1]
    """What they are then divided by."""
    rounding: Rounding = "down"
    """How half a pixel of margin is rounded: ``down`` as transformers does it, ``even`` as torchvision."""

    def __post_init__(self) -> None:
        if isinstance(self.resize, int) and self.crop is None:
            raise ValueError("only the shorter side has a size, so the middle that is cut out needs one")
        if self.filter not in get_args(Filter):
            raise ValueError(f"filter is {self.filter!r}; accepted are {', '.join(get_args(Filter))}")

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width) of frames that need no resizing: what a Describer asks for."""
        return (self.resize, self.resize) if isinstance(self.resize, int) else self.resize

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the tensor."""
        return self.crop or self.image_size

    def tensor(self, image: UInt8) -> Float32:
        """A frame (h, w, 3) RGB of any size -> (3, *size). MissingExtra where it has to be resized and nothing can."""
        check_frames(image[np.newaxis])
        target = self._target(*image.shape[:2])
        resized = image if image.shape[:2] == target else _resized(image, target, self.filter)
        cut = resized if self.crop is None else self._middle(resized, self.crop)
        scaled = (cut / np.float32(255) - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(scaled.transpose(2, 0, 1), np.float32)

    def _target(self, height: int, width: int) -> tuple[int, int]:
        if not isinstance(self.resize, int):
            return self.resize
        short, long = sorted((height, width))
        longer = int(self.resize * long / short)
        return (self.resize, longer) if height <= width else (longer, self.resize)

    def _middle(self, image: UInt8, size: tuple[int, int]) -> UInt8:
        """What is smaller than the middle gets black margins."""
        missing = [max(0, want - have) for want, have in zip(size, image.shape[:2], strict=True)]
        if any(missing):
            before = [-(-lacking // 2) if self.rounding == "down" else lacking // 2 for lacking in missing]
            margins = [(first, lacking - first) for first, lacking in zip(before, missing, strict=True)]
            image = np.pad(image, [*margins, (0, 0)])
        spare = [have - want for want, have in zip(size, image.shape[:2], strict=True)]
        top, left = (pixels // 2 if self.rounding == "down" else round(pixels / 2) for pixels in spare)
        return image[top : top + size[0], left : left + size[1]]


def _resized(image: UInt8, size: tuple[int, int], filter: Filter) -> UInt8:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingExtra("resizing pictures as a published network's processor does", "clip") from error
    method = Image.Resampling[filter.upper()]
    return np.asarray(Image.fromarray(image).resize((size[1], size[0]), method), np.uint8)
