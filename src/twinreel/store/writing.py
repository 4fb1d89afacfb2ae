"""Files that people keep are whole, or what they were before, at any moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinreel.errors import UserError


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Where to write to, in the same folder; it takes the place of ``path`` at the end, unless something goes wrong.

    UserError where the file cannot be written, also for an OSError of whoever writes.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
