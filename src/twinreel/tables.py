"""Tables in HTML, as notebooks show results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A title and a table, everything escaped; without rows the title alone. Numbers are rounded to three digits."""
    lines = ["".join(f"<td>{escape(_text(cell))}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<p>{escape(title)}</p>" + (f"<table><tr>{top}</tr>{body}</table>" if lines else "")


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else ""
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
