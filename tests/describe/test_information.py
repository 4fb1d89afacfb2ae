from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from describe.pictures import pictures
from twinreel.describe.information import information


@pytest.mark.parametrize("size", [(224, 224), (64, 64), (31, 50), (7, 5), (1, 1), (300, 1000)])
@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_flat_frames_say_nothing(size: tuple[int, int], level: int) -> None:
    assert information(np.full((2, *size, 3), level, np.uint8)).tolist() == [0, 0]


def test_noise_on_black_says_nothing() -> None:
    noise = np.random.default_rng(0).normal(16, 6, (3, 224, 224, 3))
    assert information(np.clip(noise, 0, 255).astype(np.uint8)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [(224, 224), (100, 260), (32, 32)])
def test_pictures_count_in_full(size: tuple[int, int]) -> None:
    assert information(pictures(4, size)).tolist() == [1, 1, 1, 1]


def test_white_text_on_black_counts() -> None:
    frame = np.zeros((1, 224, 224, 3), np.uint8)
    frame[:, 180:200, 40:180] = 255
    assert information(frame)[0] == 1


def test_halves_of_a_given_distance_weigh_what_the_ramp_says() -> None:
    """Two halves 2 s apart have standard deviation s: from 2, nothing, to 10, everything, half of it at 6."""
    frames = np.full((5, 64, 64, 3), 100, np.uint8)
    for frame, distance in zip(frames, (4, 8, 12, 16, 20), strict=True):
        frame[:, 32:] += np.uint8(distance)
    np.testing.assert_allclose(information(frames), [0, 0.15625, 0.5, 0.84375, 1], atol=1e-6)


@settings(max_examples=30)
@given(st.floats(0, 1), st.floats(0, 1))
def test_less_contrast_never_weighs_more(a: float, b: float) -> None:
    picture = pictures(1, (64, 64)).astype(np.float64) - 128
    low, high = sorted((a, b))
    weights = information(
        np.concatenate([np.rint(128 + picture * low), np.rint(128 + picture * high)]).astype(np.uint8)
    )
    assert weights[0] <= weights[1] + 0.05  # rounding to 8 bits makes a level of difference


def test_no_frames_have_no_weights() -> None:
    assert information(np.empty((0, 64, 64, 3), np.uint8)).shape == (0,)
