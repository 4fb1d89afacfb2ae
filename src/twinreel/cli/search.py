"""twinreel search"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output, report
from twinreel.cli.open import known_library, workers_ahead
from twinreel.cli.shapes.commands import SearchShape, found_shape
from twinreel.cli.shapes.meaning import seen_shape
from twinreel.cli.text import clock
from twinreel.errors import MediaError, NotFound, UserError
from twinreel.processors import cores
from twinreel.store.exports import path_to_text


def search(
    clips: Annotated[
        list[Path] | None, typer.Argument(metavar="CLIP", help="Videos or still images.", show_default=False)
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="A file with the path of a clip in each line; - for stdin."
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            show_default=False,
            help="Search for what is seen, in words, where the library was scanned with a describer of pictures and "
            "texts, as clip-vit-b32.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many videos a clip.")] = 10,
    min_score: options.MinScore = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Say where a clip has been seen.

    Names the files of the library that show a clip or a still image, and the seconds.

    The clip is not added to the library. Where clips cannot be used, the others are still answered, and the exit code
    is 4.

    \b
    Examples:
      twinreel search clip.mp4
      twinreel search frame.jpg --top 3
      twinreel search --batch clips.txt --json > seen.json
      twinreel search --text "a man at a desk with two flags"
    """
    if text is not None:
        if clips or batch:
            raise UserError("a text and clips were given: search for one of them at a time")
        _search_text(text, top, library, json)
        return
    asked = [*map(str, clips or ()), *(_lines(batch) if batch else ())]
    if not asked:
        raise UserError(
            "no clip was given: name some, a file that lists them with --batch FILE, or what is seen with --text WORDS"
        )
    workers_ahead(min(len(asked), cores()))
    with known_library(library) as opened:
        answers = opened.search_many(asked, top, min_score=min_score)
    refused = {clip: answer for clip, answer in answers.items() if isinstance(answer, MediaError)}
    if json:
        output.tell_json(
            [
                SearchShape(
                    clip=path_to_text(clip),
                    error=str(answer) if isinstance(answer, MediaError) else None,
                    found=[] if isinstance(answer, MediaError) else [found_shape(clip, one) for one in answer],
                )
                for clip, answer in answers.items()
            ]
        )
    else:
        for clip, answer in answers.items():
            if not isinstance(answer, MediaError):
                report.tell_found(clip, answer)
    for clip, error in refused.items():
        output.complain(f"{clip}: {error}")
    if refused:
        raise typer.Exit(MediaError.exit_code)


def _search_text(text: str, top: int, library: Path | None, json: bool) -> None:
    with known_library(library) as opened:
        found = opened.search_text(text, top)
    if json:
        output.tell_json([seen_shape(text, seen) for seen in found])
        return
    if not found:
        output.tell("the library holds no video that could be looked at")
    made = output.table("similarity", "at", "video", right=("similarity", "at"))
    for seen in found:
        output.row(made, f"{seen.similarity:.3f}", clock(seen.time), seen.video.path)
    output.tell_table(made)


def _lines(batch: Path) -> list[str]:
    """The lines of a file that are not empty, as the exact bytes of paths."""
    try:
        content = sys.stdin.buffer.read() if str(batch) == "-" else batch.read_bytes()
    except OSError as error:
        raise NotFound(f"cannot read the list of clips {batch}: {error.strerror or error}") from error
    return [os.fsdecode(line) for line in content.splitlines() if line.strip()]
