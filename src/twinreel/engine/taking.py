"""Fingerprints of files that are not, or not yet, part of a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from twinreel.describe.base import Describer
from twinreel.engine.describing import described
from twinreel.engine.pool import Failed, Reply, WorkerPool
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import Look, LookTask, SampleTask
from twinreel.errors import MediaError
from twinreel.media.sampling import Sampling
from twinreel.store.quantise import dequantise, quantise
from twinreel.types import Failure, Fingerprint, Probe


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
    damage: Failure | None = None
    """That a part alone of the file could be read."""

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
    tasks = (
        SampleTask(taken.path, sampling, describer.image_size, taken.probe.duration_at_most, threads)
        for taken, sampling in looks
    )
    made = {one.task.path: one for one in described(pool, describer, tasks)}
    results: dict[str, Taken | MediaError] = {}
    for taken, sampling in looks:
        one = made[taken.path]
        if one.failed is not None:
            results[taken.path] = one.failed
            continue
        fingerprint = one.gathering.fingerprint(Recipe(describer, sampling))
        stored = replace(fingerprint, vectors=dequantise(quantise(fingerprint.vectors)))
        results[taken.path] = replace(taken, fingerprint=stored, damage=one.damage(taken.probe.duration))
    return results
