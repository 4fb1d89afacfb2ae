"""The pipeline in types: read this file first.

    file -> Video -> Samples -> Fingerprint -> Candidate -> Segment -> Match -> Group

Times are seconds (float) from the first shown frame of a video; ranges are half-open ``[start, stop)``.
A video is known by its *content id*, never by its path: the same bytes under two names are one video.
Everything here is a frozen dataclass without behaviour beyond checks, small derived numbers, and how notebooks show it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinreel.tables import table

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
Span = tuple[float, float]
"""Seconds [start, stop)."""

LAYOUT = 16
"""Numbers in a frame's left-right signature."""
MIDDLE = 255
"""Number of the part of a video that is the middle of its picture, which every video has."""


def _check_rows(what: str, got: tuple[int, ...], want: int) -> None:
    if not got or got[0] != want:
        raise ValueError(f"{what} has shape {got}, but there are {want} times: one row a frame is expected")


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at headers and packets says about a file, without decoding more than its first frame."""

    duration: float
    """Seconds of video: from the packets where they were read, else from the header, else 0.0 (unknown)."""
    duration_from_header: float | None
    """What the container claims. None where it claims nothing."""
    duration_from_content: float | None
    """First to last packet's end, from the packet list or the packets. None where neither was looked at."""
    width: int
    """Pixels as shown: after rotation and sample aspect ratio."""
    height: int
    coded_width: int
    """Pixels as stored."""
    coded_height: int
    rotation: int
    """Degrees clockwise that a player turns the stored picture by: 0, 90, 180 or 270."""
    sample_aspect: float
    """Width of a stored pixel divided by its height; 1.0 where unknown."""
    codec: str
    pixel_format: str
    fps_average: float | None
    """Frames divided by duration, from the content where it was read, else from the header."""
    fps_real: float | None
    """The container's base frame rate (the smallest rate that every timestamp fits)."""
    bit_rate: float | None
    """Bits a second of the video stream, or of the whole file where the stream's own is not stated."""
    frame_count: int | None
    """Video packets: from the content where they were read, else from the header."""
    hdr: bool
    """True for a PQ or HLG transfer function."""
    interlaced: bool
    audio_languages: tuple[str, ...]
    """ISO 639 codes, one an audio stream, ``und`` where not stated."""
    subtitle_languages: tuple[str, ...]
    container: str

    @property
    def duration_at_most(self) -> float:
        """Seconds, whichever of content and header says more."""
        return max(self.duration, self.duration_from_header or 0.0)


class State(enum.StrEnum):
    """Where a known path stands."""

    PRESENT = "present"
    GONE = "gone"
    """Its folder is there, the file is not."""
    OFFLINE = "offline"
    """Its drive or folder is not there now: nothing is concluded."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video of the library, by content; ``path`` is where it was last seen."""

    content: str
    """Content id: 32 hex digits (see ``media.identity``)."""
    path: str
    """A path where it lies; ``os.fsencode`` gives its exact bytes."""
    paths: tuple[str, ...]
    """Every path with this content that is in this state, ``path`` first."""
    state: State
    size: int
    """Bytes."""
    probe: Probe
    file_digest: str | None = None
    """XXH3-128 of the whole file, where it was needed."""
    stream_digest: str | None = None
    """Hash of the video packets, independent of the container, where it was needed."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Frames of one video, or of one picture within it."""

    times: Float64
    """(n,) seconds, ascending."""
    images: UInt8
    """(n, h, w, 3) RGB, upright, without black bars."""
    part: int = 0
    """0: the whole picture; 1 and more: a picture within it, as an inset or a tile, by number; ``MIDDLE``: its
    middle."""

    def __post_init__(self) -> None:
        _check_rows("images", self.images.shape, len(self.times))


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is remembered of a video's looks."""

    times: Float64
    """(n,) seconds, ascending within each part, the parts one after another; n may be 0 (nothing to see)."""
    vectors: Float32
    """(n, d), each row L2-normalised."""
    weights: Float32
    """(n,) in [0, 1]; 0: this frame says nothing (black, flat)."""
    layout: Float32
    """(n, LAYOUT) in [-1, 1], the left-right signature: mirroring a frame changes its sign."""
    describer: str
    """``name@version`` of the describer that made the vectors."""
    sampling: str
    """The sampling that chose the frames, for example ``auto:1``."""
    parts: UInt8
    """(n,) ascending: 0 for the whole picture, 1 and more for pictures within it, ``MIDDLE`` for its middle, which are
    seen at some of its times as well."""

    def __post_init__(self) -> None:
        _check_rows("parts", self.parts.shape, len(self.times))
        _check_rows("vectors", self.vectors.shape, len(self.times))
        _check_rows("weights", self.weights.shape, len(self.times))
        if self.layout.shape != (len(self.times), LAYOUT):
            raise ValueError(f"layout has shape {self.layout.shape}; ({len(self.times)}, {LAYOUT}) is expected")


@dataclass(frozen=True, slots=True)
class Reference:
    """What every score is relative to: the background of a library."""

    id: str
    """Names this reference in stored matches; two references are never mixed."""
    background: Float32
    """(m, d) L2-normalised vectors of frames that have nothing to do with one another."""
    crowd: float = 1.0
    """How many times as many videos the library has as can stand for it; at least 1."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two videos worth aligning."""

    a: str
    """Content id."""
    b: str
    votes: float
    """Evidence of the best (pair, time offset) cell: the sum of the normalised similarities that voted for it."""
    offset: float
    """Seconds: time in b minus time in a, of that cell."""
    mirrored: bool
    """True where the votes came from mirrored vectors of a."""


