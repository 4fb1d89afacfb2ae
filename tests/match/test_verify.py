"""Chamfer similarity against a loop, and what it says of excerpts."""

from __future__ import annotations

import numpy as np
import pytest

from twinreel.match.verify import BLOCK, Chamfer, frame_similarities, rescored
from twinreel.types import Float32, Match, Relation


def regions(frames: int, count: int = 4, seed: int = 0) -> Float32:
    made = np.random.default_rng(seed).standard_normal((frames, count, 8)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=2, keepdims=True), np.float32)


def test_frames_are_as_alike_as_the_best_of_their_regions() -> None:
    a, b = regions(BLOCK + 3), regions(5, count=6, seed=1)
    found = frame_similarities(a, b)
    assert found.shape == (BLOCK + 3, 5)
    for i in (0, BLOCK - 1, BLOCK, BLOCK + 2):
        for j in range(5):
            forth = np.mean([max(float(x @ y) for y in b[j]) for x in a[i]])
            back = np.mean([max(float(x @ y) for x in a[i]) for y in b[j]])
            assert found[i, j] == pytest.approx((forth + back) / 2, abs=1e-5)


def test_the_similarity_of_videos_is_the_better_of_both_directions() -> None:
    a, b = regions(3), regions(5, seed=1)
    frames = frame_similarities(a, b)
    forth = np.mean([max(row) for row in frames])
    back = np.mean([max(column) for column in frames.T])
    assert forth != pytest.approx(back)
    assert Chamfer().similarity(a, b) == pytest.approx(max(forth, back), abs=1e-6)
    assert Chamfer().similarity(b, a) == pytest.approx(max(forth, back), abs=1e-6)


def test_an_excerpt_is_as_good_as_the_whole() -> None:
    film = regions(40)
    assert Chamfer().similarity(film[10:17], film) == pytest.approx(1, abs=1e-5)
    assert Chamfer().similarity(film[10:17], regions(40, seed=2)) < 0.9


@pytest.mark.parametrize(("similarity", "score"), [(None, 0.6), (1.0, 0.8), (0.2, 0.4), (-0.5, 0.3), (1.5, 0.8)])
def test_a_second_look_counts_as_much_as_the_first(similarity: float | None, score: float) -> None:
    match = Match("a", "b", Relation.DUPLICATE, 0.6, 1.0, 1.0)
    assert rescored(match, similarity).score == pytest.approx(score)
