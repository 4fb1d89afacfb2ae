"""Fingerprints made ready, and the similarity of their frames by its formula."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import APART, DIMENSIONS, Part, background, fingerprint, video

from twinreel.match.prepared import Prepared, prepare, similarity
from twinreel.types import LAYOUT, Fingerprint


def weighted(video: Prepared, seed: int) -> Prepared:
    """The same with weights and biases from all over their ranges."""
    rng = np.random.default_rng(seed)
    weights, bias = rng.uniform(0, 1, len(video)), rng.uniform(0, 0.6, len(video))
    weights[rng.uniform(size=len(video)) < 0.2] = 0
    return replace(video, weights=weights.astype(np.float32), bias=bias.astype(np.float32))


def test_prepared_is_the_fingerprint_seen_from_the_background() -> None:
    made = fingerprint([0.0, 1.0, 2.5], [Part(0, 2, 77)])
    ready = prepare("abc", 3.0, made, background())
    assert (ready.content, ready.duration, len(ready)) == ("abc", 3.0, 3)
    np.testing.assert_array_equal(ready.times, made.times)
    np.testing.assert_array_equal(ready.weights, made.weights)
    np.testing.assert_array_equal(ready.layout, made.layout)
    np.testing.assert_array_equal(ready.vectors, background().project(made.vectors))
    np.testing.assert_array_equal(ready.bias, background().bias(ready.vectors))
    np.testing.assert_allclose(np.linalg.norm(ready.vectors, axis=1), 1, atol=1e-5)


def test_a_duration_that_is_too_short_ends_with_the_last_sample() -> None:
    assert prepare("a", 0.0, fingerprint([0.0, 4.0]), background()).duration == 4.0


def test_no_frames() -> None:
    none = np.zeros((0, DIMENSIONS), np.float32)
    empty = Fingerprint(
        np.zeros(0), none, none[:, 0], np.zeros((0, LAYOUT), np.float32), "planted@1", "dense:1", np.zeros(0, np.uint8)
    )
    ready = prepare("a", 7.0, empty, background())
    assert len(ready) == 0 and ready.duration == 7.0 and ready.bias.shape == (0,)
    assert similarity(ready, video("b", 5)).shape == (0, 5)


@given(st.integers(0, 1000))
def test_similarity_is_its_formula_frame_by_frame(seed: int) -> None:
    a, b = weighted(video("a", 4), seed), weighted(video("b", 3, own=2), seed + 1)
    found = similarity(a, b)
    assert found.shape == (4, 3) and found.dtype == np.float32
    for i in range(4):
        for j in range(3):
            bias = (a.bias[i] + b.bias[j]) / 2
            product = sum(float(x) * float(y) for x, y in zip(a.vectors[i], b.vectors[j], strict=True))
            expected = (product - bias) / (1 - bias) * math.sqrt(a.weights[i] * b.weights[j])
            assert found[i, j] == pytest.approx(expected, abs=1e-5)
    np.testing.assert_allclose(similarity(b, a), found.T, atol=1e-6)


def test_the_same_frame_is_1_and_an_unrelated_one_about_0() -> None:
    a, copy = video("a", 30), video("b", 30, [Part(0, 30, APART)], own=2, noise=0.0)
    assert similarity(a, copy).diagonal().min() > 0.9
    assert np.abs(similarity(a, video("c", 30, own=3))).max() < 0.35
    # whatever its bias
    one = weighted(copy, 3)
    np.testing.assert_allclose(similarity(one, one).diagonal(), one.weights, atol=1e-5)


def test_frames_that_say_nothing_say_neither_yes_nor_no() -> None:
    a = weighted(video("a", 30), 4)
    silent = a.weights == 0
    assert silent.any() and not silent.all()
    assert (similarity(a, video("b", 30, own=2))[silent] == 0).all()
