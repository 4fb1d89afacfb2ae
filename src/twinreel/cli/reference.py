"""docs/cli.md, from the commands themselves: ``python -m twinreel.cli.reference > docs/cli.md``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

from typer.main import get_command

from twinreel.cli.main import STOPPED, app
from twinreel.cli.output import PIPE_CLOSED
from twinreel.cli.shapes import OUTPUTS
from twinreel.errors import LibraryError, MediaError, MissingExtra, UserError

_HEAD = f"""# Command line

Made by `python -m twinreel.cli.reference` from the commands themselves.

Results go to stdout; progress and warnings go to stderr, progress only if that is a terminal. `NO_COLOR` is respected.
Names of files are printed with whatever could steer a terminal written as an escape.

| exit code | meaning |
|---|---|
| 0 | done; files that a scan could not use do not change that |
| 1 | something failed |
| {UserError.exit_code} | wrong use: an unknown name, a file that is not there |
| {MissingExtra.exit_code} | an optional part is not installed; the message has the pip line |
| {MediaError.exit_code} | a file that was asked about cannot be used |
| {LibraryError.exit_code} | the library cannot be used: another scan uses it, a network drive, a newer version |
| {STOPPED} | stopped by Ctrl-C; the same command goes on where it stopped |
| {PIPE_CLOSED} | the reader of the output went away |

`TWINREEL_LIBRARY` names the library where `--library` does not. `TWINREEL_DEBUG=1` shows where an error comes from.
"""
_SHAPES = """
## JSON

What `--json` prints. Times are seconds, sizes bytes, scores and coverages in [0, 1]. A path that is not valid Unicode
is a `file:` URI, as in exports. All is ASCII. Later versions may add keys.
"""
_TYPES = {str: "text", float: "number", int: "whole number", bool: "true or false", type(None): "null"}


def commands(group: Any = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with its full name, those of groups too."""
    root: Any = get_command(app)
    for name, command in (group or root).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def reference() -> str:
    """The text of docs/cli.md."""
    return "".join(
        [_HEAD, *(_command(name, command) for name, command in commands()), _SHAPES, *map(_shape, _shapes())]
    )


def _command(name: str, command: Any) -> str:
    words, _, examples = command.help.partition("\b\nExamples:\n")
    lines = [f"\n## twinreel {name}\n", words.strip(), "", "```console"]
    lines += [line.strip() for line in examples.strip().splitlines()]
    lines += ["```", "", "| | |", "|---|---|"]
    lines += [f"| {_named(parameter)} | {_explained(parameter)} |" for parameter in command.params]
    return "\n".join(lines) + "\n"


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar}{'...' if parameter.nargs != 1 else ''}`"
    value = "" if parameter.is_flag else f" {parameter.metavar}"
    return ", ".join(f"`{name}{value}`" for name in parameter.opts)


def _explained(parameter: Any) -> str:
    words: str = parameter.help
    default = parameter.default
    if default is not None and not getattr(parameter, "is_flag", False) and parameter.show_default:
        words += f" Default: {default}."
    return words.replace("|", "\\|")


def _shapes() -> list[Any]:
    """Every shape that a command prints, each before those that it is made of."""
    found: list[Any] = []
    waiting = list(OUTPUTS.values())
    while waiting:
        kind = waiting.pop(0)
        if hasattr(kind, "__total__"):
            if kind not in found:
                found.append(kind)
                waiting += get_type_hints(kind).values()
        else:
            waiting += get_args(kind)
    return found


def _shape(shape: Any) -> str:
    by = [f"`twinreel {name}`" for name, printed in OUTPUTS.items() if printed == shape]
    by += [f"`twinreel {name}` (a list)" for name, printed in OUTPUTS.items() if printed == list[shape]]
    lines = [f"\n### {shape.__name__}\n"]
    lines += [f"Printed by {', '.join(by)}."] if by else []
    lines += [inspect.cleandoc(shape.__doc__), ""]
    lines += [f"- `{key}`: {_type(kind)}" for key, kind in get_type_hints(shape).items()]
    return "\n".join(lines) + "\n"


def _type(kind: Any) -> str:
    """A type in words."""
    if kind in _TYPES:
        return _TYPES[kind]
    if hasattr(kind, "__total__"):
        return f"[{kind.__name__}](#{kind.__name__.lower()})"
    parts = [_type(part) for part in get_args(kind)]
    if get_origin(kind) is list:
        return f"list of {parts[0]}"
    if get_origin(kind) is dict:
        return f"object with {parts[1]} by {parts[0]}"
    return " or ".join(parts)


if __name__ == "__main__":
    sys.stdout.write(reference())
