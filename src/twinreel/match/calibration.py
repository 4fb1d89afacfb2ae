"""From evidence to a score in [0, 1] that means the same in every library.

A logistic function of some terms, fitted by ``benchmarks/calibrate.py`` to pairs of real clips, of clips and
fragments, and of moments of one scene, with known truth (Platt, "Probabilistic outputs for support vector machines",
1999). The score is about the probability that a pair with such evidence, proposed by the candidate search,
shows the same footage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.match.evidence import Evidence
from twinreel.types import Float64

MIN_SCORE = 0.5
"""The operating point: what is reported reaches it."""
SURE_SCORE = 0.7
"""What is acted upon reaches it. On the five collections that docs/accuracy.md is measured on, all pairs ranked by
score, precision falls to 0.99 at 0.10 to 0.14 on four and at 0.46 on the fifth; at 0.7 it is 0.996 and more on each. It
is chosen well above those, not at them: among thousands of strangers the same score is still less often right ("In a
crowd"), and a copy that is left costs but its bytes."""
LENGTH = 16.0
"""Frames from which more of them prove nothing more: a path through two long videos finds likeness somewhere."""
CLOSE = 0.05
"""How far from being the same frames may be and still be as good as the same: compression alone does as much."""
SHORT = 0.5
"""Seconds that a video counts for at least."""
LIVELY = 0.3
"""``Evidence.motion`` from which more of it says nothing more."""


def terms(evidence: Evidence) -> Float64:
    """(18,) what the score is linear in, before the logistic function.

    Length counts by what it is made of: many frames that are hardly alike are no evidence, nor are many frames that
    do not change alike; and the more a scene changes, the more is missing where it does not change alike. The longer
    both videos are, the more there has to be: the best of many stretches is alike by chance, and the odds against it
    grow with their number. That a stretch changes alike says more where it changes in many ways: any two smooth zooms
    agree. From alike to the same is a longer way than from unlike to alike: another moment of a scene
    may well be alike; and the more alike two stretches are, the more it speaks against them where something moves
    through the picture and not at the same moments.
    """
    e = evidence
    frames = min(e.frames, LENGTH)
    alike = np.sqrt(max(e.mean, 0.0)) * np.log(2 + frames)
    chances, length = np.log(max(e.shorter, SHORT)), np.log1p(frames)
    moments = [e.agreement, e.agreement * length, e.relative]
    moments += [e.concord, e.concord * length, e.change, e.change * length]
    near = -np.log(1 + CLOSE - min(e.mean, 1.0))
    ways = np.log(e.variety)
    moments += [e.relative * ways, e.agreement * ways]
    fields = [e.moved, near * min(e.motion, LIVELY) * (1 - e.moved)]
    return np.array([1.0, e.best, alike, near, *moments, *fields, e.least, e.covered, chances])


def in_crowd(score: float, crowd: float) -> float:
    """A score among ``crowd`` times as many videos as it was calibrated for: its odds, divided by that.

    Bayes' rule: evidence says as much as ever, but as many more strangers have had the chance to be as much alike,
    while a video has no more copies than before.
    """
    return score / (1 + (crowd - 1) * (1 - score))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Coefficients (18,) of ``terms``."""

    coefficients: tuple[float, ...]

    def score(self, evidence: Evidence) -> float:
        logit = float(np.dot(self.coefficients, terms(evidence)))
        return float(1 / (1 + np.exp(-np.clip(logit, -40, 40))))


DEFAULT = Calibration(
    (-7.10, 1.15, 0.53, 1.14, 8.24, 1.32, 3.32, -0.39, -0.10, 2.12, -0.62, 3.14, 6.39, 4.73, -7.89, 5.47, 1.09, -1.20)
)
"""For the descriptor that ships with the package."""
