"""twinreel tags"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import known_library
from twinreel.cli.progress import shown
from twinreel.cli.shapes.meaning import tagged_shape
from twinreel.cli.text import clock, count
from twinreel.store.exports import check_export, write_rows


def tags(
    word: Annotated[
        list[str] | None, typer.Option(metavar="WORD", show_default=False, help="Look for this; may be given often.")
    ] = None,
    words: Annotated[
        Path | None, typer.Option(metavar="FILE", show_default=False, help="A file with such a word in each line.")
    ] = None,
    describer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="Look for words with this describer of pictures and texts, by default with that of the last scan.",
        ),
    ] = None,
    find: Annotated[
        str | None, typer.Option(metavar="LABEL", show_default=False, help="Print only videos with this label.")
    ] = None,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many labels a video.")] = 10,
    min_score: Annotated[
        float, typer.Option(metavar="S", min=0.0, max=1.0, help="Print labels that reach this score.")
    ] = 0.1,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Write them to a .csv, .jsonl or .parquet file, a row a label."
        ),
    ] = None,
    jobs: options.Jobs = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Say what videos show.

    Labels of keyframes, merged over each video: a label's score is the mean of its probabilities in the three frames
    that show it best. Without words they are ImageNet's thousand classes (needs the extra tags); with words, how well
    they fit, of each other and of none of them.

    \b
    Examples:
      twinreel tags
      twinreel tags --find "golden retriever"
      twinreel tags --word "a news studio" --word beach --describer clip-vit-b32 --export tags.csv
    """
    from twinreel.library.meaning import TagRow, having, tag_rows
    from twinreel.models.words import read_words

    if export:
        check_export(export)
    asked = [*(word or ()), *(read_words(words) if words else ())]
    with known_library(library) as opened, shown() as progress:
        found = opened.tags(asked, describer=describer, top=top, min_score=min_score, jobs=jobs, progress=progress)
    if find is not None:
        found = having(found, find)
    rows = write_rows(tag_rows(found), export, TagRow) if export else None
    if json:
        output.tell_json([tagged_shape(one) for one in found])
        return
    for one in found:
        output.tell(one.video.path, "bold")
        for tag in one.tags:
            output.tell(f"  {tag.score:.2f}  {tag.label}, best at {clock(tag.time)}")
    if rows is not None:
        output.say(f"{count(rows, 'row')} written to {export}")
