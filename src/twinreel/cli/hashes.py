"""twinreel hashes"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import known_library
from twinreel.cli.progress import shown
from twinreel.cli.shapes.hashes import hashed_shape, screening_shape
from twinreel.cli.text import count, parse_size, span
from twinreel.errors import MediaError, UserError

if TYPE_CHECKING:
    from twinreel.library import Screening, Sighting

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Hashes that platforms exchange: vPDQ, TMK+PDQF.")

_MOST_SPANS = 5
"""Stretches of a video that are printed; --json has all of them."""


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False, help="Where the files go.")],
    format: Annotated[str, typer.Option(metavar="NAME", help="vpdq (.txt) or tmk (.tmk).")] = "vpdq",
    library: options.LibraryFile = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
) -> None:
    """Write the hashes of all videos to a folder.

    A file a video, named by its content id, which says nothing of where it lies; `twinreel show ID` does. Files that
    are there already are left as they are, so the same command adds what is new, and goes on after Ctrl-C.

    Every frame is decoded, which takes many times as long as a scan. Pictures are hashed as published: whole, with
    their bars.

    \b
    Examples:
      twinreel hashes export ours
      twinreel hashes export ours --format tmk --jobs 4
    """
    with known_library(library) as opened, shown() as progress:
        found = opened.export_hashes(folder, format, jobs=jobs, memory=parse_size(memory), progress=progress)
    failed = [one for one in found if one.error is not None]
    if json:
        output.tell_json([hashed_shape(one) for one in found])
    else:
        made = sum(one.made for one in found) - sum(one.made for one in failed)
        before = len(found) - len(failed) - made
        there = f", {count(before, 'file')} {'was' if before == 1 else 'were'} there" if before else ""
        output.tell(f"{count(made, 'file')} written to {folder}{there}")
    for one in failed:
        output.complain(f"{one.video.path}: {one.error}")


@app.command("match")
def match(
    lists: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="LIST",
            show_default=False,
            help="Files of vPDQ (.txt) or TMK+PDQF (.tmk) hashes, or folders of them.",
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            show_default=False,
            help="The library's own hashes, as `twinreel hashes export` writes them; what is missing is made and kept "
            "there. Without it all videos are decoded, and nothing is kept.",
        ),
    ] = None,
    listed: Annotated[
        float,
        typer.Option(metavar="P", min=0.0, max=100.0, help="vPDQ: percentage of a listed video that must be found."),
    ] = 80.0,
    own: Annotated[
        float,
        typer.Option(
            metavar="P", min=0.0, max=100.0, help="vPDQ: percentage of a video of the library that must be listed."
        ),
    ] = 0.0,
    level_1: Annotated[
        float, typer.Option("--level-1", metavar="S", min=-1.0, max=1.0, help="TMK: least score of level 1.")
    ] = 0.7,
    level_2: Annotated[
        float, typer.Option("--level-2", metavar="S", min=-1.0, max=1.0, help="TMK: least score of level 2.")
    ] = 0.7,
    library: options.LibraryFile = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
) -> None:
    """Say which videos are on a list of hashes.

    Each file of hashes stands for one video. It is held against every video of the library by its format's own rule,
    with the thresholds that its authors suggest, and the seconds are printed where the two agree.

    Where files of the list cannot be used, the others are still answered, and the exit code is 4.

    \b
    Examples:
      twinreel hashes match theirs --keep ours
      twinreel hashes match bad.txt --listed 50
      twinreel hashes match theirs/*.tmk --level-2 0.9 --json
    """
    if not lists:
        raise UserError("no list was given: name files of hashes, or folders of them")
    from twinreel.exchange.formats import HashRules

    with known_library(library) as opened, shown() as progress:
        rules = HashRules(listed, own, level_1, level_2)
        found = opened.screen(lists, keep=keep, rules=rules, jobs=jobs, memory=parse_size(memory), progress=progress)
    if json:
        output.tell_json(screening_shape(found))
    else:
        _tell(found)
    for path, why in [*found.refused.items(), *found.unhashed.items()]:
        output.complain(f"{path}: {why}")
    if found.refused:
        raise typer.Exit(MediaError.exit_code)


def _tell(screening: Screening) -> None:
    for file in screening.listed:
        found = [one for one in screening.sightings if one.file == file]
        if not found:
            output.tell(f"{file}: no match")
            continue
        output.tell(f"{file}: {count(len(found), 'match', 'matches')}", "bold")
        for one in found:
            output.tell(f"  {one.video.path}")
            output.tell(f"      {_spans(one.verdict.own)}, listed {_spans(one.verdict.listed)}")
            output.tell(f"      {_scores(one)}", "dim")


def _spans(spans: tuple[tuple[float, float], ...]) -> str:
    more = len(spans) - _MOST_SPANS
    words = [span(*one) for one in spans[:_MOST_SPANS]]
    return ", ".join(words) + (f" and {more} more" if more > 0 else "") if words else "no seconds in common"


def _scores(sighting: Sighting) -> str:
    first, second = sighting.verdict.scores
    if sighting.format == "vpdq":
        return f"{first:.0f}% of the listed video, {second:.0f}% of this one"
    return f"level 1 {first:.3f}, level 2 {second:.3f}"
