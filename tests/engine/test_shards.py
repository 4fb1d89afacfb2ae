"""A scan in steps over shards, against the same on one machine; without a cluster."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from collection import DESCRIBER, clip, make_collection, open_library
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from makers import write_video
from twinreel.describe.registry import load_describer
from twinreel.engine.census import Choice
from twinreel.engine.matching import Limits, match_library
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.shards.folder import Folder, read_rows, write_rows
from twinreel.engine.shards.grouping import LinkJob, _both, changed, read_groups, read_reported
from twinreel.engine.shards.job import InOrder, Job, Plan, Setting, run_job
from twinreel.engine.shards.keeping import read_matches
from twinreel.engine.shards.making import read_entries, read_reference
from twinreel.engine.shards.run import Outcome, Run
from twinreel.engine.state import Recipe
from twinreel.errors import UserError
from twinreel.group.components import components
from twinreel.library.clustered import parse_engine, scan_in_shards
from twinreel.match import reference as references
from twinreel.media.sampling import Sampling
from twinreel.media.sources import find_files
from twinreel.media.walk import Found
from twinreel.store.catalogue import Catalogue
from twinreel.store.parquet import EntriesFile
from twinreel.types import FailureKind, Match

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")
SHARDS = 3


class Counting(InOrder):
    """Counts the jobs of each step, and breaks down after so many."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.done = most, list[str]()

    def map(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Job]:
        for job in super().map(plan, jobs):
            self.done.append(job.step)
            yield job
            if len(self.done) == self.most:
                raise RuntimeError("the machine burst into flames")


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection, and a file that is no video. Read only."""
    root = make_collection(tmp_path_factory.mktemp("shards") / "videos")
    (root / "letter.mp4").write_text("Dear diary\n" * 300)
    return root


@pytest.fixture(scope="module")
def local(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that this machine scanned. Read only."""
    path = tmp_path_factory.mktemp("local") / "library.sqlite"
    with open_library(path) as library:
        library.add(videos, jobs=1)
    return path


def plan_in(folder: Path, limits: Limits | None = None) -> Plan:
    opened = Folder.open(str(folder), {"shards": SHARDS})
    return Plan(opened, DESCRIBER, Sampling(), "network", SHARDS, limits=limits or Limits())


def found_in(folder: Path) -> list[Found]:
    return [found for found in find_files([str(folder)]) if isinstance(found, Found)]


@pytest.fixture(scope="module")
def done(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Outcome]:
    """A run that nothing disturbed. Read only."""
    plan = plan_in(tmp_path_factory.mktemp("done"))
    return plan, Run(plan, InOrder()).run(found_in(videos))


def matches_of(plan: Plan, outcome: Outcome) -> list[Match]:
    return sorted(read_matches(plan.folder, outcome.matches), key=lambda match: (match.a, match.b))


def test_shards_give_what_one_machine_gives(done: tuple[Plan, Outcome], local: Path) -> None:
    plan, outcome = done
    with open_library(local) as library:
        groups = sorted(library.groups(), key=lambda group: group.representative)
        assert len(groups) == 2 and len(library.matches()) == 3
        assert sorted(read_groups(plan.folder, outcome.groups), key=lambda group: group.representative) == groups
        reported = sorted(read_reported(plan.folder, outcome.groups), key=lambda match: (match.a, match.b))
        assert reported == library.matches()
        with Catalogue.open(local) as catalogue:
            basis = catalogue.matches.current()
            assert basis is not None
            assert matches_of(plan, outcome) == list(catalogue.matches.all(basis))


def test_shards_give_what_one_machine_gives_in_a_crowd(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "VIDEOS", 3)  # workers, who have the real number, do not fit references
    with open_library(tmp_path / "library.sqlite") as library:
        library.add(videos, jobs=1)
        expected = library.matches(0)
    plan = plan_in(tmp_path / "run")
    outcome = Run(plan, InOrder()).run(found_in(videos))
    reference = read_reference(plan.folder, outcome.reference)
    assert reference.crowd > 1
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        basis = catalogue.matches.current()
        assert basis is not None and basis.reference == reference.id
    assert matches_of(plan, outcome) == sorted(expected, key=lambda match: (match.a, match.b))


def test_a_long_video_has_the_fingerprint_that_one_machine_gives_it(tmp_path: Path) -> None:
    frames = [frame for seed in range(260) for frame in clip(seed, 0, 0.04)]
    write_video(tmp_path / "long.mp4", frames, fps=1, gop=10)
    plan = plan_in(tmp_path / "run")
    outcome = Run(plan, InOrder()).run(found_in(tmp_path))
    (entry,) = (entry for name in outcome.videos for entry in read_entries(plan.folder, name))
    with open_library(tmp_path / "local.sqlite") as library:
        library.add(tmp_path / "long.mp4", jobs=1)
        expected = tmp_path / "local.parquet"
        library.export_videos(expected)
    (other,) = EntriesFile(expected).entries("", "")
    assert entry.fingerprint is not None and other.fingerprint is not None
    for name in ("times", "vectors", "weights", "layout", "parts"):
        np.testing.assert_array_equal(getattr(entry.fingerprint, name), getattr(other.fingerprint, name))


