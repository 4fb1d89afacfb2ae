"""Labels of a video from those of its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.types import Float32, Float64

QUORUM = 3
"""Frames that a label's score is the mean of, its best: one odd frame makes no tag, and one scene is enough for one."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A label of a video."""

    label: str
    score: float
    """In [0, 1]."""
    time: float
    """Seconds of the frame that shows it best."""


def merge(
    labels: tuple[str, ...], chances: Float32, weights: Float32, times: Float64, *, top: int, least: float
) -> list[Tag]:
    """The labels of a video, best first.

    chances: (n, labels), how probable each label is in each frame; weights: (n,), 0 for frames that say nothing;
    times: (n,). A label's score is the mean of its chances in the ``QUORUM`` frames where it is most probable, each
    times the frame's weight; in as many as there are, where there are fewer. Those of at least ``least`` count, of them
    ``top``.
    """
    told = weights > 0
    if not told.any():
        return []
    weighed = chances[told] * weights[told, np.newaxis]
    best = -np.sort(-weighed, axis=0)[:QUORUM]
    scores = best.mean(axis=0)
    when = times[told][weighed.argmax(axis=0)]
    order = np.lexsort((np.arange(len(labels)), -scores))[:top]
    return [Tag(labels[one], float(scores[one]), float(when[one])) for one in order if scores[one] >= least]
