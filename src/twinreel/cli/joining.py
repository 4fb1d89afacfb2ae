"""twinreel import, merge: videos that were scanned elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import library_to_fill
from twinreel.cli.progress import shown
from twinreel.cli.shapes.commands import JoinedShape
from twinreel.cli.text import count

if TYPE_CHECKING:
    from twinreel.engine.joining import Joined

Host = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="NAME",
        show_default=False,
        help="The machine whose paths they are: they are kept as host://NAME/PATH. By default they are paths here too.",
    ),
]


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="A .parquet file.")],
    host: Host = None,
    made_by: Annotated[
        str | None,
        typer.Option(
            "--made-by",
            metavar="NAME",
            show_default=False,
            help="For vectors that another program made: its name, and the library keeps to vectors of that kind.",
        ),
    ] = None,
    library: options.LibraryFile = None,
    jobs: options.Jobs = None,
    json: options.Json = False,
    describer: options.Describer = None,
    sampling: options.SamplingText = None,
) -> None:
    """Take in videos from a Parquet file, and match them.

    The file is one of `twinreel export --videos`, made on any machine, or a table of another program with the columns
    id, uri and vectors (a list of lists of numbers; times and duration, in seconds, may come with them). No video is
    opened. Where no file lies here as it did there, its path is offline. Needs an extra: pip install
    "twinreel[parquet]".

    \b
    Examples:
      twinreel import nas.parquet --host nas
      twinreel import clip-vectors.parquet --made-by clip --library clip.sqlite
    """
    with library_to_fill(library, describer, sampling, None) as opened, shown() as progress:
        done = opened.import_videos(file, host=host, made_by=made_by, jobs=jobs, progress=progress)
    _tell(done, json)


def merge(
    others: Annotated[list[Path], typer.Argument(metavar="OTHER", show_default=False, help="Library files.")],
    host: Host = None,
    library: options.LibraryFile = None,
    jobs: options.Jobs = None,
    json: options.Json = False,
    describer: options.Describer = None,
    sampling: options.SamplingText = None,
) -> None:
    """Take in the videos of other libraries, and match them.

    Fingerprints and decisions are taken over, and all is matched anew as if one scan had seen it all; no video is
    decoded. The other libraries stay as they are. Where no file lies here as it did there, its path is offline.

    \b
    Examples:
      twinreel merge nas.sqlite --host nas
      twinreel merge one.sqlite two.sqlite --library both.sqlite
    """
    with library_to_fill(library, describer, sampling, None) as opened, shown() as progress:
        done = opened.merge(others, host=host, jobs=jobs, progress=progress)
    _tell(done, json)


def _tell(done: Joined, json: bool) -> None:
    if json:
        output.tell_json(
            JoinedShape(videos=done.videos, added=done.added, decisions=done.decisions, matches=done.matches)
        )
        return
    words = f"{count(done.videos, 'video')} read, {done.added} of them new; {count(done.matches, 'pair')} aligned"
    output.tell(words + (f"; {count(done.decisions, 'decision')} taken over" if done.decisions else ""))
