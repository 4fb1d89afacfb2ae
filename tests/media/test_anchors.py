from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from twinreel.media.anchors import anchor_frames
from twinreel.types import Float32, Float64


def unit(vectors: Float64) -> Float32:
    unit_length: Float64 = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit_length.astype(np.float32)


def random_frames(n: int, d: int, seed: int) -> Float32:
    """Frames of unlike lengths, so that no two residuals tie."""
    random = np.random.default_rng(seed)
    return (random.normal(size=(n, d)) * random.uniform(0.5, 1.5, (n, 1))).astype(np.float32)


def unexplained(vectors: Float32, chosen: list[int]) -> Float64:
    """Squared length of what least squares on the chosen frames leaves of each frame."""
    left = vectors.astype(np.float64).T
    if chosen:
        basis = left[:, chosen]
        left = left - basis @ np.linalg.lstsq(basis, left, rcond=None)[0]
    lengths: Float64 = np.sum(left**2, axis=0)
    return lengths


@given(n=st.integers(1, 14), d=st.integers(1, 10), seed=st.integers(0, 10_000), tolerance=st.floats(0.001, 1))
@settings(max_examples=80)
def test_same_frames_and_errors_as_solving_least_squares_at_every_step(
    n: int, d: int, seed: int, tolerance: float
) -> None:
    vectors = random_frames(n, d, seed)
    chosen: list[int] = []
    errors = [1.0]
    total = unexplained(vectors, []).sum()
    while len(chosen) < min(n, d) and not (chosen and errors[-1] <= tolerance):
        residuals = unexplained(vectors, chosen)
        assume(residuals.max() > 1e-4)  # else whether the frame counts as independent is a matter of taste
        chosen.append(int(np.argmax(residuals)))
        errors.append(unexplained(vectors, chosen).sum() / total)

    anchors = anchor_frames(vectors, tolerance=tolerance)

    assert anchors.indices.tolist() == sorted(chosen)
    assert anchors.errors == pytest.approx(errors, abs=1e-6)


@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (300, 64)])
def test_same_pivots_as_lapack(shape: tuple[int, int]) -> None:
    vectors = random_frames(*shape, seed=3)
    triangle, pivots = scipy.linalg.qr(vectors.astype(np.float64).T, mode="r", pivoting=True)
    for k in (1, 5, 12):
        anchors = anchor_frames(vectors, count=k)
        assert anchors.indices.tolist() == sorted(pivots[:k].tolist())
        left = np.linalg.norm(triangle[k:]) ** 2 / np.linalg.norm(triangle) ** 2
        assert anchors.errors[-1] == pytest.approx(left, abs=1e-9)


def test_one_anchor_a_scene_at_its_first_frame() -> None:
    scenes = unit(np.random.default_rng(1).normal(size=(4, 64)))
    vectors = scenes[[0, 0, 0, 2, 2, 1, 1, 1, 1, 3, 0, 2]]
    anchors = anchor_frames(vectors)
    assert anchors.indices.tolist() == [0, 3, 5, 9]
    assert anchors.errors[-1] == pytest.approx(0, abs=1e-6)
    assert len(anchors.errors) == 5


@pytest.mark.parametrize("count", [None, 1, 7])
def test_a_constant_video_has_one_anchor_its_first_frame(count: int | None) -> None:
    still = np.repeat(unit(np.random.default_rng(2).normal(size=(1, 256))), 50, axis=0)
    rounded = still + np.random.default_rng(3).normal(0, 1e-8, still.shape).astype(np.float32)
    assert anchor_frames(rounded, count=count).indices.tolist() == [0]


def test_orthogonal_frames_tie_and_go_by_index() -> None:
    assert anchor_frames(np.eye(9, dtype=np.float32), count=4).indices.tolist() == [0, 1, 2, 3]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_shuffling_the_frames_chooses_the_same_ones(seed: int) -> None:
    vectors = random_frames(20, 15, seed)
    order = np.random.default_rng(seed + 1).permutation(20)
    straight, shuffled = anchor_frames(vectors, tolerance=0.2), anchor_frames(vectors[order], tolerance=0.2)
    assert sorted(order[shuffled.indices].tolist()) == straight.indices.tolist()
    assert shuffled.errors == pytest.approx(straight.errors, abs=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_the_error_falls_and_a_count_continues_a_tolerance(seed: int) -> None:
    vectors = random_frames(25, 10, seed)
    fewer, more = anchor_frames(vectors, tolerance=0.3), anchor_frames(vectors, count=10)
    assert (np.diff(more.errors) < 0).all()
    assert more.errors[-1] == pytest.approx(0, abs=1e-9)
    k = len(fewer.indices)
    assert fewer.errors == pytest.approx(more.errors[: k + 1])
    assert fewer.errors[-1] <= 0.3 < fewer.errors[-2] or k == 1


def test_the_scale_of_the_vectors_is_of_no_consequence() -> None:
    vectors = random_frames(30, 20, 5)
    assert anchor_frames(vectors * 1000).indices.tolist() == anchor_frames(vectors).indices.tolist()


def test_no_frames_and_black_frames() -> None:
    assert anchor_frames(np.zeros((0, 8), np.float32)).indices.tolist() == []
    nothing = anchor_frames(np.zeros((3, 8), np.float32), count=2)
    assert nothing.indices.tolist() == []
    assert nothing.errors.tolist() == [1.0]
    with_black = np.concatenate([np.zeros((2, 8), np.float32), np.eye(8, dtype=np.float32)[:2]])
    assert anchor_frames(with_black).indices.tolist() == [2, 3]


@pytest.mark.parametrize("wrong", [{"tolerance": -0.1}, {"tolerance": 1.5}, {"count": 0}])
def test_arguments_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        anchor_frames(np.eye(3, dtype=np.float32), **wrong)  # type: ignore[arg-type]
