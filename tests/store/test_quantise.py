from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twinreel.store.quantise import dequantise, quantise
from twinreel.types import Float32

dimensions = st.integers(1, 300)


@st.composite
def unit_rows(draw: st.DrawFn) -> Float32:
    """(2, d) rows of length 1, from evenly spread ones to such that have nearly all their length in one component."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = random.standard_normal((2, draw(dimensions)))
    rows = np.sign(rows) * np.abs(rows) ** draw(st.integers(0, 12))
    unit: Float32 = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


@settings(deadline=None)  # a busy machine is no failure
@given(unit_rows())
def test_inner_products_stay_within_the_stated_bound(rows: Float32) -> None:
    stored = dequantise(quantise(rows)).astype(np.float64)
    exact = rows.astype(np.float64)
    # The bound of the module's text: e = sqrt(d) * s / 2 with s = max|v| / 127; 1e-5 for float32's own rounding.
    e = np.sqrt(rows.shape[1]) * np.abs(exact).max(axis=1) / 254
    assert abs(stored[0] @ stored[1] - exact[0] @ exact[1]) <= np.sqrt(2) * e.sum() + 1e-5
    assert np.linalg.norm(stored, axis=1) == pytest.approx([1, 1], abs=1e-6)


@settings(deadline=None)  # a busy machine is no failure
@given(unit_rows())
def test_storing_again_changes_nothing(rows: Float32) -> None:
    codes = quantise(rows)
    assert np.array_equal(quantise(dequantise(codes)), codes)


@settings(deadline=None)  # a busy machine is no failure
@given(arrays(np.bool_, st.tuples(st.integers(0, 4), dimensions)))
def test_binary_hashes_are_exact(bits: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
    signs = np.where(bits, 1, -1).astype(np.float32)
    assert np.allclose(dequantise(quantise(signs)), signs / np.sqrt(signs.shape[1]), rtol=1e-6, atol=0)


def test_the_usual_error_is_far_below_the_bound() -> None:
    rows = np.random.default_rng(3).standard_normal((400, 256))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    stored = dequantise(quantise(rows.astype(np.float32))).astype(np.float64)
    error = stored @ stored.T - rows @ rows.T
    # Rounding to steps of s has the variance s^2 / 12 a component; two rows add theirs.
    expected = np.sqrt(2 / 12) * np.abs(rows).max(axis=1).mean() / 127
    assert np.sqrt((error[~np.eye(400, dtype=bool)] ** 2).mean()) == pytest.approx(expected, rel=0.1)


def test_a_row_of_zeros_stays_one_and_no_rows_are_fine() -> None:
    rows = np.zeros((2, 4), np.float32)
    rows[1, 2] = -1
    assert np.array_equal(dequantise(quantise(rows)), rows)
    assert dequantise(quantise(np.zeros((0, 4), np.float32))).shape == (0, 4)


def test_a_row_never_depends_on_its_neighbours() -> None:
    rows = np.random.default_rng(1).standard_normal((50, 64)).astype(np.float32)
    together = dequantise(quantise(rows))
    alone = np.concatenate([dequantise(quantise(rows[i : i + 1])) for i in range(50)])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="NaN or infinity"):
        quantise(np.array([[0.5, bad]], np.float32))
