"""Describers by name. Built-ins and third parties come in through one door, the entry points of installed packages:

[project.entry-points."twinreel.describers"]
name = "package.module:callable"      # without arguments, returns a Describer
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from twinreel.describe.base import Describer
from twinreel.describe.given import PREFIX, GivenVectors
from twinreel.errors import TwinreelError, UserError

GROUP = "twinreel.describers"
DEFAULT = "default"


def describers() -> dict[str, Callable[[], Describer]]:
    """What is installed: names, in order, and what makes each; nothing is imported before that is called."""
    return {name: _factory(entry) for name, entry in _entries().items()}


def packages() -> dict[str, tuple[str, str]]:
    """Of the installed ones the package that each comes with, and the licence that this states; empty where none."""
    found = {}
    for name, entry in _entries().items():
        stated = entry.dist.metadata if entry.dist else None
        licences = [stated[key] for key in ("License-Expression", "License") if stated and key in stated]
        found[name] = (entry.dist.name if entry.dist else entry.module, next(iter(licences), ""))
    return found


def _entries() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.name in found and entry.value != found[entry.name].value:
            raise UserError(
                f"two packages bring a describer {entry.name!r}: {found[entry.name].value} and {entry.value}; "
                "uninstall one of them"
            )
        found[entry.name] = entry
    return found


def load_describer(spec: str = DEFAULT) -> Describer:
    """A describer by its name or by the path of an ONNX model (``.onnx``); UserError where there is none.

    ``vectors:NAME:DIMENSIONS`` stands for vectors that were imported.
    """
    if spec.lower().endswith(".onnx"):
        from twinreel.describe.onnx import OnnxDescriber

        return OnnxDescriber.load(Path(spec))
    if spec.startswith(PREFIX):
        return GivenVectors.parse(spec)
    known = describers()
    if spec not in known:
        raise UserError(f"there is no describer {spec!r}; known are {', '.join(known)}, or the path of an .onnx file")
    return known[spec]()


def _factory(entry: EntryPoint) -> Callable[[], Describer]:
    def make() -> Describer:
        try:
            describer: Describer = entry.load()()
        except TwinreelError:
            raise
        except Exception as error:  # whatever another package's code raises
            raise UserError(f"describer {entry.name!r} ({entry.value}) cannot be made: {error!r}") from error
        return describer

    return make
