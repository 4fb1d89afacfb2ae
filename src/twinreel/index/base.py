"""The Index seam: nearest neighbours among frame vectors."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twinreel.types import Float32

Int64 = NDArray[np.int64]


class Index(Protocol):
    """Vectors of many videos, searched by inner product.

    Every vector belongs to an *owner* (the number of its video); its id is ``(owner, row)``, where row counts
    the vectors of that owner from 0. A search returns at most ``per_owner`` hits of any owner for one query, so
    that a still video or the query's own never fills the k places.
    """

    def add(self, owner: int, vectors: Float32) -> None:
        """Adds the vectors (n, d) of a video; ValueError where the owner is there already. n may be 0."""
        ...

    def remove(self, owner: int) -> None:
        """Forgets a video; KeyError where it is not there."""
        ...

    def search(
        self, queries: Float32, k: int, *, exclude: int | None = None, per_owner: int = 3
    ) -> tuple[Float32, Int64, Int64]:
        """The k best hits of each query (m, d): scores, owners and rows, each (m, k).

        Best first; equal scores in order of (owner, row). Places without a hit have score -inf, owner -1, row -1.
        ``exclude`` leaves out one owner.
        """
        ...

    def keep(self) -> None:
        """Keeps what outlives this object, where the index has a place for that.

        An index that was kept is empty when it is opened again: it remembers what it made of the vectors, and an
        owner that is added with the same vectors costs it next to nothing. So it can never say other than what its
        user holds. The place belongs to one user at a time.
        """
        ...

    def __len__(self) -> int:
        """Number of vectors."""
        ...
