"""What is done to clips, at three strengths: a step from a recipe of a plain copy to that of an edited one.

The lists and strengths are those of TRECVID's copy detection task, MUSCLE-VCD-2007, VCDB and VSC2022; values beside
each kind. Edits and layouts of single pictures are in ``edits.graded``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from twinreel.bench.clips import Clip
from twinreel.bench.collection import Transform
from twinreel.bench.encoders import Encoder
from twinreel.bench.recipe import Drawn, Encoding, Piece, Recipe, Track
from twinreel.edits.base import Rng
from twinreel.edits.graded import GRADED, GRADED_LAYOUTS, Strength

LIGHT, MEDIUM, HEAVY = Strength
LEAST = 3.0
"""Seconds of a clip that a copy of a part of it shows, where the clip has them."""
LEAST_PIECE = 2.0
"""Seconds of a piece of a shuffled copy."""
LONGEST_PIECE = 10.0
"""Seconds of a clip in a compilation."""


@dataclass(frozen=True, slots=True)
class Cast:
    """What a step may draw from."""

    rng: Rng
    clip: Clip
    """The one that is copied."""
    others: Sequence[Clip]
    """More footage: hosts, backgrounds."""
    encoders: tuple[Encoder, ...]

    def seed(self) -> int:
        return int(self.rng.integers(2**31))

    def other(self, count: int) -> list[Clip]:
        return [self.others[i] for i in self.rng.permutation(len(self.others))[:count]]


Step = Callable[[Recipe, Cast], Recipe]


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that is done to copies."""

    steps: Mapping[Strength, Step]
    others: Mapping[Strength, int] | None = None
    """How many further clips it needs; None: none."""
    trimmed: bool = True
    """Whether every other copy is cut from the clip as well."""

    def needs(self, strength: Strength) -> int:
        return self.others[strength] if self.others else 0


def whole(clip: Clip, fps: Fraction) -> Piece:
    return Piece(clip, 0.0, int(clip.duration * fps))


def stretch_of(rng: Rng, clip: Clip, fps: Fraction, seconds: float) -> Piece:
    """A stretch of so many seconds, or of what there is, that begins at a frame's beginning."""
    frames = min(int(seconds * fps), whole(clip, fps).frames)
    first = int(rng.integers(0, whole(clip, fps).frames - frames + 1))
    return Piece(clip, first / float(fps), frames)


def trim(share: float, recipe: Recipe, cast: Cast) -> Recipe:
    """Keeps a share of the clip."""
    return _showing(recipe, (stretch_of(cast.rng, cast.clip, recipe.fps, max(LEAST, share * cast.clip.duration)),))


def _showing(recipe: Recipe, track: Track) -> Recipe:
    return replace(recipe, tracks=(track, *recipe.tracks[1:]))


def _speed(factor: float, recipe: Recipe, cast: Cast) -> Recipe:
    """Faster, or slower, by the factor."""
    speed = factor ** float(cast.rng.choice([-1.0, 1.0]))
    (piece,) = recipe.tracks[0]
    return _showing(recipe, (replace(piece, frames=int(piece.frames / speed), speed=speed),))


def _frame_rate(fps: int, recipe: Recipe, cast: Cast) -> Recipe:
    return replace(
        recipe, fps=Fraction(fps), tracks=(tuple(_at_rate(piece, recipe.fps, fps) for piece in recipe.tracks[0]),)
    )


def _at_rate(piece: Piece, old: Fraction, new: int) -> Piece:
    return replace(piece, frames=int(piece.frames / old * new))


def _frame_drops(share: float, recipe: Recipe, cast: Cast) -> Recipe:
    """In the place of frames that are lost, the one before is shown, as players do."""
    return replace(recipe, lost=share, seed=cast.seed())


def _freeze(seconds: float, recipe: Recipe, cast: Cast) -> Recipe:
    """Stands still for some time, and goes on."""
    (piece,) = recipe.tracks[0]
    before, after = _split(piece, int(piece.frames * cast.rng.uniform(0.3, 0.7)), recipe.fps)
    still = Piece(piece.clip, after.start, round(seconds * recipe.fps), speed=0.0)
    return _showing(recipe, (before, still, after))


def _split(piece: Piece, frames: int, fps: Fraction) -> tuple[Piece, Piece]:
    rest = replace(piece, start=piece.start + frames / float(fps) * piece.speed, frames=piece.frames - frames)
    return replace(piece, frames=frames), rest


def _loop(times: int, recipe: Recipe, cast: Cast) -> Recipe:
    return _showing(recipe, recipe.tracks[0] * times)


def _reverse(recipe: Recipe, cast: Cast) -> Recipe:
    (piece,) = recipe.tracks[0]
    return _showing(recipe, (replace(piece, start=piece.start + piece.frames / float(recipe.fps), speed=-1.0),))


