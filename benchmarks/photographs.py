"""Videos made of photographs: each shows one of them by a smooth pan and zoom, so no two are copies.

As far as no two photographs show the same picture, that is; who finds copies should look at them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from twinreel.bench.encoders import encode
from twinreel.types import UInt8

SIZES = ((320, 240), (426, 240), (480, 270), (360, 360), (240, 320), (240, 426))
"""(width, height) of clips."""
RATES = (24, 25, 30)
SECONDS = (3.0, 8.0)
NEAR, FAR = (0.5, 0.75), (0.75, 1.0)
"""How much of the largest view there is when it is near, and when it is far, as a share of its sides."""
EASED = 0.5
"""Share of the sweeps that begin and end slowly; the others move evenly."""
QUALITY = 1
"""Of H.264, as ``bench.encoders`` counts it: fair."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A camera's way over a photograph, from near to far or from far to near."""

    size: tuple[int, int]
    """(width, height) of the clip, in pixels."""
    fps: int
    seconds: float
    zoom: tuple[float, float]
    """At its start and its end: sides of the view as a share of those of the largest that fits."""
    across: tuple[float, float]
    """... and where the view lies in the room that this leaves it, from left to right, [0, 1], ..."""
    down: tuple[float, float]
    """... and from top to bottom."""
    eased: bool

    def view(self, photograph: Image.Image, second: float) -> Box:
        """What is seen of a photograph at a moment of the clip."""
        share = second / self.seconds
        share = (1 - np.cos(np.pi * share)) / 2 if self.eased else share
        zoom = self.zoom[0] * (self.zoom[1] / self.zoom[0]) ** share
        scale = min(photograph.width / self.size[0], photograph.height / self.size[1]) * zoom
        width, height = self.size[0] * scale, self.size[1] * scale
        left = (photograph.width - width) * (self.across[0] + (self.across[1] - self.across[0]) * share)
        top = (photograph.height - height) * (self.down[0] + (self.down[1] - self.down[0]) * share)
        return left, top, left + width, top + height


def draw(rng: random.Random) -> Sweep:
    zoom = rng.uniform(*NEAR), rng.uniform(*FAR)
    return Sweep(
        size=rng.choice(SIZES),
        fps=rng.choice(RATES),
        seconds=round(rng.uniform(*SECONDS), 1),
        zoom=zoom if rng.random() < 0.5 else zoom[::-1],
        across=(rng.random(), rng.random()),
        down=(rng.random(), rng.random()),
        eased=rng.random() < EASED,
    )


def frames(photograph: Image.Image, sweep: Sweep, seconds: Sequence[float], size: tuple[int, int]) -> Iterator[UInt8]:
    """What a sweep shows at some moments, (h, w, 3) RGB; ``size`` is (width, height), to which it is stretched."""
    for second in seconds:
        seen = photograph.resize(size, Image.Resampling.BICUBIC, box=sweep.view(photograph, second))
        yield np.asarray(seen, np.uint8)


def load(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def write_clip(path: Path, photograph: Path, sweep: Sweep) -> None:
    """The sweep as a file: H.264 in MP4."""
    seconds = [number / sweep.fps for number in range(round(sweep.seconds * sweep.fps))]
    pictures = frames(load(photograph), sweep, seconds, sweep.size)
    unfinished = path.with_name(f".{path.name}.unfinished")
    for _ in encode(unfinished, pictures, Fraction(sweep.fps), "libx264", "mp4", QUALITY):
        pass
    unfinished.replace(path)


def make_clips(photographs: Sequence[Path], folder: Path, count: int, seed: int) -> None:
    """So many clips, each of another photograph and under its name; those that are there already are kept.

    ValueError where there are fewer photographs.
    """
    if len(photographs) < count:
        raise ValueError(f"{count} clips of as many photographs are wanted, but there are {len(photographs)}")
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    for photograph in rng.sample(list(photographs), count):
        sweep = draw(rng)
        path = folder / f"{photograph.stem}.mp4"
        if not path.exists():
            write_clip(path, photograph, sweep)
