"""Candidates: which videos are worth aligning with one, by votes of nearest neighbours.

Every frame of the query asks for its nearest neighbours. A neighbour votes for a (video, time offset) cell with its
normalised similarity: frames of a copy agree on the offset, chance hits scatter (the Hough idea of Douze, Jégou &
Schmid, "An image-based approach to video copy detection with spatio-temporal post-filtering", IEEE TMM 2010, section
IV). A frame has one vote in a cell. Cells overlap by half, and are as wide as a copy at another speed drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twinreel.index.base import Index, Int64
from twinreel.match.prepared import Prepared
from twinreel.types import Float32, Float64

NEIGHBOURS = 48
"""Nearest neighbours of each frame."""
PER_VIDEO = 3
"""... of which at most so many of one video: a still video must not fill the places."""
FLOOR = 0.1
"""Normalised similarity from which a neighbour has a vote."""
WIDTH = 4.0
"""Seconds of offset in a cell at least."""
DRIFT = 0.25
"""... and this share of the query's duration: a copy played faster or slower drifts through offsets."""
ENOUGH = 0.3
"""Votes of the best cell from which a video is a candidate."""


@dataclass(frozen=True, slots=True)
class Found:
    """A video that the votes propose, by its number in the haystack."""

    number: int
    votes: float
    """Sum of the normalised similarities in the best cell."""
    offset: float
    """Seconds of that cell: time in the found video minus time in the query."""
    mirrored: bool
    """Whether the mirrored query gathered the votes."""


class Haystack:
    """All videos that can be found: an index of their frames, and what votes need to know of each frame."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._times: dict[int, Float64] = {}
        self._bias: dict[int, Float32] = {}

    def __len__(self) -> int:
        """Number of videos."""
        return len(self._times)

    def add(self, number: int, video: Prepared) -> None:
        """Frames that say nothing are left out: nobody should find them."""
        telling = video.weights > 0
        self._index.add(number, video.vectors[telling])
        self._times[number] = video.times[telling]
        self._bias[number] = video.bias[telling]

    def find(
        self, query: Prepared, mirrored: Float32 | None = None, *, exclude: int | None = None, limit: int = 200
    ) -> list[Found]:
        """Candidates for a video, most votes first, equal votes by number; at most ``limit``.

        ``mirrored``: the query's vectors (n, d) mirrored, where its describer can do that. ``exclude``: the number of
        the query itself.
        """
        best = {found.number: found for found in self._vote(query, query.vectors, False, exclude)}
        if mirrored is not None:
            for found in self._vote(query, mirrored, True, exclude):
                if found.number not in best or found.votes > best[found.number].votes:
                    best[found.number] = found
        ranked = sorted(best.values(), key=lambda found: (-found.votes, found.number))
        return [found for found in ranked if found.votes >= ENOUGH][:limit]

    def _vote(self, query: Prepared, vectors: Float32, mirrored: bool, exclude: int | None) -> list[Found]:
        rows = np.flatnonzero(query.weights > 0)
        if not len(rows) or not len(self._index):
            return []
        scores, owners, hits = self._index.search(vectors[rows], NEIGHBOURS, exclude=exclude, per_owner=PER_VIDEO)
        frame, place = np.nonzero(owners >= 0)
        owner, hit, score = owners[frame, place], hits[frame, place], scores[frame, place]
        order = np.argsort(owner, kind="stable")
        frame, owner, hit, score = frame[order], owner[order], hit[order], score[order]
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        width = max(WIDTH, DRIFT * query.duration)
        found = []
        for start, stop in zip(starts, [*starts[1:], len(owner)], strict=True):
            number = int(owner[start])
            asked, answered = rows[frame[start:stop]], hit[start:stop]
            bias = (query.bias[asked] + self._bias[number][answered]) / 2
            votes = (score[start:stop] - bias) / (1 - bias) * np.sqrt(query.weights[asked])
            kept = votes > FLOOR
            if kept.any():
                offsets = self._times[number][answered[kept]] - query.times[asked[kept]]
                total, offset = _best_cell(asked[kept], offsets, votes[kept].astype(np.float64), width)
                found.append(Found(number, total, offset, mirrored))
        return found


def _best_cell(frames: Int64, offsets: Float64, votes: Float64, width: float) -> tuple[float, float]:
    """Most votes in a cell of offsets, one a frame, and the mean offset there; arrays (p,) of equal length."""
    best = (0.0, 0.0)
    for shift in (0.0, 0.5):
        cells = np.floor(offsets / width + shift).astype(np.int64)
        order = np.lexsort((-votes, frames, cells))
        cell, frame = cells[order], frames[order]
        first = np.ones(len(order), bool)
        first[1:] = (cell[1:] != cell[:-1]) | (frame[1:] != frame[:-1])
        kept = order[first]
        names, which = np.unique(cells[kept], return_inverse=True)
        sums = np.bincount(which, weights=votes[kept], minlength=len(names))
        top = int(np.argmax(sums))
        if sums[top] > best[0]:
            inside = kept[which == top]
            best = float(sums[top]), float(np.average(offsets[inside], weights=votes[inside]))
    return best
