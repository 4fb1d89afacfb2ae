"""What is looked at while a plan is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from twinreel.clean.coverage import seen
from twinreel.media.picture import Measured
from twinreel.types import Match, Span, Video


class Eyes(Protocol):
    """What may be looked at while a plan is made: nothing, or the frames themselves."""

    def pictures(self, videos: Sequence[Video]) -> Mapping[str, Measured]:
        """What their frames say of their quality, by content id, of those whose frames can be looked at."""

    def seen(self, video: Video, others: Sequence[tuple[Video, Match]]) -> Sequence[tuple[Span, ...]]:
        """The seconds of ``video`` that each of others shows, which are given with their matches."""


class MatchesOnly:
    """Believes headers and matches."""

    def pictures(self, videos: Sequence[Video]) -> Mapping[str, Measured]:
        return {}

    def seen(self, video: Video, others: Sequence[tuple[Video, Match]]) -> Sequence[tuple[Span, ...]]:
        durations = ((match, other.probe.duration) for other, match in others)
        return [seen(match, video.content, video.probe.duration, duration) for match, duration in durations]
