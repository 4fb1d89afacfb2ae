"""The left-right signature, and what it says of matched frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from describe.pictures import as_jpeg, pictures
from twinreel.describe.layout import layout, mirrored
from twinreel.types import LAYOUT, UInt8


@given(hnp.arrays(np.uint8, st.sampled_from([(2, 8, 16, 3), (1, 5, 24, 3), (3, 4, 8, 3)])))
def test_mirroring_changes_nothing_but_the_sign(images: UInt8) -> None:
    signature = layout(images)
    assert signature.shape == (len(images), LAYOUT) and signature.dtype == np.float32
    assert (np.abs(signature) <= 1).all()
    np.testing.assert_array_equal(layout(images[:, :, ::-1]), -signature)


def test_it_is_the_brightness_of_fields_of_the_left_over_those_opposite() -> None:
    image = np.zeros((1, 8, 16, 3), np.uint8)
    image[0, 2:4, 0:2] = 255  # the second of four rows, the outermost of four columns
    image[0, 6:8, 8:10] = (255, 0, 0)  # the last row, the innermost column, on the right
    expected = np.zeros((4, 4), np.float32)
    expected[1, 0] = 1
    expected[3, 3] = -0.299
    np.testing.assert_allclose(layout(image)[0].reshape(4, 4), expected, atol=0.002)


def test_a_signature_is_its_own_frames_only() -> None:
    images = pictures(5, (64, 64))
    together = layout(images)
    for row in range(5):
        np.testing.assert_array_equal(layout(images[row : row + 1])[0], together[row])
    assert layout(images[:0]).shape == (0, LAYOUT)


@pytest.mark.parametrize("frames", [1, 8])
def test_mirrored_copies_are_told_from_copies(frames: int) -> None:
    images = pictures(frames, (96, 96), seed=4)
    copies = as_jpeg(images, 50)
    assert not mirrored(layout(images), layout(copies))
    assert mirrored(layout(images), layout(copies[:, :, ::-1]))
    assert mirrored(layout(images[:, :, ::-1]), layout(copies))


def test_the_odd_frame_does_not_decide() -> None:
    images = pictures(10, (64, 64))
    partly = images.copy()
    partly[:2] = partly[:2, :, ::-1]
    assert not mirrored(layout(images), layout(partly))
    assert mirrored(layout(images), layout(partly[:, :, ::-1]))


def test_where_nothing_can_be_told_it_is_not_mirrored() -> None:
    symmetrical = pictures(3, (64, 64))
    symmetrical[:, :, 32:] = symmetrical[:, :, :32][:, :, ::-1]
    assert not mirrored(layout(symmetrical), layout(symmetrical))
    assert not mirrored(np.zeros((0, LAYOUT), np.float32), np.zeros((0, LAYOUT), np.float32))
    # unrelated frames seldom correlate by more than the limit, either way
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 20, LAYOUT)).astype(np.float32)
    assert not mirrored(a, b)
