"""A fingerprint made ready for comparing: seen from a library's background."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from twinreel.match.reference import Background
from twinreel.types import MIDDLE, Fingerprint, Float32, Float64, Span, UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """One video as the match room sees it."""

    content: str
    duration: float
    """Seconds; at least the last sample's time."""
    times: Float64
    """(n,) seconds, strictly ascending within each part, the parts one after another."""
    vectors: Float32
    """(n, d) unit vectors in the space of the background (``Background.project``)."""
    weights: Float32
    """(n,) in [0, 1]."""
    bias: Float32
    """(n,) how similar each frame is to frames that have nothing to do with it."""
    layout: Float32
    """(n, k) left-right signature (``describe.layout``)."""
    parts: UInt8
    """(n,) ascending: 0 for the whole picture, 1 and more for pictures within it, ``MIDDLE`` for its middle."""
    crowd: float = 1.0
    """Of the library that it is compared in (``Reference.crowd``)."""
    begin: float = 0.0
    """Seconds from which a picture within the picture is there, ..."""
    end: float = math.inf
    """... and up to which; the whole picture is there throughout, and so is its middle."""

    def split(self) -> list[Prepared]:
        """One for the whole picture and one for each picture within it, each with ascending times."""
        spans = self.spans()
        return [self] if len(spans) == 1 else [self.part(span) for span in spans]

    def spans(self) -> list[slice]:
        """The rows of each part."""
        starts = np.flatnonzero(self.parts[1:] != self.parts[:-1]) + 1
        return [slice(first, last) for first, last in pairwise([0, *starts.tolist(), len(self)])]

    @property
    def middle(self) -> bool:
        """Is it, after a split, the middle of the picture?"""
        return len(self) > 0 and int(self.parts[0]) == MIDDLE

    def part(self, rows: slice) -> Prepared:
        """One of ``spans``, by itself."""
        begin, end = self._there(rows)
        return replace(
            self,
            begin=begin,
            end=end,
            times=self.times[rows],
            vectors=self.vectors[rows],
            weights=self.weights[rows],
            bias=self.bias[rows],
            layout=self.layout[rows],
            parts=self.parts[rows],
        )

    def _there(self, rows: slice) -> Span:
        """``begin`` and ``end`` of a part: half-way to the frames in which it is not there any more."""
        if int(self.parts[rows.start]) in (0, MIDDLE):
            return 0.0, math.inf
        whole, own = self.times[self.parts == 0], self.times[rows]
        before, after = whole[whole < own[0]], whole[whole > own[-1]]
        begin = float(before[-1] + own[0]) / 2 if len(before) else 0.0
        return begin, float(own[-1] + after[0]) / 2 if len(after) else math.inf

    def __len__(self) -> int:
        return len(self.times)


def prepare(content: str, duration: float, fingerprint: Fingerprint, background: Background) -> Prepared:
    """Everything that comparing needs of one video, computed once."""
    vectors = background.project(fingerprint.vectors)
    last = float(fingerprint.times.max(initial=0.0))
    return Prepared(
        content,
        max(duration, last),
        fingerprint.times,
        vectors,
        fingerprint.weights,
        background.bias(vectors),
        fingerprint.layout,
        fingerprint.parts,
        background.crowd,
    )


def best_similarity(a: Prepared, b: Prepared) -> Float32:
    """(n, m) for the times of the whole pictures of both: ``similarity`` of the most alike parts shown then."""
    frames = similarity(a, b)
    rows, columns = np.searchsorted(_whole(a), a.times), np.searchsorted(_whole(b), b.times)
    best = np.full((len(_whole(a)), len(_whole(b))), -np.inf, np.float32)
    np.maximum.at(best, (rows[:, None], columns[None, :]), frames)
    return best


def _whole(video: Prepared) -> Float64:
    times: Float64 = video.times[video.parts == 0]
    return times


def similarity(a: Prepared, b: Prepared) -> Float32:
    """(n, m) normalised similarity of all frames of a to all of b: 0 as alike as unrelated frames, 1 the same.

    s' = (s - bias) / (1 - bias) with the mean bias of both frames, times the weight of both (geometric mean), so that
    frames that say nothing neither support nor contradict. Score normalisation after the VSC2022 baseline's
    (Pizzi et al., "The 2023 Video Similarity Dataset and Challenge"), made symmetric, and with the mean and spread
    of the background in place of its maximum: a library's background holds copies, too.
    """
    raw = a.vectors @ b.vectors.T
    bias = (a.bias[:, None] + b.bias[None, :]) / 2
    weight = np.sqrt(a.weights[:, None] * b.weights[None, :])
    return np.asarray((raw - bias) / (1 - bias) * weight, np.float32)
