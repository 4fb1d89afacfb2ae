from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from twinreel.store.packing import pack, unpack
from twinreel.store.quantise import Int8


@given(arrays(np.int8, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=30), elements=st.integers(-128, 127)))
def test_every_bit_comes_back(codes: Int8) -> None:
    np.testing.assert_array_equal(unpack(pack(codes), *codes.shape), codes)


def shots(seed: int = 0) -> Int8:
    """30 shots of 20 frames that change a little from one to the next."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((30, 20, 256)) * np.where(np.arange(20) == 0, 40, 8)[:, np.newaxis]
    codes: Int8 = np.clip(np.rint(steps.cumsum(axis=1)), -127, 127).astype(np.int8).reshape(-1, 256)
    return codes


def test_frames_that_are_alike_take_less_room() -> None:
    """Steps of 8 have 5 bits of entropy and first frames 7.4, where an int8 takes 8: 5.2 of 8 bits."""
    codes = shots()
    assert len(pack(codes)) < 0.70 * codes.nbytes
    shuffled = np.random.default_rng(1).permutation(codes)
    assert len(pack(codes)) < 0.75 * len(pack(shuffled))


def test_frames_without_likeness_take_hardly_more_than_they_are() -> None:
    codes = np.random.default_rng(0).integers(-128, 128, (100, 256)).astype(np.int8)
    assert len(pack(codes)) < 1.01 * codes.nbytes


def test_what_is_damaged_is_refused() -> None:
    blob = pack(shots())
    with pytest.raises(ValueError, match="damaged"):
        unpack(blob[: len(blob) // 2], 600, 256)
    with pytest.raises(ValueError):
        unpack(blob, 600, 255)
