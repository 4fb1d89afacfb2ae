"""The cascade in shards, against the same on one machine; without a cluster."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from cascading import FPS, PART, make_videos, open_cascade, scenes, times_of
from collection import everything
from collection import name as name_of

from makers import write_video
from twinreel.describe.registry import load_describer
from twinreel.engine.census import Choice
from twinreel.engine.shards.deepening import DEEPER, DeepenJob, deeper_of, read_contents, read_depths
from twinreel.engine.shards.job import Engine, InOrder, Job, Plan, Setting
from twinreel.engine.shards.making import read_entries
from twinreel.engine.state import Recipe
from twinreel.errors import UserError
from twinreel.library.clustered import LEAST, scan_in_shards
from twinreel.match import cascade
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")


BETWEEN = "between.mp4"


def burn() -> None:
    raise RuntimeError("the machine burst into flames")


class Watched(InOrder):
    """Remembers the jobs that it did; after the first one of a step something happens."""

    def __init__(self, last: str = "", then: Callable[[], object] = burn) -> None:
        self.last, self.then, self.done = last, then, list[Job]()
        self._maps = list[list[Job]]()

    def map(self, plan: Plan, jobs: Iterable[Job]) -> Iterator[Job]:
        self.folder = plan.folder
        self._maps.append([])
        for job in super().map(plan, jobs):
            self.done.append(job)
            self._maps[-1].append(job)
            yield job
            if job.step == self.last:
                self.last = ""
                self.then()

    def rounds(self, step: str) -> list[list[str]]:
        """The files of a step, of one round after the other."""
        return [[job.output for job in jobs] for jobs in self._maps if jobs and jobs[0].step == step]


def scan(folder: Path, library: Path, work: Path, engine: Engine | None = None) -> None:
    """A folder into a library, in shards."""
    with Catalogue.open(library) as catalogue:
        scan_in_shards(
            catalogue,
            [str(folder)],
            Recipe(load_describer("phash"), Sampling("cascade")),
            describer="phash",
            choice=Choice(),
            aligner="network",
            index="auto",
            work=str(work),
            engine=engine or InOrder(),
            progress=None,
        )


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only. BETWEEN shows what lies between keyframes of PART, so that it is looked into when that was."""
    root = make_videos(tmp_path_factory.mktemp("videos"))
    part = list(scenes([PART[1]]))
    between = part[FPS : 5 * FPS] + part[6 * FPS :]
    write_video(root / BETWEEN, chain(scenes([300, 301]), between, scenes([302])), FPS, gop=FPS)
    return root