@pytest.mark.parametrize("most", [7, 20])
def test_a_run_that_breaks_down_goes_on_where_it_was(
    most: int, videos: Path, done: tuple[Plan, Outcome], tmp_path: Path
) -> None:
    plan, files = plan_in(tmp_path / "run"), found_in(videos)
    broken, rest = Counting(most), Counting()
    with pytest.raises(RuntimeError, match="flames"):
        Run(plan, broken).run(files)
    outcome = Run(plan, rest).run(files)
    assert outcome == done[1]
    for step in ("describe", "keep", "group"):
        for name in plan.folder.list(step):
            assert plan.folder.read(name) == done[0].folder.read(name)
    again = Counting()
    assert Run(plan, again).run(files) == outcome and not again.done
    whole = len([name for step in set(rest.done) | set(broken.done) for name in plan.folder.list(step)])
    assert len(broken.done) + len(rest.done) == whole  # no job was done twice


def test_a_run_with_other_settings_is_refused(tmp_path: Path) -> None:
    Folder.open(str(tmp_path), {"aligner": "network", "shards": 3})
    Folder.open(str(tmp_path), {"aligner": "network", "shards": 3})
    with pytest.raises(UserError, match="aligner 'network', now 'dtw'"):
        Folder.open(str(tmp_path), {"aligner": "dtw", "shards": 3})


@pytest.fixture
def sharded(tmp_path: Path) -> Callable[[Path, Path], list[Match]]:
    """Scans a folder in shards into a library, and gives its matches."""

    def scan(folder: Path, file: Path) -> list[Match]:
        recipe = Recipe(load_describer(DESCRIBER), Sampling())
        with Catalogue.open(file) as catalogue:
            scan_in_shards(
                catalogue,
                [str(folder)],
                recipe,
                describer=DESCRIBER,
                choice=Choice(),
                aligner="network",
                index="auto",
                work=str(tmp_path / "run"),
                engine=InOrder(),
                progress=None,
            )
        with open_library(file) as library:
            return library.matches(0)

    return scan


def test_a_library_filled_from_shards_is_as_one_that_was_scanned(
    videos: Path, local: Path, tmp_path: Path, sharded: Callable[[Path, Path], list[Match]]
) -> None:
    folder = Path(shutil.copytree(videos, tmp_path / "videos"))
    sharded(folder, tmp_path / "filled.sqlite")
    with open_library(tmp_path / "filled.sqlite") as library, open_library(local) as expected:
        assert library.matches(0) == expected.matches(0)
        assert [group.members for group in library.groups()] == [group.members for group in expected.groups()]
        assert library.status().paths["present"] == 7
        assert [Path(failure.path).name for failure in library.failures()] == ["letter.mp4"]
        same = library.add(folder, jobs=1)  # a scan here has nothing left to do
        assert (same.added, same.decoded, same.matches) == (0, 0, 0)


def test_more_files_later_are_as_all_at_once(
    videos: Path, local: Path, tmp_path: Path, sharded: Callable[[Path, Path], list[Match]]
) -> None:
    folder = Path(shutil.copytree(videos, tmp_path / "videos"))
    (folder / "scene 1.mp4").rename(tmp_path / "scene 1.mp4")
    (folder / "same as 1.mp4").rename(tmp_path / "same as 1.mp4")
    fewer = sharded(folder, tmp_path / "filled.sqlite")
    (tmp_path / "scene 1.mp4").rename(folder / "scene 1.mp4")
    (tmp_path / "same as 1.mp4").rename(folder / "same as 1.mp4")
    with open_library(local) as expected:
        assert len(fewer) < len(expected.matches(0))
        assert sharded(folder, tmp_path / "filled.sqlite") == expected.matches(0)


