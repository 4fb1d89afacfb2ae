"""twinreel evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.open import library_or_passing
from twinreel.cli.progress import shown
from twinreel.cli.shapes.library import failure_shape
from twinreel.cli.shapes.measures import EvaluateShape, PartShape, ShareShape
from twinreel.cli.text import count
from twinreel.store.exports import path_to_text

if TYPE_CHECKING:
    from twinreel.evaluate.base import Figures, Part
    from twinreel.evaluate.run import Evaluation

NAMED = 5
"""Missing videos and files that are named; --json has all."""


def evaluate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            show_default=False,
            help="fivr-200k (or fivr), fivr-5k, cc-web-video, evve, svd, vcdb, vsc2022 or vcsl.",
        ),
    ],
    videos: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            show_default=False,
            help="The videos, or some of them; a file's name without extension is its id.",
        ),
    ],
    annotations: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="The ground truth as its authors publish it; may be repeated where there are several files.",
        ),
    ],
    library: options.LibraryToMake = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
) -> None:
    """Measure a benchmark on the videos that you have of it.

    Scans the videos with default settings, or those of the library, and prints the benchmark's metrics, computed as its
    authors do. Everything that was aligned takes part, whatever its score.

    Where only a part of the videos is there, it says which, and the figures are of that part: they must not be compared
    with published ones. docs/evaluation.md says what each metric is, and which files each data set needs.

    \b
    Examples:
      twinreel evaluate fivr --videos FIVR --annotations annotation.json --annotations youtube_ids.txt
      twinreel evaluate evve --videos EVVE --annotations evve.pickle --library evve.sqlite
      twinreel evaluate vcsl --videos VCSL --annotations label_file.json --annotations pair_file.csv --json
    """
    from twinreel.evaluate.datasets import proper_name, read_benchmark
    from twinreel.evaluate.run import evaluate as run

    benchmark = read_benchmark(dataset, annotations)
    with library_or_passing(library) as opened:
        with shown() as progress:
            opened.add(videos, jobs=jobs, progress=progress)
        found, truncated = run(opened, videos, benchmark), opened.status().dropped
        settings = (opened.describer, str(opened.sampling), opened.aligner)
    if json:
        describer, sampling, aligner = settings
        output.tell_json(
            EvaluateShape(
                dataset=proper_name(dataset),
                describer=path_to_text(describer),
                sampling=sampling,
                aligner=aligner,
                part=_part_shape(found.part),
                metrics=dict(found.figures.values),
                curves={name: list(points) for name, points in found.figures.curves.items()},
                missing=list(found.missing),
                unusable=[failure_shape(failure) for failure in found.unusable],
                not_counted=[path_to_text(path) for path in found.not_counted],
                truncated=truncated,
            )
        )
        return
    output.tell(f"{proper_name(dataset)}, {', '.join(settings)}", "bold")
    for line in _about(found):
        output.tell(f"  {line}")
    if truncated:
        output.tell(f"  {count(truncated, 'pair')} of low scores not kept, and counted as not found")
    _tell_figures(found.figures)


def _part_shape(part: Part) -> PartShape:
    def share(of: tuple[int, int]) -> ShareShape:
        return ShareShape(present=of[0], total=of[1])

    return PartShape(
        whole=part.whole,
        queries=share(part.queries),
        videos=share(part.videos),
        positives=share(part.positives),
        queries_without_positives=part.without_positives,
    )


def _about(found: Evaluation) -> list[str]:
    """Which part of the benchmark the figures are about."""
    part = found.part
    lines = [
        ", ".join(
            f"{share.present:,} of {count(share.total, name, many)}"
            for share, name, many in (
                (part.queries, "query", "queries"),
                (part.videos, "video", None),
                (part.positives, "right pair", None),
            )
        )
        + " present"
    ]
    if not part.whole:
        lines.append("figures of a part: not comparable with those of the whole, or of another part")
    if part.without_positives:
        queries = count(part.without_positives, "query", "queries")
        lines.append(f"none of its right videos present: {queries}, without a part in a mean over queries")
    if found.missing:
        lines.append(f"missing: {_named(found.missing, ', ')}")
    if found.not_counted:
        lines.append(
            f"no video of this data set, or a second file of one, and not counted: {_named(found.not_counted)}"
        )
    if found.unusable:
        told = [f"{failure.path} ({failure.reason})" for failure in found.unusable]
        lines.append(f"not usable, or only in part, and counted as present: {_named(told)}")
    return lines


def _named(names: tuple[str, ...] | list[str], between: str = "; ") -> str:
    """The first ones, and how many more there are."""
    more = f" and {len(names) - NAMED:,} more (--json names them)" if len(names) > NAMED else ""
    return between.join(names[:NAMED]) + more


def _tell_figures(figures: Figures) -> None:
    made = output.table("metric", "value", right=("value",))
    for name, value in figures.values.items():
        output.row(made, name, "-" if value is None else f"{value:.4f}")
    output.tell_table(made)
