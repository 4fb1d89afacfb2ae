"""Which way round a frame is: a small signature that changes sign when the frame is mirrored.

Descriptors of copies are meant not to care about mirroring, so they cannot tell; this can. It proposes no match, but
it says whether matched frames are mirror images, and whether what moves in them moves together (``match.evidence``).
"""

from __future__ import annotations

import numpy as np

from twinreel.describe.grid import grid_luma
from twinreel.types import LAYOUT, Float32, UInt8

ROWS = 4
COLUMNS = 8


def layout(images: UInt8) -> Float32:
    """(n, h, w, 3) RGB uint8, h >= 4 and w >= 8 -> (n, LAYOUT) in [-1, 1].

    The brightness of 4 x 4 fields of the left half minus that of the fields opposite, over 255: mirrored frames give
    exactly the negative (where w is a multiple of 8).
    """
    height, width = images.shape[1] // ROWS, images.shape[2] // COLUMNS
    luma = grid_luma(images, height, width)[:, :ROWS, :COLUMNS] / 255
    halves = luma[:, :, : COLUMNS // 2] - luma[:, :, : COLUMNS // 2 - 1 : -1]
    return np.asarray(halves.reshape(len(images), LAYOUT), np.float32)


def mirrored(a: Float32, b: Float32, limit: float = -0.3) -> bool:
    """Are the frames of a (p, LAYOUT) mirror images of those of b (p, LAYOUT), row by row?

    True where their correlation over all frames is under ``limit``; a symmetric or still unlike picture leaves it at
    False.
    """
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return scale > 1e-6 and float((a * b).sum()) / scale < limit
