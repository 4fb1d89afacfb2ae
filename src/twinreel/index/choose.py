"""Which index: by name, or for how many vectors."""

from __future__ import annotations

from pathlib import Path

from twinreel.errors import UserError
from twinreel.index import sizes
from twinreel.index.base import Index
from twinreel.index.exact import ExactIndex

AUTO = "auto"
MILVUS = "milvus:"
INDEXES = {
    AUTO: "exact for a small library, ivfpq for a large one",
    "exact": "every vector is looked at",
    "ivfpq": "inverted lists of short codes, the best looked at again",
}
"""Names, and what they stand for; beside them there is ``milvus:`` with a file or an address."""


def check_index(name: str) -> None:
    """UserError for an index that there is not."""
    if name not in INDEXES and not name.removeprefix(MILVUS) != name:
        raise UserError(
            f"there is no index {name!r}; there are {', '.join(INDEXES)} and milvus:FILE.db or milvus:http://HOST:PORT"
        )
    if name == MILVUS:
        raise UserError("milvus: lacks its place: give milvus:FILE.db or milvus:http://HOST:PORT")


def make_index(
    expected: int, dimensions: int, name: str = AUTO, *, place: Path | None = None, library: str = "", key: str = ""
) -> Index:
    """An empty index for about so many vectors; a wrong guess costs speed, not results (see ``sizes``).

    place: the folder where one that is made at some cost may be kept; library: an identifier of the library, under
    which a server keeps it apart from others'; key: what the vectors depend on beside their videos.
    """
    check_index(name)
    if name.startswith(MILVUS):
        from twinreel.index.milvus import MilvusIndex

        return MilvusIndex(dimensions, name.removeprefix(MILVUS), library=library, key=key, expected=expected)
    if expected < sizes.NUMPY_BELOW and name != "ivfpq":
        return ExactIndex(dimensions)
    if name == "exact":
        from twinreel.index.faiss import FaissIndex

        return FaissIndex(dimensions)
    from twinreel.index.ivfpq import IvfPqIndex

    lists_from = sizes.IVF_FROM if name == AUTO else sizes.LEAST_FOR_LISTS
    # A library that has become small is searched exactly again, whatever was kept of it.
    kept = place if expected >= lists_from else None
    return IvfPqIndex(dimensions, expected, place=kept, key=key, lists_from=lists_from)
