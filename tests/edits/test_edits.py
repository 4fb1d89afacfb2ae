"""Each edit: drawn once, then the same for every frame of a clip."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from twinreel.edits.registry import EDITS, LAYOUTS

RANDOM_PER_FRAME = {"noise"}


def scene(seed: int = 0, height: int = 90, width: int = 160) -> np.ndarray:
    """A smooth coloured picture with a few hard edges."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / [[[height]], [[width]]]
    waves = [np.sin(2 * np.pi * (a * x + b * y + c)) for a, b, c in rng.uniform(0.5, 3, (3, 3))]
    frame = (127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)
    for top, left in rng.integers(0, 60, (5, 2)):
        frame[top : top + 20, left : left + 30] = rng.integers(0, 256, 3)
    return frame


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_gives_frames_changes_them_and_leaves_the_original(name: str) -> None:
    frame = scene()
    before = frame.copy()
    edited = EDITS[name].draw(np.random.default_rng(3), 1.0)(frame)
    assert edited.dtype == np.uint8 and edited.ndim == 3 and edited.shape[2] == 3
    assert edited.shape != frame.shape or (edited != frame).any()
    assert (frame == before).all()


@pytest.mark.parametrize("name", sorted(set(EDITS) - RANDOM_PER_FRAME))
def test_an_edit_is_the_same_for_every_frame(name: str) -> None:
    apply = EDITS[name].draw(np.random.default_rng(3), 0.8)
    assert (apply(scene()) == apply(scene())).all()


@pytest.mark.parametrize("name", EDITS)
def test_the_same_seed_draws_the_same_edit(name: str) -> None:
    one, two = (EDITS[name].draw(np.random.default_rng(9), 0.8)(scene()) for _ in range(2))
    assert (one == two).all()


@pytest.mark.parametrize("name", EDITS)
def test_tiny_frames_can_be_edited(name: str) -> None:
    edited = EDITS[name].draw(np.random.default_rng(1), 1.0)(scene(height=16, width=24))
    assert min(edited.shape[:2]) >= 2


def test_a_stronger_big_crop_keeps_less() -> None:
    kept = [
        np.mean([EDITS["big_crop"].draw(np.random.default_rng(seed), strength)(scene()).size for seed in range(20)])
        for strength in (0.1, 0.5, 1.0)
    ]
    assert kept == sorted(kept, reverse=True)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_shows_both_pictures(name: str) -> None:
    first, second = scene(1), scene(2, 120, 90)
    combine = LAYOUTS[name].draw(np.random.default_rng(4), 0.7)
    shown = combine(first, second)
    assert shown.dtype == np.uint8
    assert (combine(255 - first, second) != shown).any() and (combine(first, 255 - second) != shown).any()


def test_a_picture_in_a_picture_leaves_the_rest_of_the_ground() -> None:
    first, second = scene(1), scene(2)
    shown = LAYOUTS["picture_in_picture"].draw(np.random.default_rng(4), 1.0)(first, second)
    same = (shown == second).all(axis=2).mean()
    assert shown.shape == second.shape and 0.5 < same < 0.95
