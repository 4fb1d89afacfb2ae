"""Library: add folders, ask what matches."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here from the walk to the catalogue.
# ruff: noqa: PTH100
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from twinreel.describe.base import Describer
from twinreel.describe.registry import DEFAULT, load_describer
from twinreel.engine.census import Choice, below
from twinreel.engine.comparing import Comparing
from twinreel.engine.joining import Joined
from twinreel.engine.progress import Progress
from twinreel.engine.repeating import find_repeats
from twinreel.engine.scan import open_pool, scan
from twinreel.engine.searching import Searcher
from twinreel.engine.settings import MEMORY, Resources
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken, look_at, take
from twinreel.engine.verifying import verify_library
from twinreel.errors import MediaError, NotFound, UserError
from twinreel.exchange.formats import Rules, format_named
from twinreel.group.groups import groups
from twinreel.library import files, joining
from twinreel.library.clustered import Clustered, scan_in_shards
from twinreel.library.hashes import Hashed, Screening, export_hashes, screen
from twinreel.library.reported import Reported
from twinreel.library.results import Comparison, Found, Repeats, Status
from twinreel.library.verifiers import UNVERIFIED, check_verifier, load_verification
from twinreel.match.alignment import ALIGNERS
from twinreel.match.pair import MIN_SCORE
from twinreel.media.remote import absolute
from twinreel.media.sampling import Sampling
from twinreel.media.source import readable
from twinreel.store.catalogue import Catalogue
from twinreel.store.exports import check_export, write_rows
from twinreel.store.location import default_library
from twinreel.store.parquet import EntriesFile
from twinreel.types import Failure, Group, Match, ScanReport, SharedContent, State, Video

AnyPath = str | os.PathLike[str]


class Library:
    """A library of videos: one file that remembers fingerprints, paths and matches.

        with Library(Path("videos.sqlite")) as library:
            library.add(["/films"])
            for group in library.groups(): ...
            for found in library.search("clip.mp4"): ...

    ``describer``, ``sampling``, ``aligner``, ``verify`` and ``weights`` are remembered with the library by ``add``: who
    does not give them gets the same again. Others than before make new fingerprints and matches beside the old
    fingerprints; what is reported are the matches of the latest ``add``.

    For one thread at a time.
    """

    def __init__(
        self,
        path: AnyPath | None = None,
        *,
        describer: str | None = None,
        sampling: str | Sampling | None = None,
        aligner: str | None = None,
        verify: str | None = None,
        weights: AnyPath | None = None,
        create: bool = True,
    ) -> None:
        """Opens the library in a file, by default the one in the user's data folder.

        verify: what looks at the pairs that ``add`` finds a second time, a name of ``library.verifiers``; ``none`` at
        first. weights: the folder of its files, where it needs any.
        create: make a new one where there is none; else that is NotFound.
        UserError for an unknown sampling, aligner or verifier (an unknown describer shows when it is needed),
        LibraryError where the file cannot be used.
        """
        if aligner is not None and aligner not in ALIGNERS:
            raise UserError(f"there is no aligner {aligner!r}; there are {', '.join(ALIGNERS)}")
        if verify is not None:
            check_verifier(verify)
        sampling = Sampling.parse(sampling) if isinstance(sampling, str) else sampling
        self._catalogue = Catalogue.open(default_library() if path is None else Path(path), create=create)
        self._reported = Reported(self._catalogue)
        meta = self._catalogue.meta
        if describer is not None and describer.lower().endswith(".onnx"):
            describer = os.path.abspath(describer)  # remembered, whatever the working directory is next time
        self.describer = describer or meta.get("describer") or DEFAULT
        self.sampling = sampling or Sampling.parse(meta.get("sampling") or str(Sampling()))
        self.aligner = aligner or meta.get("aligner") or next(iter(ALIGNERS))
        self.verify = verify or meta.get("verify") or UNVERIFIED
        self.weights = os.path.abspath(os.fspath(weights)) if weights is not None else meta.get("weights") or None
        self._describer: Describer | None = None
        self._searcher: Searcher | None = None

    @property
    def path(self) -> Path:
        return self._catalogue.path

    def close(self) -> None:
        self._catalogue.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(
        self,
        paths: Iterable[AnyPath] | AnyPath,
        *,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        hidden: bool = False,
        jobs: int | None = None,
        memory: int = MEMORY,
        readers_per_drive: int | None = None,
        wait: bool = False,
        on_wait: Callable[[str], None] | None = None,
        progress: Progress | None = None,
        on: Clustered | None = None,
    ) -> ScanReport:
        """Adds or refreshes files, folders, URLs and what manifests list, and matches what is new against everything.

        paths: also URLs (``s3://bucket/films``; extra ``remote``), and manifests: .csv or .parquet with a column
        ``uri``, ``url``, ``path`` or ``file``. include, exclude, hidden: which files; see ``media.walk``.
        jobs: worker processes, one a core where not given. memory: bytes that each of them may use.
        readers_per_drive: workers that read from one drive at a time, by default all; 1 spares a hard disk the seeking.
        wait: where another scan uses the library, wait for its end (``on_wait`` is told why), instead of LibraryError.
        on: a cluster that does the work; None for this machine alone.
        A file that cannot be used is in the report's ``failures``, never an exception. What is done so far is kept
        when this is interrupted, and the next ``add`` goes on from there.
        NotFound where none of the paths exists and nothing under them is known.
        """
        given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        choice = Choice(tuple(include), tuple(exclude), hidden)
        resources = Resources(jobs, memory, readers_per_drive)
        verification = load_verification(self.verify, self.weights)
        with self._catalogue.lock_for_scan(wait=wait, on_wait=on_wait):
            recipe = self._recipe()
            self._remember()
            self._searcher = None
            sources = [os.fspath(path) for path in given]
            if on is None:
                report = scan(
                    self._catalogue,
                    sources,
                    recipe,
                    choice=choice,
                    resources=resources,
                    aligner=self.aligner,
                    progress=progress,
                )
            else:
                report = scan_in_shards(
                    self._catalogue,
                    sources,
                    recipe,
                    describer=self.describer,
                    choice=choice,
                    aligner=self.aligner,
                    work=on.work,
                    engine=on.engine(),
                    memory=memory,
                    progress=progress,
                )
            if verification is not None:
                seen = verify_library(self._catalogue, verification, resources, progress)
                report = replace(report, verified=seen.pairs, regions=seen.videos)
            # From here on readers see these scores, or no longer those of another verifier.
            self._catalogue.meta.set("verification", verification.key if verification else "")
            return report

    def search(self, clip: AnyPath, top: int = 10, *, min_score: float | None = None) -> list[Found]:
        """Where a clip, or a still image, has been seen; best first. The clip is not added.

        A single frame matches where one looks nearly the same; its score stays low unless that is near perfect.

        min_score: None for the operating point. ``shared_content`` carries no weight, as in ``matches``. Raises
        MediaError where the clip cannot be used.
        """
        (result,) = self.search_many([clip], top, min_score=min_score).values()
        if isinstance(result, MediaError):
            raise result
        return result

    def search_many(
        self,
        clips: Iterable[AnyPath],
        top: int = 10,
        *,
        min_score: float | None = None,
        jobs: int | None = None,
    ) -> dict[str, list[Found] | MediaError]:
        """The same for many clips, by their paths as given; a clip that cannot be used has its error as the answer."""
        least = _least(min_score)
        asked = {os.fspath(clip): absolute(os.fspath(clip)) for clip in clips}
        recipe, searcher, shared = self._recipe(), self._search(), self._reported.weightless()
        with open_pool(recipe.describer.image_size, Resources(jobs)) as pool:
            looks = look_at(pool, list(asked.values()))
            usable = [(look, recipe.sampling) for look in looks.values() if isinstance(look, Taken)]
            results = {**looks, **take(pool, recipe.describer, usable)}
        answers: dict[str, list[Found] | MediaError] = {}
        for clip, path in asked.items():
            result = results[path]
            if isinstance(result, MediaError):
                answers[clip] = result
                continue
            matches = searcher.search(result, max(200, top))
            seen = self._reported.of_clip(result.content, result.probe.duration, matches, shared, least)
            answers[clip] = self._found(seen, top, least)
        return answers

    def compare(self, a: AnyPath, b: AnyPath) -> Comparison:
        """One pair of files explained, whether they are part of the library or not.

        Raises MediaError where one cannot be used.
        """
        paths = [absolute(os.fspath(path)) for path in (a, b)]
        recipe = self._recipe()
        with open_pool(recipe.describer.image_size, Resources(jobs=2)) as pool:
            looks = look_at(pool, paths)
            first, second = (_usable(path, looks[path]) for path in paths)
            pair = Comparing(pool, recipe, self._search(), self.aligner).compare(first, second)
        match = pair.match
        if match is not None:
            shared, duration = self._reported.weightless(), first.probe.duration
            (match,) = self._reported.of_clip(first.content, duration, [match], shared, MIN_SCORE)
        a_video, b_video = (self._catalogue.videos.get(taken.content) or _outside(taken) for taken in (first, second))
        return Comparison(a_video, b_video, pair.times_a, pair.times_b, pair.similarity, match, pair.stages)

    def repeats(self, path: AnyPath) -> Repeats:
        """Footage that a file shows twice or more often, whether it is part of the library or not.

        Raises MediaError where the file cannot be used.
        """
        path = absolute(os.fspath(path))
        recipe = self._recipe()
        with open_pool(recipe.describer.image_size, Resources(jobs=1)) as pool:
            taken = _usable(path, look_at(pool, [path])[path])
            found = find_repeats(pool, recipe, self._search(), self.aligner, taken)
        return Repeats(self._catalogue.videos.get(taken.content) or _outside(taken), tuple(found))

    def groups(self, min_score: float | None = None) -> list[Group]:
        """Videos that are duplicates of one another, and those that lie in several places; best first."""
        least = _least(min_score)
        return groups(self._reported.videos(), self.matches(min_score=least), least)

    def matches(self, min_score: float | None = None, video: str | None = None) -> list[Match]:
        """The matches between videos that are present or offline, in order of a and b.

        min_score: None for the operating point, 0 for everything that was kept. Pairs that were decided to be no match
        are left out. video: a content id, or a path of the library; only what it is part of. NotFound.
        ``shared_content`` carries no weight in a match; where there is nothing else, that is the relation.
        """
        content = None if video is None else self._content(video)
        return self._reported.matches(_least(min_score), content)

    def shared_content(self) -> list[SharedContent]:
        """Footage that many videos show which are otherwise unrelated, as intros and adverts are; in most videos first.

        It follows from the matches that are reported by default.
        """
        return self._reported.shared_content()

    def videos(self) -> list[Video]:
        """Every video, in order of content id, those that are gone too."""
        return list(self._catalogue.videos.all())

    def show(self, path: AnyPath) -> Video:
        """The video at a path of the library, or with a content id. NotFound."""
        video = self._catalogue.videos.get(self._content(os.fspath(path)))
        if video is None:
            raise NotFound(f"the library has no video {os.fspath(path)!r}")
        return video

    def failures(self) -> list[Failure]:
        """Every file that could not be used, or only in part, and why."""
        return self._catalogue.failures.all()

    def forget(self, path: AnyPath) -> int:
        """Removes a file, or all files of a folder, from the library, not from the disk; how many. NotFound."""
        root = absolute(os.fspath(path))
        with self._changing():
            known = [known for known in self._catalogue.paths.load() if below(known, root)]
            failed = [failure.path for failure in self._catalogue.failures.all() if below(failure.path, root)]
            if not known and not failed:
                raise NotFound(f"the library knows no file {root!r} and none below it")
            count = self._catalogue.paths.forget({*known, *failed})
            self._catalogue.videos.prune()
        return count

    def prune(self) -> int:
        """Removes the files that are gone, and the videos of which no file is left; how many files."""
        with self._changing():
            gone = [path for path, record in self._catalogue.paths.load().items() if record.state is State.GONE]
            count = self._catalogue.paths.forget(gone)
            self._catalogue.videos.prune()
        return count

    def export(self, file: AnyPath, min_score: float | None = None) -> int:
        """Writes a row for each segment of every matching pair of files (.csv, .jsonl, .parquet); how many rows.

        Files with the same bytes match, hard links to one file are one file.
        """
        check_export(Path(file))
        return write_rows(files.rows(self._reported.videos(), self.matches(min_score)), Path(file))

    def export_videos(self, file: AnyPath) -> int:
        """Writes all videos with their fingerprints, and the decisions, to a .parquet file; how many videos.

        ``import_videos`` reads it, on any machine.
        """
        return joining.export_entries(self._catalogue, self._recipe(), Path(file))

    def import_videos(
        self,
        file: AnyPath,
        *,
        host: str | None = None,
        made_by: str | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> Joined:
        """Takes in the videos of a .parquet file, and matches all anew, without decoding.

        The file is one of ``export_videos``, or a table of (id, uri, vectors) by another program; ``made_by`` names
        that, for a library of its own. host: the machine whose paths they are; None where they are paths here too.
        UserError for fingerprints of another kind than this library's.
        """
        read = EntriesFile(Path(file))
        describer = joining.foreign_describer(read, made_by)
        if describer is not None:
            self.describer, self._describer = describer, None
        return self._join([joining.imported(read, self._recipe())], host, Resources(jobs), progress)

    def merge(
        self,
        others: Iterable[AnyPath],
        *,
        host: str | None = None,
        jobs: int | None = None,
        progress: Progress | None = None,
    ) -> Joined:
        """Takes in the videos of other libraries, and matches all anew, without decoding.

        host: as in ``import_videos``. UserError for fingerprints of another kind than this library's.
        """
        recipe = self._recipe()
        with ExitStack() as opened:
            given = [opened.enter_context(joining.other_library(Path(other), recipe, self.path)) for other in others]
            return self._join(given, host, Resources(jobs), progress)

    def export_hashes(
        self,
        folder: AnyPath,
        format: str = "vpdq",
        *,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> list[Hashed]:
        """Writes the hashes of every video to a folder, a file each, named by its content id.

        format: vpdq (.txt) or tmk (.tmk). Files that are there already are left as they are. Every frame is decoded.
        """
        videos, resources = self._reported.videos().values(), Resources(jobs, memory)
        return export_hashes(videos, Path(folder), format_named(format), resources, progress)

    def screen(
        self,
        lists: Iterable[AnyPath],
        *,
        keep: AnyPath | None = None,
        rules: Rules | None = None,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> Screening:
        """Holds hashes of other videos, files and folders of vPDQ (.txt) and TMK+PDQF (.tmk), against the library.

        keep: a folder with this library's own hashes, as ``export_hashes`` writes them; what it lacks is made and
        kept there. Without it all videos are decoded and nothing is kept. rules: from where on two videos match.
        """
        folder = None if keep is None else Path(keep)
        videos, resources = list(self._reported.videos().values()), Resources(jobs, memory)
        return screen(videos, lists, folder, rules or Rules(), resources, progress)

    def status(self) -> Status:
        """The library in numbers."""
        catalogue, videos = self._catalogue, self.videos()
        states = Counter(record.state.value for record in catalogue.paths.load().values())
        kept = self._reported.kept(0.0)
        basis, scans = catalogue.matches.current(), catalogue.scans.all()
        key = self._recipe().key
        return Status(
            path=self.path,
            describer=self.describer,
            sampling=str(self.sampling),
            aligner=self.aligner,
            videos=len(videos),
            paths={state.value: states[state.value] for state in State},
            hours=sum(video.probe.duration for video in videos) / 3600,
            bytes=sum(video.size for video in videos),
            fingerprints=len(videos) - len(catalogue.fingerprints.missing(*key)),
            matches=len(kept),
            reported=sum(match.score >= MIN_SCORE for match in kept),
            dropped=sum(catalogue.matches.searched(basis).values()) if basis else 0,
            failures=len(catalogue.failures.all()),
            last_scan=scans[0] if scans else None,
        )

    def integrity_check(self) -> list[str]:
        """What is wrong with the library's file, a line each; empty where it is sound."""
        return self._catalogue.integrity_check()

    def _recipe(self) -> Recipe:
        if self._describer is None:
            self._describer = load_describer(self.describer)
        return Recipe(self._describer, self.sampling)

    def _search(self) -> Searcher:
        if self._searcher is None:
            self._searcher = Searcher(self._catalogue, self._recipe(), self.aligner)
        return self._searcher

    def _found(self, matches: Iterable[Match], top: int, least: float) -> list[Found]:
        found: list[Found] = []
        for match in matches:
            video = self._catalogue.videos.get(match.b)
            if match.score >= least and video is not None and video.state is not State.GONE and len(found) < top:
                found.append(Found(video, match))
        return found

    def _content(self, name: str) -> str:
        """The content id of a video, given by that or by a path."""
        video = self._catalogue.videos.by_path(absolute(name)) or self._catalogue.videos.get(name)
        if video is None:
            raise NotFound(f"the library knows no video {name!r}: scan it first")
        return video.content

    def _join(
        self, given: Iterable[joining.Videos], host: str | None, resources: Resources, progress: Progress | None
    ) -> Joined:
        with self._catalogue.lock_for_scan(wait=False):
            self._searcher = None
            self._remember()
            return joining.join(
                self._catalogue,
                self._recipe(),
                given,
                host=host,
                resources=resources,
                aligner=self.aligner,
                progress=progress,
            )

    def _remember(self) -> None:
        """Keeps with the library how it is scanned."""
        with self._catalogue.transaction():
            self._catalogue.meta.set("describer", self.describer)
            self._catalogue.meta.set("sampling", str(self.sampling))
            self._catalogue.meta.set("aligner", self.aligner)
            self._catalogue.meta.set("verify", self.verify)
            self._catalogue.meta.set("weights", self.weights or "")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """No scan may rely on what is about to be removed."""
        with self._catalogue.lock_for_scan(wait=False), self._catalogue.transaction():
            self._searcher = None
            yield


def _least(min_score: float | None) -> float:
    if min_score is not None and not 0 <= min_score <= 1:
        raise UserError(f"a score of {min_score:g} is asked for; scores lie in 0 to 1")
    return MIN_SCORE if min_score is None else min_score


def _usable(path: str, result: Taken | MediaError) -> Taken:
    """The file, or an error that names it: of two files one may be wrong."""
    if isinstance(result, MediaError):
        raise type(result)(f"{path}: {result.reason}", result.stage) from result
    return result


def _outside(taken: Taken) -> Video:
    """A file that is not part of the library."""
    with readable(taken.path, "identify") as (_, size):
        pass
    return Video(taken.content, taken.path, (taken.path,), State.PRESENT, size, taken.probe)
