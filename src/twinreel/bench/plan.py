"""What a collection consists of: a function of the clips, the settings and the seed, before any file is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from twinreel.bench.clips import SHORTEST, Clip
from twinreel.bench.collection import Transform
from twinreel.bench.encoders import Encoder
from twinreel.bench.kinds import KINDS, Cast, trim, whole
from twinreel.bench.recipe import Encoding, Piece, Recipe
from twinreel.edits.base import Rng
from twinreel.edits.graded import Strength
from twinreel.errors import UserError

ROLES = ("source", "source", "source", "half", "distractor")
"""What becomes of the clips, in turn: copied; cut into two stretches without a moment in common; added as it is."""
TWO_HALVES = 2.1 * SHORTEST
"""Seconds of a clip that is cut into two."""
GAP = 0.06
"""Share of it between the two."""
TRIMS = ((0.8, Strength.LIGHT), (0.5, Strength.MEDIUM))
"""What is cut off every other copy, whatever else is done to it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a collection is like. The defaults make ten clips of ten seconds into some forty files."""

    seed: int = 7
    copies: int = 4
    """Of every clip that is copied."""
    height: int = 288
    """Pixels of the shorter side, at most."""
    max_length: float = 20.0
    """Seconds of a clip that are used, from its beginning."""
    encoders: tuple[str, ...] = ()
    """To choose from; by default those that there are."""

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise UserError(f"the seed is {self.seed}; 0 or more is expected")
        if not 1 <= self.copies <= 1000:
            raise UserError(f"{self.copies} copies are asked for; 1 to 1000 are possible")
        if not 64 <= self.height <= 2160:
            raise UserError(f"the height is {self.height}; 64 to 2160 pixels are possible")
        if not SHORTEST <= self.max_length <= 3600:
            raise UserError(f"the longest length is {self.max_length} s; {SHORTEST:g} to 3600 seconds are possible")


def plan(clips: Sequence[Clip], settings: Settings, encoders: tuple[Encoder, ...]) -> list[Recipe]:
    """All files of a collection. Kinds and strengths of copies take turns, so that each comes about as often."""
    rng = np.random.default_rng(settings.seed)
    ordered = sorted(clips, key=lambda clip: clip.id)
    shuffled = [ordered[place] for place in rng.permutation(len(ordered))]
    deck = _deck(rng, len(shuffled) - 1)
    recipes: list[Recipe] = []
    for number, clip in enumerate(shuffled):
        role = ROLES[number % len(ROLES)]
        if role == "half" and clip.duration >= TWO_HALVES:
            recipes += _halves(clip, encoders)
            continue
        recipes.append(_plain(clip, encoders, whole(clip, clip.fps), "original"))
        if role != "distractor":
            others = [other for other in shuffled if other is not clip]
            for _ in range(settings.copies):
                drawn = np.random.default_rng([settings.seed, len(recipes)])
                recipes.append(_copy(Cast(drawn, clip, others, encoders), *next(deck)))
    return [
        replace(recipe, name=f"v{int(rng.integers(16**6)):06x}{number:04d}{recipe.encoding.suffix}")
        for number, recipe in enumerate(recipes)
    ]


def _deck(rng: Rng, others: int) -> Iterator[tuple[str, Strength]]:
    """All kinds at all strengths that so many further clips allow, shuffled, again and again."""
    cells = [
        (name, strength) for name, kind in KINDS.items() for strength in kind.steps if kind.needs(strength) <= others
    ]
    while True:
        yield from (cells[place] for place in rng.permutation(len(cells)))


def _plain(clip: Clip, encoders: tuple[Encoder, ...], piece: Piece, level: str) -> Recipe:
    """Nothing done but to encode it, as well as it goes."""
    return Recipe("", ((piece,),), clip.fps, Encoding(encoders[0].name, encoders[0].suffixes[0]), level)


def _halves(clip: Clip, encoders: tuple[Encoder, ...]) -> list[Recipe]:
    frames = whole(clip, clip.fps).frames
    first, second = int(frames * (1 - GAP) / 2), int(frames * (1 + GAP) / 2)
    pieces = Piece(clip, 0.0, first), Piece(clip, second / float(clip.fps), frames - second)
    return [_plain(clip, encoders, piece, "half") for piece in pieces]


def _copy(cast: Cast, name: str, strength: Strength) -> Recipe:
    """One copy: encoded anew, every other one trimmed where that leaves it what it is, and the step of its kind."""
    kind, fps = KINDS[name], Fraction(cast.clip.fps)
    recipe = replace(
        _plain(cast.clip, cast.encoders, whole(cast.clip, fps), ""),
        encoding=_encoding(cast),
        transforms=(Transform(name, strength.value),),
        source=cast.clip.id,
    )
    if kind.trimmed and cast.rng.random() < 0.5:
        share, trimming = TRIMS[int(cast.rng.integers(len(TRIMS)))]
        recipe = trim(share, recipe, cast)
        recipe = replace(recipe, transforms=(*recipe.transforms, Transform("trim", trimming.value)))
    return kind.steps[strength](recipe, cast)


def _encoding(cast: Cast) -> Encoding:
    weights = np.array([encoder.weight for encoder in cast.encoders])
    encoder = cast.encoders[int(np.searchsorted(np.cumsum(weights) / weights.sum(), cast.rng.random()))]
    return Encoding(encoder.name, encoder.suffixes[0], int(cast.rng.integers(2)))
