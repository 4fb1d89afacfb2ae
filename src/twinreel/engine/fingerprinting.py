"""Fingerprints of the videos that lack one: frames from workers, vectors made here, stored video by video.

Workers decode while this process describes: each is up to two chunks of frames ahead. The chunks of different files
are described together. A video counts as done when its fingerprint is stored, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.base import Describer
from twinreel.describe.layout import layout
from twinreel.engine.pool import Done, Event, Failed, Reply
from twinreel.engine.progress import Meter
from twinreel.engine.state import Recipe, Scan
from twinreel.engine.streams import same_streams
from twinreel.engine.tasks import Reach, SampleTask, falls_short
from twinreel.errors import MediaError
from twinreel.media.anchors import anchor_frames
from twinreel.media.sampling import CHUNK
from twinreel.media.walk import Found
from twinreel.types import (
    LAYOUT,
    Failure,
    FailureKind,
    Fingerprint,
    Float32,
    Float64,
    Samples,
    UInt8,
)


@dataclass(slots=True)
class Gathering:
    """The frames of one video as they come."""

    times: list[Float64] = field(default_factory=list)
    vectors: list[Float32] = field(default_factory=list)
    weights: list[Float32] = field(default_factory=list)
    layout: list[Float32] = field(default_factory=list)
    parts: list[UInt8] = field(default_factory=list)
    reach: float = 0.0
    """Seconds up to which the video could be read."""

    def fingerprint(self, recipe: Recipe) -> Fingerprint:
        """All of it; for the sampling ``anchors`` the anchor frames."""
        describer, sampling = recipe.key
        dimensions = recipe.describer.dimensions
        times = np.concatenate([np.zeros(0), *self.times])
        vectors = np.concatenate([np.zeros((0, dimensions), np.float32), *self.vectors])
        weights = np.concatenate([np.zeros(0, np.float32), *self.weights])
        signature = np.concatenate([np.zeros((0, LAYOUT), np.float32), *self.layout])
        parts = np.concatenate([np.zeros(0, np.uint8), *self.parts])
        rows = [np.flatnonzero(parts == part) for part in np.unique(parts)]
        # Broken timestamps may go back; a fingerprint's never do.
        rows = [row[times[row] > np.concatenate([[-np.inf], np.maximum.accumulate(times[row])[:-1]])] for row in rows]
        if recipe.sampling.mode == "anchors":
            rows = [_anchors(vectors, weights, row) for row in rows]
        kept = np.concatenate([np.zeros(0, np.intp), *rows])
        return Fingerprint(times[kept], vectors[kept], weights[kept], signature[kept], describer, sampling, parts[kept])


def _anchors(vectors: Float32, weights: Float32, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the frames ``rows`` those that stand for all of them."""
    telling = rows[weights[rows] > 0]
    return telling[anchor_frames(vectors[telling]).indices] if len(telling) else rows[:1]


class Describing:
    """Describes chunks of frames of several videos together."""

    def __init__(self, describer: Describer) -> None:
        self._describer = describer
        self._waiting: list[tuple[Gathering, Samples]] = []

    def add(self, gathering: Gathering, samples: Samples) -> None:
        self._waiting.append((gathering, samples))

    @property
    def full(self) -> bool:
        return sum(len(samples.times) for _, samples in self._waiting) >= CHUNK

    def flush(self) -> None:
        """Describes what waits."""
        if not self._waiting:
            return
        images = np.concatenate([samples.images for _, samples in self._waiting])
        vectors, weights = self._describer.describe(images)
        if not np.isfinite(vectors).all():  # of a model in half precision, for example: says nothing
            broken = ~np.isfinite(vectors).all(axis=1)
            vectors[broken], weights[broken] = np.eye(1, vectors.shape[1]), 0.0
        signature = layout(images)
        start = 0
        for gathering, samples in self._waiting:
            stop = start + len(samples.times)
            gathering.times.append(samples.times)
            gathering.vectors.append(vectors[start:stop])
            gathering.weights.append(weights[start:stop])
            gathering.layout.append(signature[start:stop])
            gathering.parts.append(np.full(stop - start, samples.part, np.uint8))
            start = stop
        self._waiting.clear()


