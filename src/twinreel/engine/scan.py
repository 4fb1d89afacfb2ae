"""A scan: from folders to matches, in stages of which each can be interrupted and goes on where it was.

1. list      what is there, by one ``stat`` a file, compared with what is known (``census``)
2. look      content id and probe of new files; same content in two places is verified (``looking``)
3. describe  fingerprints of contents that lack one; streams that another file has already are not decoded
             (``fingerprinting``)
4. match     videos that were not searched yet, against all (``matching``)

Everything is written video by video, so that a scan that is killed loses what was in the air, and no more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Set

from twinreel.engine.census import Census, Choice, stat_of, take_census
from twinreel.engine.deepening import match_all
from twinreel.engine.devices import Devices, check_device
from twinreel.engine.fingerprinting import Fingerprinting
from twinreel.engine.looking import Looking
from twinreel.engine.pool import WorkerPool
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.settings import STALL, Resources
from twinreel.engine.state import Readers, Recipe, Scan, Tally
from twinreel.index.choose import AUTO
from twinreel.media.sampling import CHUNK
from twinreel.media.sources import Roots, listed
from twinreel.media.walk import Found
from twinreel.store.catalogue import Catalogue
from twinreel.store.failures import Version
from twinreel.store.paths import PathRecord
from twinreel.types import Failure, FailureKind, ScanReport, State


def open_pool(size: tuple[int, int], resources: Resources, workers: int | None = None) -> WorkerPool:
    """Workers that hand over frames of a (height, width)."""
    height, width = size
    ring = CHUNK * height * width * 3 + (1 << 16)
    return WorkerPool(workers or resources.workers, resources.memory, STALL, ring)


def scan(
    catalogue: Catalogue,
    paths: Iterable[str],
    recipe: Recipe,
    *,
    choice: Choice,
    resources: Resources,
    aligner: str,
    index: str = AUTO,
    progress: Progress | None,
) -> ScanReport:
    """Adds or refreshes files and folders, and matches what is new. The caller holds the lock for scans.

    NotFound where none of the paths is there and the library knows nothing under them; UserError where the device that
    is asked for cannot be used.
    """
    roots = Roots(listed(paths))
    with open_pool(recipe.describer.image_size, resources) as pool:
        check_device(pool, resources.hardware)
        # A function of its own, so that what the walk found is gone before matching needs memory.
        state = _take_in(catalogue, roots, recipe, choice, resources, pool, progress)
        state.tally.matches = match_all(state, recipe, aligner, index)
    report = state.tally.report()
    catalogue.scans.finish(state.number, report)
    return report


def _take_in(
    catalogue: Catalogue,
    roots: Roots,
    recipe: Recipe,
    choice: Choice,
    resources: Resources,
    pool: WorkerPool,
    progress: Progress | None,
) -> Scan:
    """All stages but the last."""
    known = catalogue.paths.load()
    meter = Meter(progress, "list", None)
    census = take_census(roots, choice, known, catalogue.failures.bad_files(), meter)
    meter.finish()
    number = catalogue.scans.begin()
    tally = Tally(files=len(census.seen))
    damaged = {
        record.content: failure
        for failure in catalogue.failures.all()
        if failure.kind is FailureKind.DAMAGED and (record := known.get(failure.path)) and record.content
    }
    readers, devices = Readers(resources, _all(census)), Devices(pool, resources)
    state = Scan(catalogue, number, pool, readers, devices, damaged, tally, progress)
    with catalogue.transaction():
        _note(state, census, roots, known)
    looking = Looking(state, known)
    looking.run(census.fresh)
    files = _lacking(state, recipe, census, known, looking.contents)
    Fingerprinting(state, recipe, files).run()
    return state


def _all(census: Census) -> Iterable[Found]:
    yield from census.unchanged
    yield from (found for found, _ in census.moved)
    for links in census.fresh:
        yield from links


def _note(scan: Scan, census: Census, roots: Roots, known: dict[str, PathRecord]) -> None:
    """Writes down what the walk alone says."""
    catalogue, tally = scan.catalogue, scan.tally
    tally.unchanged = len(census.unchanged)
    tally.moved = len(census.moved)
    tally.gone = sum(state is State.GONE and known[path].state is not state for path, state in census.lost.items())
    same = [found for found in census.unchanged if known[found.path].stat == stat_of(found)]
    catalogue.paths.saw((found.path for found in same), scan.number)
    # Devices and inodes may have got other numbers since.
    renumbered = [(f, known[f.path].content) for f in census.unchanged if known[f.path].stat != stat_of(f)]
    catalogue.paths.put(
        PathRecord(found.path, stat_of(found), content, State.PRESENT, scan.number)
        for found, content in [*renumbered, *census.moved]
    )
    for found, content in census.moved:
        scan.inherit(content, found)
    catalogue.paths.forget(census.left)
    for state in (State.GONE, State.OFFLINE):
        catalogue.paths.mark((path for path, where in census.lost.items() if where is state), state)
    catalogue.failures.clear(
        failure.path for failure in catalogue.failures.all() if overcome(failure, census.seen, roots)
    )
    for failure in census.failures:
        scan.record(failure)
    _recall(scan, census)


def overcome(failure: Failure, seen: Set[str], roots: Roots) -> bool:
    """Is it no longer true? A folder can be listed again, or a file is gone."""
    if not roots.covers(failure.path):
        return False
    return failure.stage == "list" or (failure.path not in seen and not os.path.lexists(failure.path))


def _recall(scan: Scan, census: Census) -> None:
    """Reports what is still wrong with files that have not changed."""
    same = {found.path for found in [*census.unchanged, *census.skipped]}
    lasting = (FailureKind.BAD_FILE, FailureKind.DAMAGED)
    scan.tally.failures += [f for f in scan.catalogue.failures.all() if f.kind in lasting and f.path in same]


def _lacking(
    scan: Scan, recipe: Recipe, census: Census, known: dict[str, PathRecord], looked: dict[str, str]
) -> dict[str, Found]:
    """The contents found by this scan that lack a fingerprint, and a file of each, in order of content id.

    Those that could not be decoded before, and have not changed since, are left alone.
    """
    missing = set(scan.catalogue.fingerprints.missing(*recipe.key))
    if not missing:
        return {}
    contents = {path: record.content for path, record in known.items()}
    contents.update({found.path: content for found, content in census.moved})
    contents.update(looked)
    bad = scan.catalogue.failures.bad_files()
    lacking: dict[str, Found] = {}
    spoiled: set[str] = set()
    for found in _all(census):
        content = contents.get(found.path)
        if content not in missing or content is None:
            continue
        if bad.get(found.path) == Version(found.size, found.mtime_ns):
            spoiled.add(content)
        lacking.setdefault(content, found)
    return {content: lacking[content] for content in sorted(lacking.keys() - spoiled)}
