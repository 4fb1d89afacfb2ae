"""Videos that hold the same stream, found by reading as few packets as can be.

A digest of all packets is made only of videos that are as long as another with the same kind of picture and begin with
the same packets, one of both being new.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from twinreel.engine.pool import Reply
from twinreel.engine.progress import Meter
from twinreel.engine.state import Scan
from twinreel.engine.tasks import StreamDigestTask
from twinreel.media.identity import HEAD
from twinreel.store.videos import Outline
from twinreel.types import State

SAME_DURATION = 0.2
"""Seconds that the durations of two files with the same stream may differ by: containers round."""


def same_streams(scan: Scan, new: Mapping[str, str]) -> list[list[str]]:
    """Content ids of videos with the same stream digest, in order; ``new``: content id -> a path of it."""
    outlines = scan.catalogue.videos.outlines()
    alike = may_be_alike(by_picture(outlines), new)
    _digest(scan, new, [outline.content for outline in alike if outline.head is None], HEAD)
    considered = {outline.content for outline in alike}
    outlines = [outline for outline in scan.catalogue.videos.outlines() if outline.content in considered]
    alike = may_be_alike(by_head(outlines), new)
    _digest(scan, new, [outline.content for outline in alike], None)
    groups: dict[str, list[str]] = {}
    for outline in alike:
        video = scan.catalogue.videos.get(outline.content)
        if video is not None and video.stream_digest is not None:
            groups.setdefault(video.stream_digest, []).append(video.content)
    return [group for group in groups.values() if len(group) > 1]


def by_picture(outlines: Iterable[Outline]) -> list[list[Outline]]:
    """Those with the same kind of picture together."""
    together: dict[object, list[Outline]] = {}
    for outline in outlines:
        together.setdefault(outline.picture, []).append(outline)
    return list(together.values())


def by_head(outlines: Iterable[Outline]) -> list[list[Outline]]:
    """Those with the same head together."""
    together: dict[object, list[Outline]] = {}
    for outline in outlines:
        if outline.head is not None:
            together.setdefault(outline.head, []).append(outline)
    return list(together.values())


def may_be_alike(groups: Iterable[Sequence[Outline]], new: Collection[str]) -> list[Outline]:
    """Of groups, those that are as long as another of theirs, where one of both is new; in order of content id."""
    found: dict[str, Outline] = {}
    for group in groups:
        ordered = sorted(group, key=lambda outline: outline.duration)
        durations = np.array([outline.duration for outline in ordered])
        fresh = np.array([outline.content in new for outline in ordered])
        first = np.searchsorted(durations, durations - SAME_DURATION)
        last = np.searchsorted(durations, durations + SAME_DURATION, side="right")
        count = np.concatenate([[0], np.cumsum(fresh)])
        kept = np.where(fresh, last - first > 1, count[last] > count[first])
        found.update((ordered[place].content, ordered[place]) for place in np.flatnonzero(kept))
    return [found[content] for content in sorted(found)]


def _digest(scan: Scan, new: Mapping[str, str], contents: Iterable[str], packets: int | None) -> None:
    """Hashes all packets of videos, or the first few; where it fails, a video is like no other."""
    videos = {}
    for content in contents:
        video = scan.catalogue.videos.get(content)
        if video is None or (packets is None and video.stream_digest is not None):
            continue
        if content in new:
            videos[new[content]] = video
        elif video.state is State.PRESENT:
            videos[video.path] = video
    if not videos:
        return
    sizes = {path: video.size if packets is None else 0 for path, video in videos.items()}
    meter = Meter(scan.progress, "heads" if packets else "verify", len(videos), sum(sizes.values()))
    tasks = (StreamDigestTask(path, packets) for path in videos)
    for event in scan.pool.run(tasks, limit=scan.readers.reading):
        if isinstance(event, Reply):
            digest = {"head" if packets else "stream": str(event.value)}
            scan.catalogue.videos.set_digests(videos[event.task.path].content, **digest)
        else:
            meter.advance(bytes=sizes[event.task.path])
