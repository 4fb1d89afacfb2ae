"""What every pooler has to keep, and what each of them is for."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from makers import scene
from twinreel.describe.phash import PhashDescriber
from twinreel.pooling.anchored import (
    AnchorPooler,
    anchor_fingerprint,
    chosen_anchors,
    pixel_columns,
)
from twinreel.pooling.base import Pooler, cells, pooled
from twinreel.pooling.means import GemPooler, MeanPooler, PyramidPooler
from twinreel.types import LAYOUT, Fingerprint, Float32, Float64, UInt8

POOLERS: list[Pooler] = [MeanPooler(), GemPooler(), PyramidPooler(), PyramidPooler((1, 3), GemPooler()), AnchorPooler()]
every_pooler = pytest.mark.parametrize("pooler", POOLERS, ids=str)


def units(count: int, seed: int, dimensions: int = 32) -> Float32:
    rows = np.random.default_rng(seed).normal(size=(count, dimensions))
    return normalised(rows)


def normalised(rows: Float64) -> Float32:
    found: Float32 = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def seconds(count: int) -> Float64:
    return np.arange(count, dtype=np.float64)


def shots(*seeds: int, size: tuple[int, int] = (50, 50)) -> UInt8:
    """Two seconds of each shot, five frames a second."""
    return np.stack([frame for seed in seeds for frame in scene(seed, 2, fps=5, size=size)])


@every_pooler
def test_it_is_a_pooler_and_gives_a_unit_vector(pooler: Pooler) -> None:
    assert isinstance(pooler, Pooler)
    vector = pooler.pool(units(30, 1), seconds(30))
    assert vector.ndim == 1 and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert len(vector) == len(pooler.pool(units(7, 2), seconds(7)))


@every_pooler
def test_without_frames_the_vector_is_zero_and_as_long_as_any(pooler: Pooler) -> None:
    nothing = pooler.pool(np.zeros((0, 32), np.float32), np.zeros(0))
    assert not nothing.any() and nothing.dtype == np.float32
    assert len(nothing) == len(pooler.pool(units(9, 3), seconds(9)))


@every_pooler
@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 25))
def test_frames_may_come_in_any_order_with_their_times(pooler: Pooler, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, times = units(count, seed), np.round(rng.uniform(0, 9, count))  # some at one time
    order = rng.permutation(count)
    np.testing.assert_array_equal(pooler.pool(vectors, times), pooler.pool(vectors[order], times[order]))


@every_pooler
def test_a_still_video_has_the_vector_of_its_frame_again_and_again(pooler: Pooler) -> None:
    frame = units(1, 4)
    vector = pooler.pool(np.repeat(frame, 12, axis=0), seconds(12))
    parts = vector.reshape(-1, 32)
    parts = parts / np.linalg.norm(parts, axis=1, keepdims=True)
    np.testing.assert_allclose(parts, np.repeat(frame, len(parts), axis=0), atol=1e-6)
    np.testing.assert_allclose(vector, pooler.pool(frame, np.array([3.0])), atol=1e-6)


@every_pooler
def test_near_duplicates_are_near_and_other_videos_are_not(pooler: Pooler) -> None:
    """Three shots of ten frames that drift; the copy's vectors are a little off, each in another direction."""
    rng = np.random.default_rng(5)
    videos = [np.repeat(units(3, seed), 10, axis=0) + rng.normal(0, 0.01, (30, 32)).cumsum(axis=0) for seed in (17, 18)]
    copy = videos[0] + rng.normal(0, 0.02, (30, 32))
    a, b, c = (pooler.pool(normalised(rows), seconds(30)) for rows in (videos[0], copy, videos[1]))
    assert a @ b > 0.95
    assert abs(float(a @ c)) < 0.6


@pytest.mark.parametrize("pooler", [MeanPooler(), GemPooler(), PyramidPooler()], ids=str)
def test_copies_of_pictures_are_near_and_others_are_not(pooler: Pooler) -> None:
    """Of pHash vectors; the copy is darker and noisy."""
    a, b, c = (pooler.pool(PhashDescriber().describe(images)[0], seconds(30) / 5) for images in films((32, 32)))
    assert a @ b > 0.9
    assert a @ c < 0.5


