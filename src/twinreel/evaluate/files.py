"""Reading files of annotations. Whatever is wrong with one is a UserError that names it."""

from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from twinreel.errors import NotFound, UserError

PLAIN = {"set": set, "frozenset": frozenset, "list": list, "dict": dict, "tuple": tuple}
"""What a pickle may name. Numbers, texts, lists and dictionaries need no name."""


class _Plain(pickle.Unpickler):
    """Reads pickles of plain containers; one that would import or call anything else is refused, not run."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream, encoding="utf-8")

    def find_class(self, module: str, name: str) -> Any:
        if module in ("builtins", "__builtin__") and name in PLAIN:
            return PLAIN[name]
        raise pickle.UnpicklingError(f"it holds {module}.{name}; only plain containers are read from pickles")


def _read(path: Path, how: Callable[[BinaryIO], Any], kind: str) -> Any:
    try:
        with path.open("rb") as stream:
            return how(stream)
    except OSError as error:
        raise NotFound(f"cannot read the annotations {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, IndexError, KeyError, TypeError, AttributeError, pickle.UnpicklingError) as error:
        raise UserError(f"{path} is not {kind}: {error}") from error


def read_plain(path: Path) -> Any:
    """What a .json, or a .pickle of plain containers, holds."""
    if path.suffix.lower() in (".pickle", ".pkl"):
        return _read(path, lambda stream: _Plain(stream).load(), "a pickle that can be read")
    return _read(path, json.load, "JSON")


def read_lines(path: Path) -> list[list[str]]:
    """The words of each line of a text that is not empty."""
    text: str = _read(path, lambda stream: stream.read().decode(), "a text")
    return [line.split() for line in text.splitlines() if line.strip()]


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file with a head."""
    text: str = _read(path, lambda stream: stream.read().decode("utf-8-sig"), "a CSV file")
    return list(csv.DictReader(text.splitlines()))


def unfit(path: Path, expected: str) -> UserError:
    """For a file that can be read and is not what was asked for."""
    return UserError(f"{path} does not hold {expected}")
