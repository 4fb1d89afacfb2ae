"""PCA-whitening against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from twinreel.train.whitening import fit_whitening, normalise
from twinreel.types import Float32

SHRINKAGE = 0.5


@pytest.fixture(scope="module")
def features() -> Float32:
    """(800, 12) of directions that vary unequally, around a mean, at all lengths."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((800, 12)) * np.linspace(0.1, 1, 12) @ rng.standard_normal((12, 12)) + 2
    return (drawn * rng.uniform(0.1, 10, (800, 1))).astype(np.float32)


def test_normalise() -> None:
    rows = np.array([[3, 4], [0, 0], [-1e-3, 0]], np.float32)
    unit = normalise(rows)
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit, np.array([[0.6, 0.8], [0, 0], [-1, 0]]), rtol=1e-6)


@pytest.mark.parametrize("dimensions", [1, 5, 12])
def test_whitened_features_have_no_mean_and_level_uncorrelated_axes(features: Float32, dimensions: int) -> None:
    projection, offset = fit_whitening(features, dimensions, SHRINKAGE)
    assert projection.shape == (12, dimensions) and offset.shape == (dimensions,)
    assert projection.dtype == offset.dtype == np.float32
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    whitened = unit.astype(np.float64) @ projection + offset
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-5)
    # the largest variances of the features, each v as v / (v + SHRINKAGE * mean of those kept)
    largest = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False)[:dimensions] ** 2 / (len(unit) - 1)
    expected = largest / (largest + SHRINKAGE * largest.mean())
    np.testing.assert_allclose(
        np.cov(whitened, rowvar=False).reshape(dimensions, dimensions), np.diag(expected), atol=1e-4
    )


def test_the_length_of_features_does_not_matter(features: Float32) -> None:
    one = fit_whitening(features, 4, SHRINKAGE)
    other = fit_whitening(normalise(features) * np.float32(7), 4, SHRINKAGE)
    for found, expected in zip(other, one, strict=True):
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)


def test_without_shrinkage_all_axes_count_the_same(features: Float32) -> None:
    projection, offset = fit_whitening(features, 12, 0.0)
    whitened = normalise(features).astype(np.float64) @ projection + offset
    np.testing.assert_allclose(np.cov(whitened, rowvar=False), np.eye(12), atol=1e-3)
