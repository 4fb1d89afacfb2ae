"""What commands print that fill a library or ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from twinreel.cli.shapes.library import (
    FailureShape,
    GroupShape,
    MatchShape,
    SegmentShape,
    VideoShape,
    match_shape,
    video_shape,
)
from twinreel.store.exports import path_to_text
from twinreel.types import ScanReport

if TYPE_CHECKING:
    from twinreel.library import Found, Returned


class ReportShape(TypedDict):
    """What a scan did."""

    files: int
    unchanged: int
    added: int
    moved: int
    gone: int
    failed: int
    decoded: int
    frames: int
    seconds_of_video: float
    matches: int
    verified: int
    regions: int


class ReturnedShape(TypedDict):
    """A video that was removed once, and is there again; how: the same "file", the same "stream", or other "footage"
    of it; removed_at: seconds since 1970."""

    path: str
    content: str
    how: str
    removed_at: float


class ScanShape(TypedDict):
    """What a scan did, and what the library reports after it.

    exported_rows: null without --export; truncated: aligned pairs that were not kept, null where nothing was matched.
    """

    library: str
    min_score: float
    report: ReportShape
    groups: list[GroupShape]
    matches: list[MatchShape]
    failures: list[FailureShape]
    exported_rows: int | None
    truncated: int | None
    returned: list[ReturnedShape]


class FoundShape(TypedDict):
    """Where a clip has been seen; a is the clip, whatever the relation."""

    video: VideoShape
    match: MatchShape


class SearchShape(TypedDict):
    """The answer for one clip; error says why it could not be used."""

    clip: str
    error: str | None
    found: list[FoundShape]


class StageShape(TypedDict):
    """One step of a comparison; for the shortcuts "identical content" and "same stream" a no drops nothing."""

    name: str
    passed: bool
    detail: str


class CompareShape(TypedDict):
    """One pair explained; dropped_by: the stage at which a scan drops the pair."""

    a: VideoShape
    b: VideoShape
    match: MatchShape | None
    reported: bool
    dropped_by: str | None
    stages: list[StageShape]
    map: str | None


class RepeatsShape(TypedDict):
    """Footage that a video shows more than once: a is where it is seen first, b where it is seen again."""

    video: VideoShape
    repeats: list[SegmentShape]


class ShowShape(TypedDict):
    """What is known of one video."""

    video: VideoShape
    matches: list[MatchShape]
    failures: list[FailureShape]


class ExportShape(TypedDict):
    """What was written."""

    file: str
    rows: int


class JoinedShape(TypedDict):
    """What was taken in; added: contents new to the library; matches: pairs that were aligned with a result."""

    videos: int
    added: int
    decisions: int
    matches: int


class RemovedShape(TypedDict):
    """How many files left the library."""

    files: int


def report_shape(report: ScanReport) -> ReportShape:
    return ReportShape(
        files=report.files,
        unchanged=report.unchanged,
        added=report.added,
        moved=report.moved,
        gone=report.gone,
        failed=report.failed,
        decoded=report.decoded,
        frames=report.frames,
        seconds_of_video=report.seconds_of_video,
        matches=report.matches,
        verified=report.verified,
        regions=report.regions,
    )


class ArrivalShape(TypedDict):
    """A file that arrived: files with the same bytes, what it matches, and whether it was removed before."""

    path: str
    identical: list[str]
    matches: list[MatchShape]
    returned: list[ReturnedShape]


def returned_shape(returned: Returned) -> ReturnedShape:
    return ReturnedShape(
        path=path_to_text(returned.video.path),
        content=returned.video.content,
        how=returned.how,
        removed_at=returned.removed.decided_at,
    )


def found_shape(clip: str, found: Found) -> FoundShape:
    return FoundShape(video=video_shape(found.video), match=match_shape(found.match, clip, found.video.path))
