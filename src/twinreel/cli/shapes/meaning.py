"""What commands print that say what is seen in videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from twinreel.cli.shapes.library import VideoShape, video_shape

if TYPE_CHECKING:
    from twinreel.library.results import Seen, Tagged


class SeenShape(TypedDict):
    """A video that fits a text, as `twinreel search --text` prints them; time: of the frame that fits best."""

    text: str
    video: VideoShape
    similarity: float
    time: float


class TagShape(TypedDict):
    """A label of a video; time: of the frame that shows it best."""

    label: str
    score: float
    time: float


class TaggedShape(TypedDict):
    """A video and what it shows, best first."""

    video: VideoShape
    tags: list[TagShape]


def seen_shape(text: str, seen: Seen) -> SeenShape:
    return SeenShape(text=text, video=video_shape(seen.video), similarity=seen.similarity, time=seen.time)


def tagged_shape(tagged: Tagged) -> TaggedShape:
    tags = [TagShape(label=tag.label, score=tag.score, time=tag.time) for tag in tagged.tags]
    return TaggedShape(video=video_shape(tagged.video), tags=tags)
