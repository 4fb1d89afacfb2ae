"""PDQ, the 256-bit perceptual hash of photographs, for a whole batch at once.

Source: "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (Facebook, 2019) and its
reference implementation in C++ (facebook/ThreatExchange, pdq/cpp).

1. Luma, BT.601.
2. A tent filter (Jarosz): two passes of a box filter along each axis, the box as wide as half a 64th of the side,
   rounded up; near the edges the mean is over what is there. Then the sample at the middle of each of 64 x 64 cells.
   Filter and sampling are linear in each axis, so here they are one matrix from the left and one from the right.
3. Quality, from the gradients of those 64 x 64 samples.
4. The DCT's frequencies 1 to 16 in each axis (0, the mean, is left out); a bit is set where a coefficient is above
   the (lower) median of the 256.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.frames import check_frames
from twinreel.describe.hashes import Bits, cosines, settle, unrelated, vectors_of
from twinreel.types import Float32, Float64, UInt8

GRID = 64
FREQUENCIES = np.arange(1, 17)
SMALLEST_SIDE = 5
"""As in the reference implementation."""
MIN_QUALITY = 50
"""Hashes below are of featureless pictures and match by chance: upstream advises to discard them."""

_DCT = np.sqrt(2 / GRID) * cosines(FREQUENCIES, GRID)
_ODD = np.where(FREQUENCIES % 2, -1.0, 1.0).astype(np.float32)


class PdqDescriber:
    """PDQ hashes as vectors. Weight 0 where the quality is below 50, else 1.

    Frames are asked for at 64 x 64, where the filter of PDQ does nothing: the decoder's scaler has then done its
    work, as the reference implementation foresees for video. Measured on frames of real clips against hashing the
    full frame: 9 bits apart on average at 64 x 64 and at 512 x 512 (the size that upstream reduces photographs to),
    13 at 128 and 19 at 256, where the even box shifts the picture by a third of a cell. 64 is also the
    cheapest, and the only size at which a mirrored picture has the mirrored hash.
    """

    name = "pdq"
    version = "1"
    image_size = (GRID, GRID)
    dimensions = FREQUENCIES.size**2
    background = unrelated(FREQUENCIES.size**2)

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        check_frames(images, self.image_size)
        bits, quality = pdq(images)
        return vectors_of(bits), (quality >= MIN_QUALITY).astype(np.float32)

    def mirror(self, vectors: Float32) -> Float32 | None:
        """Negates the columns of odd frequency, the DCT of a mirrored picture.

        Exact for the coefficients; the bits of those that lie between the median and its mirror image (usually
        a few of the 256) come out wrong, since a hash keeps which side of the median they are on, not of zero.
        """
        return (vectors.reshape(-1, FREQUENCIES.size, FREQUENCIES.size) * _ODD).reshape(vectors.shape)


def pdq(images: UInt8) -> tuple[Bits, NDArray[np.int64]]:
    """PDQ bits (n, 256) and qualities (n,), 0 to 100, of pictures (n, h, w, 3) RGB, sides of 5 pixels or more.

    Bit 16 * i + j belongs to vertical frequency i + 1 and horizontal frequency j + 1. Equal to the reference
    implementation but for coefficients within its float32 rounding of the median.
    """
    grid = _grid(images)
    coefficients = _coefficients(grid)
    middle = FREQUENCIES.size**2 // 2 - 1
    median = np.partition(coefficients, middle, axis=1)[:, middle, np.newaxis]
    return coefficients > median, _quality(grid)


def pdqf(images: UInt8) -> Float64:
    """PDQF: the coefficients (n, 256) of pictures (n, h, w, 3) RGB that PDQ's bits are made of, in the order of those.

    Up to the reference implementation's rounding: it sums in float32.
    """
    return _coefficients(_grid(images))


def _grid(images: UInt8) -> Float64:
    """(n, 64, 64): the samples of steps 1 and 2."""
    check_frames(images)
    if min(images.shape[1:3]) < SMALLEST_SIDE:
        raise ValueError(f"frames have shape {images.shape}; PDQ needs {SMALLEST_SIDE} pixels on each side")
    # float32, as in the reference, makes the luma of a grey pixel exactly its value
    luma = (images @ np.array([0.299, 0.587, 0.114])).astype(np.float32)
    grid: Float64 = _reduction(images.shape[1]) @ luma @ _reduction(images.shape[2]).T
    return grid


def _coefficients(grid: Float64) -> Float64:
    return settle(_DCT @ grid @ _DCT.T).reshape(-1, FREQUENCIES.size**2)


@lru_cache(maxsize=16)
def _reduction(side: int) -> Float64:
    """(64, side): the tent filter and the sampling at cell centres along an axis, step 2 of the algorithm."""
    window = -(-side // (2 * GRID))
    ahead = (window + 2) // 2  # an even box reaches one further ahead than behind
    offset = np.arange(side) - np.arange(side)[:, np.newaxis]
    box = ((offset < ahead) & (offset >= ahead - window)).astype(np.float64)
    box /= box.sum(axis=1, keepdims=True)
    centres = ((np.arange(GRID) + 0.5) * side / GRID).astype(np.int64)
    return box[centres] @ box


def _quality(grid: Float64) -> NDArray[np.int64]:
    """Sum of neighbours' differences in whole percents of 255, divided by 90, at most 100."""
    total = np.zeros(len(grid), np.int64)
    for axis in (1, 2):
        percents = (np.diff(grid, axis=axis) * 100 / 255).astype(np.int64)  # towards 0
        total += np.abs(percents).sum(axis=(1, 2))
    return np.minimum(100, total // 90)
