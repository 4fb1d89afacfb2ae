"""Describers that a user has added, and the folder that they and their files lie in.

USER_DATA/twinreel/describers/NAME.toml    what was added under a name, and where its files are
USER_DATA/twinreel/describers/NAME/        files of a known model that were put there by hand
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import platformdirs

from twinreel.errors import NotFound, UserError


@dataclass(frozen=True, slots=True)
class Added:
    """A describer under a user's name."""

    name: str
    source: str
    """Where it came from: a path, or ``hub:OWNER/NAME@COMMIT``."""
    family: str = ""
    """Of a file that stands alone; empty where the files say it."""
    licence: str = ""
    """As the user, or the table of known models, has it."""
    bytes: int = 0
    """Of the file of weights."""
    sha256: str = ""
    """Of the file of weights, when it was added."""


def shelf() -> Path:
    """The folder; it may not exist yet."""
    return platformdirs.user_data_path("twinreel", appauthor=False) / "describers"


def added(name: str) -> Added | None:
    """What was added under a name."""
    file = shelf() / f"{name}.toml"
    return _read(file) if file.is_file() else None


def all_added() -> Iterator[Added]:
    """In order of name."""
    for file in sorted(shelf().glob("*.toml")):
        yield _read(file)


def put(entry: Added) -> None:
    """Remembers it, in place of what had the name."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", entry.name):
        raise UserError(f"a describer cannot be called {entry.name!r}; letters, digits, dots and hyphens are accepted")
    shelf().mkdir(parents=True, exist_ok=True)
    # JSON's texts and numbers are TOML's
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in asdict(entry).items()]
    (shelf() / f"{entry.name}.toml").write_text("".join(lines), encoding="utf-8")


def remove(name: str) -> Added:
    """Forgets what was added under a name; its files stay. NotFound."""
    entry = added(name)
    if entry is None:
        known = ", ".join(one.name for one in all_added()) or "none"
        raise NotFound(f"no describer {name!r} was added; added are: {known}")
    (shelf() / f"{name}.toml").unlink()
    return entry


def sha256_of(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read(file: Path) -> Added:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        return Added(**{field.name: table[field.name] for field in fields(Added) if field.name in table})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise UserError(f"{file} cannot be read ({error}): remove it, and add the describer again") from error