def test_anchors_chosen_by_pixels_are_those_of_the_copy() -> None:
    a, b, c = (chosen_anchors(pixel_columns(images)) for images in films((50, 50)))
    assert a.tolist() == b.tolist() != c.tolist()


def films(size: tuple[int, int]) -> tuple[UInt8, UInt8, UInt8]:
    """A video of three shots, a darker and noisy copy of it, and another."""
    original, other = shots(1, 2, 3, size=size), shots(4, 5, 6, size=size)
    noise = np.random.default_rng(5).normal(0, 6, original.shape)
    return original, np.clip(original * 0.8 + noise, 0, 255).astype(np.uint8), other


@every_pooler
def test_vectors_and_times_have_to_fit(pooler: Pooler) -> None:
    with pytest.raises(ValueError, match=r"\(n, d\) and \(n,\) are expected"):
        pooler.pool(units(4, 1), seconds(3))


def test_a_mean_weighs_frames_by_the_time_that_they_stand_for() -> None:
    """Ten frames in a second count as one that is shown for as long."""
    often, rare = units(2, 6)
    times = np.concatenate([np.arange(0, 2, 0.1), np.arange(2, 6, 1.0)])
    vectors = np.stack([often] * 20 + [rare] * 4)
    edges = cells(times)
    share = edges[20] - edges[0]
    expected = share * often + (edges[-1] - edges[0] - share) * rare
    assert share == pytest.approx(2, abs=0.51)
    np.testing.assert_allclose(MeanPooler().pool(vectors, times), expected / np.linalg.norm(expected), atol=1e-6)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=30))
def test_cells_cover_the_video_in_order_and_hold_their_frames(given: list[float]) -> None:
    times = np.sort(np.array(given))
    edges = cells(times)
    assert len(edges) == len(times) + 1 and (np.diff(edges) >= 0).all() and edges[-1] > edges[0]
    if times[0] < times[-1]:
        assert (edges[:-1] <= times).all() and (times <= edges[1:]).all()


def test_the_mean_is_the_plain_one_at_equal_steps_in_whatever_order_of_shots() -> None:
    vectors = units(20, 7)
    expected = vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    np.testing.assert_allclose(MeanPooler().pool(vectors, seconds(20)), expected, atol=1e-6)
    np.testing.assert_allclose(MeanPooler().pool(vectors[::-1], seconds(20)), expected, atol=1e-6)


def test_the_generalised_mean_lies_between_the_mean_and_the_largest() -> None:
    vectors = np.abs(units(20, 8))
    expected = (vectors.astype(np.float64) ** 3).mean(axis=0) ** (1 / 3)
    np.testing.assert_allclose(GemPooler().pool(vectors, seconds(20)), expected / np.linalg.norm(expected), atol=1e-6)
    largest = vectors.max(axis=0) / np.linalg.norm(vectors.max(axis=0))
    found = [float(GemPooler(p).pool(vectors, seconds(20)) @ largest) for p in (1.0, 3.0, 10.0, 100.0)]
    assert found == sorted(found) and found[-1] > 0.999
    np.testing.assert_allclose(
        GemPooler().pool(-vectors, seconds(20)), -GemPooler().pool(vectors, seconds(20)), atol=1e-7
    )
    with pytest.raises(ValueError, match="p is 0"):
        GemPooler(0)


def test_a_pyramid_tells_shots_in_another_order_where_a_mean_does_not() -> None:
    first, second = np.repeat(units(2, 9), 8, axis=0).reshape(2, 8, 32)
    forwards, backwards = np.concatenate([first, second]), np.concatenate([second, first])
    mean = MeanPooler()
    assert mean.pool(forwards, seconds(16)) @ mean.pool(backwards, seconds(16)) == pytest.approx(1, abs=1e-6)
    pyramid = PyramidPooler((2,))
    found = pyramid.pool(forwards, seconds(16))
    assert found @ pyramid.pool(backwards, seconds(16)) == pytest.approx(float(first[0] @ second[0]), abs=1e-6)
    np.testing.assert_allclose(found, np.concatenate([first[0], second[0]]) / np.sqrt(2), atol=1e-6)


