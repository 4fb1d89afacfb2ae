"""What a Library answers with, beside the types of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twinreel.engine.comparing import Stage
from twinreel.pictures import Picture, error_curve, heat_map
from twinreel.pooling.tags import Tag
from twinreel.store.log import ScanEntry
from twinreel.tables import table
from twinreel.types import Float32, Float64, Match, Segment, Video


@dataclass(frozen=True, slots=True)
class Found:
    """Where a clip has been seen."""

    video: Video
    match: Match
    """The clip is its a, the video its b, whatever the relation."""

    def _repr_html_(self) -> str:
        return table(self.video.path, (), ()) + self.match._repr_html_()


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One pair of files, explained."""

    a: Video
    """Also where the file is not part of the library."""
    b: Video
    times_a: Float64
    """(n,) seconds of the frames that were compared."""
    times_b: Float64
    """(m,)"""
    similarity: Float32
    """(n, m) normalised: about 0 as alike as unrelated frames, 1 the same."""
    match: Match | None
    """With a as its a; its seconds are right within half a second. None where nothing aligns."""
    stages: tuple[Stage, ...]
    """What a scan would make of the pair, in order; the first that has not passed after the two shortcuts drops it."""

    @property
    def picture(self) -> Picture:
        """The similarity of all frames, with the segments of the match."""
        segments = self.match.segments if self.match else ()
        return heat_map(self.similarity, self.times_a, self.times_b, segments)

    def _repr_png_(self) -> bytes:
        return self.picture._repr_png_()


@dataclass(frozen=True, slots=True)
class Repeats:
    """What a file shows more than once."""

    video: Video
    """Also where the file is not part of the library."""
    segments: tuple[Segment, ...]
    """a is where the footage is seen first, b where it is seen again; in order of a, right within half a second."""


@dataclass(frozen=True, slots=True, eq=False)
class AnchorFrames:
    """The frames of a file that the others are nearly combinations of."""

    video: Video
    """Also where the file is not part of the library."""
    times: Float64
    """(k,) seconds of the anchors, ascending."""
    errors: Float64
    """(k + 1,) share of the frames' pixels that the first 0, 1, ... k anchors chosen leave unexplained."""

    @property
    def picture(self) -> Picture:
        """The errors as a curve."""
        return error_curve(self.errors)

    def _repr_png_(self) -> bytes:
        return self.picture._repr_png_()


@dataclass(frozen=True, slots=True)
class Seen:
    """A video that shows what a text says."""

    video: Video
    similarity: float
    """Cosine of the text's vector and that of the frame which fits it best."""
    time: float
    """Seconds of that frame."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A video and what it shows."""

    video: Video
    tags: tuple[Tag, ...]
    """Best first."""


@dataclass(frozen=True, slots=True)
class Status:
    """A library in numbers."""

    path: Path
    describer: str
    """By the name it was asked for."""
    sampling: str
    aligner: str
    videos: int
    """Contents."""
    paths: dict[str, int]
    """How many are present, gone, offline."""
    hours: float
    """Of video."""
    bytes: int
    fingerprints: int
    """Videos that have one with this describer and sampling."""
    matches: int
    """Kept pairs of which ``reported`` reach the operating point."""
    reported: int
    dropped: int
    """Aligned pairs that were not kept, being too many beside better ones of one video."""
    failures: int
    last_scan: ScanEntry | None
