"""What scores are relative to: the background of a library.

Two videos are alike only by comparison with videos that have nothing to do with one another. A ``Reference`` names
such frames: some that ship with the package (so that the first two videos can be compared), and, as a library grows,
frames of the library itself: those of the videos with the lowest content ids, which is as good as a random choice
and the same on every machine and in every order of adding.

Two things follow from it, both for all of a library's vectors alike:

*   whitening: the mean is subtracted and frequent directions are damped (Jégou & Chum, ECCV 2012), with the
    eigenvalues raised by ``DAMPING`` times their mean, since few frames tell little about rare directions;
*   a bias for every frame: the mean plus ``SPREAD`` standard deviations of its similarity to the background.

And where a library has more videos than can stand for it, their number counts: among ten times as many, ten times as
many strangers can be as much alike as a copy, which no mean or spread says (``calibration.in_crowd``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import numpy as np
import xxhash
from numpy.typing import NDArray

from twinreel.types import Fingerprint, Float32, Reference

Scalar = TypeVar("Scalar", bound=np.generic)

VIDEOS = 512
"""Videos of the library that stand for it."""
FRAMES = 8
"""Frames of each of them, spread evenly."""
SHIPPED = 128
"""Frames of those that come with the describer that take part: as many as of sixteen videos. More of them, and in a
small library of one kind (drawings, recordings of a screen) everything would be alike by comparison with photographs;
fewer, and the first videos would be their own background."""
ALIKE = 4.5
"""Spreads above the usual similarity of frames of different videos from which one of two is left out: they show the
same, and were copies part of the background, a library that is full of them would take copies for unrelated. What is
usual is what the library holds: drawings are all more alike than photographs are."""
ENOUGH = 3
"""Videos of the library that can say what is usual; before, the shipped frames say it as well."""
MEASURED = 1024
"""Frames that the usual similarity is measured on, at most."""
TOLERATED = 0.2
"""Share of the standing videos that may have changed before a library's reference is fitted anew."""
DAMPING = 2.0
SPREAD = 1.0
_TO_SPREAD = 1.4826
"""Standard deviations in a median absolute deviation, of a normal distribution."""
MOST_BIAS = 0.6
"""A frame like everything else still has some room above its bias."""


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """A Reference made ready."""

    id: str
    mean: Float32
    """(d,)"""
    projection: Float32
    """(d, d)"""
    frames: Float32
    """(m, d) the background frames, projected; none where they are too few to say what is usual."""
    crowd: float
    """See ``Reference``."""

    def project(self, vectors: Float32) -> Float32:
        """(n, d) as described -> (n, d) unit vectors, whitened."""
        return _unit(np.asarray((vectors - self.mean) @ self.projection, np.float32))

    def bias(self, projected: Float32) -> Float32:
        """(n, d) projected -> (n,): similarity to expect of unrelated frames.

        Mean and spread of the similarities to all background frames but the ``FRAMES`` most alike ones, a quarter of
        them at most: the video itself, or one that shows the same, may be among those that stand for the library.
        """
        count = len(self.frames)
        if not count:
            return np.zeros(len(projected), np.float32)
        rest = count - min(FRAMES, count // 4)
        usual = np.partition(projected @ self.frames.T, rest - 1, axis=1)[:, :rest]
        bias = usual.mean(axis=1) + SPREAD * usual.std(axis=1)
        return np.asarray(np.clip(bias, 0, MOST_BIAS), np.float32)


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)


def standing(contents: Iterable[str]) -> list[str]:
    """The videos that stand for a library: the lowest content ids."""
    return sorted(contents)[:VIDEOS]


def outdated(reference_videos: Sequence[str], contents: Iterable[str]) -> bool:
    """Has the set of standing videos changed so much that the reference should be fitted anew?

    A library that has not reached ``VIDEOS`` yet is always fitted to exactly what it holds.
    """
    now = standing(contents)
    if len(now) < VIDEOS:
        return list(reference_videos) != now
    return len(set(now) - set(reference_videos)) > TOLERATED * len(now)


