"""What a describer may be given."""

from __future__ import annotations

import numpy as np

from twinreel.types import UInt8


def check_frames(images: UInt8, size: tuple[int, int] | None = None) -> None:
    """ValueError unless images are (n, h, w, 3) uint8, and (h, w) is the given size where one is given."""
    height, width = size or ("h", "w")
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or (size and images.shape[1:3] != size):
        raise ValueError(
            f"frames have shape {images.shape} and type {images.dtype}; (n, {height}, {width}, 3) uint8 is expected"
        )
