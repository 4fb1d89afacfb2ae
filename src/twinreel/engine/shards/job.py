"""What every step is: a job that makes a file of others, and what it is done with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from twinreel.describe.base import Describer
from twinreel.engine.matching import LIMITS, Limits
from twinreel.engine.settings import MEMORY
from twinreel.engine.shards.folder import Folder
from twinreel.media.sampling import Sampling
from twinreel.models.load import load_describer


@dataclass(frozen=True, slots=True)
class Plan:
    """What all jobs of a run share."""

    folder: Folder
    describer: str
    """By name, as ``load_describer`` takes it."""
    sampling: Sampling
    aligner: str
    shards: int
    """Into which videos, and pairs of them, are divided."""
    memory: int = MEMORY
    """Bytes that a process that decodes may use."""
    limits: Limits = LIMITS


@dataclass(slots=True)
class Setting:
    """A plan where it is carried out; what takes time to make is made once for all jobs of a process."""

    plan: Plan
    kept: dict[str, object] = field(default_factory=dict)
    """What a job leaves for the next one."""
    _describer: Describer | None = None

    @property
    def describer(self) -> Describer:
        if self._describer is None:
            self._describer = load_describer(self.plan.describer)
        return self._describer

    @property
    def folder(self) -> Folder:
        return self.plan.folder


class Job(Protocol):
    """Frozen dataclasses that can be pickled."""

    @property
    def step(self) -> str:
        """Its name."""
        ...

    @property
    def output(self) -> str:
        """Name of the file that it makes: a function of all that the file depends on."""
        ...

    def run(self, setting: Setting) -> None:
        """Makes the file; running it again makes the same."""
        ...


class Engine(Protocol):
    """The Engine seam: runs jobs of a step, in any order, anywhere."""

    def map(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Job]:
        """Each job, when its file is there."""
        ...


def run_job(setting: Setting, job: Job) -> None:
    """What every engine does with a job."""
    if not setting.folder.exists(job.output):
        job.run(setting)


class InOrder:
    """The engine that runs one job after the other in this process: what others are measured by."""

    def map(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Job]:
        setting = Setting(plan)
        for job in jobs:
            run_job(setting, job)
            yield job