@dataclass(frozen=True, slots=True)
class Segment:
    """``[a_start, a_stop)`` of one video shows the footage of ``[b_start, b_stop)`` of another."""

    a_start: float
    a_stop: float
    b_start: float
    b_stop: float
    score: float
    """Calibrated, in [0, 1]."""
    mirrored: bool = False
    backwards: bool = False
    """What comes first in one comes last in the other: ``a_start`` is where b stops."""

    @property
    def speed(self) -> float:
        """Seconds of b that pass in one second of a: 2.0 where a plays twice as fast as b, -1.0 where it plays b
        backwards."""
        span = self.a_stop - self.a_start
        speed = (self.b_stop - self.b_start) / span if span > 0 else 1.0
        return -speed if self.backwards else speed

    def seen_in_b(self, moment: float) -> float:
        """The second of b that shows what a second of a shows."""
        return (self.b_stop if self.backwards else self.b_start) + (moment - self.a_start) * self.speed


class Relation(enum.StrEnum):
    """How two videos are related, the strongest that holds."""

    IDENTICAL = "identical file"
    """Same bytes."""
    REMUX = "same stream"
    """Same video packets in another container or with other tags."""
    DUPLICATE = "duplicate"
    """Nearly all of each is in the other."""
    CONTAINS = "contains"
    """Nearly all of b is in a."""
    OVERLAPS = "overlaps"
    """A stretch that reaches an end of each is common: one goes on where the other stops."""
    SHARED = "shared content"
    """Some footage is common; or all that is common is ``SharedContent``, of whatever extent."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two videos that show the same footage. For ``CONTAINS`` a is the longer one, else a < b by content id."""

    a: str
    b: str
    relation: Relation
    score: float
    """Calibrated, in [0, 1]: the pair's, at least that of its best segment."""
    coverage_a: float
    """Share of a's duration that lies in some segment, [0, 1]. In what a library reports, ``SharedContent`` counts for
    neither the duration nor the segments, unless the match consists of nothing else."""
    coverage_b: float
    segments: tuple[Segment, ...] = ()
    """In order of a_start; empty only for identical files."""

    def _repr_html_(self) -> str:
        title = f"{self.a} and {self.b}: {self.relation.value}, score {self.score:.3f}, "
        title += f"{self.coverage_a:.0%} of a, {self.coverage_b:.0%} of b"
        head = ("a from", "to", "b from", "to", "speed", "mirrored", "score")
        rows = [(s.a_start, s.a_stop, s.b_start, s.b_stop, s.speed, s.mirrored, s.score) for s in self.segments]
        return table(title, head, rows)


@dataclass(frozen=True, slots=True)
class Group:
    """Videos that are duplicates of one another: every member matches the representative."""

    representative: str
    reason: str
    """Why this one represents the group, in words."""
    members: tuple[str, ...]
    """Content ids, the representative first."""

    def _repr_html_(self) -> str:
        return table(f"{self.representative}: {self.reason}", ("members",), [(member,) for member in self.members])


@dataclass(frozen=True, slots=True)
class Occurrence:
    """``[start, stop)`` of a video, in seconds."""

    content: str
    """Content id."""
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class SharedContent:
    """Footage that many videos show which have nothing else to do with one another: an intro, an advert."""

    id: str
    """16 hex digits; the same for the same example."""
    occurrences: tuple[Occurrence, ...]
    """Every place where it is found; first the example, which most others match, then in order of video and time."""

    @property
    def videos(self) -> int:
        """How many show it."""
        return len({one.content for one in self.occurrences})

    @property
    def seconds(self) -> float:
        """Of all occurrences together."""
        return sum(one.stop - one.start for one in self.occurrences)

    def _repr_html_(self) -> str:
        rows = [(one.content, one.start, one.stop) for one in self.occurrences]
        return table(f"{self.id}: in {self.videos} videos", ("video", "from", "to"), rows)


class FailureKind(enum.StrEnum):
    """Whose fault it was."""

    BAD_FILE = "bad file"
    """The file itself: skipped until it changes."""
    NO_ACCESS = "no access"
    """Permission, vanished, a loop of links: tried again by every scan."""
    DAMAGED = "damaged"
    """Readable in part: what could be read is in the library and takes part in everything."""
    RESOURCES = "out of resources"
    """Memory or time ran out here: says nothing about the file, tried again by every scan."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be used, and why."""

    path: str
    kind: FailureKind
    stage: str
    """What was being done: list, identify, probe, decode, describe."""
    reason: str
    """One line that a person understands."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did."""

    files: int = 0
    """Files looked at."""
    unchanged: int = 0
    added: int = 0
    """Contents new to the library."""
    moved: int = 0
    """Paths recognised as known content."""
    gone: int = 0
    failed: int = 0
    decoded: int = 0
    """Videos of which frames were decoded."""
    frames: int = 0
    seconds_of_video: float = 0.0
    matches: int = 0
    """Pairs aligned or re-aligned by this scan."""
    verified: int = 0
    """Pairs that a verifier looked at, and had not before."""
    regions: int = 0
    """Videos whose regions were computed for that."""
    failures: tuple[Failure, ...] = field(default=())
