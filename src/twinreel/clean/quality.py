"""How good a collection is as data, before and after a clean-up: in plain terms, and in those of data cleaning.

Consistency, completeness, correctness and minimisation are what Qin, Ye and Fu (Electronics 2024, 13(8):1522) ask of a
cleaned collection without putting numbers to them. Here each is a share, 1 at best:

    consistency    of the files that are known, those that are as they were last seen
    completeness   of the footage that there was, what some file shows
    correctness    of the files that were looked at, those that could be used
    minimisation   of the hours, those that are there once
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twinreel.clean.coverage import length, outside, seen, union
from twinreel.types import Match, Span, Video


@dataclass(frozen=True, slots=True)
class Quality:
    """A collection in numbers."""

    files: int
    bytes: int
    hours: float
    unique_hours: float
    """With what several videos show counted once."""
    consistency: float
    completeness: float
    correctness: float
    minimisation: float


def quality(
    videos: Iterable[Video],
    matches: Iterable[Match],
    *,
    changed: int = 0,
    failed: int = 0,
    removed: frozenset[str] = frozenset(),
    lost: float = 0.0,
) -> Quality:
    """Of the videos that are there.

    changed: files that are gone; failed: files that cannot be used. removed: paths that a clean-up takes
    away, and lost: seconds of footage that go with them.
    """
    before = {video.content: video for video in videos}
    paths = {content: [path for path in video.paths if path not in removed] for content, video in before.items()}
    left = {content: video for content, video in before.items() if paths[content]}
    files = sum(map(len, paths.values()))
    hours = sum(left[content].probe.duration * len(paths[content]) for content in left) / 3600
    found = list(matches)
    whole = unique_seconds(before, found)
    unique = whole - lost
    return Quality(
        files=files,
        bytes=sum(left[content].size * len(paths[content]) for content in left),
        hours=hours,
        unique_hours=unique / 3600,
        consistency=_share(files, files + changed),
        completeness=_share(unique, whole),
        correctness=_share(files, files + failed),
        minimisation=min(1.0, _share(unique / 3600, hours)),
    )


def unique_seconds(videos: Mapping[str, Video], matches: Iterable[Match]) -> float:
    """Seconds of footage, the longest video first, each without what those before it show."""
    shown: dict[str, list[Span]] = defaultdict(list)
    order = sorted(videos.values(), key=lambda video: (-video.probe.duration, video.content))
    rank = {video.content: number for number, video in enumerate(order)}
    for match in matches:
        if match.a in rank and match.b in rank:
            first, later = sorted((match.a, match.b), key=rank.__getitem__)
            durations = videos[later].probe.duration, videos[first].probe.duration
            shown[later] += seen(match, later, *durations)
    return sum(length(outside(union(shown[video.content]), video.probe.duration)) for video in order)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 1.0
