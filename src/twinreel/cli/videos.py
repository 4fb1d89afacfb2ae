"""twinreel videos: search, export, evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from twinreel.cli import options, output
from twinreel.cli.open import known_library, library_or_passing
from twinreel.cli.progress import shown
from twinreel.cli.shapes.videos import LabelledShape, SimilarShape, SimilarToShape, VectorsShape
from twinreel.cli.text import count, parse_size
from twinreel.errors import MediaError, UserError
from twinreel.store.exports import path_to_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="One vector a video: search, export, evaluate.")

By = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="How a video becomes one vector: mean, gem, pyramid, anchors, hash or long-hash of its frame vectors; dns "
        "(the coarse student) or rcla (both need --weights and the extra networks).",
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        show_default=False,
        help="For dns the folder of its files, see docs/networks.md; for rcla the file that `twinreel train rcla` "
        "wrote.",
    ),
]


@app.callback()
def group() -> None:
    """One vector a video: search, export, evaluate."""


@app.command()
def search(
    clips: Annotated[list[Path] | None, typer.Argument(metavar="CLIP", help="Videos.", show_default=False)] = None,
    by: By = "mean",
    weights: Weights = None,
    top: Annotated[int, typer.Option(metavar="N", min=1, help="So many videos a clip.")] = 10,
    library: options.LibraryFile = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
) -> None:
    """Rank the videos of the library by how alike they are to a clip as a whole.

    For near-duplicate screening: the similarity is no probability, and neither seconds nor excerpts are told; `twinreel
    search` tells them. Where clips cannot be used, the others are still answered, and the exit code is 4.

    \b
    Examples:
      twinreel videos search clip.mp4
      twinreel videos search clip.mp4 --by dns --weights ~/weights --top 5 --json
      twinreel videos search a.mp4 b.mp4 --by rcla --weights mine/rcla.pt
    """
    if not clips:
        raise UserError("no clip was given: name some videos")
    with known_library(library) as opened, shown() as progress:
        answers = opened.similar_videos(
            clips, top, by=by, weights=weights, jobs=jobs, memory=parse_size(memory), progress=progress
        )
    refused = {clip: answer for clip, answer in answers.items() if isinstance(answer, MediaError)}
    if json:
        output.tell_json(
            [
                SimilarToShape(
                    clip=path_to_text(clip),
                    error=str(answer) if isinstance(answer, MediaError) else None,
                    found=[]
                    if isinstance(answer, MediaError)
                    else [
                        SimilarShape(
                            path=path_to_text(one.video.path),
                            content=one.video.content,
                            similarity=one.similarity,
                            distance=one.distance,
                        )
                        for one in answer
                    ],
                )
                for clip, answer in answers.items()
            ]
        )
    else:
        for clip, answer in answers.items():
            if not isinstance(answer, MediaError):
                output.tell(clip, "bold")
                for one in answer:
                    output.tell(f"  {one.similarity:6.3f}  {one.video.path}")
    for clip, error in refused.items():
        output.complain(f"{clip}: {error}")
    if refused:
        raise typer.Exit(MediaError.exit_code)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False, help="An .npz file to write.")],
    by: By = "mean",
    weights: Weights = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
) -> None:
    """Write the vectors of all videos to a NumPy file, for a vector database.

    It holds `vectors` (n, d) float32, each of length 1, `contents` and `paths` (n,), in order of content id. Inner
    products and L2 distances rank alike.

    \b
    Examples:
      twinreel videos export vectors.npz
      twinreel videos export vectors.npz --by dns --weights ~/weights
    """
    if file.suffix.lower() != ".npz":
        raise UserError(f"cannot write vectors to {file}: the name must end in .npz")
    with known_library(library) as opened, shown() as progress:
        found = opened.video_vectors(by, weights, jobs=jobs, memory=parse_size(memory), progress=progress)
    contents = np.array([video.content for video in found.videos], dtype=np.str_)
    paths = np.array([path_to_text(video.path) for video in found.videos], dtype=np.str_)
    try:
        np.savez(file, vectors=found.vectors, contents=contents, paths=paths)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror or error}") from error
    videos, dimensions = found.vectors.shape
    if json:
        output.tell_json(VectorsShape(file=path_to_text(str(file)), videos=videos, dimensions=dimensions))
    else:
        output.tell(f"{count(videos, 'vector')} of {dimensions} numbers written to {file}")


@app.command()
def evaluate(
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS", show_default=False, help="A CSV file of path,event, or a folder with a folder an event."
        ),
    ],
    by: By = "mean",
    weights: Weights = None,
    queries: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="A CSV file of the labelled videos to ask for. By default all."
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", "-k", metavar="K", min=1, help="mAP@k is of so many answers.")] = 5,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            min=-1.0,
            max=1.0,
            show_default=False,
            help="Similarity from which two videos count as alike. By default the best one for these labels, which "
            "flatters precision, recall and F1.",
        ),
    ] = None,
    library: options.LibraryToMake = None,
    json: options.Json = False,
    jobs: options.Jobs = None,
    memory: options.Memory = "2G",
) -> None:
    """Measure how well one vector a video tells labelled videos: mAP, mAP@k, precision, recall, F1.

    The labelled videos are added to the library, and each is ranked against the others; it is no answer to itself.

    \b
    Examples:
      twinreel videos evaluate labels.csv
      twinreel videos evaluate VCDB --by dns --weights ~/weights --library vcdb.sqlite
      twinreel videos evaluate video_info.csv --queries query_video_info.csv -k 5
    """
    from twinreel.evaluate.labelled import Labelled, measure, read_labels, same_event

    labelled = read_labels(labels)
    asked = None if queries is None else {one.path for one in read_labels(queries)}
    with library_or_passing(library) as opened, shown() as progress:
        opened.add([one.path for one in labelled], jobs=jobs, memory=parse_size(memory), progress=progress)
        found = opened.video_vectors(by, weights, jobs=jobs, memory=parse_size(memory), progress=progress)
    rows = {path: row for row, video in enumerate(found.videos) for path in video.paths}
    known: list[Labelled] = [one for one in labelled if str(one.path) in rows]
    if not known:
        raise UserError(f"of the videos in {labels} none has a vector; `twinreel failures` says why")
    vectors = found.vectors[[rows[str(one.path)] for one in known]].astype(np.float64)
    figures = measure(
        vectors @ vectors.T,
        same_event([one.event for one in known]),
        top,
        queries=None if asked is None else np.array([one.path in asked for one in known]),
        threshold=threshold,
    )
    missing = len(labelled) - len(known)
    if json:
        output.tell_json(
            LabelledShape(
                by=by,
                videos=figures.videos,
                queries=figures.queries,
                missing=missing,
                map=figures.map,
                map_at_k=figures.map_at_k,
                k=top,
                threshold=figures.threshold,
                precision=figures.precision,
                recall=figures.recall,
                f1=figures.f1,
            )
        )
        return
    output.tell(f"mAP {figures.map:.3f}, mAP@{top} {figures.map_at_k:.3f}: {figures.queries} of {figures.videos} asked")
    output.tell(
        f"from a similarity of {figures.threshold:.3f}: precision {figures.precision:.3f}, recall "
        f"{figures.recall:.3f}, F1 {figures.f1:.3f}"
    )
    if missing:
        output.say(f"{count(missing, 'labelled file')} without a vector took no part")