def test_a_stretch_without_a_frame_has_the_nearest() -> None:
    """Frames at 0, 1 and 9 seconds stand for -0.5 to 13, in quarters of 3.4 s: none lies in [6.3, 9.6) but the last,
    and none in the second and fourth quarter, whose middles are at 4.6 and 11.3."""
    vectors = units(3, 10)
    found = PyramidPooler((4,)).pool(vectors, np.array([0.0, 1.0, 9.0])).reshape(4, 32) * 2
    np.testing.assert_allclose(found[1:], vectors[[1, 2, 2]], atol=1e-6)


def test_pyramids_need_levels() -> None:
    with pytest.raises(ValueError, match=r"levels are \(\)"):
        PyramidPooler(())
    with pytest.raises(ValueError, match=r"levels are \(1, 0\)"):
        PyramidPooler((1, 0))


@pytest.mark.parametrize(("frames", "every", "anchors"), [(30, 10, 3), (31, 10, 4), (5, 10, 1), (7, 1, 7), (0, 10, 0)])
def test_one_frame_in_so_many_is_an_anchor(frames: int, every: int, anchors: int) -> None:
    found = chosen_anchors(units(frames, 11), every=every)
    assert len(found) == anchors
    assert (np.diff(found) > 0).all()


def test_a_still_video_has_as_many_anchors_as_another() -> None:
    assert chosen_anchors(np.repeat(units(1, 12), 35, axis=0)).tolist() == [0, 0, 0, 0]
    assert chosen_anchors(np.zeros((35, 8), np.float32)).tolist() == []


def test_anchors_are_one_of_each_shot_by_vectors_and_by_pixels() -> None:
    images = shots(7, 8, 9)
    by_vectors = chosen_anchors(np.repeat(units(3, 13), 10, axis=0))
    assert (by_vectors // 10).tolist() == [0, 1, 2]
    by_pixels = chosen_anchors(pixel_columns(images))
    assert len(by_pixels) == 3 and len(set((by_pixels // 10).tolist())) >= 2


def test_joined_fingerprints_compare_anchor_by_anchor_and_averages_as_wholes() -> None:
    a, b = units(20, 14), units(20, 15)
    anchors = np.array([3, 12])
    joined = anchor_fingerprint(a, anchors) @ anchor_fingerprint(b, anchors)
    assert joined == pytest.approx(float((a[anchors] * b[anchors]).sum(axis=1).mean()), abs=1e-6)
    average = anchor_fingerprint(a, anchors, joined=False)
    np.testing.assert_allclose(average, anchor_fingerprint(a, anchors[::-1], joined=False), atol=1e-6)
    assert average.shape == (32,)


def test_pixels_are_asked_for_at_50_x_50() -> None:
    assert pixel_columns(shots(1)).shape == (10, 7500)
    with pytest.raises(ValueError, match=r"\(n, 50, 50, 3\) uint8 is expected"):
        pixel_columns(shots(1, size=(32, 32)))


def test_a_video_is_pooled_of_its_whole_picture_without_what_says_nothing() -> None:
    vectors = units(6, 16)
    weights, parts = np.array([1, 0, 1, 1, 1, 1], np.float32), np.array([0, 0, 0, 0, 1, 1], np.uint8)
    layout = np.zeros((6, LAYOUT), np.float32)
    times = np.array([0.0, 1, 2, 3, 0, 1])
    fingerprint = Fingerprint(times, vectors, weights, layout, "made@1", "dense:1", parts)
    kept = [0, 2, 3]
    np.testing.assert_array_equal(pooled(fingerprint, MeanPooler()), MeanPooler().pool(vectors[kept], times[kept]))


def test_the_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "pooling.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(example, {})
    assert re.fullmatch(r"[0-9a-f]{16} \d+\n", capsys.readouterr().out)
