"""The 64-bit DCT perceptual hash (pHash), for a whole batch at once.

Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), in the form of
Python's ImageHash: luma at 32 x 32, type II DCT, the 8 x 8 lowest frequencies with the mean among them; a bit is set
where a coefficient is above their median.
"""

from __future__ import annotations

import numpy as np

from twinreel.describe.frames import check_frames
from twinreel.describe.hashes import Bits, cosines, settle, unrelated, vectors_of
from twinreel.describe.information import information
from twinreel.types import Float32, UInt8

SIDE = 32
FREQUENCIES = np.arange(8)

_DCT = 2 * cosines(FREQUENCIES, SIDE)
_ODD = np.where(FREQUENCIES % 2, -1.0, 1.0).astype(np.float32)
_LUMA = np.array([19595, 38470, 7471])  # BT.601 in 1/65536, rounded as Pillow does


class PhashDescriber:
    """pHash as vectors, weighted by how far from flat the frame is."""

    name = "phash"
    version = "1"
    image_size = (SIDE, SIDE)
    dimensions = FREQUENCIES.size**2
    background = unrelated(FREQUENCIES.size**2)

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        return vectors_of(phash(images)), information(images)

    def mirror(self, vectors: Float32) -> Float32 | None:
        """Negates the columns of odd frequency; a bit or two between the median and its mirror image may be wrong."""
        return (vectors.reshape(-1, FREQUENCIES.size, FREQUENCIES.size) * _ODD).reshape(vectors.shape)


def phash(images: UInt8) -> Bits:
    """Bits (n, 64) of pictures (n, 32, 32, 3) RGB; bit 8 * i + j is of vertical frequency i, horizontal j."""
    check_frames(images, (SIDE, SIDE))
    luma = (images.astype(np.int64) @ _LUMA + 0x8000) >> 16
    coefficients = settle(_DCT @ luma.astype(np.float64) @ _DCT.T).reshape(-1, FREQUENCIES.size**2)
    return coefficients > np.median(coefficients, axis=1, keepdims=True)
