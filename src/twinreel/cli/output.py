"""Where words go: results to stdout, talk to stderr, colour only to a terminal that wants it."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from twinreel.cli.text import safe

WIDE = 4096
"""Columns of what is not a terminal: programs read it, so nothing is wrapped or cut."""
PIPE_CLOSED = 141
"""Exit code where the reader of stdout went away: 128 + SIGPIPE, as shells show it for any program."""


def console(*, stderr: bool) -> Console:
    """A console on stdout or stderr as they are now; everything printed through it must be ``safe``."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDE
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def accept_any_name() -> None:
    """Makes stdout and stderr write what their encoding lacks as an escape, instead of failing on it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _write(text: str) -> None:
    """Writes to stdout; ends the program in peace where its reader has gone (``twinreel matches | head``)."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered must not fail again when the interpreter closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED) from None


def tell(text: str = "", style: str = "") -> None:
    """A line of a result. The text is made safe; a long one is left to the terminal to wrap."""
    screen = console(stderr=False)
    with screen.capture() as drawn:
        screen.print(Text(safe(text), style), soft_wrap=True)
    _write(drawn.get())


def tell_table(table: Table) -> None:
    screen = console(stderr=False)
    with screen.capture() as drawn:
        screen.print(table)
    _write("".join(line.rstrip() + "\n" for line in drawn.get().splitlines()))


def tell_json(value: Any) -> None:
    """One JSON document. ASCII only, so that it is valid in any encoding and cannot steer a terminal."""
    _write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def say(text: str, style: str = "") -> None:
    """A line of talk, on stderr."""
    console(stderr=True).print(Text(safe(text), style), soft_wrap=True)


def complain(message: object) -> None:
    """One line on stderr that says what went wrong."""
    say(f"error: {' '.join(str(message).splitlines())}")


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """An empty table that folds long cells in a narrow terminal; ``right`` names columns of numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=name in right)
    return made


def row(made: Table, *cells: str) -> None:
    """Adds a row of safe text."""
    made.add_row(*(Text(safe(cell)) for cell in cells))
