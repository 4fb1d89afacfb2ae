"""Videos whose frames are known: which second of which footage each shows, and so who copies whom.

A frame is a vector that changes smoothly with the footage (random Fourier features, Rahimi and Recht 2007: the inner
product of two frames is about a Gaussian of the seconds between them), so nothing here knows how frames are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from twinreel.index.base import Int64
from twinreel.match.prepared import Prepared, prepare
from twinreel.match.reference import Background, background_of
from twinreel.types import LAYOUT, Fingerprint, Float32, Float64, Reference

DIMENSIONS = 256
PACE = 2.0
"""Seconds in which a scene changes beyond recognition."""
APART = 1e5
"""Seconds between the footage of two videos."""


@dataclass(frozen=True)
class Part:
    """Seconds ``[start, stop)`` of a video show the footage from second ``footage`` on, or back from it."""

    start: float
    stop: float
    footage: float
    speed: float = 1.0
    mirrored: bool = False


@cache
def _features(seed: int, count: int) -> tuple[Float64, Float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1 / PACE, count), rng.uniform(0, 2 * np.pi, count)


def frames(seconds: Float64, seed: int = 5, count: int = DIMENSIONS) -> Float32:
    """(n, count) unit vectors of the footage at (n,) seconds."""
    frequencies, phases = _features(seed, count)
    vectors = np.cos(np.outer(seconds, frequencies) + phases)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@cache
def turn() -> Int64:
    """(d,) a permutation that is its own inverse: what mirroring a frame does to a vector that can tell."""
    shuffled = np.random.default_rng(9).permutation(DIMENSIONS)
    pairs = np.arange(DIMENSIONS)
    pairs[shuffled[::2]], pairs[shuffled[1::2]] = shuffled[1::2], shuffled[::2]
    return pairs


@cache
def background() -> Background:
    """Of 400 unrelated frames, as far apart as videos are."""
    return background_of(Reference("unrelated", frames(np.linspace(2e7, 9e8, 400))))


def fingerprint(
    times: Sequence[float] | Float64,
    parts: Sequence[Part] = (),
    *,
    own: int = 1,
    noise: float = 0.1,
    turned: bool = False,
) -> Fingerprint:
    """Of a video with samples at ``times``; what no part covers is footage of its ``own``.

    ``noise``: length of a random vector added to each unit vector, as compression does. ``turned``: the describer can
    tell mirrored frames, whose vectors are turned.
    """
    at = np.asarray(times, float)
    seconds, mirrored = at + own * APART, np.zeros(len(at), bool)
    for part in parts:
        inside = (at >= part.start) & (at < part.stop)
        seconds[inside] = part.footage + (at[inside] - part.start) * part.speed
        mirrored[inside] = part.mirrored
    vectors = frames(seconds)
    if turned:
        vectors[mirrored] = vectors[mirrored][:, turn()]
    vectors = vectors + noise / np.sqrt(DIMENSIONS) * np.random.default_rng(own).standard_normal(vectors.shape)
    vectors = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
    signature = frames(seconds, seed=6, count=LAYOUT)
    signature[mirrored] *= -1
    return Fingerprint(
        at, vectors, np.ones(len(at), np.float32), signature, "planted@1", "dense:1", np.zeros(len(at), np.uint8)
    )


def video(
    content: str,
    duration: float,
    parts: Sequence[Part] = (),
    *,
    step: float = 1.0,
    first: float = 0.0,
    own: int = 1,
    noise: float = 0.1,
    turned: bool = False,
) -> Prepared:
    """Samples every ``step`` seconds from ``first`` on."""
    made = fingerprint(np.arange(first, duration, step), parts, own=own, noise=noise, turned=turned)
    return prepare(content, duration, made, background())


def with_inset(host: Prepared, inset: Prepared, part: int = 1) -> Prepared:
    """The host with the other as a picture within its picture, or another part, at the times that the inset has."""
    return replace(
        host,
        times=np.concatenate([host.times, inset.times]),
        vectors=np.concatenate([host.vectors, inset.vectors]),
        weights=np.concatenate([host.weights, inset.weights]),
        bias=np.concatenate([host.bias, inset.bias]),
        layout=np.concatenate([host.layout, inset.layout]),
        parts=np.repeat(np.array([0, part], np.uint8), [len(host), len(inset)]),
    )
