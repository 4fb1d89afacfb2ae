"""twinreel picture"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import any_library, known_library
from twinreel.cli.shapes.pictures import PictureShape
from twinreel.errors import UserError
from twinreel.store.exports import path_to_text

if TYPE_CHECKING:
    from twinreel.pictures import Moving, Picture

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Pictures of what was found, to look at and show.")

STILL, MOVES = (".png", ".jpg", ".jpeg"), (".gif", ".webp")

First = Annotated[Path, typer.Argument(metavar="A", show_default=False, help="A video.")]
Second = Annotated[Path, typer.Argument(metavar="B", show_default=False, help="Another one.")]
StillFile = Annotated[
    Path, typer.Argument(metavar="FILE", show_default=False, help="The picture to write: a .png or a .jpg.")
]
Verify = Annotated[
    str | None,
    typer.Option(
        "--verify",
        metavar="NAME",
        show_default=False,
        help="Compare regions of a frame a second: chamfer (nothing else needed), visil, dns, dns-binary or s2vs (need "
        "--weights and the extra networks). By default whole frames are compared, more densely.",
    ),
]


@app.command("map")
def map_(
    a: First,
    b: Second,
    file: StillFile,
    verify: Verify = None,
    weights: options.Weights = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
    describer: options.Describer = None,
    aligner: options.Aligner = None,
) -> None:
    """Draw the similarity of all frames of two videos.

    A runs down, B to the right, dark is unlike, bright is the same. Segments are dashed lines, blue where mirrored.
    With --verify the map is that of regions, without segments, and that after the comparator of a network, if there
    is one, stands beside it.

    \b
    Examples:
      twinreel picture map film.mkv clip.mp4 map.png
      twinreel picture map film.mkv clip.mp4 regions.png --verify chamfer
      twinreel picture map film.mkv clip.mp4 visil.png --verify visil --weights weights
    """
    _check(file, STILL)
    with any_library(library, describer, None, aligner) as opened:
        if verify is None:
            picture = opened.compare(a, b).picture
        else:
            from twinreel.pictures import region_maps

            seen = opened.region_maps(a, b, verify=verify, weights=weights)
            picture = region_maps(seen.frames, seen.compared)
    _write(picture, file, json)


@app.command("strip")
def strip(
    a: First,
    b: Second,
    file: StillFile,
    frames: Annotated[int, typer.Option(metavar="N", min=1, max=40, help="Frames of each segment.")] = 5,
    library: options.LibraryFile = None,
    json: options.Json = False,
    describer: options.Describer = None,
    aligner: options.Aligner = None,
) -> None:
    """Show frames of two videos side by side where they show the same footage.

    Two rows for each common stretch: frames of A at even distances, and below each what B shows then, with the seconds.

    \b
    Examples:
      twinreel picture strip film.mkv clip.mp4 strip.png
      twinreel picture strip a.mp4 b.mp4 strip.jpg --frames 8
    """
    from twinreel.pictures import aligned_strip

    _check(file, STILL)
    with any_library(library, describer, None, aligner) as opened:
        match = opened.compare(a, b).match
    if match is None:
        raise UserError(f"{a} has nothing in common with {b}: there are no frames to show")
    _write(aligned_strip(a, b, match.segments, frames), file, json)


@app.command("search")
def search(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", show_default=False, help="A video.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", show_default=False, help="The picture to write: a .gif or a .webp.")
    ],
    top: Annotated[int, typer.Option(metavar="N", min=1, max=12, help="At most so many videos.")] = 4,
    min_score: options.MinScore = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Let a clip and the videos that show it play side by side.

    The clip is at the left, then come the videos of the library, best first, at the seconds that show the same footage;
    grey where they do not.

    \b
    Examples:
      twinreel picture search clip.mp4 found.gif
      twinreel picture search clip.mp4 found.webp --top 2
    """
    from twinreel.pictures import side_by_side

    _check(file, MOVES)
    with known_library(library) as opened:
        found = opened.search(clip, top, min_score=min_score)
    _write(side_by_side(clip, [(one.video.path, one.match.segments) for one in found]), file, json)


@app.command("anchors")
def anchors(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", show_default=False, help="A video.")],
    file: StillFile,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            show_default=False,
            help="Anchor frames. By default as few as leave 5% of the pixels unexplained.",
        ),
    ] = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Draw the anchor frames of a video, and how much of it they explain.

    Anchor frames are those that the others are nearly linear combinations of. The curve says what share of the pixels
    the first 1, 2 ... of them leave unexplained; below it are the frames with their seconds.

    \b
    Examples:
      twinreel picture anchors film.mkv anchors.png
      twinreel picture anchors film.mkv anchors.png --count 8
    """
    from twinreel.pictures import anchor_sheet

    _check(file, STILL)
    with any_library(library, None, None, None) as opened:
        found = opened.anchors(video, count)
    _write(anchor_sheet(video, found.times, found.errors), file, json)


def _check(file: Path, accepted: tuple[str, ...]) -> None:
    """Before any work is done for a picture that cannot be written."""
    from twinreel.pictures.picture import checked

    checked(file, *accepted)


def _write(picture: Picture | Moving, file: Path, json: bool) -> None:
    picture.save(file)
    height, width = picture.size
    if json:
        output.tell_json(PictureShape(file=path_to_text(str(file)), width=width, height=height))
    else:
        output.tell(f"picture written to {file}, {width}x{height}")
