"""The shapes of all JSON that the command line prints: docs/cli.md is made from this file, and tests hold output to it.

Times are seconds, sizes bytes, scores and coverages in [0, 1]. A path that is not valid Unicode is a ``file:`` URI, as
in exports. Shapes may gain keys from one version to the next, and lose none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from twinreel.store.exports import path_to_text
from twinreel.types import Failure, Match, ScanReport, Segment, SharedContent, Video

if TYPE_CHECKING:
    from twinreel.library import Found


class VideoShape(TypedDict):
    """A video of the library."""

    path: str
    paths: list[str]
    content: str
    state: str
    size: int
    duration: float
    width: int
    height: int
    codec: str
    container: str
    fps: float | None
    bit_rate: float | None
    rotation: int
    hdr: bool
    interlaced: bool
    audio_languages: list[str]
    subtitle_languages: list[str]
    file_digest: str | None
    stream_digest: str | None


class SegmentShape(TypedDict):
    """A common stretch of two videos, or of two places in one."""

    a_start: float
    a_end: float
    b_start: float
    b_end: float
    speed: float
    mirrored: bool
    score: float


class MatchShape(TypedDict):
    """Two videos that show the same footage; for the relation "contains" a is the longer one. A comparison keeps the
    order of its arguments: there, the one that is covered less contains the other."""

    a: str
    b: str
    a_content: str
    b_content: str
    relation: str
    score: float
    coverage_a: float
    coverage_b: float
    segments: list[SegmentShape]


class MemberShape(TypedDict):
    """A file of a group; relation: to the representative, None for itself."""

    path: str
    content: str
    relation: str | None
    score: float
    size: int
    duration: float
    width: int
    height: int


class GroupShape(TypedDict):
    """Files that are duplicates of one another, the representative first."""

    representative: str
    reason: str
    members: list[MemberShape]


class FailureShape(TypedDict):
    """A file that could not be used, or only in part."""

    path: str
    kind: str
    stage: str
    reason: str


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


class OccurrenceShape(TypedDict):
    """Where shared content is found."""

    path: str
    content: str
    start: float
    end: float


class SharedShape(TypedDict):
    """Footage that many otherwise unrelated videos show; the example is the first of its occurrences, and seconds are
    those of all together."""

    id: str
    videos: int
    seconds: float
    occurrences: list[OccurrenceShape]


class ShowShape(TypedDict):
    """What is known of one video."""

    video: VideoShape
    matches: list[MatchShape]
    failures: list[FailureShape]


class ExportShape(TypedDict):
    """What was written."""

    file: str
    rows: int


class RemovedShape(TypedDict):
    """How many files left the library."""

    files: int


class FileShape(TypedDict):
    """A file as it was when the plan was made; digest: XXH3-128 of its bytes, links: names that it has, names: those
    that the library knows beside this, sides: files beside it that belong to it."""

    path: str
    real: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    links: int
    mode: int
    uid: int
    gid: int
    content: str
    digest: str
    sides: list[str]
    names: list[str]


class MoveShape(TypedDict):
    """A file that is moved along."""

    source: str
    target: str


class ActionShape(TypedDict):
    """One file that is not needed: what is done to it, what is kept instead, and why; target: where it goes, in a
    quarantine; across: that is on another drive."""

    number: int
    deed: str
    file: FileShape
    kept: list[FileShape]
    relation: str
    reason: str
    freed: int
    target: str | None
    across: bool
    sides: list[MoveShape]


class RemarkShape(TypedDict):
    """A video that stays though some of it exists elsewhere; unique: the stretches that exist nowhere else."""

    path: str
    kept: list[str]
    share: float
    unique: list[list[float]]
    reason: str


class PlanShape(TypedDict):
    """What a clean-up would do; freed: bytes, twinreel_plan: version of this format."""

    twinreel_plan: int
    id: str
    made_at: float
    freed: int
    protected: list[str]
    actions: list[ActionShape]
    remarks: list[RemarkShape]


class ApplyShape(TypedDict):
    """What became of a plan; freed: bytes, which a quarantine holds until it is emptied."""

    journal: str
    done: list[str]
    refused: list[RefusedShape]
    freed: int


class UndoShape(TypedDict):
    """What was taken back, and what could not be."""

    journal: str
    restored: list[str]
    lost: list[RefusedShape]


class DescriberShape(TypedDict):
    """A describer; error says why it cannot be used."""

    name: str
    version: str | None
    dimensions: int | None
    default: bool
    error: str | None


class LibraryShape(TypedDict):
    """The library, as twinreel doctor sees it."""

    path: str
    exists: bool
    problem: str | None
    videos: int
    fingerprints: int
    matches: int
    reported: int
    truncated: int
    failures: int


class SelfTestShape(TypedDict):
    """Was the planted copy found?"""

    passed: bool
    detail: str


class DoctorShape(TypedDict):
    """State of the installation; extras: which optional parts are installed, min_score: the operating point."""

    version: str
    python: str
    system: str
    min_score: float
    packages: dict[str, str]
    extras: dict[str, bool]
    cores: int
    execution_providers: list[str]
    describers: list[DescriberShape]
    library: LibraryShape
    self_test: SelfTestShape


class ShareShape(TypedDict):
    """So many of so many."""

    present: int
    total: int


class PartShape(TypedDict):
    """How much of a benchmark is there; positives: right pairs of query and video."""

    whole: bool
    queries: ShareShape
    videos: ShareShape
    positives: ShareShape
    queries_without_positives: int


class EvaluateShape(TypedDict):
    """A benchmark measured; metrics: null where there is nothing to measure on.

    curves: precision at recall 0, 0.05, ... 1; missing: ids without a file; unusable: files that count as present all
    the same; not_counted: files that are no video of the benchmark, or a second file of one; truncated: aligned pairs
    that were not kept.
    """

    dataset: str
    describer: str
    sampling: str
    aligner: str
    part: PartShape
    metrics: dict[str, float | None]
    curves: dict[str, list[float]]
    missing: list[str]
    unusable: list[FailureShape]
    not_counted: list[str]
    truncated: int


class RefusedShape(TypedDict):
    """A file that nothing could be done with, and why: a clip that could not be used, one that could not be made."""

    path: str
    reason: str


class BenchMakeShape(TypedDict):
    """A labelled collection; kept: files that were there already."""

    folder: str
    files: int
    true_pairs: int
    hard_negatives: int
    ignored: int
    kept: int
    refused: list[RefusedShape]


class FiguresShape(TypedDict):
    """How well an answer agrees with the truth; see docs/bench.md. Null for a threshold that there is not; what comes
    after threshold is at that score, the operating point."""

    true_pairs: int
    predicted_pairs: int
    ap: float
    recall_p99: float
    threshold_p99: float | None
    recall_p90: float
    best_f1: float
    best_threshold: float | None
    threshold: float
    precision: float
    recall: float
    f1: float
    segment_precision: float
    segment_recall: float
    segment_f1: float


class BinShape(TypedDict):
    """The pairs whose scores lie within a tenth: how many, their mean score, the share of them that is true."""

    pairs: int
    score: float
    true: float


class RunShape(TypedDict):
    """A run over a collection. Counts are [reported by default, of how many]; failures are [file, reason]."""

    name: str
    describer: str
    sampling: str
    aligner: str
    seconds: float
    video_seconds: float
    times_real_time: float
    frames: int
    failures: list[list[str]]
    machine: str
    figures: FiguresShape
    levels: dict[str, list[int]]
    transforms: dict[str, list[int]]
    edits: dict[str, dict[str, list[int]]]
    hard_negatives: list[int]
    calibration_error: float
    bins: list[BinShape]


class TrainShape(TypedDict):
    """A trained describer; ap, recall_p99, nearest: how well edited views of photographs that were not trained on find
    their originals, [0, 1]."""

    model: str
    steps: int
    ap: float
    recall_p99: float
    nearest: float


class BenchReportShape(TypedDict):
    """The files that were written, and the runs in them."""

    html: str | None
    markdown: str | None
    runs: list[RunShape]


OUTPUTS: dict[str, Any] = {
    "scan": ScanShape,
    "search": list[SearchShape],
    "compare": CompareShape,
    "repeats": RepeatsShape,
    "groups": list[GroupShape],
    "matches": list[MatchShape],
    "shared": list[SharedShape],
    "show": ShowShape,
    "failures": list[FailureShape],
    "export": ExportShape,
    "forget": RemovedShape,
    "prune": RemovedShape,
    "plan": PlanShape,
    "apply": ApplyShape,
    "undo": UndoShape,
    "describers list": list[DescriberShape],
    "doctor": DoctorShape,
    "evaluate": EvaluateShape,
    "bench make": BenchMakeShape,
    "bench run": RunShape,
    "bench report": BenchReportShape,
    "train descriptor": TrainShape,
}
"""What each command prints with ``--json``."""


def video_shape(video: Video) -> VideoShape:
    probe = video.probe
    return VideoShape(
        path=path_to_text(video.path),
        paths=[path_to_text(path) for path in video.paths],
        content=video.content,
        state=video.state.value,
        size=video.size,
        duration=probe.duration,
        width=probe.width,
        height=probe.height,
        codec=probe.codec,
        container=probe.container,
        fps=probe.fps_average or probe.fps_real,
        bit_rate=probe.bit_rate,
        rotation=probe.rotation,
        hdr=probe.hdr,
        interlaced=probe.interlaced,
        audio_languages=list(probe.audio_languages),
        subtitle_languages=list(probe.subtitle_languages),
        file_digest=video.file_digest,
        stream_digest=video.stream_digest,
    )


def segment_shape(segment: Segment) -> SegmentShape:
    return SegmentShape(
        a_start=segment.a_start,
        a_end=segment.a_stop,
        b_start=segment.b_start,
        b_end=segment.b_stop,
        speed=segment.speed,
        mirrored=segment.mirrored,
        score=segment.score,
    )


def match_shape(match: Match, a: str, b: str) -> MatchShape:
    """a and b: the paths to name the two by."""
    return MatchShape(
        a=path_to_text(a),
        b=path_to_text(b),
        a_content=match.a,
        b_content=match.b,
        relation=match.relation.value,
        score=match.score,
        coverage_a=match.coverage_a,
        coverage_b=match.coverage_b,
        segments=[segment_shape(segment) for segment in match.segments],
    )


def match_shapes(matches: Iterable[Match], videos: Mapping[str, Video]) -> list[MatchShape]:
    return [match_shape(match, videos[match.a].path, videos[match.b].path) for match in matches]


def shared_shape(shared: SharedContent, videos: Mapping[str, Video]) -> SharedShape:
    return SharedShape(
        id=shared.id,
        videos=shared.videos,
        seconds=shared.seconds,
        occurrences=[
            OccurrenceShape(
                path=path_to_text(videos[place.content].path), content=place.content, start=place.start, end=place.stop
            )
            for place in shared.occurrences
        ],
    )


def failure_shape(failure: Failure) -> FailureShape:
    return FailureShape(
        path=path_to_text(failure.path), kind=failure.kind.value, stage=failure.stage, reason=failure.reason
    )


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
    )


def found_shape(clip: str, found: Found) -> FoundShape:
    return FoundShape(video=video_shape(found.video), match=match_shape(found.match, clip, found.video.path))
