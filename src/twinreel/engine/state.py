"""What the stages of one scan share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from twinreel.describe.base import Describer, identity
from twinreel.engine.pool import Task, WorkerPool
from twinreel.engine.progress import Progress
from twinreel.errors import MediaError
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


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan, as its stages see it."""

    catalogue: Catalogue
    number: int
    pool: WorkerPool
    per_drive: int
    devices: dict[str, int]
    """Drive of each path that there are tasks for."""
    damaged: dict[str, Failure]
    """Content id -> what is wrong with a video that could be read in part."""
    tally: Tally
    progress: Progress | None

    @property
    def drive(self) -> Callable[[Task], int]:
        return lambda task: self.devices.get(task.path, 0)

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
