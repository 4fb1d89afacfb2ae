"""twinreel compare"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output, report
from twinreel.cli.open import any_library, workers_ahead
from twinreel.cli.shapes.commands import CompareShape, StageShape
from twinreel.cli.shapes.library import match_shape, video_shape
from twinreel.errors import UserError
from twinreel.store.exports import path_to_text

if TYPE_CHECKING:
    from twinreel.library import Comparison

SHORTCUTS = 2
"""Stages at the start that settle a pair where they pass, and drop nothing where they do not."""


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", show_default=False, help="A video.")],
    b: Annotated[Path, typer.Argument(metavar="B", show_default=False, help="Another one.")],
    map: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            show_default=False,
            help="Also write the similarity of all frames as a picture: A runs down, B to the right, the segments are "
            "dashed lines, blue where mirrored.",
        ),
    ] = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
    describer: options.Describer = None,
    sampling: options.SamplingText = None,
    aligner: options.Aligner = None,
) -> None:
    """Explain one pair of files.

    Prints the common seconds, how much of each file they cover, the relation, and what every stage says.

    The files need not be part of the library, and there need not be one; scores are relative to it where there is.
    Where a scan would not report the pair, the stage that drops it is named.

    \b
    Examples:
      twinreel compare film.mkv clip.mp4
      twinreel compare a.mp4 b.mp4 --map similarity.png
      twinreel compare a.mp4 b.mp4 --json
    """
    if map is not None and map.suffix.lower() != ".png":
        raise UserError(f"cannot write the map to {map}: the name must end in .png")
    workers_ahead(2)
    with any_library(library, describer, sampling, aligner) as opened:
        found = opened.compare(a, b)
    if map is not None:
        found.picture.save(map)
    if json:
        output.tell_json(
            CompareShape(
                a=video_shape(found.a),
                b=video_shape(found.b),
                match=match_shape(found.match, str(a), str(b)) if found.match else None,
                reported=dropped_by(found) is None,
                dropped_by=dropped_by(found),
                stages=[StageShape(name=s.name, passed=s.passed, detail=s.detail) for s in found.stages],
                map=None if map is None else path_to_text(str(map)),
            )
        )
    else:
        _tell(found, str(a), str(b))
    if map is not None:
        output.say(f"map written to {map}")


def dropped_by(found: Comparison) -> str | None:
    """The stage at which a scan drops the pair; None where it reports it."""
    if any(stage.passed for stage in found.stages[:SHORTCUTS]):
        return None
    return next((stage.name for stage in found.stages[SHORTCUTS:] if not stage.passed), None)


def _tell(found: Comparison, a: str, b: str) -> None:
    if found.match is None:
        output.tell(f"  {a}")
        output.tell(f"    has nothing in common with {b}")
    else:
        report.tell_match(found.match, a, b)
    output.tell("What a scan makes of it", "bold")
    made = output.table("stage", "passed", "found")
    for number, stage in enumerate(found.stages):
        no = "-" if number < SHORTCUTS else "no"
        output.row(made, stage.name, "yes" if stage.passed else no, stage.detail)
    output.tell_table(made)
    stage_name = dropped_by(found)
    output.tell("A scan reports this pair." if stage_name is None else f"A scan drops this pair: {stage_name}.")
