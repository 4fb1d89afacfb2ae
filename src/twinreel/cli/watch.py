"""twinreel watch"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output, report
from twinreel.cli.open import library_to_fill
from twinreel.cli.shapes.commands import ArrivalShape, returned_shape
from twinreel.cli.shapes.library import match_shapes
from twinreel.errors import NotFound, UserError
from twinreel.store.exports import path_to_text

if TYPE_CHECKING:
    from twinreel.library import Library


def watch(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER", help="Folders.", show_default=False)],
    quiet: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.0, help="A file is complete once nothing has changed it for so long."),
    ] = 3.0,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Wait for new videos, and say at once what they match.

    Each file that arrives in a folder, or in one below it, becomes part of the library, and is compared with all that
    is there, and with what was removed before. Runs until Ctrl-C. Needs the extra `watch`.

    \b
    Examples:
      twinreel watch ~/Downloads
      twinreel watch /inbox --library archive.sqlite --json
    """
    from twinreel.engine.arrivals import arrivals

    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder} is no folder: give one that is there")
    with (
        library_to_fill(library, None, None, None) as opened,
        arrivals([os.path.abspath(folder) for folder in folders], quiet) as arrived,  # noqa: PTH100
    ):
        output.say("watching; Ctrl-C ends it")
        for paths in arrived:
            for shape in tell_arrived(opened, paths, json):
                output.tell_json(shape)


def tell_arrived(opened: Library, paths: list[str], json: bool) -> list[ArrivalShape]:
    """Adds files and says what they match; as shapes, where they are asked for. What is no video is passed over."""
    there = [path for path in paths if Path(path).is_file()]
    if not there:
        return []
    opened.add(there)
    videos = {video.content: video for video in opened.videos()}
    returned = opened.returned()
    shapes = []
    for path in there:
        try:
            video, found = opened.show(path), opened.matches(video=path)
        except NotFound:
            continue
        again = [one for one in returned if one.video.content == video.content]
        others = [other for other in video.paths if other != path]
        if json:
            shapes.append(
                ArrivalShape(
                    path=path_to_text(path),
                    identical=[path_to_text(other) for other in others],
                    matches=match_shapes(found, videos),
                    returned=[returned_shape(one) for one in again],
                )
            )
            continue
        output.tell(f"{path}: {'new' if not (found or others or again) else 'seen before'}", "bold")
        for other in others:
            output.tell(f"  the same bytes as {other}")
        report.tell_matches(found, videos)
        report.tell_returned(again)
    return shapes
