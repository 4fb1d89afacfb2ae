"""twinreel bench: make, run, report

What makes, runs and reports takes time to import, and making needs Pillow: both wait until a command is under way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from twinreel.cli import options, output
from twinreel.cli.progress import shown
from twinreel.cli.shapes.bench import BenchMakeShape, BenchReportShape, RefusedShape, RunShape
from twinreel.cli.text import count, parse_size
from twinreel.store.exports import path_to_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure accuracy on clips of your own.")

Collection = Annotated[
    Path, typer.Argument(metavar="OUT", show_default=False, help="Folder of a collection that bench make made.")
]
_MOST = 10
"""Clips and files that could not be used or made, named one by one."""


@app.command()
def make(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", show_default=False, help="Folder of video clips.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", show_default=False, help="Folder for the collection: a new one.")
    ],
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Another number draws other edits.")] = 7,
    copies: Annotated[int, typer.Option(metavar="N", min=1, help="Copies of each clip that is copied.")] = 4,
    height: Annotated[
        int, typer.Option(metavar="PIXELS", min=64, help="Shorter side of the made files' pictures, at most.")
    ] = 288,
    max_length: Annotated[
        float, typer.Option(metavar="SECONDS", min=4, help="How much of a clip is used, from its beginning.")
    ] = 20.0,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="Encode with this one, of FFmpeg's names; may be repeated. By default those that the installed PyAV "
            "has of libx264, libopenh264, mpeg4, libvpx-vp9, libx265 and mjpeg.",
        ),
    ] = None,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
    json: options.Json = False,
) -> None:
    """Edit clips into a labelled collection.

    Of every five clips, three are copied with edits of all kinds and strengths, one is cut into two stretches that
    have no moment in common, and one is added as it is. Which seconds of which files show the same is known exactly
    and written beside them. The clips should show different things: what two of them have in common is not known.

    After Ctrl-C the same command goes on where it stopped. Needs an extra: pip install "twinreel[bench]".

    \b
    Examples:
      twinreel bench make ~/clips bench
      twinreel bench make ~/clips bench-2 --seed 2 --copies 8
    """
    from twinreel.bench.making import make as make_collection
    from twinreel.bench.plan import Settings
    from twinreel.engine.settings import Resources

    settings = Settings(seed, copies, height, max_length, tuple(encoder or ()))
    with shown() as progress:
        made = make_collection(clips, out, settings, resources=Resources(jobs, parse_size(memory)), progress=progress)
    labels = made.labels
    if json:
        output.tell_json(
            BenchMakeShape(
                folder=path_to_text(str(out)),
                files=len(made.files),
                true_pairs=len(labels.truth),
                hard_negatives=len(labels.hard_negatives),
                ignored=len(labels.ignored),
                kept=made.kept,
                refused=[RefusedShape(path=path_to_text(one.path), reason=one.reason) for one in made.refused],
            )
        )
    else:
        output.tell(
            f"{count(len(made.files), 'file')}, {count(len(labels.truth), 'true pair')}, "
            f"{count(len(labels.hard_negatives), 'hard negative')}, {len(labels.ignored)} ignored, in {out}"
        )
    for one in made.refused[:_MOST]:
        output.say(f"{one.path}: {one.reason}")
    if len(made.refused) > _MOST:
        output.say(f"{len(made.refused) - _MOST} more: collection.json lists them")


@app.command()
def run(
    out: Collection,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="What the run is kept as. By default made of describer and sampling; a name that is taken gets a "
            "number.",
        ),
    ] = None,
    describer: options.Describer = None,
    sampling: options.SamplingText = None,
    aligner: options.Aligner = None,
    library: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Keep the library, in a file that does not exist yet. By default it is removed.",
        ),
    ] = None,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
    json: options.Json = False,
) -> None:
    """Scan a collection, and score what comes of it.

    It is scanned into a new library as `twinreel scan` does. The result is kept in the collection, so that several
    can be compared.

    \b
    Examples:
      twinreel bench run bench
      twinreel bench run bench --describer pdq --sampling dense:0.5
      twinreel bench run bench --name mine --describer model.onnx --json
    """
    from twinreel.bench.card import COPIES
    from twinreel.bench.running import as_json
    from twinreel.bench.running import run as run_over

    with shown() as progress:
        done = run_over(
            out,
            name=name,
            describer=describer,
            sampling=sampling,
            aligner=aligner,
            library=library,
            jobs=jobs,
            memory=parse_size(memory),
            progress=progress,
        )
    if json:
        output.tell_json(as_json(done))
        return
    f = done.figures
    made = output.table("figure", "value", right=("value",))
    for figure, value in (
        *(("ap", f.ap), ("recall@p99", f.recall_p99), ("recall@p90", f.recall_p90), ("precision", f.precision)),
        *(("recall", f.recall), ("f1", f.f1), ("segment precision", f.segment_precision)),
        *(("segment recall", f.segment_recall), ("segment f1", f.segment_f1)),
        ("calibration error", done.calibration_error),
    ):
        output.row(made, figure, f"{value:.3f}")
    output.tell_table(made)
    by = output.table("pairs", "ap", "recall@p99", "reported", right=("ap", "recall@p99", "reported"))
    for one in done.strata:
        words = f"{COPIES[one.copies]}, {one.level}", f"{one.ap:.3f}", f"{one.recall_p99:.3f}"
        output.row(by, *words, f"{one.found}/{one.pairs}")
    output.tell_table(by)
    output.tell(
        f"{done.hard_negatives[0]} of {count(done.hard_negatives[1], 'hard negative')} reported; "
        f"{done.seconds:.1f} s, {done.times_real_time:.0f}x real time"
    )
    output.say(f"kept as {done.name}; twinreel bench report {out} makes a card of it")
    for file, reason in done.failures:
        output.say(f"{file}: {reason}")


@app.command()
def report(
    out: Collection,
    run: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", show_default=False, help="Only this run; may be repeated. By default all."),
    ] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", show_default=False, help="Where the page goes.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", show_default=False, help="Where the text goes.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Write an accuracy card of a collection's runs.

    One HTML file that needs no network, with curves and frames of what went wrong, and the same as Markdown without
    pictures. With neither option, both go into the collection: card.html and card.md.

    \b
    Examples:
      twinreel bench report bench
      twinreel bench report bench --html card.html --run default-auto-1 --run pdq-dense-0.5
    """
    from twinreel.bench import page
    from twinreel.bench.card import card
    from twinreel.bench.collection import write_text
    from twinreel.bench.running import as_json

    if html is None and markdown is None:
        html, markdown = out / "card.html", out / "card.md"
    made = card(out, run or ())
    for file, write in ((html, page.html), (markdown, page.markdown)):
        if file is not None:
            write_text(file, write(made))
    runs = [one.run for one in made.judged]
    if json:
        output.tell_json(
            BenchReportShape(
                html=None if html is None else path_to_text(str(html)),
                markdown=None if markdown is None else path_to_text(str(markdown)),
                runs=[cast(RunShape, as_json(one)) for one in runs],
            )
        )
        return
    for file in filter(None, (html, markdown)):
        output.tell(f"{file}: {count(len(runs), 'run')}")
