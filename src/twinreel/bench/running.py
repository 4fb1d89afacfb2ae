"""A run: twinreel over a collection, as anyone would use it, and how well it did. Kept in the collection's folder.

OUT/runs/NAME/all.csv       every pair that was aligned, with its score
OUT/runs/NAME/report.csv    what is reported by default
OUT/runs/NAME/run.json      settings, time, machine, figures
"""

from __future__ import annotations

import math
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import av
import numpy
import onnxruntime
import psutil

import twinreel
from twinreel.bench import scoring
from twinreel.bench.collection import VIDEOS, read_files, read_json, read_labels, write_json
from twinreel.bench.scoring import Bin, Counts, Figures, Stratum
from twinreel.engine.progress import Progress
from twinreel.engine.settings import MEMORY
from twinreel.errors import NotFound, UserError
from twinreel.library import Library
from twinreel.match.calibration import MIN_SCORE
from twinreel.processors import cores

RUNS, RESULT, EVERYTHING, REPORT = "runs", "run.json", "all.csv", "report.csv"
UNFINISHED = ".unfinished"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"


@dataclass(frozen=True, slots=True)
class Run:
    """One run and its figures."""

    name: str
    describer: str
    sampling: str
    aligner: str
    seconds: float
    """Of the scan: reading, describing and matching."""
    video_seconds: float
    """Of video that was scanned."""
    frames: int
    failures: tuple[tuple[str, str], ...]
    """Files that could not be used, and why."""
    machine: str
    figures: Figures
    """The threshold is the operating point."""
    strata: tuple[Stratum, ...]
    """The same by difficulty."""
    transforms: Counts
    """True pairs that are reported by default, of how many: by what was done to either file ..."""
    edits: dict[str, Counts]
    """... and, of the pairs of a copy and footage as it was, by kind and strength."""
    hard_negatives: tuple[int, int]
    """Pairs of other moments of a scene that are reported by default, of how many."""
    calibration_error: float
    bins: tuple[Bin, ...]

    @property
    def times_real_time(self) -> float:
        return self.video_seconds / self.seconds if self.seconds else 0.0


def run(
    folder: Path,
    *,
    name: str | None = None,
    describer: str | None = None,
    sampling: str | None = None,
    aligner: str | None = None,
    library: Path | None = None,
    jobs: int | None = None,
    memory: int = MEMORY,
    progress: Progress | None = None,
) -> Run:
    """Scans a collection into a new library, scores what comes of it and keeps that.

    library: a file that does not exist yet and is kept; by default one that is removed.
    name: by default made of the describer and the sampling; one that is taken gets a number, so that nothing is lost.
    NotFound where the folder holds no finished collection; UserError for a library that exists, or a name of
    characters that no file should have.
    """
    files, labels = read_files(folder), read_labels(folder)
    if name is not None and not re.fullmatch(_NAME, name):
        raise UserError(f"{name!r} cannot name a run: use letters, digits, dots, hyphens and underscores")
    if library is not None and library.exists():
        raise UserError(f"{library} exists, and a run begins with a new library: give another name")
    with tempfile.TemporaryDirectory(prefix="twinreel-") as temporary:
        work = Path(temporary)
        own = library or work / "library.sqlite"
        with Library(own, describer=describer, sampling=sampling, aligner=aligner) as opened:
            started = time.perf_counter()
            done = opened.add(folder / VIDEOS, jobs=jobs, memory=memory, progress=progress)
            seconds = time.perf_counter() - started
            opened.export(work / EVERYTHING, 0.0)
            opened.export(work / REPORT)
            used = opened.describer, str(opened.sampling), opened.aligner
        rows = scoring.read_rows(work / EVERYTHING)
        best = scoring.best_scores(labels, rows)
        found = {pair for pair, score in best.items() if score >= MIN_SCORE}
        error, bins = scoring.reliability(labels, best)
        kept = _place(folder / RUNS, name or _named(used[0], used[1]))
        result = Run(
            name=kept.name,
            describer=used[0],
            sampling=used[1],
            aligner=used[2],
            seconds=seconds,
            video_seconds=done.seconds_of_video,
            frames=done.frames,
            failures=tuple((Path(failure.path).name, failure.reason) for failure in done.failures),
            machine=machine(),
            figures=scoring.score(labels, rows, MIN_SCORE),
            strata=tuple(scoring.strata(labels, files, best, MIN_SCORE)),
            transforms=scoring.by_transform(labels, found),
            edits=scoring.by_edit(labels, files, found),
            hard_negatives=(len(labels.hard_negatives & found), len(labels.hard_negatives)),
            calibration_error=error,
            bins=tuple(bins),
        )
        _keep(result, work, kept)
    return result


