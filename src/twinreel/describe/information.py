"""How much a frame has to say, by its looks alone: nothing if it is black or of one colour."""

from __future__ import annotations

import numpy as np

from twinreel.describe.frames import check_frames
from twinreel.describe.grid import grid_luma
from twinreel.types import Float32, Float64, UInt8

CELLS = 32
"""The frame is looked at as a grid of about 32 x 32 cells, so that noise and grain do not count as content."""
NOTHING = 2.0
"""Standard deviation of the cells' luma (of 255) up to which a frame says nothing: black or flat, as coded."""
ENOUGH = 10.0
"""... and from which it counts in full. Photographs lie around 50, fog and night scenes above 10."""


def information(images: UInt8) -> Float32:
    """(n, h, w, 3) RGB -> weights (n,) in [0, 1], rising smoothly with the luma contrast of the frame."""
    check_frames(images)
    height, width = images.shape[1:3]
    cell = max(1, min(height, width) // CELLS)
    luma = grid_luma(images, cell, cell)
    ramp: Float64 = np.clip((luma.std(axis=(1, 2)) - NOTHING) / (ENOUGH - NOTHING), 0.0, 1.0)
    return (ramp * ramp * (3.0 - 2.0 * ramp)).astype(np.float32)
