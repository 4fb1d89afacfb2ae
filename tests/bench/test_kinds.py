"""Files as they are made, against what is said of them: every frame of every file says which one it is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("PIL")

from makers import write_video
from numbered import number_in, numbered
from twinreel.bench.clips import Clip
from twinreel.bench.collection import File, Part, Transform
from twinreel.bench.encoders import Encoder, usable
from twinreel.bench.kinds import KINDS, Cast, trim, whole
from twinreel.bench.reading import shown_at
from twinreel.bench.recipe import Drawn, Encoding, Recipe
from twinreel.bench.rendering import RenderTask
from twinreel.edits.graded import Strength
from twinreel.errors import BadFile
from twinreel.types import UInt8

FPS = 12
SECONDS = 9
SIZE = (128, 96)
APART = 1000
"""Between the numbers of the first frames of two clips."""
TIMELINE = [
    (name, strength)
    for name in (
        *("trim", "speed", "frame_rate", "frame_drops", "freeze", "loop", "reverse"),
        *("shuffle", "insertion", "compilation"),
    )
    for strength in KINDS[name].steps
]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for number in range(5):
        path = write_video(folder / f"{number}.mp4", numbered(SECONDS * FPS, SIZE, number * APART), fps=FPS, gop=40)
        made.append(Clip(f"{number}.mp4", str(path), f"{number}", float(SECONDS), *SIZE, Fraction(FPS)))
    return made


def cast(clips: list[Clip], seed: int = 1) -> Cast:
    return Cast(np.random.default_rng(seed), clips[0], clips[1:], usable(["mpeg4"]))


def plain(clips: list[Clip]) -> Recipe:
    return Recipe("made.mkv", ((whole(clips[0], Fraction(FPS)),),), Fraction(FPS), Encoding("mpeg4", ".mkv"), "light")


def made(recipe: Recipe, folder: Path) -> list[tuple[float, UInt8]]:
    """(seconds, picture) of all frames of the file."""
    task = RenderTask(recipe, str(folder), 720)
    assert all(value is None for value in task.run())
    assert [file.name for file in folder.iterdir()] == [recipe.name]
    with av.open(task.path) as container:
        decoded = container.decode(video=0)
        return [(float(frame.time or 0), frame.to_ndarray(format="rgb24").astype(np.uint8)) for frame in decoded]


def expected(part: Part, second: float) -> float:
    """The number of the frame that is to be shown at a second of the file, by what is said of it."""
    since = (second - part.out_start) * part.speed
    source = part.src_end - since - part.speed / FPS if part.reversed else part.src_start + since
    return int(part.source[0]) * APART + source * FPS


def told(file: File, second: float) -> float | None:
    for part in file.parts:
        if part.out_start - 1e-3 <= second < part.out_end - 1e-3:
            return expected(part, second)
    return None


@pytest.mark.parametrize(("name", "strength"), TIMELINE)
def test_every_second_shows_what_is_said_of_it(
    name: str, strength: Strength, clips: list[Clip], tmp_path: Path
) -> None:
    recipe = KINDS[name].steps[strength](plain(clips), cast(clips))
    file = recipe.file()
    frames = made(recipe, tmp_path)
    assert len(frames) == recipe.frames
    late = []
    for second, image in frames:
        due = told(file, second)
        if due is not None:
            late.append(due - number_in(image))
    assert late
    if name == "frame_drops":  # what is lost is late by a few frames, what is not is on time
        share = np.mean(np.array(late) > 0.5)
        assert share == pytest.approx({"light": 0.05, "medium": 0.2, "heavy": 0.5}[strength], abs=0.08)
        assert min(late) > -0.05
    else:  # the frame on show is the one that has begun, by up to one before
        assert min(late) > -0.05 and max(late) < 1
    shown = sum(part.out_end - part.out_start for part in file.parts)
    assert shown == pytest.approx(len(late) / float(recipe.fps), abs=0.01)


def test_what_is_said_of_each_kind(clips: list[Clip]) -> None:
    def parts(name: str, strength: str) -> tuple[Part, ...]:
        return KINDS[name].steps[Strength(strength)](plain(clips), cast(clips)).file().parts

    (fast,) = parts("speed", "heavy")
    assert fast.speed in (pytest.approx(2), pytest.approx(0.5))
    (backwards,) = parts("reverse", "heavy")
    assert backwards.reversed and (backwards.src_start, backwards.src_end) == pytest.approx((0, SECONDS))
    before, after = parts("freeze", "medium")
    assert after.out_start - before.out_end == pytest.approx(3)
    assert before.src_end == pytest.approx(after.src_start)
    assert len(parts("loop", "medium")) == 3
    shuffled = parts("shuffle", "medium")
    assert len(shuffled) == 4 and [p.src_start for p in shuffled] != sorted(p.src_start for p in shuffled)
    assert sum(part.src_end - part.src_start for part in shuffled) == pytest.approx(SECONDS)
    assert [part.source == "0.mp4" for part in parts("insertion", "heavy")] == [False, True, False]
    assert len({part.source for part in parts("compilation", "heavy")}) == 5
    (trimmed,) = parts("trim", "medium")
    assert trimmed.src_end - trimmed.src_start == pytest.approx(SECONDS / 2, abs=0.05)


def test_what_was_done_is_said_of_each_clip(clips: list[Clip]) -> None:
    """A clip that another one is put on, or put into, had something else done to it; some are hardly to be seen."""

    def done(name: str, strength: str) -> list[tuple[str, str, bool]]:
        own = replace(plain(clips), source=clips[0].id, transforms=(Transform(name, strength),))
        parts = KINDS[name].steps[Strength(strength)](own, cast(clips)).file().parts
        assert len({part.source for part in parts}) > 1
        assert {part.transforms for part in parts if part.source == clips[0].id} == {own.transforms}
        others = {(part.transforms, part.faint) for part in parts if part.source != clips[0].id}
        return [(*(transforms[0] if transforms else ("", "")), faint) for transforms, faint in others]

    assert done("picture_in_picture", "heavy") == [("picture_behind", "light", False)]
    assert done("picture_behind", "light") == [("picture_in_picture", "heavy", False)]
    assert done("stack", "heavy") == [("stack", "heavy", False)]
    assert done("insertion", "heavy") == [("interruption", "light", False)]
    assert done("compilation", "medium") == [("compilation", "medium", False)]
    assert done("blend", "light") == [("", "", True)]


def test_pictures_of_other_shapes_are_shown_undistorted_between_bars(tmp_path: Path) -> None:
    wide = write_video(tmp_path / "wide.mp4", [np.full((96, 192, 3), 255, np.uint8)] * 60, fps=FPS)
    tall = write_video(tmp_path / "tall.mp4", [np.full((192, 96, 3), 255, np.uint8)] * 60, fps=FPS)
    sizes = {wide: (192, 96), tall: (96, 192)}
    both = [Clip(path.name, str(path), path.name, 5.0, *size, Fraction(FPS)) for path, size in sizes.items()]
    recipe = KINDS["stack"].steps[Strength.LIGHT](plain(both), cast(both))
    (tmp_path / "out").mkdir()
    _, image = made(recipe, tmp_path / "out")[0]
    assert image.shape == (96, 384, 3)
    white = (image > 200).all(axis=2).sum()
    # the tall one at the height of the wide one: half as wide as high
    assert white == pytest.approx(192 * 96 + 48 * 96, rel=0.05)


def test_a_mirrored_copy_is_said_to_be_one(clips: list[Clip], tmp_path: Path) -> None:
    recipe = KINDS["flip"].steps[Strength.LIGHT](plain(clips), cast(clips))
    assert [part.mirrored for part in recipe.file().parts] == [True]
    frames = made(recipe, tmp_path)
    assert [number_in(image[:, ::-1]) for _, image in frames] == list(range(SECONDS * FPS))
    twice = KINDS["flip_upright"].steps[Strength.MEDIUM](recipe, cast(clips))
    assert [part.mirrored for part in twice.file().parts] == [False]


def test_pictures_side_by_side_are_both_said_to_be_there(clips: list[Clip], tmp_path: Path) -> None:
    short = trim(0.4, plain(clips), cast(clips))
    recipe = KINDS["stack"].steps[Strength.LIGHT](short, cast(clips))
    parts = {part.source: part for part in recipe.file().parts}
    assert len(parts) == 2 and "0.mp4" in parts
    for second, image in made(recipe, tmp_path):
        shown = {number_in(half) for half in np.split(image, 2, axis=1)}
        assert shown == {round(expected(part, second)) for part in parts.values()}


@pytest.mark.parametrize("encoder", usable(), ids=lambda encoder: encoder.name)
def test_every_encoder_keeps_times_and_pictures_in_all_its_containers(
    encoder: Encoder, clips: list[Clip], tmp_path: Path
) -> None:
    for suffix in encoder.suffixes:
        folder = tmp_path / suffix
        folder.mkdir()
        short = trim(0.1, plain(clips), cast(clips))
        recipe = replace(short, name=f"made{suffix}", encoding=Encoding(encoder.name, suffix))
        frames = made(recipe, folder)
        first = number_in(frames[0][1])
        start = frames[0][0]
        assert [(round((second - start) * FPS), number_in(image) - first) for second, image in frames] == [
            (number, number) for number in range(recipe.frames)
        ]


def test_the_same_recipe_gives_the_same_bytes(clips: list[Clip], tmp_path: Path) -> None:
    contents = []
    for folder in (tmp_path / "one", tmp_path / "two", tmp_path / "three"):
        folder.mkdir()
        for encoder in usable():
            short = trim(0.1, plain(clips), cast(clips))
            edits = (Drawn("noise", "light", 3), Drawn("camcord", "medium", 4))
            encoding = Encoding(encoder.name, encoder.suffixes[0], 1)
            recipe = replace(short, name=f"{encoder.name}{encoding.suffix}", encoding=encoding, edits=edits)
            list(RenderTask(recipe, str(folder), 94).run())
        contents.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert contents[0] == contents[1] == contents[2]


def test_moments_in_any_order(clips: list[Clip]) -> None:
    wanted = [3, 3, 4, 9, 8, 7, 7, 2, 105, 100, 101, 99, 98, *range(60, 0, -1), 5]
    times = np.array(wanted) / FPS
    assert [number_in(image) for image in shown_at(clips[0].path, times, SIZE[::-1])] == wanted


def test_a_clip_that_breaks_off_is_a_bad_file(clips: list[Clip]) -> None:
    with pytest.raises(BadFile, match=r"before 11\.0 s"):
        list(shown_at(clips[0].path, np.array([1.0, SECONDS + 2.0]), SIZE[::-1]))
    assert len(list(shown_at(clips[0].path, np.array([1.0, SECONDS + 0.3]), SIZE[::-1]))) == 2