class Fingerprinting:
    """Makes the fingerprints that a scan lacks."""

    def __init__(self, scan: Scan, recipe: Recipe, files: dict[str, Found]) -> None:
        """files: content id -> where it lies, of the videos that lack a fingerprint."""
        self._scan, self._recipe, self._files = scan, recipe, files
        self._catalogue = scan.catalogue
        self._describing = Describing(recipe.describer)
        self._ended: list[tuple[SampleTask, MediaError | None]] = []
        """Tasks of which frames may still have to be described."""
        self._gathered: dict[str, Gathering] = {}
        self._durations: dict[str, tuple[float, float]] = {}
        """Path -> seconds of the video, and what its file claims at most."""
        self._contents = {found.path: content for content, found in files.items()}
        self._followers: dict[str, list[str]] = {}
        """Content id -> those with the same stream, which take over its fingerprint."""

    def run(self) -> None:
        if not self._files:
            return
        pending = self._without_remuxes()
        videos = {content: self._catalogue.videos.get(content) for content in pending}
        tasks = []
        for content, video in videos.items():
            if video is not None:
                path, probe = self._files[content].path, video.probe
                self._durations[path] = probe.duration, probe.duration_at_most
                tasks.append(
                    SampleTask(path, self._recipe.sampling, self._recipe.describer.image_size, self._durations[path][1])
                )
        sizes = {found.path: found.size for found in self._files.values()}
        tasks.sort(key=lambda task: -sizes[task.path])  # no worker ends long after the others
        meter = Meter(self._scan.progress, "describe", len(tasks), sum(sizes[task.path] for task in tasks))
        for event in self._scan.pool.run(tasks, limit=self._scan.drive, per_key=self._scan.per_drive):
            self._hear(event)
            if self._describing.full:
                self._finish(meter, sizes)
        self._finish(meter, sizes)

    def _hear(self, event: Event[SampleTask]) -> None:
        gathering = self._gathered.setdefault(event.task.path, Gathering())
        match event:
            case Reply(_, Samples() as samples):
                self._describing.add(gathering, samples)
            case Reply(_, Reach(seconds)):
                gathering.reach = seconds
            case Done(task):
                self._ended.append((task, None))
            case Failed(task, error):
                self._ended.append((task, error))

    def _finish(self, meter: Meter, sizes: dict[str, int]) -> None:
        """Describes what waits, and stores the videos that are complete."""
        self._describing.flush()
        for task, error in self._ended:
            self._store(task, self._gathered.pop(task.path), error)
            meter.advance(seconds=self._durations[task.path][0], bytes=sizes[task.path])
        self._ended.clear()

    def _store(self, task: SampleTask, gathering: Gathering, error: MediaError | None) -> None:
        content, tally = self._contents[task.path], self._scan.tally
        followers = self._followers.get(content, [])
        found = self._files[content]
        broke_off = error is not None and error.kind is FailureKind.BAD_FILE and bool(gathering.times)
        with self._catalogue.transaction():
            if error is not None and not broke_off:
                for same in [content, *followers] if error.kind is FailureKind.BAD_FILE else [content]:
                    self._scan.fail(self._files[same], error)
                return
            fingerprint = gathering.fingerprint(self._recipe)
            self._catalogue.fingerprints.put(content, fingerprint)
            for follower in followers:
                self._catalogue.fingerprints.copy(content, follower)
            duration, claimed = self._durations[task.path]
            if broke_off:
                read = max(times[-1] for times in gathering.times)
                reason = f"only the first {read:.1f} of {duration:.1f} s could be read ({error})"
                self._scan.record(Failure(task.path, FailureKind.DAMAGED, task.stage, reason), found)
            elif falls_short(gathering.reach, claimed):
                reason = f"only {gathering.reach:.1f} of {claimed:.1f} s could be read"
                self._scan.record(Failure(task.path, FailureKind.DAMAGED, task.stage, reason), found)
            else:
                self._catalogue.failures.clear([task.path])
        tally.decoded += 1
        tally.frames += sum(len(times) for times in gathering.times)
        tally.seconds_of_video += duration

    def _without_remuxes(self) -> list[str]:
        """The videos to decode: without those whose stream another has, which take over its fingerprint."""
        groups = same_streams(self._scan, {content: found.path for content, found in self._files.items()})
        have = set(self._catalogue.videos.numbers()) - set(self._catalogue.fingerprints.missing(*self._recipe.key))
        pending = dict.fromkeys(self._files)
        for group in groups:
            lacking = [content for content in group if content in pending]
            leader = next((content for content in group if content in have), None)
            with self._catalogue.transaction():
                if leader is None and lacking:
                    leader, *lacking = lacking
                    self._followers[leader] = lacking
                elif leader is not None:
                    for content in lacking:
                        self._catalogue.fingerprints.copy(leader, content)
            for content in lacking:
                del pending[content]
        return list(pending)
