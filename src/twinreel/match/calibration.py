"""From evidence to a score in [0, 1] that means the same in every library.

A logistic function of few terms, each of which can only mean one thing, fitted by ``benchmarks/calibrate.py`` to pairs
of real clips, and of clips and fragments, with known truth (Platt, "Probabilistic outputs for support vector
machines", 1999). The score is about the probability that a pair with such evidence, proposed by the candidate search,
shows the same footage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.match.evidence import Evidence
from twinreel.types import Float64

MIN_SCORE = 0.5
"""The operating point: what is reported reaches it."""
LENGTH = 16.0
"""Frames from which more of them prove nothing more: a path through two long videos finds likeness somewhere."""
SHORT = 0.5
"""Seconds that a video counts for at least."""


def terms(evidence: Evidence) -> Float64:
    """(6,) what the score is linear in, before the logistic function.

    Length counts by what it is made of: many frames that are hardly alike are no evidence, nor are many frames that
    do not change alike. The longer both videos are, the more there has to be: the best of many stretches is alike by
    chance, and the odds against it grow with their number.
    """
    e = evidence
    frames = min(e.frames, LENGTH)
    alike = np.sqrt(max(e.mean, 0.0)) * np.log(2 + frames)
    chances = np.log(max(e.shorter, SHORT))
    return np.array([1.0, e.best, alike, e.agreement, e.agreement * np.log1p(frames), chances])


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients (6,) of ``terms``."""

    coefficients: tuple[float, ...]

    def score(self, evidence: Evidence) -> float:
        logit = float(np.dot(self.coefficients, terms(evidence)))
        return float(1 / (1 + np.exp(-np.clip(logit, -40, 40))))


DEFAULT = Calibration((-3.71, 3.24, 3.35, 12.10, 4.48, -1.04))
"""For the descriptor that ships with the package."""