def fit_reference(shipped: Float32, fingerprints: Iterable[Fingerprint], size: int = 0) -> Reference:
    """The reference of a library of ``size`` videos from their fingerprints in order of content id, of which only those
    of the standing ones are taken.

    ``shipped``: (m, d) background vectors of the describer, m may be 0. Up to ``SHIPPED`` of them always take part, so
    that a library of three videos is not its own background. What an earlier video shows as well does not, see
    ``ALIKE``.
    """
    videos = [_spread(shipped, SHIPPED)]
    for fingerprint in islice(fingerprints, VIDEOS):
        telling = np.flatnonzero((fingerprint.weights > 0) & (fingerprint.parts == 0))
        if len(telling):
            videos.append(fingerprint.vectors[_spread(telling, FRAMES)])
    background = np.ascontiguousarray(_distinct(videos), np.float32)
    return reference_of(background, max(1.0, size / VIDEOS))


def reference_of(background: Float32, crowd: float) -> Reference:
    """A reference, named by what it is made of."""
    digest = xxhash.xxh3_64(background.tobytes())
    if crowd > 1:
        digest.update(repr(crowd).encode())
    return Reference(digest.hexdigest(), background, crowd)


def _distinct(videos: Sequence[Float32]) -> Float32:
    """All vectors of the first, the shipped ones; of each further one those alike to none of an earlier one."""
    frames = np.concatenate(videos)
    owners = np.repeat(np.arange(len(videos)), [len(one) for one in videos])
    limit = _alike(frames, owners, len(videos) > ENOUGH)
    kept = owners == 0
    for owner in range(1, len(videos)):
        own = np.flatnonzero(owners == owner)
        kept[own] = (frames[own] @ frames[kept].T).max(axis=1, initial=-1.0) < limit
    return np.asarray(frames[kept], np.float32)


def _alike(frames: Float32, owners: NDArray[np.int64], own_only: bool) -> float:
    """Similarity from which two frames (n, d) of different owners (n,) show the same; owner 0 is nobody's."""
    some = _spread(np.flatnonzero(owners > 0) if own_only else np.arange(len(frames)), MEASURED)
    across = owners[some][:, None] != owners[some]
    across |= (owners[some] == 0) & ~np.eye(len(some), dtype=bool)
    usual = (frames[some] @ frames[some].T)[across]
    if not len(usual):
        return np.inf
    # In place: a million similarities, of which copies would be the most memory that a small library's scan takes.
    middle = np.median(usual, overwrite_input=True)
    usual -= middle
    np.abs(usual, out=usual)
    return float(middle + ALIKE * _TO_SPREAD * np.median(usual, overwrite_input=True))


def _spread(rows: NDArray[Scalar], count: int) -> NDArray[Scalar]:
    """As many rows at most, spread evenly."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, count).round().astype(int))] if len(rows) else rows


def background_of(reference: Reference) -> Background:
    """Derives whitening and bias from the background frames; the identity, and no bias, where there are too few."""
    frames = reference.background
    dimensions = frames.shape[1]
    if len(frames) < 2:
        mean, projection = np.zeros(dimensions, np.float32), np.eye(dimensions, dtype=np.float32)
        return Background(reference.id, mean, projection, np.zeros((0, dimensions), np.float32), reference.crowd)
    x = frames.astype(np.float64)
    values, axes = np.linalg.eigh(np.cov(x, rowvar=False))
    values = np.maximum(values, 0)
    # back in the describer's own axes, so that nothing depends on the sign or order of eigenvectors
    projection = (axes / np.sqrt(values + DAMPING * values.mean() + 1e-9)) @ axes.T
    mean, projection = x.mean(axis=0).astype(np.float32), projection.astype(np.float32)
    background = Background(reference.id, mean, projection, frames, reference.crowd)
    return replace(background, frames=background.project(frames))
