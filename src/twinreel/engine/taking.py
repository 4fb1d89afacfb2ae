"""Fingerprints of files that are not, or not yet, part of a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twinreel.describe.base import Describer
from twinreel.engine.fingerprinting import Describing, Gathering
from twinreel.engine.pool import Failed, Reply, WorkerPool
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import Look, LookTask, SampleTask
from twinreel.errors import BadFile, MediaError
from twinreel.media.sampling import Sampling
from twinreel.store.quantise import dequantise, quantise
from twinreel.types import Fingerprint, Probe, Samples


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was looked at."""

    path: str
    content: str
    probe: Probe
    fingerprint: Fingerprint | None = None
    """With vectors as they would come out of a library; None until frames were taken."""
    head: str | None = None
    """Digest of the stream's first packets, where it was cheap."""

    @property
    def known(self) -> Fingerprint:
        if self.fingerprint is None:
            raise ValueError(f"no frames of {self.path} were taken")
        return self.fingerprint


def look_at(pool: WorkerPool, paths: Sequence[str]) -> dict[str, Taken | MediaError]:
    """Content id and probe of files, or why they cannot be used."""
    found: dict[str, Taken | MediaError] = {}
    for event in pool.run(LookTask(path) for path in dict.fromkeys(paths)):
        match event:
            case Reply(task, Look(content, Probe() as probe, head)):
                found[task.path] = Taken(task.path, content, probe, head=head)
            case Failed(task, error):
                found[task.path] = error
    return found


def take(
    pool: WorkerPool, describer: Describer, looks: Sequence[tuple[Taken, Sampling]], threads: int = 1
) -> dict[str, Taken | MediaError]:
    """Fingerprints of files, by path; what was read of a file before it broke off counts."""
    describing = Describing(describer)
    gathered = {taken.path: Gathering() for taken, _ in looks}
    errors: dict[str, MediaError] = {}
    tasks = (
        SampleTask(taken.path, sampling, describer.image_size, taken.probe.duration_at_most, threads)
        for taken, sampling in looks
    )
    for event in pool.run(tasks):
        match event:
            case Reply(task, Samples() as samples):
                describing.add(gathered[task.path], samples)
                if describing.full:
                    describing.flush()
            case Failed(task, error):
                errors[task.path] = error
    describing.flush()
    results: dict[str, Taken | MediaError] = {}
    for taken, sampling in looks:
        failed, gathering = errors.get(taken.path), gathered[taken.path]
        if failed is not None and not (isinstance(failed, BadFile) and gathering.times):
            results[taken.path] = failed
            continue
        made = gathering.fingerprint(Recipe(describer, sampling))
        stored = Fingerprint(
            made.times,
            dequantise(quantise(made.vectors)),
            made.weights,
            made.layout,
            made.describer,
            made.sampling,
            made.parts,
        )
        results[taken.path] = replace(taken, fingerprint=stored)
    return results
