"""What both indexes share: ids, and choosing the hits among scored candidates."""

from __future__ import annotations

import numpy as np

from twinreel.index.base import Int64
from twinreel.index.sizes import FIRST_WIDTH, MIN_WIDTH
from twinreel.types import Float32

ROW_BITS = 32
OWNERS = 1 << 31
NOTHING = -1
"""Id, owner and row of a place without a hit."""


def ids_of(owner: int, n: int) -> Int64:
    """Ids (n,) of an owner's vectors, ``owner * 2**32 + row``: in the order of (owner, row)."""
    if not 0 <= owner < OWNERS:
        raise ValueError(f"owner is {owner}; a number from 0 to {OWNERS - 1} is expected")
    return (owner << ROW_BITS) + np.arange(n, dtype=np.int64)


def owners_and_rows(ids: Int64) -> tuple[Int64, Int64]:
    """The inverse of ``ids_of``, ``NOTHING`` where an id is."""
    return ids >> ROW_BITS, np.where(ids >= 0, ids & ((1 << ROW_BITS) - 1), NOTHING)


def as_vectors(vectors: Float32, dimensions: int) -> Float32:
    """Checks the shape (n, dimensions); contiguous float32."""
    if vectors.ndim != 2 or vectors.shape[1] != dimensions:
        raise ValueError(f"vectors have shape {vectors.shape}; (n, {dimensions}) is expected")
    return np.ascontiguousarray(vectors, np.float32)


def check_numbers(k: int, per_owner: int) -> None:
    """ValueError unless both are at least 1."""
    if k < 1 or per_owner < 1:
        raise ValueError(f"k is {k} and per_owner is {per_owner}; numbers from 1 are expected")


def best_hits(scores: Float32, ids: Int64, k: int, exclude: int | None, per_owner: int) -> tuple[Float32, Int64]:
    """The k best of candidates (m, c): scores and ids (m, k), by falling score, equal scores by rising id.

    At most ``per_owner`` of an owner in a row, none of the one excluded. Places left over have score -inf and id
    ``NOTHING``; candidates with that id count for nothing.
    """
    width = max(MIN_WIDTH, FIRST_WIDTH * k)
    if scores.shape[1] <= 2 * width:
        return _ranked(scores, ids, k, exclude, per_owner)
    # To sort all is most of the work, and seldom needed: those left out score no more than the worst taken.
    taken = np.argpartition(-scores, width - 1, axis=1)[:, :width]
    best = np.take_along_axis(scores, taken, axis=1)
    best_scores, best_ids = _ranked(best, np.take_along_axis(ids, taken, axis=1), k, exclude, per_owner)
    unsure = best_scores[:, -1] <= best.min(axis=1)
    if unsure.any():
        best_scores[unsure], best_ids[unsure] = _ranked(scores[unsure], ids[unsure], k, exclude, per_owner)
    return best_scores, best_ids


def _ranked(scores: Float32, ids: Int64, k: int, exclude: int | None, per_owner: int) -> tuple[Float32, Int64]:
    """``best_hits`` by sorting all candidates."""
    m, c = scores.shape
    order = np.lexsort((ids, -scores), axis=1)
    scores, ids = np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)

    # how many better ones of the same owner there are: the position within the run of that owner
    owners = ids >> ROW_BITS
    by_owner = np.argsort(owners, axis=1, kind="stable")
    grouped = np.take_along_axis(owners, by_owner, axis=1)
    starts = np.ones((m, c), bool)
    starts[:, 1:] = grouped[:, 1:] != grouped[:, :-1]
    positions = np.arange(c)
    run_starts = np.maximum.accumulate(np.where(starts, positions, 0), axis=1)
    better = np.empty((m, c), np.int64)
    np.put_along_axis(better, by_owner, positions - run_starts, axis=1)

    wanted = (ids >= 0) & (better < per_owner)
    if exclude is not None:
        wanted &= owners != exclude
    chosen = np.argsort(~wanted, axis=1, kind="stable")[:, :k]
    wanted = np.take_along_axis(wanted, chosen, axis=1)
    best_scores = np.full((m, k), -np.inf, np.float32)
    best_ids = np.full((m, k), NOTHING, np.int64)
    best_scores[:, : chosen.shape[1]] = np.where(wanted, np.take_along_axis(scores, chosen, axis=1), -np.inf)
    best_ids[:, : chosen.shape[1]] = np.where(wanted, np.take_along_axis(ids, chosen, axis=1), NOTHING)
    return best_scores, best_ids
