"""Synthetic frame vectors with the structure that candidates have to cope with; nothing of it is kept anywhere.

A video has 12 scenes of 5 frames, a frame a second. Scenes lean to one of 2,000 topics, frames scatter about their
scene. One video in ten is a copy: 20 of its frames are 20 frames of an earlier video under an edit that is light,
medium or heavy (products of 0.95, 0.87 and 0.78 with the original, the last as an inset or a strong crop has). One in
fifty opens with the same three frames (a hub), one in a hundred with those of one of 50 intros. Vectors are taken to be
whitened already: unrelated ones have products near 0.

Everything is a function of the seed and the number of the block, so blocks are made where they are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twinreel.index.base import Int64
from twinreel.match.prepared import Prepared
from twinreel.types import LAYOUT, Float32

DIMENSIONS = 256
FRAMES = 60
BLOCK = 1000
"""Videos made at a time."""
COPIES = BLOCK // 10
COPIED = 20
"""Frames of a copy that are its source's."""
STRENGTHS = (0.33, 0.57, 0.8)
"""Length of what a light, medium and heavy edit adds to a unit vector."""


@dataclass(frozen=True, slots=True)
class Planted:
    """Pairs (p,) of video numbers, the copy and its source, and the strength of the edit: 0, 1 or 2."""

    copies: Int64
    sources: Int64
    strength: Int64


def unit(vectors: Float32) -> Float32:
    rows: Float32 = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return rows


def edited(vectors: Float32, length: float, rng: np.random.Generator) -> Float32:
    noise = rng.standard_normal(vectors.shape, np.float32)
    return unit(vectors + np.float32(length / np.sqrt(DIMENSIONS)) * noise)


def _originals(seed: int, block: int) -> Float32:
    topics = np.random.default_rng([seed, 1]).standard_normal((2000, DIMENSIONS), np.float32)
    rng = np.random.default_rng([seed, 2, block])
    scenes = topics[rng.integers(0, 2000, (BLOCK, 12))] * np.float32(0.5)
    scenes += rng.standard_normal(scenes.shape, np.float32)
    frames = np.repeat(scenes, FRAMES // 12, axis=1)
    frames += np.float32(0.5) * rng.standard_normal(frames.shape, np.float32)
    return unit(frames)


def planted(seed: int, block: int) -> Planted:
    """The last videos of a block are copies of some of the block before; in block 0 of its own first."""
    rng = np.random.default_rng([seed, 3, block])
    before = max(block - 1, 0)
    sources = before * BLOCK + rng.choice(BLOCK - COPIES, COPIES, replace=False)
    copies = block * BLOCK + BLOCK - COPIES + np.arange(COPIES)
    return Planted(copies, sources, np.arange(COPIES) % len(STRENGTHS))


def block_of(seed: int, block: int) -> Float32:
    """(1000, 60, 256) unit vectors of the videos ``1000 * block`` and after."""
    frames = _originals(seed, block)
    originals = frames if block == 0 else _originals(seed, block - 1)
    pairs = planted(seed, block)
    rng = np.random.default_rng([seed, 4, block])
    for copy, source, strength in zip(pairs.copies, pairs.sources, pairs.strength, strict=True):
        start, at = rng.integers(0, FRAMES - COPIED, 2)
        taken = originals[source % BLOCK, start : start + COPIED]
        frames[copy % BLOCK, at : at + COPIED] = edited(taken, STRENGTHS[strength], rng)
    intros = unit(np.random.default_rng([seed, 5]).standard_normal((51, 3, DIMENSIONS), np.float32))
    chosen = rng.choice(BLOCK - COPIES, BLOCK // 50 + BLOCK // 100, replace=False)
    for place, video in enumerate(chosen):
        which = 50 if place < BLOCK // 50 else rng.integers(0, 50)
        frames[video, :3] = edited(intros[which], 0.1, rng)
    return frames


def blocks(seed: int, count: int) -> Iterator[tuple[int, Float32]]:
    for block in range(count):
        yield block, block_of(seed, block)


def video(number: int, vectors: Float32) -> Prepared:
    """A frame a second, all of full weight, before a background that nothing is alike."""
    n = len(vectors)
    return Prepared(
        content=f"{number:032x}",
        duration=float(n),
        times=np.arange(n, dtype=np.float64),
        vectors=vectors,
        weights=np.ones(n, np.float32),
        bias=np.zeros(n, np.float32),
        layout=np.zeros((n, LAYOUT), np.float32),
        parts=np.zeros(n, np.uint8),
    )
