"""Does a describer keep its word? What ``twinreel describers test`` looks at."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twinreel.describe.base import Describer
from twinreel.types import UInt8

PICTURES = 8
SECONDS = 1.0
"""How long its speed is measured for."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of describing a few pictures."""

    faults: tuple[str, ...]
    """What it does not keep, a line each; empty for a sound describer."""
    frames_a_second: float
    runs_on: str
    """Providers, where the describer says."""


def try_out(describer: Describer) -> Trial:
    """Describes pictures together and alone, twice, and a black one."""
    images = pictures(PICTURES, describer.image_size)
    vectors, weights = describer.describe(images)
    faults = []
    if vectors.shape != (PICTURES, describer.dimensions) or weights.shape != (PICTURES,):
        faults.append(f"vectors have shape {vectors.shape} and weights {weights.shape}")
    elif not np.isfinite(vectors).all() or np.abs(np.linalg.norm(vectors, axis=1) - 1).max() > 1e-4:
        faults.append("vectors are not of length 1")
    elif not ((weights >= 0) & (weights <= 1)).all():
        faults.append("weights are not in [0, 1]")
    else:
        alone = np.concatenate([describer.describe(images[row : row + 1])[0] for row in range(PICTURES)])
        if not np.array_equal(alone, vectors):
            faults.append("a frame has another vector alone than in company")
        if describer.describe(np.zeros_like(images[:1]))[1][0] > 0:
            faults.append("a black frame has weight")
        others = (vectors @ vectors.T)[~np.eye(PICTURES, dtype=bool)]
        if others.min() > 0.9999:
            faults.append("all frames have the same vector")
    providers = getattr(describer, "providers", ())
    return Trial(tuple(faults), speed(describer, images), ", ".join(providers) or "the processor")


def speed(
    describer: Describer, images: UInt8, seconds: float = SECONDS, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Frames described a second, by some clock."""
    describer.describe(images)
    start, frames = clock(), 0
    while (passed := clock() - start) < seconds:
        describer.describe(images)
        frames += len(images)
    return frames / passed


def pictures(count: int, size: tuple[int, int]) -> UInt8:
    """(count, h, w, 3) different pictures: coloured slopes and a box each."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]] / np.array(size)[:, np.newaxis, np.newaxis]
    found = []
    for _ in range(count):
        slopes = rng.uniform(-120, 120, (2, 3))
        picture = 128 + slopes[0] * (x[..., np.newaxis] - 0.5) + slopes[1] * (y[..., np.newaxis] - 0.5)
        top, left = rng.uniform(0, 0.6, 2)
        picture[(y > top) & (y < top + 0.4) & (x > left) & (x < left + 0.4)] = rng.uniform(0, 255, 3)
        found.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(found)