def _shuffle(count: int, recipe: Recipe, cast: Cast) -> Recipe:
    """Cut into equal pieces, which come in another order."""
    (piece,) = recipe.tracks[0]
    count = max(2, min(count, int(piece.frames / recipe.fps / LEAST_PIECE)))
    pieces, rest = [], piece
    for left in range(count, 1, -1):
        first, rest = _split(rest, rest.frames // left, recipe.fps)
        pieces.append(first)
    pieces.append(rest)
    order = list(range(count))
    while order == sorted(order):
        order = cast.rng.permutation(count).tolist()
    return _showing(recipe, tuple(pieces[place] for place in order))


def _insertion(seconds: float, interruption: Strength, recipe: Recipe, cast: Cast) -> Recipe:
    """A stretch of the clip, cut into the middle of another, which it interrupts."""
    (host,) = cast.other(1)
    shown = whole(host, recipe.fps)
    before, after = _split(shown, int(shown.frames * cast.rng.uniform(0.3, 0.7)), recipe.fps)
    inserted = stretch_of(cast.rng, cast.clip, recipe.fps, seconds)
    return replace(_showing(recipe, (before, inserted, after)), others=(Transform("interruption", interruption.value),))


def _compilation(count: int, recipe: Recipe, cast: Cast) -> Recipe:
    clips = [cast.clip, *cast.other(count - 1)]
    lengths = [min(LONGEST_PIECE, clip.duration * cast.rng.uniform(0.5, 0.8)) for clip in clips]
    pieces = [
        stretch_of(cast.rng, clip, recipe.fps, max(LEAST, length)) for clip, length in zip(clips, lengths, strict=True)
    ]
    shown = _showing(recipe, tuple(pieces[place] for place in cast.rng.permutation(count)))
    return replace(shown, others=recipe.transforms)


def _compression(quality: int, recipe: Recipe, cast: Cast) -> Recipe:
    return replace(recipe, encoding=replace(recipe.encoding, quality=quality))


def _container(recipe: Recipe, cast: Cast) -> Recipe:
    """The original's stream in another container."""
    encoder = cast.encoders[0]
    suffix = str(cast.rng.choice(encoder.suffixes[1:]))
    return replace(recipe, encoding=Encoding(encoder.name, suffix))


def _codec(quality: int, fps: int | None, recipe: Recipe, cast: Cast) -> Recipe:
    """Another codec than the original's, where there is one, and at last another frame rate."""
    encoder = (
        cast.encoders[int(cast.rng.integers(1, len(cast.encoders)))] if len(cast.encoders) > 1 else cast.encoders[0]
    )
    recipe = replace(recipe, encoding=Encoding(encoder.name, encoder.suffixes[0], quality))
    return recipe if fps is None else _frame_rate(fps, recipe, cast)


def _edit(name: str, strength: Strength, recipe: Recipe, cast: Cast) -> Recipe:
    return replace(recipe, edits=(*recipe.edits, Drawn(name, strength.value, cast.seed())))


def _layout(name: str, strength: Strength, recipe: Recipe, cast: Cast) -> Recipe:
    """The clip together with others, for as long as the shortest of them lasts."""
    count, _, others = GRADED_LAYOUTS[name][strength]
    seconds = recipe.frames / float(recipe.fps)
    tracks = [(stretch_of(cast.rng, other, recipe.fps, seconds),) for other in cast.other(count - 1)]
    return replace(
        recipe,
        tracks=(recipe.tracks[0], *tracks),
        layout=Drawn(name, strength.value, cast.seed()),
        others=others and (Transform(*others),),
    )


def _mix(count: int, strength: Strength, recipe: Recipe, cast: Cast) -> Recipe:
    """Several edits of the picture one over the other, as TRECVID's post-production."""
    names = [name for name in GRADED if strength in GRADED[name]]
    for place in cast.rng.permutation(len(names))[:count]:
        recipe = _edit(names[place], strength, recipe, cast)
    return recipe


def _three(step: Callable[..., Recipe], *values: float) -> dict[Strength, Step]:
    return {strength: partial(step, value) for strength, value in zip(Strength, values, strict=True)}


def _several(*values: int) -> dict[Strength, int]:
    return dict(zip(Strength, values, strict=True))


KINDS: dict[str, Kind] = {
    **{
        name: Kind({strength: partial(_edit, name, strength) for strength in grades}) for name, grades in GRADED.items()
    },
    **{
        name: Kind(
            {strength: partial(_layout, name, strength) for strength in grades},
            {strength: grade.pictures - 1 for strength, grade in grades.items()},
        )
        for name, grades in GRADED_LAYOUTS.items()
    },
    "mix": Kind({LIGHT: partial(_mix, 2, LIGHT), MEDIUM: partial(_mix, 3, MEDIUM), HEAVY: partial(_mix, 5, MEDIUM)}),
    "compression": Kind(_three(_compression, 1, 2, 3), trimmed=False),
    "container": Kind(
        {LIGHT: _container, MEDIUM: partial(_codec, 2, None), HEAVY: partial(_codec, 2, 15)}, trimmed=False
    ),
    "trim": Kind(_three(trim, 0.8, 0.5, 0.25), trimmed=False),
    "speed": Kind(_three(_speed, 1.1, 1.5, 2)),
    "frame_rate": Kind(_three(_frame_rate, 24, 15, 5)),
    "frame_drops": Kind(_three(_frame_drops, 0.05, 0.2, 0.5)),
    "freeze": Kind(_three(_freeze, 1, 3, 6), trimmed=False),
    "loop": Kind({LIGHT: partial(_loop, 2), MEDIUM: partial(_loop, 3)}, trimmed=False),
    "reverse": Kind({HEAVY: _reverse}),
    "shuffle": Kind(_three(_shuffle, 2, 4, 8), trimmed=False),
    "insertion": Kind(
        {
            LIGHT: partial(_insertion, 30, HEAVY),
            MEDIUM: partial(_insertion, 10, MEDIUM),
            HEAVY: partial(_insertion, 3, LIGHT),
        },
        _several(1, 1, 1),
        trimmed=False,
    ),
    "compilation": Kind(_three(_compilation, 2, 3, 5), _several(1, 2, 4), trimmed=False),
}
"""Everything that is done, by name."""
