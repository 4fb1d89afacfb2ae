"""From contents to files: hard links counted once, and the rows of an export."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from twinreel.store.exports import Row, identical_rows, match_rows
from twinreel.store.paths import PathRecord
from twinreel.types import Match, State, Video


def distinct(video: Video, records: Mapping[str, PathRecord]) -> Video:
    """The video with one path a file: of hard links the first."""
    files: dict[tuple[int, int] | str, str] = {}
    for path in video.paths:
        record = records.get(path)
        linked = record is not None and record.stat.inode
        files.setdefault((record.stat.device, record.stat.inode) if record and linked else path, path)
    return replace(video, paths=tuple(files.values()))


def there(videos: Iterable[Video], records: Mapping[str, PathRecord]) -> dict[str, Video]:
    """The videos that are present or offline, by content id, hard links counted once."""
    return {video.content: distinct(video, records) for video in videos if video.state is not State.GONE}


def rows(videos: Mapping[str, Video], matches: Iterable[Match]) -> Iterator[Row]:
    """Every pair of files: those with the same bytes, then each file of a with each of b of every match."""
    for video in videos.values():
        for first, second in itertools.combinations(video.paths, 2):
            yield from identical_rows(replace(video, paths=(first, second)))
    for match in matches:
        a, b = videos[match.a], videos[match.b]
        for path_a, path_b in itertools.product(a.paths, b.paths):
            yield from match_rows(match, replace(a, path=path_a), replace(b, path=path_b))
