"""The reference of a library: whose frames stand for it, and what follows from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from planted import APART, fingerprint, frames

from twinreel.match.reference import (
    DAMPING,
    ENOUGH,
    FRAMES,
    MOST_BIAS,
    SPREAD,
    VIDEOS,
    background_of,
    fit_reference,
    outdated,
    standing,
)
from twinreel.types import LAYOUT, Fingerprint, Float32, Reference

D = 24
NONE = np.zeros((0, D), np.float32)


def unit(vectors: np.ndarray) -> Float32:
    rows: Float32 = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return rows


def random_frames(seed: int, n: int, d: int = D) -> Float32:
    """Unrelated, but with directions that are more frequent than others, and a mean."""
    rng = np.random.default_rng(seed)
    return unit(rng.standard_normal((n, d)) * np.linspace(0.3, 2, d) + np.linspace(0, 1, d))


def made(vectors: Float32, weights: Float32 | None = None) -> Fingerprint:
    n = len(vectors)
    weights = np.ones(n, np.float32) if weights is None else weights
    return Fingerprint(
        np.arange(float(n)),
        vectors,
        weights,
        np.zeros((n, LAYOUT), np.float32),
        "r@1",
        "dense:1",
        np.zeros(n, np.uint8),
    )


# Who stands for a library


@given(st.sets(st.text("0123456789abcdef", min_size=4, max_size=4), max_size=40), st.randoms())
def test_the_lowest_content_ids_stand_in_any_order(contents: set[str], random: object) -> None:
    listed = list(contents)
    random.shuffle(listed)  # type: ignore[attr-defined]
    assert standing(listed) == sorted(contents)
    assert not outdated(standing(contents), listed)


def test_a_large_library_is_stood_for_by_a_part() -> None:
    contents = [f"{number:05}" for number in range(2 * VIDEOS)]
    assert standing(reversed(contents)) == contents[:VIDEOS]


def test_a_small_library_is_fitted_to_what_it_holds() -> None:
    assert outdated([], ["a"])
    assert not outdated(["a", "b"], ["b", "a"])
    assert outdated(["a", "b"], ["a", "b", "c"])
    assert outdated(["a", "b"], ["a"])
    assert not outdated([], [])


def test_a_large_library_is_fitted_anew_when_a_fifth_has_changed() -> None:
    contents = [f"{number:05}" for number in range(10, 10 + 2 * VIDEOS)]
    fitted = standing(contents)
    assert not outdated(fitted, [*contents, "99999"])  # nobody who stands for it
    few = [f"0000{letter}" for letter in "abcdefgh"]
    assert not outdated(fitted, [*contents, *few])
    tolerated = int(0.2 * VIDEOS)
    before = [f"00000{number:04}" for number in range(VIDEOS)]
    assert not outdated(fitted, [*contents, *before[:tolerated]])
    assert outdated(fitted, [*contents, *before[: tolerated + 1]])
    assert outdated(fitted, contents[: VIDEOS - 1])  # it has become small
    assert outdated(fitted[:-1], contents[:VIDEOS]) is False


# The reference itself


def test_a_reference_is_the_same_for_the_same_videos_whatever_their_order() -> None:
    library = {f"{number:02}": made(random_frames(number, 20)) for number in range(12)}
    shipped = random_frames(99, 30)

    def fitted(contents: list[str]) -> Reference:
        return fit_reference(shipped, (library[content] for content in standing(contents)))

    one, other = fitted(list(library)), fitted(list(library)[::-1])
    assert one.id == other.id
    np.testing.assert_array_equal(one.background, other.background)
    assert one.id == xxhash.xxh3_64_hexdigest(one.background.tobytes())
    assert fitted(list(library)[1:]).id != one.id
    assert one.background.shape == (30 + 12 * FRAMES, D) and one.background.dtype == np.float32


def test_a_library_of_more_videos_than_stand_for_it_is_a_crowd() -> None:
    videos = [made(random_frames(number, 20)) for number in range(5)]
    few, full, crowd = (fit_reference(NONE, videos, size) for size in (5, VIDEOS, 3 * VIDEOS))
    assert few == replace(full, background=few.background) and few.crowd == 1
    assert crowd.crowd == 3 and crowd.id != few.id  # other scores, which are not to be mixed with those
    assert fit_reference(NONE, videos, 4 * VIDEOS).id != crowd.id
    assert background_of(crowd).crowd == 3
    assert background_of(fit_reference(NONE, [], 3 * VIDEOS)).crowd == 3


def test_frames_are_spread_over_the_video_and_say_something() -> None:
    vectors = random_frames(1, 50)
    found = fit_reference(NONE, [made(vectors)]).background
    places = [int(np.flatnonzero((vectors == row).all(axis=1))[0]) for row in found]
    assert places == [0, 7, 14, 21, 28, 35, 42, 49]
    weights = np.zeros(50, np.float32)
    weights[10:13] = 0.5
    np.testing.assert_array_equal(fit_reference(NONE, [made(vectors, weights)]).background, vectors[10:13])
    assert len(fit_reference(NONE, [made(vectors, np.zeros(50, np.float32))]).background) == 0


def test_what_several_videos_show_stands_for_the_library_once() -> None:
    shipped = frames(np.linspace(2e7, 9e8, 100))
    copies = [fingerprint(np.arange(20.0), noise=0.1 * number) for number in range(6)]
    others = [fingerprint(np.arange(20.0), own=number) for number in range(2, 12)]
    alone = fit_reference(shipped, [copies[0], *others]).background
    found = fit_reference(shipped, [*copies, *others]).background
    assert len(alone) <= len(found) <= len(alone) + 2
    np.testing.assert_array_equal(found[: 100 + FRAMES], alone[: 100 + FRAMES])


def test_a_library_of_one_footage_in_many_copies_is_not_its_own_background() -> None:
    shipped = frames(np.linspace(2e7, 9e8, 128))
    copies = [fingerprint(np.arange(20.0), noise=0.1 * number) for number in range(12)]
    background = background_of(fit_reference(shipped, copies))
    assert background.bias(background.project(copies[0].vectors)).max() < 0.15


def test_a_library_of_one_kind_is_its_own_background() -> None:
    """As drawings are: by comparison with what is shipped all of them would be alike."""
    shipped = frames(np.linspace(2e7, 9e8, 128))
    kind = frames(np.array([5e6]))
    drawings = [made(unit(3 * kind + frames(np.arange(20.0) + APART * number))) for number in range(10)]
    assert len(fit_reference(shipped, drawings).background) == 128 + 10 * FRAMES
    assert len(fit_reference(shipped, drawings[:ENOUGH]).background) == 128 + ENOUGH * FRAMES
    assert len(fit_reference(shipped, [*drawings, *drawings]).background) == 128 + 10 * FRAMES


def test_shipped_frames_always_take_part() -> None:
    shipped = random_frames(5, 40)
    np.testing.assert_array_equal(fit_reference(shipped, []).background, shipped)
    np.testing.assert_array_equal(fit_reference(shipped, [made(random_frames(1, 9))]).background[:40], shipped)


# Whitening and bias


@pytest.mark.parametrize("few", [0, 1])
def test_too_few_frames_say_nothing(few: int) -> None:
    background = background_of(Reference("few", random_frames(1, few)))
    vectors = random_frames(2, 10)
    np.testing.assert_allclose(background.project(vectors), vectors, atol=1e-6)
    assert (background.bias(vectors) == 0).all()
    assert background.id == "few"


def test_whitening_levels_out_directions_and_removes_the_mean() -> None:
    frames_ = random_frames(3, 2000)
    background = background_of(Reference("many", frames_))
    np.testing.assert_allclose(background.mean, frames_.mean(axis=0), atol=1e-6)
    whitened = (frames_.astype(np.float64) - frames_.mean(axis=0)) @ background.projection
    before, after = np.cov(frames_, rowvar=False), np.cov(whitened, rowvar=False)
    values, axes = np.linalg.eigh(before)
    # in the axes of the covariance each variance v becomes v / (v + DAMPING * mean of all)
    expected = values / (values + DAMPING * values.mean())
    np.testing.assert_allclose(axes.T @ after @ axes, np.diag(expected), atol=1e-4)
    # no sign and no order of eigenvectors is left in it
    np.testing.assert_allclose(background.projection, background.projection.T, atol=1e-6)


def test_the_order_of_the_background_hardly_matters() -> None:
    frames_ = random_frames(3, 300)
    vectors = random_frames(4, 10)
    one = background_of(Reference("one", frames_))
    other = background_of(Reference("other", frames_[np.random.default_rng(0).permutation(300)]))
    np.testing.assert_allclose(one.project(vectors), other.project(vectors), atol=1e-5)
    np.testing.assert_allclose(one.bias(one.project(vectors)), other.bias(other.project(vectors)), atol=1e-5)


@pytest.mark.parametrize("n", [2, 3, 10, 500])
def test_projected_vectors_are_unit_and_a_frame_projects_alike_alone(n: int) -> None:
    background = background_of(Reference("r", random_frames(3, n)))
    vectors = random_frames(4, 7)
    projected = background.project(vectors)
    assert projected.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(projected, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(background.project(vectors[2:3])[0], projected[2], atol=1e-6)
    assert background.project(vectors[:0]).shape == (0, D)


def test_a_background_of_one_frame_again_and_again_is_no_reason_to_divide_by_zero() -> None:
    same = np.repeat(random_frames(1, 1), 5, axis=0)
    background = background_of(Reference("same", same))
    assert np.isfinite(background.project(np.concatenate([same, random_frames(2, 3)]))).all()
    assert np.isfinite(background.bias(background.project(same))).all()


@pytest.mark.parametrize(("count", "left_out"), [(60, FRAMES), (20, 5)])
def test_bias_is_mean_and_spread_of_the_similarity_to_the_background_but_the_most_alike(
    count: int, left_out: int
) -> None:
    unrelated = random_frames(3, count)
    background = background_of(Reference("r", unrelated))
    projected = background.project(random_frames(4, 5))
    for row, bias in zip(projected, background.bias(projected), strict=True):
        products = sorted(float(np.dot(row, frame)) for frame in background.project(unrelated))[:-left_out]
        mean = sum(products) / len(products)
        spread = (sum((p - mean) ** 2 for p in products) / len(products)) ** 0.5
        assert bias == pytest.approx(max(0.0, mean + SPREAD * spread), abs=1e-5)
    assert background.bias(projected[:0]).shape == (0,)


@given(st.integers(0, 100), st.integers(2, 40))
def test_bias_leaves_room_above_it(seed: int, n: int) -> None:
    background = background_of(Reference("r", unit(random_frames(seed, n) + 3 * random_frames(0, 1))))
    bias = background.bias(background.project(random_frames(seed + 1, 6)))
    assert bias.dtype == np.float32
    assert (bias >= 0).all() and (bias <= MOST_BIAS + 1e-6).all()


def test_a_few_copies_in_the_background_are_hardly_noticed() -> None:
    """A library holds copies, so the nearest neighbours of a frame in its background may show the very footage."""
    shipped = frames(np.linspace(2e7, 9e8, 400))
    original, copy = fingerprint(np.arange(20.0)), fingerprint(np.arange(20.0), noise=0.2)
    others = [fingerprint(np.arange(20.0), own=number) for number in range(2, 30)]
    without = background_of(fit_reference(shipped, others))
    with_both = background_of(fit_reference(shipped, [original, copy, *others]))
    before = without.bias(without.project(original.vectors))
    after = with_both.bias(with_both.project(original.vectors))
    assert (after - before).max() < 0.1
