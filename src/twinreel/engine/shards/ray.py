"""The Engine on Ray Data: each step is a data set of jobs, mapped by tasks or, where jobs share something, by actors.

Ray starts a job anew, elsewhere, when its process or the node under it dies; as a job whose file is there is done,
nothing is done twice but what was in the air. The jobs of a step and their pace are on Ray's dashboard, and the
counters ``twinreel_jobs`` and ``twinreel_seconds`` among its metrics, by step.
"""

from __future__ import annotations

import importlib
import logging
import pickle
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from twinreel.engine.shards.job import Job, Plan, Setting, run_job
from twinreel.errors import MissingExtra, TwinreelError, UserError

DESCRIBING = ("describe", "deepen")
"""Steps whose jobs describe frames."""
ACTORS = (*DESCRIBING, "search")
"""Steps whose jobs share a model or an index: an actor keeps it."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a run asks of a cluster."""

    address: str | None = None
    """``host:port``, ``ray://host:port`` or ``auto``; None: the cluster that this process is in, else one on this
    machine alone."""
    most: int | None = None
    """Actors of a step at most; None: as many as the cluster has processors. They are started as there is work."""
    cpus: float = 1.0
    """Processors of an actor. One that describes has a process beside it that decodes."""
    gpus: float = 0.0
    """Graphics cards of an actor that describes: 0.25 lets four share one."""

    def __post_init__(self) -> None:
        if (self.most is not None and self.most < 1) or self.cpus <= 0 or self.gpus < 0:
            raise UserError(
                f"actors {self.most}, cpus {self.cpus:g} and gpus {self.gpus:g} are given; 1 and more, above 0, and "
                "0 and more are expected"
            )


class RayEngine:
    """Runs jobs on a cluster. The folder of the run has to be one that all of its nodes see."""

    def __init__(self, cluster: Cluster) -> None:
        """Joins the cluster. MissingExtra without Ray, TwinreelError where it cannot be reached."""
        try:
            self._ray: Any = importlib.import_module("ray")
            self._data: Any = importlib.import_module("ray.data")
        except ImportError as error:
            raise MissingExtra("--engine ray", "ray") from error
        self._cluster = cluster
        if not self._ray.is_initialized():
            try:
                self._ray.init(address=cluster.address, log_to_driver=False, logging_level=logging.ERROR)
            except Exception as error:  # of many kinds
                lines = str(error).splitlines() or [type(error).__name__]
                raise TwinreelError(f"no Ray cluster at {cluster.address or 'this machine'}: {lines[0]}") from error

    def map(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Job]:
        given = list(jobs)
        if not given:
            return
        most = self._cluster.most or max(1, int(self._ray.cluster_resources().get("CPU", 1) / self._cluster.cpus))
        rows = [{"job": pickle.dumps(job), "number": number} for number, job in enumerate(given)]
        self._data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)  # how far it is, is told by whoever has the jobs done
        jobs_of = self._data.from_items(rows, override_num_blocks=len(rows))
        if given[0].step in ACTORS:
            done = jobs_of.map(
                Worker,
                fn_constructor_args=(pickle.dumps(plan),),
                compute=self._data.ActorPoolStrategy(min_size=1, max_size=min(most, len(rows))),
                num_cpus=self._cluster.cpus,
                num_gpus=self._cluster.gpus if given[0].step in DESCRIBING else None,
            )
        else:
            done = jobs_of.map(
                work,
                fn_args=(pickle.dumps(plan),),
                compute=self._data.TaskPoolStrategy(self._cluster.most),
                num_cpus=self._cluster.cpus,
            )
        for row in done.iter_rows():
            yield given[row["number"]]


class Worker:
    """Carries out jobs, one after the other."""

    def __init__(self, plan: bytes) -> None:
        self._setting = Setting(pickle.loads(plan))
        metrics = importlib.import_module("ray.util.metrics")
        self._jobs = metrics.Counter("twinreel_jobs", "Jobs that are done.", ("step",))
        self._seconds = metrics.Counter("twinreel_seconds", "Seconds that they took.", ("step",))

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        job: Job = pickle.loads(row["job"])
        begun = time.monotonic()
        run_job(self._setting, job)
        self._jobs.inc(1, {"step": job.step})
        self._seconds.inc(max(time.monotonic() - begun, 1e-6), {"step": job.step})
        return {"number": row["number"]}


_worker = lru_cache(maxsize=1)(Worker)
"""That of a process that runs tasks: describers take time to load."""


def work(row: Mapping[str, Any], plan: bytes) -> dict[str, Any]:
    """Carries out a job in whatever process Ray gives it."""
    return _worker(plan)(row)