@pytest.fixture(scope="module")
def local(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that this machine scanned. Read only."""
    path = tmp_path_factory.mktemp("local") / "library.sqlite"
    with open_cascade(path) as library:
        library.add(videos, jobs=1)
    return path


def assert_same(found: Path, expected: Path) -> None:
    with open_cascade(found) as library, open_cascade(expected) as other:
        assert everything(library) == everything(other)
        assert [group.members for group in library.groups()] == [group.members for group in other.groups()]
    theirs = times_of(expected)
    for name, times in times_of(found).items():
        np.testing.assert_array_equal(theirs[name], times)


def test_shards_look_into_what_one_machine_looks_into(videos: Path, local: Path, tmp_path: Path) -> None:
    engine = Watched()
    scan(videos, tmp_path / "library.sqlite", tmp_path / "run", engine)
    assert_same(tmp_path / "library.sqlite", local)
    with open_cascade(tmp_path / "library.sqlite") as library:
        assert len(library.matches()) == 4
        rounds = [
            {
                name_of(library, content)
                for output in outputs
                for content in read_contents(engine.folder, [output], DEEPER)
            }
            for outputs in engine.rounds("deepen")
        ]
        assert rounds == [{"film.mp4", "cutting.mkv"}, {BETWEEN}, set()]
        same = library.add(videos, jobs=1)  # a scan here has nothing left to do
        assert (same.added, same.decoded, same.frames, same.matches) == (0, 0, 0, 0)


@pytest.mark.parametrize("step", ["describe", "want", "deepen"])
def test_a_run_that_breaks_down_goes_on_where_it_was(step: str, videos: Path, local: Path, tmp_path: Path) -> None:
    broken, rest, again = Watched(step), Watched(), Watched()
    with pytest.raises(RuntimeError, match="flames"):
        scan(videos, tmp_path / "library.sqlite", tmp_path / "run", broken)
    scan(videos, tmp_path / "library.sqlite", tmp_path / "run", rest)
    assert_same(tmp_path / "library.sqlite", local)
    assert not {job.output for job in broken.done} & {job.output for job in rest.done}
    scan(videos, tmp_path / "another.sqlite", tmp_path / "run", again)
    assert_same(tmp_path / "another.sqlite", local)
    assert not again.done


def test_more_files_later_are_as_all_at_once(videos: Path, local: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(videos, tmp_path / "videos"))
    (folder / "film.mp4").rename(tmp_path / "film.mp4")
    scan(folder, tmp_path / "library.sqlite", tmp_path / "run")
    assert len(times_of(tmp_path / "library.sqlite")["cutting.mkv"]) < len(times_of(local)["cutting.mkv"])
    (tmp_path / "film.mp4").rename(folder / "film.mp4")
    scan(folder, tmp_path / "library.sqlite", tmp_path / "run")
    assert_same(tmp_path / "library.sqlite", local)


def test_what_an_earlier_run_looked_into_is_not_read_again(videos: Path, tmp_path: Path) -> None:
    folder, engine = Path(shutil.copytree(videos, tmp_path / "videos")), Watched()
    scan(folder, tmp_path / "library.sqlite", tmp_path / "run", engine)
    plan = Plan(engine.folder, "phash", Sampling("cascade"), "network", LEAST)
    job = next(
        job for job in engine.done if isinstance(job, DeepenJob) and read_contents(plan.folder, [job.output], DEEPER)
    )
    depths = read_depths(plan.folder, [job.output])
    entries = list(read_entries(plan.folder, deeper_of(job.output)))
    earlier = f"deepen/{job.shard:05}-earlier.parquet"
    for old, new in ((job.output, earlier), (deeper_of(job.output), deeper_of(earlier))):
        (tmp_path / "run" / old).rename(tmp_path / "run" / new)
    shutil.rmtree(folder)
    again = DeepenJob(job.shard, job.videos, job.wants, job.depth, job.known, job.shards, (earlier,))
    assert again.output == job.output
    again.run(Setting(plan))
    assert read_depths(plan.folder, [job.output]) == depths
    for one, other in zip(entries, read_entries(plan.folder, deeper_of(job.output)), strict=True):
        assert one.content == other.content
        assert one.fingerprint is not None and other.fingerprint is not None
        np.testing.assert_array_equal(one.fingerprint.times, other.fingerprint.times)
        np.testing.assert_array_equal(one.fingerprint.vectors, other.fingerprint.vectors)


def test_a_file_that_is_away_is_looked_into_when_it_is_back(videos: Path, local: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(videos, tmp_path / "videos"))
    film, away = folder / "film.mp4", tmp_path / "film.mp4"
    scan(folder, tmp_path / "library.sqlite", tmp_path / "run", Watched("want", lambda: film.rename(away)))
    theirs = times_of(local)
    assert len(times_of(tmp_path / "library.sqlite")["film.mp4"]) < len(theirs["film.mp4"])
    away.rename(film)
    with open_cascade(tmp_path / "library.sqlite") as library:
        assert library.add(folder, jobs=1).frames > 0
    for name, times in times_of(tmp_path / "library.sqlite").items():
        np.testing.assert_array_equal(theirs[name], times)


def test_a_library_that_holds_others_compares_them_too(videos: Path, local: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(videos, tmp_path / "videos"))
    (folder / "film.mp4").rename(tmp_path / "film.mp4")
    with open_cascade(tmp_path / "library.sqlite") as library, open_cascade(local) as at_once:
        library.add(tmp_path / "film.mp4", jobs=1)
        scan(folder, tmp_path / "library.sqlite", tmp_path / "run")
        for one, other in zip(everything(library, 0.5), everything(at_once, 0.5), strict=True):
            # What is usual in a library is judged by the frames there were when it was.
            assert one[:3] == other[:3]
            assert one[3] == pytest.approx(other[3], abs=1e-4)
    theirs = times_of(local)
    for name, times in times_of(tmp_path / "library.sqlite").items():
        np.testing.assert_array_equal(theirs[name], times)


def test_a_run_with_other_depths_is_refused(videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan(videos / "unrelated.mp4", tmp_path / "library.sqlite", tmp_path / "run")
    monkeypatch.setattr(cascade, "DEPTHS", (0.3,))
    with pytest.raises(UserError, match="other settings"):
        scan(videos / "unrelated.mp4", tmp_path / "library.sqlite", tmp_path / "run")
