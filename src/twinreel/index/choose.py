"""Which index for how many vectors."""

from __future__ import annotations

from twinreel.index import sizes
from twinreel.index.base import Index
from twinreel.index.exact import ExactIndex


def make_index(expected_vectors: int, dimensions: int) -> Index:
    """An empty index for about so many vectors; a wrong guess costs speed, not results (see ``sizes``)."""
    if expected_vectors < sizes.NUMPY_BELOW:
        return ExactIndex(dimensions)
    from twinreel.index.faiss import FaissIndex

    return FaissIndex(dimensions)
