"""Evidence of planted paths: a copy's moments differ as the original's do, another moment's do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import APART, DIMENSIONS, Part, frames, video

from twinreel.match.alignment import Box
from twinreel.match.calibration import DEFAULT, Calibration, terms
from twinreel.match.evidence import FAR, NEAR, Evidence, evidence
from twinreel.match.prepared import Prepared, similarity
from twinreel.types import Float32, Float64


def scene(content: str, times: Float64, *, start: float, still: float, seed: int = 0) -> Prepared:
    """A studio, ``still`` of it always the same, the rest moving from second ``start`` of its footage on."""
    set_ = np.random.default_rng(1).standard_normal(DIMENSIONS)
    moving = frames(times + start)
    noise = 0.05 * np.random.default_rng(seed).standard_normal(moving.shape) / np.sqrt(DIMENSIONS)
    mixed = still * set_ / np.linalg.norm(set_) + (1 - still) * moving + noise
    vectors = (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)
    ones, zeros = np.ones(len(times), np.float32), np.zeros(len(times), np.float32)
    return Prepared(
        content,
        float(times[-1]) + 1,
        times,
        vectors,
        ones,
        zeros,
        np.zeros((len(times), 16), np.float32),
        np.zeros(len(times), np.uint8),
    )


def diagonal(a: Prepared, b: Prepared) -> Evidence:
    """Of the path that takes the frames of both in step."""
    n = min(len(a), len(b))
    box = Box(0.0, float(n), 0.0, float(n), 1.0, np.stack([np.arange(n)] * 2, axis=1))
    return evidence(a, b, similarity(a, b), box)


SECONDS = np.arange(0, 30, 1.0)


@pytest.mark.parametrize(("still", "agreement"), [(0.0, 0.9), (0.3, 0.85), (0.6, 0.5)])
def test_a_moving_copy_agrees(still: float, agreement: float) -> None:
    """The less there is that moves, the nearer it is to the noise."""
    says = diagonal(scene("a", SECONDS, start=0, still=still), scene("b", SECONDS, start=0, still=still, seed=1))
    assert agreement < says.agreement < 1.05
    assert says.best > 0.95 and says.mean > 0.95


@pytest.mark.parametrize("still", [0.3, 0.6])
def test_another_moment_of_the_same_scene_does_not(still: float) -> None:
    says = diagonal(scene("a", SECONDS, start=0, still=still), scene("b", SECONDS, start=APART, still=still, seed=1))
    assert abs(says.agreement) < 0.25
    copy = diagonal(scene("a", SECONDS, start=0, still=still), scene("b", SECONDS, start=0, still=still, seed=1))
    assert DEFAULT.score(copy) > DEFAULT.score(says)


def test_a_still_scene_neither_agrees_nor_disagrees() -> None:
    says = diagonal(scene("a", SECONDS, start=0, still=1.0), scene("b", SECONDS, start=APART, still=1.0, seed=1))
    assert says.best > 0.95
    assert abs(says.agreement) < 0.2


def test_only_moments_a_few_seconds_apart_are_compared() -> None:
    for gap in (NEAR / 2, FAR + 1):
        times = np.arange(4.0) * gap if gap > NEAR else np.array([0.0, gap])
        says = diagonal(scene("a", times, start=0, still=0.3), scene("b", times, start=0, still=0.3))
        assert says.agreement == 0
        assert says.mean > 0.9


def test_a_single_frame() -> None:
    says = diagonal(scene("a", SECONDS[:1], start=0, still=0.0), scene("b", SECONDS[:1], start=0, still=0.0, seed=1))
    assert says.frames == 1 and says.best == says.mean > 0.95
    assert says.agreement == 0


def test_best_mean_and_frames_by_their_weights() -> None:
    a, b = video("a", 4), video("b", 4, [Part(0, 4, APART)], own=2)
    a = replace(a, weights=np.array([1, 0.25, 0, 1], np.float32))
    found: Float32 = similarity(a, b)
    path = np.array([[0, 0], [1, 1], [2, 2], [3, 3]])
    says = evidence(a, b, found, Box(0.0, 4.0, 0.0, 4.0, 1.0, path))
    along = found.diagonal()
    assert says.frames == pytest.approx(1 + 0.5 + 0 + 1)
    assert says.best == pytest.approx(along.max())
    assert says.mean == pytest.approx(along.sum() / 2.5, rel=1e-5)
    # a path of frames that say nothing
    silent = replace(a, weights=np.zeros(4, np.float32))
    says = evidence(silent, b, similarity(silent, b), Box(0.0, 4.0, 0.0, 4.0, 1.0, path))
    assert (says.best, says.mean, says.frames) == (0, 0, 0)


def says_of(**given: float) -> Evidence:
    """Of ten seconds in which nothing moves, but for what is given."""
    no_change = {"agreement": 0.0, "relative": 0.0, "concord": 0.0, "change": 0.0, "variety": 1.0}
    still = Evidence(
        **{"best": 0.8, "mean": 0.7, "least": 0.6, "frames": 10.0, **no_change},
        **{"motion": 0.0, "moved": 0.0, "covered": 1.0, "shorter": 10.0},
    )
    return replace(still, **given)


MOVING = {"agreement": 0.8, "relative": 0.9, "concord": 0.9, "change": 0.4, "variety": 4.0}
"""What a copy says of moments that differ."""
OTHER = {"agreement": 0.0, "relative": 0.0, "concord": 0.1, "change": 0.3, "variety": 4.0}
"""What another moment of a scene says."""


def test_a_score_is_a_logistic_function_of_the_terms() -> None:
    says = says_of(
        **{"mean": 0.64, "frames": 9.0, "agreement": 0.5, "relative": 0.6, "concord": 0.7, "change": 0.2},
        **{"variety": 3.0, "motion": 0.1, "moved": 0.75, "covered": 0.3, "shorter": 20.0},
    )
    ten = np.log(10)
    near = -np.log(0.41)
    moments = [0.5, 0.5 * ten, 0.6, 0.7, 0.7 * ten, 0.2, 0.2 * ten, 0.6 * np.log(3), 0.5 * np.log(3)]
    expected = [1, 0.8, 0.8 * np.log(11), near, *moments, 0.75, near * 0.1 * 0.25, 0.6, 0.3, np.log(20)]
    assert terms(says).tolist() == pytest.approx(expected)
    logit = sum(c * t for c, t in zip(DEFAULT.coefficients, terms(says), strict=True))
    assert DEFAULT.score(says) == pytest.approx(1 / (1 + np.exp(-logit)))
    # no overflow, at either end
    steep = Calibration((-1e6, 0, 2e6, *[0] * 15))
    assert [steep.score(replace(says, mean=mean)) for mean in (1.0, 0.0)] == pytest.approx([1, 0])


def test_length_proves_nothing_without_likeness_and_agreement() -> None:
    """A path of any length can be found through two long videos."""
    chance = says_of(best=0.2, mean=0.11, frames=30.0, covered=0.9, shorter=30.0)
    assert DEFAULT.score(chance) < 0.2
    assert DEFAULT.score(replace(chance, frames=1e5)) == DEFAULT.score(chance)
    copy = says_of(best=0.5, mean=0.4, frames=8.0, shorter=30.0, **MOVING)
    assert DEFAULT.score(copy) > 0.9
    assert DEFAULT.score(replace(copy, frames=16.0)) > DEFAULT.score(copy) > DEFAULT.score(replace(copy, frames=3.0))


def test_another_moment_of_a_scene_is_no_copy_however_alike() -> None:
    assert DEFAULT.score(says_of(mean=0.6, **OTHER)) < 0.5 < 0.9 < DEFAULT.score(says_of(mean=0.6, **MOVING))


def test_that_a_zoom_changes_alike_says_less_than_that_a_scene_does() -> None:
    faint = {"mean": 0.2, "best": 0.3, "agreement": 0.2, "relative": 0.3, "concord": 0.4, "change": 0.2, "variety": 4.0}
    assert DEFAULT.score(says_of(**{**faint, "variety": 1.2})) < DEFAULT.score(says_of(**faint)) - 0.1


def moving_fields(seed: int, frames: int = 12) -> Float32:
    """(frames, 16) layouts in which something goes about."""
    return np.cumsum(0.1 * np.random.default_rng(seed).standard_normal((frames, 16)), axis=0).astype(np.float32)


def with_layouts(a: Float32, b: Float32, *, mirrored: bool = False) -> Evidence:
    """Of two videos that are the same but for their layouts."""
    n = len(a)
    one, other = (replace(video(name, n), layout=layout) for name, layout in (("a", a), ("b", b)))
    box = Box(0.0, float(n), 0.0, float(n), 1.0, np.stack([np.arange(n)] * 2, axis=1))
    return evidence(one, other, similarity(one, other), box, mirrored=mirrored)


def test_what_moves_in_a_copy_moves_at_the_same_moments() -> None:
    shown, elsewhere = moving_fields(1), moving_fields(2)
    copy = with_layouts(shown, 0.7 * shown + 0.05)  # of less contrast, with a logo
    assert copy.moved > 0.7
    assert with_layouts(shown, -shown, mirrored=True).moved > 0.7
    assert with_layouts(shown, elsewhere).moved < 0.3
    assert copy.motion == pytest.approx(0.7 * with_layouts(shown, shown).motion, rel=1e-4)
    # few moments agree by chance, and in a still scene nothing can
    assert with_layouts(shown[:2], shown[:2]).moved < 0.5
    still = with_layouts(shown[:1].repeat(12, axis=0), shown[:1].repeat(12, axis=0))
    assert (still.motion, still.moved) == pytest.approx((0, 0), abs=1e-6)


def test_what_moves_at_other_moments_is_no_copy_and_what_does_not_move_may_be() -> None:
    alike = says_of(mean=0.8, least=0.75, best=0.85, frames=5.0, shorter=5.0)
    lively = replace(alike, motion=0.2)
    assert DEFAULT.score(lively) < DEFAULT.score(alike) < DEFAULT.score(replace(lively, moved=0.5))


def test_a_copy_is_alike_throughout() -> None:
    a, b = video("a", 10, [Part(0, 10, APART)]), video("b", 10, [Part(0, 5, APART)], own=2)
    says = diagonal(a, b)
    assert says.least < 0.2 < says.mean
    faint = says_of(best=0.5, mean=0.4, least=0.35, frames=6.0, shorter=8.0)
    assert DEFAULT.score(faint) > DEFAULT.score(replace(faint, least=0.0))


def test_variety_counts_the_ways_in_which_moments_differ() -> None:
    times = np.arange(8.0)
    path = np.stack([np.arange(8)] * 2, axis=1)
    turning = np.zeros((8, 16), np.float32)
    turning[:, 0], turning[:, 1] = np.cos(times / 20), np.sin(times / 20)
    unlike = np.eye(8, 16, dtype=np.float32)
    for vectors, least, most in ((turning, 1.0, 1.2), (unlike, 6.9, 7.1)):
        a = replace(video("a", 8), vectors=vectors)
        b = replace(a, content="b")
        says = evidence(a, b, similarity(a, b), Box(0.0, 8.0, 0.0, 8.0, 1.0, path))
        assert least <= says.variety <= most


def test_the_longer_both_videos_are_the_more_there_has_to_be() -> None:
    still = says_of(best=0.99, mean=0.99, frames=1.0, shorter=0.2)
    assert DEFAULT.score(still) > 0.9
    assert DEFAULT.score(replace(still, shorter=30.0, covered=1 / 30)) < 0.5
    clip = says_of(**MOVING)
    assert DEFAULT.score(replace(clip, shorter=7200.0)) > 0.9


def test_differences_of_any_size_agree_where_they_go_together() -> None:
    """A copy whose frames are half as alike as they should be, and another take in the same studio."""
    good = diagonal(video("a", 30, [Part(0, 30, 1e7)]), video("b", 30, [Part(0, 30, 1e7)], own=2, noise=1.5))
    assert good.relative > 1.3 * good.agreement and good.concord > 0.6
    takes = [scene(name, SECONDS, start=start, still=0.6) for name, start in (("a", 0.0), ("b", 4e6))]
    bad = diagonal(*takes)
    assert abs(bad.relative) < 0.25 and abs(bad.concord) < 0.3 and bad.change > 0.1
