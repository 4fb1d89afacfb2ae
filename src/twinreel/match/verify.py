"""The Verifier seam: the regions of two videos to one similarity; and the plainest verifier.

A verifier looks again at pairs that were found by other means. It sees all regions of all frames of both videos, which
nobody could compare for all pairs of a library.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from twinreel.types import Float32, Match

BLOCK = 32
"""Frames of one video that are compared with all of the other at a time: 75 MB beside two hours."""


class Verifier(Protocol):
    """Says how alike two videos are, from their regions."""

    name: str
    version: str
    """Changes whenever the same regions would give another similarity."""

    def similarity(self, a: Float32, b: Float32) -> float:
        """Regions (t, r, d) and (u, r, d), unit vectors -> at most 1, which is the same; the same whichever is a.

        High where the shorter of the two lies in the longer one. t and u are 1 or more.
        """
        ...


class Chamfer:
    """Chamfer similarity of regions, then of frames, without anything learned: ViSiL_f (Kordopatis-Zilos et al., ICCV
    2019). The better of both directions, so that an excerpt is as good as a copy of the whole."""

    name = "chamfer"
    version = "1"

    def similarity(self, a: Float32, b: Float32) -> float:
        """See Verifier; in [-1, 1]."""
        frames = frame_similarities(a, b)
        return float(max(frames.max(axis=1).mean(), frames.max(axis=0).mean()))


def frame_similarities(a: Float32, b: Float32) -> Float32:
    """Regions (t, r, d) and (u, s, d) -> (t, u): for each region of one frame the best of the other's, in the mean over
    the regions and of both directions."""
    (t, r, d), (u, s, _) = a.shape, b.shape
    columns = b.reshape(u * s, d).T
    found = np.empty((t, u), np.float32)
    for start in range(0, t, BLOCK):
        rows = a[start : start + BLOCK]
        products = (rows.reshape(-1, d) @ columns).reshape(len(rows), r, u, s)
        forth, back = products.max(axis=3).mean(axis=1), products.max(axis=1).mean(axis=2)
        found[start : start + BLOCK] = (forth + back) / 2
    return found


def rescored(match: Match, similarity: float | None) -> Match:
    """The match as it stands after a second look; as it is where there was none."""
    if similarity is None:
        return match
    return replace(match, score=(match.score + min(1.0, max(0.0, similarity))) / 2)
