"""twinreel repeats"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output, report
from twinreel.cli.open import any_library
from twinreel.cli.shapes.commands import RepeatsShape
from twinreel.cli.shapes.library import segment_shape, video_shape


def repeats(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A video.")],
    library: options.LibraryFile = None,
    json: options.Json = False,
    describer: options.Describer = None,
    aligner: options.Aligner = None,
) -> None:
    """Print what a video shows more than once.

    A loop, a replayed goal, an advert: the seconds where footage is seen first and those where it is seen again. What
    hardly moves is not reported, since one shot of it looks like any other.

    The file need not be part of the library, and there need not be one; scores are relative to it where there is.

    \b
    Examples:
      twinreel repeats match.mp4
      twinreel repeats recording.ts --json
    """
    with any_library(library, describer, None, aligner) as opened:
        found = opened.repeats(file)
    if json:
        output.tell_json(
            RepeatsShape(
                video=video_shape(found.video),
                repeats=[segment_shape(segment) for segment in found.segments],
            )
        )
    else:
        report.tell_repeats(str(file), found.segments)