def test_what_is_damaged_is_told_as_on_one_machine_and_told_again(
    tmp_path: Path, sharded: Callable[[Path, Path], list[Match]]
) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "cut.mkv", clip(3, 0, 20), fps=10, gop=10)
    os.truncate(folder / "cut.mkv", (folder / "cut.mkv").stat().st_size // 2)
    (folder / "letter.mp4").write_text("Dear diary\n" * 300)
    with open_library(tmp_path / "local.sqlite") as library:
        report = library.add(folder, jobs=1)
        expected = library.failures()
        assert [failure.kind for failure in expected] == [FailureKind.DAMAGED, FailureKind.BAD_FILE]
    sharded(folder, tmp_path / "filled.sqlite")
    with open_library(tmp_path / "filled.sqlite") as library:
        assert library.failures() == expected
    assert report.failed == 1
    (folder / "cut.mkv").rename(folder / "renamed.mkv")
    shutil.copy(folder / "renamed.mkv", folder / "a copy.mkv")
    sharded(folder, tmp_path / "filled.sqlite")
    with open_library(tmp_path / "filled.sqlite") as library:
        found = library.failures()
        assert [Path(failure.path).name for failure in found] == ["a copy.mkv", "letter.mp4", "renamed.mkv"]
        assert found[0].reason == found[2].reason == expected[0].reason


def test_searches_that_find_much_go_on_as_on_one_machine(tmp_path: Path) -> None:
    limits = Limits(kept=2, candidates=3, neighbours=4)
    folder = tmp_path / "crowd"
    folder.mkdir()
    for number in range(7):
        write_video(folder / f"copy {number}.mp4", clip(1, 0, 3), gop=25, options={"crf": str(20 + number)})
    write_video(folder / "other.mp4", clip(2, 0, 3), gop=25)
    plan = plan_in(tmp_path / "run", limits)
    outcome = Run(plan, InOrder()).run(found_in(folder))
    assert len(plan.folder.list("search")) > SHARDS  # more than one round
    with open_library(tmp_path / "local.sqlite") as library:
        library.add(folder, jobs=1)
    recipe = Recipe(load_describer(DESCRIBER), Sampling())
    with Catalogue.open(tmp_path / "local.sqlite") as catalogue:
        catalogue.matches.remove_touching(list(catalogue.videos.numbers()))
        with open_pool(recipe.describer.image_size, Resources(1)) as pool:
            match_library(catalogue, recipe, "network", pool, None, limits)
        basis = catalogue.matches.current()
        assert basis is not None
        assert matches_of(plan, outcome) == list(catalogue.matches.all(basis))


edges = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda edge: edge[0] != edge[1]), max_size=60)


def expected_components(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """By SciPy."""
    names = sorted({name for pair in pairs for name in pair})
    place = {name: number for number, name in enumerate(names)}
    rows, columns = ([place[pair[side]] for pair in pairs] for side in (0, 1))
    _, labels = connected_components(coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(names),) * 2), False)
    lowest: dict[int, str] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        lowest.setdefault(label, name)
    return {name: lowest[label] for name, label in zip(names, labels.tolist(), strict=True)}


@given(edges)
def test_components_are_those_of_scipy(pairs: list[tuple[int, int]]) -> None:
    named = [(f"{a:03}", f"{b:03}") for a, b in pairs]
    assert components(named) == (expected_components(named) if named else {})


def test_passes_over_shards_find_a_long_chain_and_a_star(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    names = [f"{number:08x}{'0' * 24}" for number in rng.integers(0, 1 << 32, 120).tolist()]
    pairs = [(names[i], names[i + 1]) for i in range(60)] + [(names[70], other) for other in names[71:]]
    pairs = [(max(pair), min(pair)) for pair in pairs]
    plan = plan_in(tmp_path)
    rows: list[list[dict[str, str]]] = [[] for _ in range(SHARDS + 1)]
    for shard, row in _both(pairs, SHARDS):
        rows[shard].append(row)
    write_rows(plan.folder, "edges/all.parquet", rows)
    current: tuple[str, ...] = ("edges/all.parquet",)
    setting, quiet, number = Setting(plan), 0, 0
    while quiet < 2:
        jobs = [LinkJob(shard, current, number % 2 == 1, SHARDS) for shard in range(SHARDS)]
        for job in jobs:
            run_job(setting, job)
        current = tuple(job.output for job in jobs)
        quiet = 0 if changed(plan.folder, current, SHARDS) else quiet + 1
        number += 1

    found = [row for shard in range(SHARDS) for row in read_rows(plan.folder, current, shard)]
    labels = {row["of"]: row["to"] for row in found if row["to"] < row["of"]}
    assert {name: labels.get(name, name) for name in expected_components(pairs)} == expected_components(pairs)
    assert number < 20  # passes grow with the logarithm of a component, not with the length of a chain


def test_an_engine_is_known_by_its_name() -> None:
    on = parse_engine("ray:host:6379", "x", actors=3, gpus=0.5)
    assert (on.cluster.address, on.cluster.most, on.cluster.gpus) == ("host:6379", 3, 0.5)
    with pytest.raises(UserError, match="local, ray or ray:ADDRESS is expected"):
        parse_engine("spark", "x")
    with pytest.raises(UserError, match="above 0"):
        parse_engine("ray", "x", gpus=-1.0)
