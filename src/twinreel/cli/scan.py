"""twinreel scan"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output, report, view
from twinreel.cli.open import library_to_fill, workers_ahead
from twinreel.cli.progress import shown
from twinreel.cli.shapes.commands import ScanShape, report_shape, returned_shape
from twinreel.cli.shapes.library import failure_shape, match_shapes
from twinreel.cli.text import count, parse_size
from twinreel.processors import cores
from twinreel.store.exports import check_export, path_to_text

LOCAL = "local"
"""The engine that is this machine alone."""


def scan(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            show_default=False,
            help="Folders and files; URLs (s3://, gs://, az://, hf://, https://); manifests, that is .csv or .parquet "
            "files with a column uri, url, path or file.",
        ),
    ],
    library: options.LibraryFile = None,
    json: options.Json = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Also write what is reported to a .csv, .jsonl or .parquet file.",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            show_default=False,
            help="Take only files that match, whatever their extension; may be repeated.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", show_default=False, help="Leave out files and folders that match; may be repeated."
        ),
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Take hidden files and folders too.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait while another scan uses the library, instead of giving up.")
    ] = False,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
    readers_per_drive: options.ReadersPerDrive = None,
    hardware: options.Hardware = "auto",
    describer: options.Describer = None,
    sampling: options.SamplingText = None,
    aligner: options.Aligner = None,
    index: options.Index = None,
    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE",
            help="Where the work is done: local, ray (the Ray cluster that this machine is part of, else this machine) "
            "or ray:ADDRESS. See docs/ray.md.",
        ),
    ] = LOCAL,
    work: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            show_default=False,
            help="For ray: where the run keeps its files, a folder or URL that all nodes see. By default beside the "
            "library.",
        ),
    ] = None,
    actors: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, show_default=False, help="For ray: processes at most. By default all."),
    ] = None,
    gpus: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0.0, help="For ray: graphics cards of each process that describes frames."),
    ] = 0.0,
    verify: options.Verify = None,
    weights: options.Weights = None,
) -> None:
    """Add or refresh files and folders, and match them.

    Prints the groups of duplicates, each with the file that stands for it and why, then the clips that are contained
    in others, the overlaps and the shared content, with the seconds. A second scan looks only at what changed. Ctrl-C
    is safe: the same command goes on where it stopped.

    Files that cannot be used do not stop a scan and do not change its exit code, which is 0; `twinreel failures`
    lists them.

    \b
    Examples:
      twinreel scan ~/Videos
      twinreel scan ~/Videos /media/disk --export matches.csv
      twinreel scan . --exclude "*/samples/*" --sampling keyframes --jobs 4
      twinreel scan ~/Videos --verify chamfer
      twinreel scan ~/Videos --index milvus:./vectors.db
      twinreel scan s3://bucket/films more.parquet --sampling keyframes
      twinreel scan s3://bucket/films --engine ray:auto --work s3://bucket/run
      twinreel scan . --library films.sqlite --json > report.json
    """
    if export is not None:
        check_export(export)
    limit = parse_size(memory)
    if engine == LOCAL:
        workers_ahead(jobs or cores())
    from twinreel.match.calibration import MIN_SCORE

    with library_to_fill(library, describer, sampling, aligner, verify, weights, index) as opened:
        on = None
        if engine != LOCAL:
            from twinreel.library.clustered import parse_engine

            on = parse_engine(engine, work or f"{opened.path}.run", actors=actors, gpus=gpus)
        with shown() as progress:
            done = opened.add(
                paths,
                include=include or (),
                exclude=exclude or (),
                hidden=hidden,
                jobs=jobs,
                memory=limit,
                readers_per_drive=readers_per_drive,
                hardware=hardware,
                wait=wait,
                on_wait=lambda why: output.say(f"{why}: waiting for its end"),
                progress=progress,
                on=on,
            )
        rows = None if export is None else opened.export(export)
        seen = view.view(opened, None)
        truncated = opened.dropped() if done.matches else None
        if json:
            output.tell_json(
                ScanShape(
                    library=path_to_text(str(opened.path)),
                    min_score=MIN_SCORE,
                    report=report_shape(done),
                    groups=view.group_shapes(seen),
                    matches=match_shapes(seen.matches, seen.videos),
                    failures=[failure_shape(failure) for failure in done.failures],
                    exported_rows=rows,
                    truncated=truncated,
                    returned=[returned_shape(one) for one in opened.returned()],
                )
            )
        else:
            report.tell_report(seen, len(opened.shared_content()))
            report.tell_returned(opened.returned())
            output.tell(report.summary(done, seen))
    if truncated:
        output.say(
            f"{count(truncated, 'pair')} of low scores not kept: a video keeps the 200 best beside what is reported"
        )
    if rows is not None:
        output.say(f"{count(rows, 'row')} written to {export}")
