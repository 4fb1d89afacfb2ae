"""What the stages of one scan share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from twinreel.describe.base import Describer, identity
from twinreel.engine.devices import Devices
from twinreel.engine.pool import Task, WorkerPool
from twinreel.engine.progress import Progress
from twinreel.engine.schedule import Limit
from twinreel.engine.settings import Resources
from twinreel.errors import MediaError
from twinreel.media.drives import SYSTEM, Drive, drive_of
from twinreel.media.sampling import Sampling
from twinreel.media.walk import Found
from twinreel.store.catalogue import Catalogue
from twinreel.store.failures import Version
from twinreel.types import Failure, FailureKind, ScanReport


@dataclass(frozen=True, slots=True)
class Recipe:
    """What fingerprints are made with."""

    describer: Describer
    sampling: Sampling

    @property
    def key(self) -> tuple[str, str]:
        """Describer and sampling, as fingerprints are stored under them."""
        return identity(self.describer), str(self.sampling)


@dataclass(slots=True)
class Tally:
    """A ScanReport that grows."""

    files: int = 0
    unchanged: int = 0
    added: int = 0
    moved: int = 0
    gone: int = 0
    decoded: int = 0
    frames: int = 0
    seconds_of_video: float = 0.0
    matches: int = 0
    failures: list[Failure] = field(default_factory=list)

    def report(self) -> ScanReport:
        unusable = sum(failure.kind is not FailureKind.DAMAGED for failure in self.failures)
        return ScanReport(
            files=self.files,
            unchanged=self.unchanged,
            added=self.added,
            moved=self.moved,
            gone=self.gone,
            failed=unusable,
            decoded=self.decoded,
            frames=self.frames,
            seconds_of_video=self.seconds_of_video,
            matches=self.matches,
            failures=tuple(sorted(self.failures, key=lambda failure: failure.path)),
        )


SEEKING = 2
"""Workers that read much from a spinning drive at a time: one waits for its heads while the other decodes, and more
would only send them to and fro."""


class Readers:
    """How many workers read from a drive at a time: as many as was asked for, else all of them, but ``SEEKING`` where
    what they do on a spinning drive is reading."""

    def __init__(self, resources: Resources, found: Iterable[Found] = (), *, system: Path = SYSTEM) -> None:
        """found: the files that there are tasks for; all others count as if on one drive, of unknown kind.

        system: see ``drive_of``.
        """
        self._resources = resources
        self._devices: dict[str, int] = {}
        self._drives: dict[int, Drive] = {}
        for one in found:
            self._devices[one.path] = one.device
            if one.device not in self._drives:
                self._drives[one.device] = drive_of(one.path, one.device, system)

    def reading(self, task: Task) -> Limit:
        """For tasks that read much and decode little: looks, digests, keyframes."""
        device = self._devices.get(task.path, 0)
        spins = self._drives.get(device) is Drive.SPINNING
        return device, self._resources.readers_per_drive or (SEEKING if spins else self._resources.workers)

    def decoding(self, task: Task) -> Limit:
        """For tasks that decode so much that a drive has to wait for them."""
        return self._devices.get(task.path, 0), self._resources.readers_per_drive or self._resources.workers


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan, as its stages see it."""

    catalogue: Catalogue
    number: int
    pool: WorkerPool
    readers: Readers
    devices: Devices
    damaged: dict[str, Failure]
    """Content id -> what is wrong with a video that could be read in part."""
    tally: Tally
    progress: Progress | None

    def fail(self, found: Found, error: MediaError) -> None:
        self.record(Failure(found.path, error.kind, error.stage, error.reason), found)

    def inherit(self, content: str, found: Found) -> None:
        """What was wrong with a content goes with it to another path."""
        if content in self.damaged:
            self.record(replace(self.damaged[content], path=found.path), found)

    def record(self, failure: Failure, found: Found | None = None) -> None:
        """Keeps a failure and reports it; ``found`` tells later scans whether the file has changed."""
        self.catalogue.failures.record(failure, Version(found.size, found.mtime_ns) if found else None)
        self.tally.failures.append(failure)
