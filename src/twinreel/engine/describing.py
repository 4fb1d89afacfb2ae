"""Frames from workers, vectors made here: what becomes of the frames of several videos that come at the same time.

Workers decode while this process describes: each is up to two chunks of frames ahead. The chunks of different files
are described together. A still stretch (a slide, a paused game) is described once: a frame that equals the one before
has its vector, which is what the describer would give again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.base import Describer
from twinreel.describe.layout import layout
from twinreel.engine.pool import Done, Event, Failed, Reply, WorkerPool
from twinreel.engine.schedule import Limit
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import Reach, SampleTask, falls_short
from twinreel.errors import BadFile, MediaError
from twinreel.media.anchors import anchor_frames
from twinreel.media.picking import EVERYTHING
from twinreel.media.sampling import CHUNK
from twinreel.types import LAYOUT, Failure, FailureKind, Fingerprint, Float32, Float64, Samples, UInt8

TRIES = 3
"""Files in a row that a device may fail with before it is given up: more than a few damaged ones bring about."""


@dataclass(slots=True, eq=False)
class Shown:
    """A picture, and what the describer says of it, once it was asked."""

    image: UInt8
    vector: Float32 = field(default_factory=lambda: np.zeros(0, np.float32))
    weight: float = 0.0


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
    shown: dict[int, Shown] = field(default_factory=dict)
    """The last picture of each part."""

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
        vectors, weights = self._described()
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

    def _described(self) -> tuple[Float32, Float32]:
        """Vectors (n, d) and weights (n,) of the frames that wait."""
        new: list[Shown] = []
        frames: list[Shown] = []
        for gathering, samples in self._waiting:
            for image in samples.images:
                shown = gathering.shown.get(samples.part)
                if shown is None or not np.array_equal(shown.image, image):
                    shown = gathering.shown[samples.part] = Shown(image)
                    new.append(shown)
                frames.append(shown)
        if new:
            vectors, weights = self._describer.describe(np.stack([shown.image for shown in new]))
            if not np.isfinite(vectors).all():  # of a model in half precision, for example: says nothing
                broken = ~np.isfinite(vectors).all(axis=1)
                vectors[broken], weights[broken] = np.eye(1, vectors.shape[1]), 0.0
            for shown, vector, weight in zip(new, vectors, weights.tolist(), strict=True):
                shown.vector, shown.weight = vector, weight
        vectors = np.stack([shown.vector for shown in frames])
        return vectors, np.array([shown.weight for shown in frames], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """A task that has ended, all of its frames described."""

    task: SampleTask
    gathering: Gathering
    error: MediaError | None
    """Why it ended before its end."""

    @property
    def failed(self) -> MediaError | None:
        """The error, unless frames came before a file broke off: these count."""
        broke_off = isinstance(self.error, BadFile) and bool(self.gathering.times)
        return None if broke_off else self.error

    def damage(self, duration: float) -> Failure | None:
        """What is to be said of a file of which a part alone could be read, of so many seconds; None of any other.

        The task's ``duration`` is what the file claims to have.
        """
        task, reach = self.task, self.gathering.reach
        if self.failed is not None:
            return None
        if self.error is not None:
            read = max(times[-1] for times in self.gathering.times)
            reason = f"only the first {read:.1f} of {duration:.1f} s could be read ({self.error})"
        elif falls_short(reach, task.duration):
            reason = f"only {reach:.1f} of {task.duration:.1f} s could be read"
        else:
            return None
        return Failure(task.path, FailureKind.DAMAGED, task.stage, reason)


def _in_doubt(event: Event[SampleTask], gathering: Gathering) -> bool:
    """Whether a file that has ended was decoded by a device, and perhaps not to its end."""
    task = event.task
    short = task.spans == EVERYTHING and falls_short(gathering.reach, task.duration)
    return task.device is not None and (short or isinstance(event, Failed))


def described(
    pool: WorkerPool,
    describer: Describer,
    tasks: Iterable[SampleTask],
    *,
    limit: Callable[[SampleTask], Limit] | None = None,
) -> Iterator[Described]:
    """Runs tasks, which are of different files, and describes their frames; each as soon as it is complete.

    limit: as ``WorkerPool.run`` has it.

    What fails with a device is done again without one, after all others, as if it had never been tried; after three
    files in a row a device is not tried any more.
    """
    describing = Describing(describer)
    gathered: dict[str, Gathering] = {}
    ended: list[tuple[SampleTask, MediaError | None]] = []
    again: list[SampleTask] = []
    in_vain: Counter[str | None] = Counter()

    def complete() -> Iterator[Described]:
        describing.flush()
        yield from (Described(task, gathered.pop(task.path), error) for task, error in ended)
        ended.clear()

    first = (task if in_vain[task.device] < TRIES else replace(task, device=None) for task in tasks)
    for event in chain(pool.run(first, limit=limit), pool.run(again, limit=limit)):
        gathering = gathered.setdefault(event.task.path, Gathering())
        match event:
            case Reply(_, Samples() as samples):
                describing.add(gathering, samples)
            case Reply(_, Reach(seconds)):
                gathering.reach = seconds
            case Done(task) | Failed(task) if _in_doubt(event, gathering):
                in_vain[task.device] += 1
                again.append(replace(task, device=None))
                del gathered[task.path]  # what came of it is no part of the result
            case Done(task):
                in_vain.pop(task.device, None)
                ended.append((task, None))
            case Failed(task, error):
                ended.append((task, error))
        if describing.full:
            yield from complete()
    yield from complete()
