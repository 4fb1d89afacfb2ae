"""How well edited views of photographs that were not trained on find their originals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twinreel.edits.base import Rng
from twinreel.train.views import Photographs, stretched, view
from twinreel.types import Float32, UInt8

VIEWS = 2
"""Of each photograph."""
RIVALS = 5
"""Other originals that a likeness counts relative to, as it does in a library: the most alike but one."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What is found; all in [0, 1]."""

    ap: float
    """Micro average precision over all pairs of a view and an original."""
    recall_p99: float
    """Largest recall at a precision of at least 0.99."""
    nearest: float
    """Share of the views whose nearest original is theirs."""


def examples(photographs: Photographs, numbers: list[int], size: int, strength: float, rng: Rng) -> tuple[UInt8, UInt8]:
    """Originals (n, size, size, 3), and ``VIEWS`` edited views of each in their order."""
    originals = [stretched(photographs[number], size) for number in numbers]
    views = [view(photographs, number, size, strength, rng).frame for number in numbers for _ in range(VIEWS)]
    return np.stack(originals), np.stack(views)


def measure(describe: Callable[[UInt8], Float32], originals: UInt8, views: UInt8) -> Retrieval:
    """``describe``: frames to unit vectors."""
    scores = describe(views) @ describe(originals).T
    scores -= np.sort(scores, axis=1)[:, -RIVALS - 1 : -1].mean(axis=1, keepdims=True)
    truth = np.arange(len(views)) // VIEWS
    nearest = float((scores.argmax(axis=1) == truth).mean())
    right = truth[:, None] == np.arange(len(originals))[None, :]
    hits = right.ravel()[np.argsort(-scores.ravel(), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    recall = np.cumsum(hits) / len(views)
    sure = recall[precision >= 0.99]
    return Retrieval(float(precision[hits].mean()), float(sure.max(initial=0.0)), nearest)