def _named(describer: str, sampling: str) -> str:
    """``default-auto-1``."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"{Path(describer).stem} {sampling}").strip("-.")


def _place(runs: Path, name: str) -> Path:
    """Where a run of this name is kept: one that is taken gets a number."""
    number, place = 1, runs / name
    while place.exists():
        number += 1
        place = runs / f"{name}-{number}"
    return place


def _keep(result: Run, work: Path, kept: Path) -> None:
    """All of a run's files appear at once."""
    unfinished = kept.with_name(f".{kept.name}{UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        for file in (EVERYTHING, REPORT):
            shutil.copy(work / file, unfinished / file)
        write_json(unfinished / RESULT, as_json(result))
        unfinished.replace(kept)
    except OSError as error:
        raise UserError(f"cannot write {kept}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def as_json(result: Run) -> dict[str, Any]:
    """What is kept of a run; null stands for a threshold that there is not."""
    value = asdict(result)
    value["figures"] = {
        key: None if isinstance(one, float) and math.isinf(one) else one for key, one in value["figures"].items()
    }
    value["strata"] = [one._asdict() for one in result.strata]
    value["bins"] = [one._asdict() for one in result.bins]
    return value | {"times_real_time": result.times_real_time}


def read_runs(folder: Path, names: Sequence[str] = ()) -> list[Run]:
    """The runs that are kept, or those of the given names, the oldest first. NotFound where there is none."""
    places = [folder / RUNS / name for name in names]
    if not names:
        there = (folder / RUNS).iterdir() if (folder / RUNS).is_dir() else ()
        places = sorted(
            (place for place in there if not place.name.startswith(".") and (place / RESULT).exists()),
            key=lambda place: ((place / RESULT).stat().st_mtime_ns, place.name),
        )
    for place in places:
        if not (place / RESULT).exists():
            raise NotFound(f"there is no run {place.name!r} in {folder / RUNS}")
    if not places:
        raise NotFound(f"{folder} holds no run: make one with twinreel bench run {folder}")
    return [_from_json(read_json(place / RESULT)) for place in places]


def _from_json(value: dict[str, Any]) -> Run:
    figures: dict[str, Any] = {key: math.inf if one is None else one for key, one in value["figures"].items()}

    def counts(found: dict[str, list[int]]) -> Counts:
        return {name: (pair[0], pair[1]) for name, pair in found.items()}

    held: dict[str, Any] = {field.name: value[field.name] for field in fields(Run)}
    held["failures"] = tuple((name, why) for name, why in value["failures"])
    held["figures"] = Figures(**figures)
    held["strata"] = tuple(Stratum(**one) for one in value["strata"])
    held["transforms"] = counts(value["transforms"])
    held["edits"] = {name: counts(cells) for name, cells in value["edits"].items()}
    held["hard_negatives"] = tuple(value["hard_negatives"])
    held["bins"] = tuple(Bin(**one) for one in value["bins"])
    return Run(**held)


def machine() -> str:
    """What a run was made on, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{cores()} cores ({platform.machine()}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, NumPy {numpy.__version__}, PyAV {av.__version__}, "
        f"ONNX Runtime {onnxruntime.__version__}, twinreel {twinreel.__version__}"
    )
