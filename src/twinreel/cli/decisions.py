"""twinreel decisions"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import known_library
from twinreel.cli.shapes.cleaning import DecidedShape, decision_shape
from twinreel.cli.shapes.commands import ExportShape
from twinreel.cli.text import count, day
from twinreel.store.exports import path_to_text

if TYPE_CHECKING:
    pass

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What was decided about videos: kept by content, not by name."
)
_Kind = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        show_default=False,
        help="not-a-match (each pair of the videos), keep (never remove), delete (where others show all of it, however "
        "good) or ignore (shared content, by its id).",
    ),
]
_Videos = Annotated[
    list[str], typer.Argument(metavar="VIDEO...", show_default=False, help="Files of the library, or ids.")
]


@app.command("add")
def add(
    kind: _Kind,
    videos: _Videos,
    note: Annotated[str, typer.Option(metavar="TEXT", show_default=False, help="Why, for later.")] = "",
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Decide something about videos.

    What is decided holds for the bytes of a file, wherever it lies and whatever it is called, and is not touched by a
    scan.

    \b
    Examples:
      twinreel decisions add not-a-match take1.mp4 take2.mp4 --note "two takes of one scene"
      twinreel decisions add keep wedding.mp4
      twinreel decisions add ignore 0123456789abcdef
    """
    with known_library(library) as opened:
        number = opened.decide(kind, *videos, note=note)
    _tell(number, "decided", json)


@app.command("revoke")
def revoke(kind: _Kind, videos: _Videos, library: options.LibraryFile = None, json: options.Json = False) -> None:
    """Take a decision back.

    \b
    Examples:
      twinreel decisions revoke keep wedding.mp4
    """
    with known_library(library) as opened:
        number = opened.revoke(kind, *videos)
    _tell(number, "taken back", json)


@app.command("list")
def list_(library: options.LibraryFile = None, json: options.Json = False) -> None:
    """Print what was decided, and what was removed by a plan.

    \b
    Examples:
      twinreel decisions list
      twinreel decisions list --json
    """
    with known_library(library) as opened:
        found, videos = opened.decisions(), {video.content: video.path for video in opened.videos()}
    if json:
        output.tell_json([decision_shape(one) for one in found])
        return
    for one in found:
        names = [videos.get(who.content, who.content) for who in (one.a, one.b) if who is not None]
        note = f": {one.note}" if one.note else ""
        output.tell(f"  {day(one.decided_at)} {one.kind.value}: {', '.join(names)}{note}")
    output.tell(f"{count(len(found), 'decision')}", "bold")


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="Where to: JSON, one a line.")],
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Write all decisions to a file, for another library.

    \b
    Examples:
      twinreel decisions export decisions.jsonl
    """
    with known_library(library) as opened:
        rows = opened.export_decisions(file)
    if json:
        output.tell_json(ExportShape(file=path_to_text(str(file)), rows=rows))
    else:
        output.tell(f"{count(rows, 'decision')} written to {file}", "bold")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="What `export` wrote.")],
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Take over the decisions of another library.

    Nothing is lost: of a decision that both have, the later note stays.

    \b
    Examples:
      twinreel decisions import decisions.jsonl --library films.sqlite
    """
    with known_library(library) as opened:
        number = opened.import_decisions(file)
    _tell(number, "new", json)


def _tell(number: int, what: str, json: bool) -> None:
    if json:
        output.tell_json(DecidedShape(decisions=number))
    else:
        output.tell(f"{count(number, 'decision')} {what}", "bold")
