"""Opening the library that a command is about.

What opens libraries takes half a second to import: it waits until a command needs it, so that ``--help`` does not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twinreel.store.location import default_library

if TYPE_CHECKING:
    from twinreel.library import Library

AHEAD = 4
"""Workers started ahead at most: whether there is anything to do, the command does not know yet."""


def workers_ahead(count: int) -> None:
    """Starts workers of those that a command may need: they load their part while the command loads its own."""
    from twinreel.engine.process import stand_by

    stand_by(min(count, AHEAD))


@contextmanager
def known_library(path: Path | None) -> Iterator[Library]:
    """A library that is there; NotFound where it is not."""
    from twinreel.library import Library

    with Library(path, create=False) as library:
        yield library


@contextmanager
def any_library(
    path: Path | None, describer: str | None, sampling: str | None, aligner: str | None
) -> Iterator[Library]:
    """The library if there is one, else an empty one that leaves nothing behind."""
    from twinreel.library import Library

    where = path or default_library()
    with tempfile.TemporaryDirectory(prefix="twinreel-") as folder:
        existing = where if where.exists() else Path(folder, "empty.sqlite")
        with Library(existing, describer=describer, sampling=sampling, aligner=aligner) as library:
            yield library


@contextmanager
def library_to_fill(
    path: Path | None,
    describer: str | None,
    sampling: str | None,
    aligner: str | None,
    verify: str | None = None,
    weights: Path | None = None,
    index: str | None = None,
) -> Iterator[Library]:
    """The library, made where there is none."""
    from twinreel.library import Library

    with Library(
        path, describer=describer, sampling=sampling, aligner=aligner, index=index, verify=verify, weights=weights
    ) as library:
        yield library


@contextmanager
def library_or_passing(path: Path | None) -> Iterator[Library]:
    """The library of that file, made where there is none; without a file one that leaves nothing behind."""
    from twinreel.library import Library

    with (
        tempfile.TemporaryDirectory(prefix="twinreel-") as folder,
        Library(path or Path(folder, "passing.sqlite")) as made,
    ):
        yield made
