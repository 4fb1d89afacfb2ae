"""Making the file of a recipe: pictures of its clips, arranged, edited, encoded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from twinreel.bench.encoders import MUXERS, encode
from twinreel.bench.reading import shown_at
from twinreel.bench.recipe import Drawn, Recipe, Track
from twinreel.edits.base import Apply, resized
from twinreel.edits.graded import GRADED, GRADED_LAYOUTS, Several, Strength
from twinreel.errors import MediaError, NoAccess
from twinreel.types import UInt8

UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class RenderTask:
    """Makes a file in a folder: under another name until it is whole. Yields nothing but signs of life."""

    recipe: Recipe
    folder: str
    height: int
    """Pixels of the shorter side, at most."""
    stage: ClassVar[str] = "make"

    @property
    def path(self) -> str:
        return str(Path(self.folder, self.recipe.name))

    def run(self) -> Iterator[object]:
        recipe, encoding = self.recipe, self.recipe.encoding
        unfinished = Path(self.folder, f".{recipe.name}{UNFINISHED}")
        images = pictures(recipe, self.height)
        try:
            for _ in encode(
                unfinished, images, recipe.fps, encoding.encoder, MUXERS[encoding.suffix], encoding.quality
            ):
                yield None
            os.replace(unfinished, self.path)  # noqa: PTH105
        except OSError as error:
            raise NoAccess(f"it cannot be written ({error.strerror or error})", self.stage) from error
        finally:
            unfinished.unlink(missing_ok=True)


def pictures(recipe: Recipe, height: int) -> Iterator[UInt8]:
    """The frames of a recipe's file, (h, w, 3) RGB, none with a shorter side of more than ``height``."""
    edits = [_edit(edit) for edit in recipe.edits]
    layout = _layout(recipe.layout)
    tracks = [_track(track, recipe, height) for track in recipe.tracks]
    for images in islice(zip(*_with_losses(tracks, recipe), strict=False), recipe.frames):
        image = layout(list(images)) if layout else images[0]
        for edit in edits:
            image = edit(image)
        scale = height / min(image.shape[:2])
        yield image if scale >= 1 else resized(image, image.shape[1] * scale, image.shape[0] * scale)


def _edit(drawn: Drawn) -> Apply:
    return GRADED[drawn.name][Strength(drawn.strength)](np.random.default_rng(drawn.seed))


def _layout(drawn: Drawn | None) -> Several | None:
    if drawn is None:
        return None
    return GRADED_LAYOUTS[drawn.name][Strength(drawn.strength)].draw(np.random.default_rng(drawn.seed))


def _track(track: Track, recipe: Recipe, height: int) -> Iterator[UInt8]:
    """Pictures of the size of the first clip's; those of other shapes between bars, none distorted."""
    canvas = recipe.tracks[0][0].clip.size(height)
    for piece in track:
        size = piece.clip.size(height)
        scale = min(canvas[0] / size[0], canvas[1] / size[1])
        fitted = max(2, round(size[0] * scale)), max(2, round(size[1] * scale))
        try:
            for image in shown_at(piece.clip.path, piece.times(recipe.fps), fitted):
                yield image if fitted == canvas else _between_bars(image, canvas)
        except MediaError as error:
            raise type(error)(f"{piece.clip.id}: {error.reason}", error.stage) from error


def _between_bars(image: UInt8, canvas: tuple[int, int]) -> UInt8:
    barred = np.zeros((*canvas, 3), np.uint8)
    top, left = (canvas[0] - image.shape[0]) // 2, (canvas[1] - image.shape[1]) // 2
    barred[top : top + image.shape[0], left : left + image.shape[1]] = image
    return barred


def _with_losses(tracks: list[Iterator[UInt8]], recipe: Recipe) -> list[Iterator[UInt8]]:
    if not recipe.lost:
        return tracks
    lost = np.random.default_rng(recipe.seed).random(recipe.frames) < recipe.lost
    lost[0] = False
    return [_holding(track, lost) for track in tracks]


def _holding(images: Iterator[UInt8], lost: np.ndarray) -> Iterator[UInt8]:
    """In the place of each lost picture, the one before."""
    held = np.zeros((0, 0, 3), np.uint8)
    for image, gone in zip(images, lost, strict=False):
        held = held if gone else image
        yield held
