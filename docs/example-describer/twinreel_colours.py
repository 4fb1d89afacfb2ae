"""Which colours lie where in a frame, as a describer for twinreel: an example to start from.

After ``pip install ./docs/example-describer`` it is one of ``twinreel describers list``, is looked at by
``twinreel describers test colours``, and scans with ``twinreel scan FOLDER --describer colours``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID = 6
"""Fields along each side."""
CELL = 8
"""Pixels along each side of a field."""
FLAT = 4.0
"""Standard deviation of the fields' colours, of 255, up to which a frame says nothing."""


class ColoursDescriber:
    """The mean colour of 6 x 6 fields, in deviations from the frame's own mean."""

    name = "colours"
    version = "1"
    """To be raised whenever the same frame would give another vector: fingerprints are kept under it."""
    image_size = (GRID * CELL, GRID * CELL)
    """twinreel hands over frames of this height and width."""
    dimensions = 3 * GRID * GRID
    background = np.zeros((0, 3 * GRID * GRID), np.float32)
    """Vectors of unrelated frames, by which a small library is judged; none is accepted."""

    def describe(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Frames (n, 48, 48, 3) RGB -> vectors (n, 108) of length 1 and weights (n,); each frame by itself."""
        if images.dtype != np.uint8 or images.shape[1:] != (*self.image_size, 3):
            raise ValueError(
                f"frames have shape {images.shape} and type {images.dtype}; (n, 48, 48, 3) uint8 is expected"
            )
        fields = images.reshape(-1, GRID, CELL, GRID, CELL, 3).mean(axis=(2, 4)).reshape(-1, GRID * GRID, 3)
        deviations = (fields - fields.mean(axis=1, keepdims=True)).reshape(-1, self.dimensions)
        lengths = np.linalg.norm(deviations, axis=1, keepdims=True)
        spread = lengths[:, 0] / np.sqrt(self.dimensions)
        anything = np.eye(1, self.dimensions)  # of a flat frame, which counts for nothing
        vectors = np.where(lengths > 1e-6, deviations / np.maximum(lengths, 1e-6), anything)
        weights = np.clip((spread - FLAT) / FLAT, 0, 1)
        return vectors.astype(np.float32), weights.astype(np.float32)

    def mirror(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of the same frames mirrored: their columns in the other order. None would say: cannot tell."""
        return vectors.reshape(-1, GRID, GRID, 3)[:, :, ::-1].reshape(-1, self.dimensions).copy()
