"""Candidates: which videos are worth aligning with one, by votes of nearest neighbours.

Every frame of the query asks for its nearest neighbours. A neighbour votes for a (video, time offset) cell with its
normalised similarity: frames of a copy agree on the offset, chance hits scatter (the Hough idea of Douze, Jégou &
Schmid, "An image-based approach to video copy detection with spatio-temporal post-filtering", IEEE TMM 2010, section
IV). A frame has one vote in a cell. Cells overlap by half, and are as wide as a copy at another speed drifts.
"""

from __future__ import annotations

from collections.abc import Iterable
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
SHARE = 0.1
"""Share of the query's frames that the votes of a video's best cell have to reach for it to be a candidate; ..."""
FEWEST, ENOUGH = 0.3, 0.9
"""... but at least, and at most, so many votes. A few frames alike are chance in a long video, and all that there
can be in a short one, or where only keyframes are known."""

ROUNDING = 1e-9
"""By which sums of the same votes in another order may differ."""


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
        self._first: dict[int, int] = {}  # where a video's frames begin among all
        self._times: list[Float64] = []
        self._bias: list[Float32] = []
        self._frames = 0
        self._laid: tuple[Int64, Float64, Float32] | None = None
        """First frame of each video by its number, and times and biases of all frames: of what was added so far."""

    def __len__(self) -> int:
        """Number of videos."""
        return len(self._first)

    def add(self, number: int, video: Prepared) -> None:
        """Frames that say nothing are left out: nobody should find them."""
        telling = video.weights > 0
        # As they are where that is all of them: the index may share an array that cannot change.
        self._index.add(number, video.vectors if telling.all() else video.vectors[telling])
        self._first[number] = self._frames
        self._times.append(video.times[telling])
        self._bias.append(video.bias[telling])
        self._frames += int(np.count_nonzero(telling))
        self._laid = None

    def keep(self) -> None:
        """Keeps what the index remembers beyond this object."""
        self._index.keep()

    def find(
        self,
        query: Prepared,
        mirrored: Float32 | None = None,
        *,
        exclude: int | None = None,
        limit: int = 200,
        neighbours: int = NEIGHBOURS,
    ) -> list[Found]:
        """Candidates for a video, most votes first, equal votes by number; at most ``limit``.

        ``mirrored``: the query's vectors (n, d) mirrored, where its describer can do that. ``exclude``: the number of
        the query itself. ``neighbours`` of each frame: a frame that so many videos share finds no others.
        """
        found = self._vote(query, query.vectors, False, exclude, neighbours)
        if mirrored is not None:
            found += self._vote(query, mirrored, True, exclude, neighbours)
        return best_found(found, limit)

    def _vote(
        self, query: Prepared, vectors: Float32, mirrored: bool, exclude: int | None, neighbours: int
    ) -> list[Found]:
        rows = np.flatnonzero(query.weights > 0)
        if not len(rows) or not len(self._index):
            return []
        scores, owners, hits = self._index.search(vectors[rows], neighbours, exclude=exclude, per_owner=PER_VIDEO)
        frame, place = np.nonzero(owners >= 0)
        owner, frame, score = owners[frame, place], rows[frame], scores[frame, place]
        first, times, bias = self._together()
        hit = first[owner] + hits[owners >= 0]
        return vote(query, Hits(frame, owner, score, times[hit], bias[hit]), mirrored=mirrored)

    def _together(self) -> tuple[Int64, Float64, Float32]:
        if self._laid is None:
            first = np.zeros(max(self._first) + 1, np.int64)
            first[list(self._first)] = list(self._first.values())
            self._times, self._bias = [np.concatenate(self._times)], [np.concatenate(self._bias)]
            self._laid = first, self._times[0], self._bias[0]
        return self._laid


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Nearest neighbours of a query's frames, arrays (p,)."""

    frame: Int64
    """Row of the query's frame."""
    owner: Int64
    """Number of the video that was hit."""
    score: Float32
    """Inner product."""
    time: Float64
    """Seconds of the frame that was hit."""
    bias: Float32
    """... and its bias."""


def vote(query: Prepared, hits: Hits, *, mirrored: bool) -> list[Found]:
    """Every video that was hit, with its best cell."""
    bias = (query.bias[hits.frame] + hits.bias) / 2
    votes = ((hits.score - bias) / (1 - bias) * np.sqrt(query.weights[hits.frame])).astype(np.float64)
    least = least_votes(query)
    kept = np.flatnonzero(votes > FLOOR)
    # Most videos were hit by chance, a few times: what all the votes for one do not reach together, no cell does.
    _, video = np.unique(hits.owner[kept], return_inverse=True)
    kept = kept[np.bincount(video, votes[kept])[video] >= least - ROUNDING]
    owner, frame, votes = hits.owner[kept], hits.frame[kept], votes[kept]
    offsets = hits.time[kept] - query.times[frame]
    width = max(WIDTH, DRIFT * query.duration)
    best: dict[int, Found] = {}
    for shift in (0.0, 0.5):
        for number, total, offset in _best_cells(owner, frame, offsets, votes, width, shift, least):
            if number not in best or total > best[number].votes:
                best[number] = Found(number, total, offset, mirrored)
    return list(best.values())


def least_votes(query: Prepared) -> float:
    """Votes from which a video is a candidate for a query."""
    return min(ENOUGH, max(FEWEST, SHARE * np.count_nonzero(query.weights > 0)))


def best_found(found: Iterable[Found], limit: int) -> list[Found]:
    """Candidates, each video once, most votes first, equal votes by number; at most ``limit``."""
    best: dict[int, Found] = {}
    for one in found:
        if one.number not in best or one.votes > best[one.number].votes:
            best[one.number] = one
    ranked = sorted(best.values(), key=lambda one: (-one.votes, one.number))
    return ranked[:limit]


def _best_cells(
    owners: Int64, frames: Int64, offsets: Float64, votes: Float64, width: float, shift: float, least: float
) -> list[tuple[int, float, float]]:
    """For each owner the cell of offsets with most votes, one a frame: (owner, votes, mean offset in the cell).

    Only owners with ``least`` votes.

    Arrays (p,) of equal length; cells are ``width`` seconds wide, moved by the share ``shift``.
    """
    if not len(owners):
        return []
    cells = np.floor(offsets / width + shift).astype(np.int64)
    order = np.lexsort((-votes, frames, cells, owners))
    owner, cell, frame = owners[order], cells[order], frames[order]
    new_cell = np.ones(len(order), bool)
    new_cell[1:] = (owner[1:] != owner[:-1]) | (cell[1:] != cell[:-1])
    first_of_frame = new_cell.copy()
    first_of_frame[1:] |= frame[1:] != frame[:-1]
    kept = order[first_of_frame]
    starts = np.flatnonzero(new_cell[first_of_frame])
    sums = np.add.reduceat(votes[kept], starts)
    means = np.add.reduceat(votes[kept] * offsets[kept], starts) / sums
    of = owners[kept][starts]
    ranked = np.lexsort((np.arange(len(of)), -sums, of))
    leaders = ranked[np.flatnonzero(np.diff(of[ranked], prepend=-1))]
    leaders = leaders[sums[leaders] >= least]
    return list(zip(of[leaders].tolist(), sums[leaders].tolist(), means[leaders].tolist(), strict=True))
