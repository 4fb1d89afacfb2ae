"""Footage that is played backwards: aligned as if time ran backwards in a."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twinreel.match.alignment import Box
from twinreel.types import Float32, Float64

FALLING = 0.9
"""Share of the steps from frame to frame of a that lead back in b, from which the pair is tried. Where nothing is
common, or in another take of a scene, it is about half of them, and a few go the same way by chance."""
FEWEST = 7
"""Steps at least: fewer go back by chance where a scene sways, as two takes of one interview do."""
CLEAR = 0.3
"""Normalised similarity from which a frame says so: the rare case is not worth trying on faint likeness."""


def runs_backwards(frames: Float32) -> bool:
    """Do the most alike frames of b come earlier as those of a come later? ``frames`` (n, m): the similarity map."""
    like = frames.max(axis=1) >= CLEAR
    steps = np.diff(frames[like].argmax(axis=1))
    steps = steps[steps != 0]
    return len(steps) >= FEWEST and bool((steps < 0).mean() >= FALLING)


def reversed_times(times: Float64, duration: float) -> Float64:
    """Seconds (n,) of the same frames where the video is played from its end, ascending."""
    return np.asarray(duration - times[::-1], np.float64)


def as_played(box: Box, frames: int, duration: float) -> Box:
    """A box found with a's ``frames`` frames in reversed order, as it lies in a; the rows of its path descend."""
    path = np.stack([frames - 1 - box.path[:, 0], box.path[:, 1]], axis=1)
    return replace(box, a_start=max(0.0, duration - box.a_stop), a_stop=duration - box.a_start, path=path)
