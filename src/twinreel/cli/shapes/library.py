"""What a library holds, and what it reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from twinreel.store.exports import path_to_text
from twinreel.types import Failure, Match, Segment, SharedContent, Video


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
    """A common stretch of two videos, or of two places in one; a speed below 0: one plays the other backwards."""

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
    """A file of a group; relation: to the representative, null for itself, and with score 0 for a member by way of
    others or by its vector alone."""

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
