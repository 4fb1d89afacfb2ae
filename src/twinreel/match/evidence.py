"""What an aligned stretch says for and against its being a copy.

Similarity alone cannot tell a copy from another moment of the same scene: both look alike, frame for frame. Time can.
If b shows a's footage, then b's frames differ from one another just as a's do: the similarity of a's frame at one
moment to b's frame at *another* moment of the path is lower than to the one it is aligned with, by as much as a's own
two frames differ. In another take of the scene the aligned pairs are no more alike than any others. Nothing moves in
a still scene, so nothing is expected there and nothing is held against it.

A second witness is the brightness of a few large fields of each frame (``describe.layout``), which no descriptor has
a say in: what moves through the picture, moves through that of a copy at the same moments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.match.alignment import Box
from twinreel.match.prepared import Prepared
from twinreel.types import Float32

NEAR = 0.8
"""Seconds: moments of a path closer than this are too alike to be compared."""
FAR = 4.5
"""Seconds: beyond this a scene has usually changed, which copies and other takes of a programme share."""
FAINT = 0.02
"""Differences between frames up to about its root are noise."""
FEW = 4.0
"""Pairs of moments, or moments, that make half the case: so few agree by chance."""

LEAST = 0.2
"""Share of a path's frames that may be less alike than it is said to be throughout."""
QUIET = 0.0045
"""Root mean square of the brightness, over 255, by which a field of a still scene moves: quantisation and noise."""

FAINTEST = 0.05
"""Likeness below which its size means nothing."""
TINY = 1e-6
"""Keeps differences that are none from having a direction."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one path through a similarity map."""

    best: float
    """Highest normalised similarity on the path."""
    mean: float
    """Weighted mean of the normalised similarity along the path."""
    least: float
    """The normalised similarity that all but ``LEAST`` of the path's frames reach: a copy is one throughout."""
    frames: float
    """Frames that say something, by their weights; those closer than a second count by the time they stand for, so that
    sampling more densely does not make more of the same evidence."""
    agreement: float
    """How far the differences of moments across the two videos are those within each: about 1 in a copy, about 0 where
    they have nothing in common or nothing differs."""
    relative: float
    """The same in proportion to how alike the aligned frames are: an edit that makes frames less alike makes their
    differences smaller, too."""
    concord: float
    """Whether the differences across go with those within, whatever their size: the cosine of the two, in [-1, 1]."""
    change: float
    """How much the moments of the stretch differ within the videos: where nothing does, nothing can agree."""
    variety: float
    """In how many ways the moments of the stretch differ: 1 for a smooth zoom, which any other agrees with by chance;
    the more shots and things that move, the more. 1 and more."""
    motion: float
    """How much the brightness of the fields moves, over 255: root mean square of all together, of the video in which
    they move less."""
    moved: float
    """How far it moves at the same moments in both: the correlation where it is above 0, in [0, 1)."""
    covered: float
    """Share of the shorter video that the stretch takes, [0, 1]: two frames may be all that a short video has."""
    shorter: float
    """Seconds of the shorter video. The more there are, the more stretches could have been alike by chance."""


def evidence(a: Prepared, b: Prepared, similarity: Float32, box: Box, *, mirrored: bool = False) -> Evidence:
    """``similarity``: the normalised map (n, m) that the box was found in; a and b as they were compared; ``mirrored``:
    whether b's frames are mirror images there."""
    rows, columns = box.path.T
    along = similarity[rows, columns]
    weights = np.sqrt(a.weights[rows] * b.weights[columns])
    weight = float(weights.sum())
    at = a.times[rows]
    gaps = np.ones(len(at))
    np.abs(at[1:] - at[:-1], out=gaps[1:])
    across = a.vectors[rows] @ b.vectors[columns].T
    within = (a.vectors[rows] @ a.vectors[rows].T + b.vectors[columns] @ b.vectors[columns].T) / 2
    apart = np.abs(at[:, None] - at)
    pairs = (apart > NEAR) & (apart < FAR)
    agreement = relative = concord = change = 0.0
    if pairs.any():
        aligned = np.diag(across).astype(np.float64)
        lost = (aligned[:, None] - across)[pairs]
        seen = ((aligned[:, None] + aligned[None, :] - across - across.T) / 2)[pairs]
        due = (1 - within)[pairs].astype(np.float64)
        sure = len(due) / (len(due) + 2 * FEW)  # each pair stands in there twice
        size = (due * due).sum() + FAINT * len(due)
        agreement = sure * float((lost * due).sum() / size)
        relative = sure * float((seen * due).sum() / size) / max(float(aligned.mean()), FAINTEST)
        change = float(due.mean())
        if len(due) > FEW:
            concord = sure * float((seen * due).sum() / np.sqrt((seen * seen).sum() * (due * due).sum() + TINY))
    mean = float(along.sum()) / weight if weight > 0 else 0.0
    frames = float((weights * np.minimum(gaps, 1.0)).sum())
    shorter = min(a.duration, b.duration)
    taken = box.a_stop - box.a_start if a.duration <= b.duration else box.b_stop - box.b_start
    covered = min(1.0, taken / shorter) if shorter > 0 else 1.0
    moments = float(np.minimum(gaps, 1.0).sum())
    motion, moved = _motion(a.layout[rows], -b.layout[columns] if mirrored else b.layout[columns], moments)
    return Evidence(
        best=float(along.max()),
        mean=mean,
        least=max(0.0, _quantile(along, LEAST)),
        frames=frames,
        agreement=agreement,
        relative=relative,
        concord=concord,
        change=change,
        variety=_variety(within),
        motion=motion,
        moved=moved,
        covered=covered,
        shorter=shorter,
    )


def _quantile(values: Float32, share: float) -> float:
    """Of (p,), p >= 1, between two values in proportion, as ``numpy.quantile`` does it in twenty times the time."""
    ordered = np.sort(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below]) + (place - below) * float(ordered[above] - ordered[below])


def _motion(a: Float32, b: Float32, moments: float) -> tuple[float, float]:
    """``Evidence.motion`` and ``moved`` of aligned layouts (p, k), of b's the way round that a's are; ``moments``: how
    many they count for."""
    moves_a, moves_b = (each.astype(np.float64) - each.mean(axis=0) for each in (a, b))
    size_a, size_b = float((moves_a * moves_a).sum()), float((moves_b * moves_b).sum())
    still = QUIET * QUIET * a.size
    together = float((moves_a * moves_b).sum()) / float(np.sqrt((size_a + still) * (size_b + still)))
    return float(np.sqrt(min(size_a, size_b) / len(a))), max(0.0, together) * moments / (moments + FEW)


def _variety(within: Float32) -> float:
    """Participation ratio of the moments' principal components, from their inner products (p, p): (sum of the
    eigenvalues)^2 / (sum of their squares), as Litwin-Kumar et al. ("Optimal degrees of synaptic connectivity", Neuron
    2017) count dimensions."""
    centred = within - within.mean(axis=0, keepdims=True)
    centred -= centred.mean(axis=1, keepdims=True)
    squares = float((centred * centred).sum())
    return max(1.0, float(np.trace(centred)) ** 2 / squares) if squares > TINY else 1.0
