"""What a library holds and reports: groups, matches, shared, show, failures, export, forget, prune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twinreel.cli import options, output, report, view
from twinreel.cli.open import known_library
from twinreel.cli.shapes.commands import ExportShape, RemovedShape, ShowShape
from twinreel.cli.shapes.library import failure_shape, match_shapes, shared_shape, video_shape
from twinreel.cli.text import count
from twinreel.store.exports import path_to_text


def groups(
    min_score: options.MinScore = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="star (the default), dbscan, hdbscan, ring or md5-ring; docs/groups.md says what they promise.",
        ),
    ] = "star",
    min_samples: Annotated[
        int,
        typer.Option(
            metavar="N", help="For dbscan and hdbscan: how many videos, itself among them, draw others into a group."
        ),
    ] = 2,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Print the groups of duplicates.

    Those are identical files, files with the same video stream, and copies that show all of one another. Every member
    matches the representative, which has the highest resolution, of equal ones the most bits per pixel, then the
    longest duration, then the container that most programs can use.

    \b
    Examples:
      twinreel groups
      twinreel groups --min-score 0.9 --json
      twinreel groups --method dbscan --min-samples 3
    """
    with known_library(library) as opened:
        seen = view.view(opened, min_score, method, min_samples)
    if json:
        output.tell_json(view.group_shapes(seen))
    elif seen.groups:
        report.tell_groups(seen)
    else:
        output.tell("no duplicates")


def matches(
    min_score: options.MinScore = None, library: options.LibraryFile = None, json: options.Json = False
) -> None:
    """Print every matching pair, with the seconds.

    Files with the same bytes are one video. At most 200 pairs of a video are kept beside the reported ones. What
    `twinreel shared` lists carries no weight; pairs that have nothing else in common are called shared content.

    \b
    Examples:
      twinreel matches
      twinreel matches --min-score 0
      twinreel matches --json
    """
    with known_library(library) as opened:
        videos = {video.content: video for video in opened.videos()}
        found = opened.matches(min_score)
    if json:
        output.tell_json(match_shapes(found, videos))
    elif found:
        report.tell_matches(found, videos)
    else:
        output.tell("no matches")


def shared(library: options.LibraryFile = None, json: options.Json = False) -> None:
    """Print the footage that many videos share.

    Intros, logos, end cards, adverts: stretches that four and more videos show which have little else in common, each
    with the seconds of every video. They carry no weight when two videos are called duplicates, contained in one
    another, or overlapping.

    \b
    Examples:
      twinreel shared
      twinreel shared --json
    """
    with known_library(library) as opened:
        videos = {video.content: video for video in opened.videos()}
        found = opened.shared_content()
    if json:
        output.tell_json([shared_shape(one, videos) for one in found])
    elif found:
        report.tell_shared(found, videos)
    else:
        output.tell("no shared content")


def show(
    file: Annotated[str, typer.Argument(metavar="FILE", show_default=False, help="A file, or a content id.")],
    min_score: options.MinScore = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Print what is known of one video.

    Its facts, where it lies, and what it matches.

    \b
    Examples:
      twinreel show film.mkv
      twinreel show film.mkv --min-score 0 --json
    """
    with known_library(library) as opened:
        video = opened.show(file)
        videos = {known.content: known for known in opened.videos()}
        found = opened.matches(min_score, video=video.content)
        failures = [failure for failure in opened.failures() if failure.path in video.paths]
    if json:
        output.tell_json(
            ShowShape(
                video=video_shape(video),
                matches=match_shapes(found, videos),
                failures=[failure_shape(failure) for failure in failures],
            )
        )
        return
    report.tell_video(video)
    for failure in failures:
        output.tell(f"  {failure.kind}: {failure.reason}", "yellow")
    if found:
        output.tell(count(len(found), "match", "matches"), "bold")
        report.tell_matches(found, videos)


def failures(library: options.LibraryFile = None, json: options.Json = False) -> None:
    """Print what could not be used, and why.

    Bad files are skipped until they change. What failed for want of access, memory or time is tried again by every
    scan.

    \b
    Examples:
      twinreel failures
      twinreel failures --json
    """
    with known_library(library) as opened:
        found = opened.failures()
    if json:
        output.tell_json([failure_shape(failure) for failure in found])
    elif found:
        report.tell_failures(found)
    else:
        output.tell("no failures")


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", show_default=False, help="A name that ends in .csv, .jsonl or .parquet.")
    ],
    videos: Annotated[
        bool,
        typer.Option(
            "--videos", help="Write the videos and their fingerprints, for twinreel import; FILE ends in .parquet."
        ),
    ] = False,
    min_score: options.MinScore = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Write the matches, or the videos, to a file.

    It has a row for each common stretch of two files, or of two copies of one file.

    The columns are a, b, relation, score, a_start, a_end, b_start, b_end, speed, mirrored, coverage_a, coverage_b. A
    speed below 0 says that one plays backwards what the other shows.
    Parquet needs an extra: pip install "twinreel[parquet]".

    \b
    Examples:
      twinreel export matches.csv
      twinreel export all.parquet --min-score 0
      twinreel export library.parquet --videos
    """
    with known_library(library) as opened:
        rows = opened.export_videos(file) if videos else opened.export(file, min_score)
    if json:
        output.tell_json(ExportShape(file=path_to_text(str(file)), rows=rows))
    else:
        output.tell(f"{count(rows, 'row')} written to {file}")


def forget(
    path: Annotated[str, typer.Argument(metavar="PATH", show_default=False, help="A file or a folder, or a URL.")],
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Remove files from the library.

    One file, or all files of a folder. Nothing on the disk is touched.

    \b
    Examples:
      twinreel forget ~/Videos/old
      twinreel forget film.mkv
    """
    with known_library(library) as opened:
        _tell_removed(opened.forget(path), json)


def prune(library: options.LibraryFile = None, json: options.Json = False) -> None:
    """Remove what is gone from the disk.

    Files of a drive that is absent are kept.

    \b
    Examples:
      twinreel prune
    """
    with known_library(library) as opened:
        _tell_removed(opened.prune(), json)


def _tell_removed(files: int, json: bool) -> None:
    if json:
        output.tell_json(RemovedShape(files=files))
    else:
        output.tell(f"{count(files, 'file')} removed from the library")
