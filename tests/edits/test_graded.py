"""Edits at fixed strengths."""

import numpy as np
import pytest

pytest.importorskip("PIL")

from test_edits import scene

from twinreel.edits.base import Apply
from twinreel.edits.graded import GRADED, GRADED_LAYOUTS, MIRRORING, Strength

GRADES = [(name, strength) for name, grades in GRADED.items() for strength in grades]
ANEW = {"noise", "camcord", "subtitle"}
"""What is another in every frame."""


def drawn(name: str, strength: Strength, seed: int = 3) -> Apply:
    return GRADED[name][strength](np.random.default_rng(seed))


def test_every_kind_has_some_strength_and_most_have_all() -> None:
    assert all(GRADED.values())
    assert sum(len(grades) == 3 for grades in GRADED.values()) > len(GRADED) / 2


@pytest.mark.parametrize(("name", "strength"), GRADES)
def test_an_edit_changes_frames_alike_and_leaves_the_original(name: str, strength: Strength) -> None:
    frame = scene(height=180, width=320)
    before = frame.copy()
    apply = drawn(name, strength)
    first, second = apply(frame), apply(frame)
    assert first.dtype == np.uint8 and first.shape == second.shape and first.shape[2] == 3
    assert first.shape != frame.shape or (first != frame).any()
    assert (first == second).all() or name in ANEW
    assert (frame == before).all()
    assert (drawn(name, strength)(frame) == first).all()


def area(name: str, strength: Strength) -> float:
    return drawn(name, strength)(scene()).size / scene().size


def test_strengths_are_what_they_say() -> None:
    assert [area("crop", s) for s in Strength] == pytest.approx([0.9, 0.7, 0.5], abs=0.02)
    assert [area("big_crop", s) for s in Strength] == pytest.approx([0.4, 0.3, 0.2], abs=0.02)
    assert [area("resize", s) for s in Strength] == pytest.approx([0.75**2, 0.5**2, 0.2**2], abs=0.01)
    grey = np.full((90, 160, 3), 100, np.uint8)
    shifts = [abs(int(drawn("brightness", s)(grey)[0, 0, 0]) - 100) for s in (Strength.LIGHT, Strength.MEDIUM)]
    assert shifts == pytest.approx([38, 100], abs=2)
    spreads = [drawn("noise", s)(np.full((90, 160, 3), 128, np.uint8)).std() for s in Strength]
    assert spreads == pytest.approx([10 / 3**0.5, 25 / 3**0.5, 50 / 3**0.5], rel=0.05)


@pytest.mark.parametrize("name", sorted(MIRRORING))
def test_mirroring_exchanges_two_sides(name: str) -> None:
    (strength,) = GRADED[name]
    axis = 1 if name == "flip" else 0
    assert (drawn(name, strength)(scene()) == np.flip(scene(), axis)).all()


def test_a_crawling_line_moves_and_stays_on_its_bar() -> None:
    apply = drawn("subtitle", Strength.HEAVY)
    frames = [apply(scene()) for _ in range(40)]
    assert (frames[10] != frames[39]).any()
    assert all((frame[:70] == scene()[:70]).all() for frame in frames)


def test_a_hand_held_camera_moves_within_its_reach() -> None:
    apply = drawn("camcord", Strength.HEAVY)
    frames = [apply(scene()) for _ in range(10)]
    assert len({frame.tobytes() for frame in frames}) > 1
    assert {frame.shape for frame in frames} == {frames[0].shape}


@pytest.mark.parametrize("name", GRADED_LAYOUTS)
@pytest.mark.parametrize("strength", Strength)
def test_a_layout_shows_all_its_pictures(name: str, strength: Strength) -> None:
    graded = GRADED_LAYOUTS[name][strength]
    pictures = [scene(number) for number in range(graded.pictures)]
    combine = graded.draw(np.random.default_rng(4))
    shown = combine(pictures)
    for number in range(graded.pictures):
        others = [255 - picture if place == number else picture for place, picture in enumerate(pictures)]
        assert (combine(others) != shown).any()


def test_a_small_picture_in_a_picture_takes_its_share() -> None:
    draw = GRADED_LAYOUTS["picture_in_picture"][Strength.HEAVY].draw
    first, second = scene(1), scene(2)
    changed = (draw(np.random.default_rng(4))([first, second]) != second).any(axis=2).mean()
    assert changed == pytest.approx(0.3**2, abs=0.02)
    draw = GRADED_LAYOUTS["picture_behind"][Strength.MEDIUM].draw
    left = (draw(np.random.default_rng(4))([first, second]) == first).all(axis=2).mean()
    assert left == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize("name", ["picture_in_picture", "picture_behind"])
@pytest.mark.parametrize("strength", Strength)
def test_what_a_layout_amounts_to_for_the_other_picture_is_about_as_much_of_it(name: str, strength: Strength) -> None:
    """As many of its pixels are seen as where it is the first picture of that other layout."""

    def seen(name: str, strength: Strength, number: int) -> float:
        combine = GRADED_LAYOUTS[name][strength].draw(np.random.default_rng(4))
        grounds = [np.zeros_like(scene()), np.zeros_like(scene())]
        grounds[number][:] = 255
        return float((combine(grounds) > 127).mean())

    others = GRADED_LAYOUTS[name][strength].others
    assert others is not None
    assert seen(name, strength, 1) == pytest.approx(seen(*others, 0), abs=0.03)
