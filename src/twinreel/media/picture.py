"""How good a video's picture is, told from a few of its frames and the sizes of its packets: no reference is needed.

size        without black bars
detail      how steep the steepest edges are, as a share of what they would be at full sharpness: a picture that was
            blurred, enlarged or filmed off a screen has less. Contrast, brightness and colour make no difference.
noise       what is left in the flattest parts of a picture when its structure is taken out: Immerkær, "Fast Noise
            Variance Estimation", 1996, over blocks instead of the whole picture, so that structure counts less.
coarseness  the step of the quantiser, where a decoder tells (``media.quantiser``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from twinreel.media.bars import BarDetector, luma
from twinreel.media.frames import Scaler
from twinreel.media.insets import LEAST_LOOKS, inner_pictures
from twinreel.media.packets import Clock, packets
from twinreel.media.picking import picked_at
from twinreel.media.quantiser import Coarseness, ask, geometric_mean
from twinreel.media.source import open_video
from twinreel.types import Float32, UInt8

FRAMES = 8
"""Frames that are looked at."""
ENOUGH = 2
"""Of them, to speak for a stretch."""
LARGEST = 1280
"""Pixels of the longer side that frames are scaled to, at most: sharpness of 4K is judged at that size."""
SMALL = 160
"""Pixels a side of the frames that pictures within the picture are looked for in."""
BLOCK = 16
"""Pixels a side of the blocks that noise is measured in."""
FLATTEST = 20
"""Percentile of the blocks that is taken for flat."""
PATCHES = 6
"""Parts each way that detail is measured in."""
STEP = 3.0
"""Levels that neighbouring pixels of the coarse picture differ by in a part that can be sharp or not."""
FINE, COARSE = 2, 8
"""Pixels a side of what the fine and the coarse picture have one pixel for: most noise is finer than both."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame says."""

    time: float
    """Seconds."""
    detail: float
    """Up to about 1 for sharp pictures, towards FINE / COARSE for blurred ones; 0.0 where nothing was seen."""
    noise: float
    """Standard deviation in levels of 8 bits."""
    colour: float
    """Mean distance of a pixel's red and blue from its luma, in levels of 8 bits: about 0 for black and white."""
    coarseness: float | None = None
    """Mean step of the quantiser since the look before, in levels of 8 bits; None where it is unknown."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one video."""

    width: int
    """Pixels as shown, without black bars."""
    height: int
    looks: tuple[Look, ...]
    """Ascending in time."""
    insets: int
    """Pictures within the picture."""
    bits: tuple[int, ...]
    """Of the video's packets, those that are shown in each whole second."""

    @property
    def detail(self) -> float:
        return _median(look.detail for look in self.looks)

    @property
    def noise(self) -> float:
        return _median(look.noise for look in self.looks)

    @property
    def colour(self) -> float:
        return _median(look.colour for look in self.looks)

    @property
    def coarseness(self) -> float | None:
        """The geometric mean; None where it is unknown."""
        return geometric_mean(look.coarseness for look in self.looks if look.coarseness is not None)

    def over(self, spans: Sequence[tuple[float, float]]) -> Measured:
        """With the looks of these seconds only, or where they are fewer than ENOUGH, those that are nearest."""

        def away(look: Look) -> float:
            return min((max(start - look.time, look.time - stop, 0.0) for start, stop in spans), default=0.0)

        near = sorted(map(away, self.looks))[:ENOUGH]
        return replace(self, looks=tuple(look for look in self.looks if away(look) <= max(near, default=0.0)))


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return median(found) if found else 0.0


