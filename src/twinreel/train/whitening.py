"""Linear algebra of the default descriptor: PCA-whitening."""

from __future__ import annotations

import numpy as np

from twinreel.types import Float32


def normalise(vectors: Float32) -> Float32:
    """Rows scaled to unit length; zero rows stay zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)


def fit_whitening(features: Float32, dimensions: int, shrinkage: float) -> tuple[Float32, Float32]:
    """PCA-whitening of pooled features (n, c): returns projection (c, d) and offset (d,), y = x @ projection + offset.

    Jégou & Chum, "Negative evidences and co-occurrences in image retrieval" (ECCV 2012), section 3, on L2-normalised
    features. Deviation: eigenvalues are raised by ``shrinkage`` times their mean before the inverse root, so that
    directions of little variance, which are mostly noise, are not blown up.
    """
    x = normalise(features).astype(np.float64)
    mean = x.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(x, rowvar=False))
    order = np.argsort(values)[::-1][:dimensions]
    kept = values[order]
    projection = axes[:, order] / np.sqrt(kept + shrinkage * kept.mean())
    return projection.astype(np.float32), (-mean @ projection).astype(np.float32)
