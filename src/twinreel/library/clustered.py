"""A scan on a cluster, and its results in a library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from twinreel.engine.census import Choice
from twinreel.engine.matching import LIMITS
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.scan import overcome
from twinreel.engine.settings import MEMORY
from twinreel.engine.shards.folder import MANIFEST, Folder
from twinreel.engine.shards.job import Engine, Plan
from twinreel.engine.shards.loading import Loading
from twinreel.engine.shards.ray import Cluster, RayEngine
from twinreel.engine.shards.run import Outcome, Run
from twinreel.engine.state import Recipe
from twinreel.errors import UserError
from twinreel.match import cascade
from twinreel.match.pair import MIN_SCORE, SETTINGS
from twinreel.media.sources import Roots, find_files, listed
from twinreel.media.walk import Found
from twinreel.store.catalogue import Catalogue
from twinreel.store.failures import Version
from twinreel.types import Failure, FailureKind, ScanReport, State

RAY = "ray"
FORMAT = 3
"""Of the files of a run."""
FILES = 2000
"""Files of a shard, about; ..."""
LEAST, MOST = 4, 4096
"""... and how many shards there are."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """Where a scan is carried out, if not here."""

    cluster: Cluster
    work: str
    """The folder, or URL, of the run's files, which all nodes see."""

    def engine(self) -> Engine:
        return RayEngine(self.cluster)


def parse_engine(text: str, work: str, *, actors: int | None = None, gpus: float = 0.0) -> Clustered:
    """``ray`` or ``ray:ADDRESS``. UserError for anything else."""
    name, _, address = text.partition(":")
    if name != RAY:
        raise UserError(f"there is no engine {text!r}; local, ray or ray:ADDRESS is expected")
    return Clustered(Cluster(address or None, most=actors, gpus=gpus), work)


def scan_in_shards(
    catalogue: Catalogue,
    paths: Iterable[str],
    recipe: Recipe,
    *,
    describer: str,
    choice: Choice,
    aligner: str,
    index: str,
    work: str,
    engine: Engine,
    memory: int = MEMORY,
    progress: Progress | None,
) -> ScanReport:
    """As ``engine.scan``, in shards. The caller holds the lock for scans; describer: by name, for other machines."""
    roots, meter = Roots(listed(paths)), Meter(progress, "list", None)
    files, unlisted = list[Found](), list[Failure]()
    for found in find_files(roots.paths, include=choice.include, exclude=choice.exclude, hidden=choice.hidden):
        if isinstance(found, Failure):
            unlisted.append(found)
        else:
            files.append(found)
            meter.advance(bytes=found.size)
    meter.finish()
    settings = {
        "format": FORMAT,
        "fingerprints": list(recipe.key),
        "aligner": aligner,
        "matching": [SETTINGS, MIN_SCORE, asdict(LIMITS)],
    }
    if recipe.sampling.mode == "cascade":
        settings["cascade"] = cascade.settings()
    folder = Folder.open(work, settings | {"shards": _shards(work, len(files))})
    plan = Plan(folder, describer, recipe.sampling, aligner, int(folder.settings()["shards"]), memory)
    run = Run(plan, engine, progress)
    outcome = run.run(files)
    failures = [*unlisted, *run.failures(outcome)]
    return _load(catalogue, recipe, plan, outcome, roots, files, failures, index, progress)


def _shards(work: str, files: int) -> int:
    """As many as the run has already, so that it can go on with more files."""
    known: Mapping[str, Any] = Folder(work).settings() if Folder(work).exists(MANIFEST) else {}
    return int(known.get("shards", min(MOST, max(LEAST, files // FILES))))


def _load(
    catalogue: Catalogue,
    recipe: Recipe,
    plan: Plan,
    outcome: Outcome,
    roots: Roots,
    files: list[Found],
    failures: list[Failure],
    index: str,
    progress: Progress | None,
) -> ScanReport:
    """Brings the results into the library. Where it holds other videos too, all are matched anew here."""
    number = catalogue.scans.begin()
    loading = Loading(catalogue, recipe, plan, outcome, number, progress)
    added = loading.load_videos()
    versions = {found.path: Version(found.size, found.mtime_ns) for found in files}
    gone = [path for path in catalogue.paths.load() if path not in versions and roots.covers(path)]
    unlisted = Roots(failure.path for failure in failures if failure.stage == "list")
    with catalogue.transaction():
        catalogue.paths.mark((path for path in gone if not unlisted.covers(path)), State.GONE)
        before = catalogue.failures.all()
        catalogue.failures.clear(
            failure.path for failure in before if failure.path in versions or overcome(failure, versions.keys(), roots)
        )
        for failure in failures:
            catalogue.failures.record(failure, versions.get(failure.path))
    matches = loading.load_matches(plan.aligner, index)
    unusable = sum(failure.kind is not FailureKind.DAMAGED for failure in failures)
    report = ScanReport(files=len(files), added=added, failed=unusable, matches=matches, failures=tuple(failures))
    catalogue.scans.finish(number, report)
    return report