def measure(path: str, width: int, height: int, duration: float) -> Iterator[Measured | None]:
    """Looks at a file; None is a sign of life, the last value the answer. Raises MediaError.

    width, height: as shown; duration: seconds.
    """
    scale = min(1.0, LARGEST / max(width, height, 1))
    size = max(BLOCK, round(height * scale)), max(BLOCK, round(width * scale))
    bars, coarseness, frames = BarDetector(), Coarseness(), []
    times = [duration * (number + 0.5) / FRAMES for number in range(FRAMES)]
    with open_video(path) as source:
        ask(source.stream)
        scaler = Scaler(size)
        for picked in picked_at(source, times, decoded=coarseness.add):
            image = scaler(picked.frame)
            bars.add(image)
            frames.append((picked, luma(image), colour(image), coarseness.taken()))
            yield None
    bits = [0] * max(1, math.ceil(duration))
    with open_video(path) as source:
        clock = Clock(source.stream)
        for packet in packets(source):
            second = int(max(0.0, clock.shown(packet)))
            bits[min(second, len(bits) - 1)] += packet.size * 8
            yield None
    crop = bars.crop()
    rows = slice(math.ceil(crop.top * size[0]), size[0] - math.ceil(crop.bottom * size[0]))
    columns = slice(math.ceil(crop.left * size[1]), size[1] - math.ceil(crop.right * size[1]))
    looks = []
    for picked, picture, hue, step in frames:
        inner = picture[rows, columns]
        looks.append(Look(picked.time, detail(inner), noise(inner), hue, step))
    small = Scaler((SMALL, SMALL), crop)
    shown = [small(picked.frame) for picked, *_ in frames]
    yield Measured(
        width=round(width * (1 - crop.left - crop.right)),
        height=round(height * (1 - crop.top - crop.bottom)),
        looks=tuple(looks),
        insets=len(inner_pictures(np.stack(shown))) if len(shown) >= LEAST_LOOKS else 0,
        bits=tuple(bits),
    )


def colour(image: UInt8) -> float:
    """Of (h, w, 3) RGB: how far red and blue are from luma, over blocks, as noise has colours of its own."""
    height, width = (side // BLOCK * BLOCK for side in image.shape[:2])
    blocks = image[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, 3).mean(axis=(1, 3))
    gray = blocks @ np.array([0.299, 0.587, 0.114])
    return float(np.abs(blocks[:, :, ::2] - gray[:, :, None]).mean())


def detail(picture: Float32) -> float:
    """Of luma (h, w): the energy of gradients of the picture FINE times smaller, relative to that of the one COARSE
    times smaller, both without that of noise, and the root of it; the median of PATCHES by PATCHES parts, so that a
    caption does not decide. 0.0 where no part has structure.

    The noise of a part is that of its finest diagonal differences (Donoho, "De-noising by soft-thresholding", 1995).
    """
    height, width = (side // (COARSE * PATCHES) * COARSE * PATCHES for side in picture.shape)
    if not height or not width:
        return 0.0
    whole = picture[:height, :width]
    diagonal = (whole[::2, ::2] - whole[1::2, ::2] - whole[::2, 1::2] + whole[1::2, 1::2]) / 2
    noises = np.median(np.abs(_parts(np.asarray(diagonal, np.float32))), axis=1) / 0.6745
    fine, coarse = (_energies(_smaller(whole, by)) - 2 * noises**2 / by**2 for by in (FINE, COARSE))
    telling = coarse > STEP**2
    return float(np.median(np.sqrt(np.maximum(fine[telling], 0.0) / coarse[telling]))) if telling.any() else 0.0


def _smaller(picture: Float32, by: int) -> Float32:
    height, width = picture.shape
    return np.asarray(picture.reshape(height // by, by, width // by, by).mean(axis=(1, 3)), np.float32)


def _parts(picture: Float32) -> Float32:
    """(PATCHES * PATCHES, pixels) of a picture that divides evenly."""
    height, width = picture.shape
    parts = picture.reshape(PATCHES, height // PATCHES, PATCHES, width // PATCHES)
    return np.asarray(parts.transpose(0, 2, 1, 3).reshape(PATCHES * PATCHES, -1), np.float32)


def _energies(picture: Float32) -> Float32:
    """Mean squared gradient of each part."""
    across, down = np.diff(picture, axis=1, append=picture[:, -1:]), np.diff(picture, axis=0, append=picture[-1:])
    return np.asarray(_parts(across**2 + down**2).mean(axis=1), np.float32)


def noise(picture: Float32) -> float:
    """Of luma (h, w): the standard deviation of noise in its flattest blocks."""
    p = picture
    corners = p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    edges = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    response = np.abs(corners - 2 * edges + 4 * p[1:-1, 1:-1])
    height, width = (side // BLOCK * BLOCK for side in response.shape)
    if not height or not width:
        return 0.0
    blocks = response[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).mean(axis=(1, 3))
    return float(np.percentile(blocks, FLATTEST)) * math.sqrt(math.pi / 2) / 6
