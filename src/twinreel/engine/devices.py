"""Which device decodes which videos of a scan: measured where enough of a kind is waiting to be worth it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twinreel.engine.pool import Failed, Reply, WorkerPool
from twinreel.engine.settings import Resources
from twinreel.engine.tasks import DeviceTask, SampleTask, TrialTask
from twinreel.errors import UserError
from twinreel.media.hardware import AUTO, OFF, TYPES, Trial, built, choose
from twinreel.media.sampling import Sampling
from twinreel.processors import cores
from twinreel.types import Probe

ENOUGH = 1000.0
"""Seconds of video of a kind that have to be waiting for every worker. Most stand still during the trials, which take a
fiftieth of the time in software, less than that once more with a device that is faster than one processor, and at most
``SHARING`` times as much with several workers on it."""
SHARING = 4
"""Workers that a device is tried by at the same time, at most: they get most of what there is of it."""

Kind = tuple[str, str, int]
"""What decides whether and how fast a device decodes: codec, pixel format, and size of the picture in octaves."""


def _kind(probe: Probe) -> Kind:
    return probe.codec, probe.pixel_format, (probe.coded_width * probe.coded_height).bit_length()


def _seconds(task: SampleTask) -> float:
    return sum(max(0.0, min(stop, task.duration) - start) for start, stop in task.spans)


def problems(pool: WorkerPool, devices: Iterable[str]) -> dict[str, str]:
    """Type of device -> why it cannot be used; empty where it can."""
    found = dict.fromkeys(devices, "")
    for event in pool.run([DeviceTask(device) for device in found]):
        if isinstance(event, Reply):
            found[event.task.path] = str(event.value)
        elif isinstance(event, Failed):
            found[event.task.path] = event.error.reason
    return found


def check_device(pool: WorkerPool, hardware: str) -> None:
    """UserError for a type of device that is asked for and cannot be used."""
    if hardware in (AUTO, OFF):
        return
    why = problems(pool, [hardware])[hardware]
    if why:
        raise UserError(
            f"cannot decode with {hardware}: {why}; use hardware auto or off (`twinreel doctor` says what works)"
        )


@dataclass(slots=True)
class Devices:
    """The devices of a scan, and what they were found to be good for."""

    pool: WorkerPool
    resources: Resources
    _usable: list[str] | None = None
    """None while nobody has looked."""
    _chosen: dict[Kind, str | None] = field(default_factory=dict)

    def assign(self, tasks: Sequence[SampleTask], probes: Mapping[str, Probe]) -> list[SampleTask]:
        """The tasks, each with the device that it is to be done with. probes: by path.

        Keyframes are left to the processors: a file has few, and opening a device takes as long as decoding them.
        """
        setting = self.resources.hardware
        if setting == OFF or all(task.sampling.first.mode == "keyframes" for task in tasks):
            return list(tasks)
        if setting != AUTO:
            return [replace(task, device=setting) for task in tasks]
        waiting: dict[Kind, list[SampleTask]] = defaultdict(list)
        for task in tasks:
            waiting[_kind(probes[task.path])].append(task)
        self._measure(
            {
                kind: max(some, key=_seconds)
                for kind, some in waiting.items()
                if kind not in self._chosen and sum(map(_seconds, some)) >= ENOUGH * self.resources.workers
            }
        )
        return [replace(task, device=self._chosen.get(_kind(probes[task.path]))) for task in tasks]

    def _measure(self, examples: Mapping[Kind, SampleTask]) -> None:
        """Chooses for kinds, by the one file of each that is given."""
        if examples and self._usable is None:
            found = problems(self.pool, [device for device in TYPES if device in built()])
            self._usable = [device for device, why in found.items() if not why]
        for kind, task in examples.items():
            self._chosen[kind] = self._best(task) if self._usable else None

    def _best(self, task: SampleTask) -> str | None:
        """What samples this file fastest, by all workers together."""
        plain = TrialTask(task.path, _dense_or_auto(task.sampling), task.size, None)
        # What is slow for being the first is slow with a device.
        with_device = [replace(plain, device=device) for device in self._usable or ()]
        # One at a time, so that none takes another's share of the processors or the device.
        alone = {trial: tried for tried, trial in self._try([*with_device, plain], 1)}
        if plain not in alone:
            return None
        software, workers = alone.pop(plain), min(self.resources.workers, cores())
        # Workers share a device, while each has a processor of its own.
        together = {
            trial.device: self._together(trial, min(workers, SHARING))
            for trial, tried in alone.items()
            if trial.device and tried.rate > software.rate and tried.agrees(software)
        }
        return choose(workers * software.rate, together)

    def _together(self, trial: TrialTask, workers: int) -> float:
        """Rate of so many workers at the same time, the slowest of whom is among all of them all the time."""
        rates = [tried.rate for tried, _ in self._try([trial] * workers, workers)]
        return workers * min(rates) if len(rates) == workers else 0.0

    def _try(self, trials: Sequence[TrialTask], at_once: int) -> list[tuple[Trial, TrialTask]]:
        """How those did that did not fail, so many at a time."""
        return [
            (event.value, event.task)
            for event in self.pool.run(trials, limit=lambda task: ("trial", at_once))
            if isinstance(event, Reply) and isinstance(event.value, Trial)
        ]


def _dense_or_auto(sampling: Sampling) -> Sampling:
    """What decodes about as much: to find shots every frame is decoded."""
    first = sampling.first
    return first if first.mode == "auto" else Sampling("dense", first.step)
