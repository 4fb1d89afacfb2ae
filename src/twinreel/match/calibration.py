"""From evidence to a score in [0, 1] that means the same in every library.

A logistic function of few terms, each of which can only mean one thing, fitted by ``benchmarks/calibrate.py`` to pairs
of real clips with known truth (Platt, "Probabilistic outputs for support vector machines", 1999). The score is about
the probability that a pair with such evidence, proposed by the candidate search, shows the same footage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.match.evidence import Evidence
from twinreel.types import Float64

MIN_SCORE = 0.5
"""The operating point: what is reported reaches it."""


def terms(evidence: Evidence) -> Float64:
    """(8,) what the score is linear in, before the logistic function."""
    e = evidence
    return np.array(
        [1.0, e.best, e.mean, np.log1p(e.frames), e.observed, e.expected, e.agreement, e.expected * e.agreement]
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients (8,) of ``terms``."""

    coefficients: tuple[float, ...]

    def score(self, evidence: Evidence) -> float:
        logit = float(np.dot(self.coefficients, terms(evidence)))
        return float(1 / (1 + np.exp(-np.clip(logit, -40, 40))))


DEFAULT = Calibration((-8.65, 3.53, 4.60, 3.04, 6.34, -2.06, 5.02, 5.96))
"""For the descriptor that ships with the package."""
