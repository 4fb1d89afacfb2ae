"""Library: add folders, ask what matches."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here from the walk to the catalogue.
# ruff: noqa: PTH100
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from twinreel.clean.apply import Applied, apply
from twinreel.clean.model import LINKS, Action, Deed, Plan, Sides
from twinreel.clean.planfile import read_plan
from twinreel.clean.quality import Quality, quality
from twinreel.clean.rules import Rules, read_rules
from twinreel.clean.undo import Undone, undo
from twinreel.describe.base import Describer
from twinreel.describe.registry import DEFAULT
from twinreel.engine.anchoring import anchors_of
from twinreel.engine.beside import describe_beside
from twinreel.engine.census import Choice, below
from twinreel.engine.comparing import Comparing
from twinreel.engine.eyes import Eyes
from twinreel.engine.joining import Joined
from twinreel.engine.progress import Progress
from twinreel.engine.repeating import find_repeats
from twinreel.engine.scan import open_pool, scan
from twinreel.engine.searching import Searcher
from twinreel.engine.settings import MEMORY, Resources
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken, look_at, take
from twinreel.engine.verifying import region_maps, verify_library
from twinreel.errors import MediaError, NotFound, UserError
from twinreel.exchange.formats import HashRules, format_named
from twinreel.group.clusters import MIN_SAMPLES
from twinreel.index.choose import AUTO, check_index
from twinreel.library import files, joining
from twinreel.library.cleaning import journals, latest_journal, make_plan
from twinreel.library.clustered import Clustered, scan_in_shards
from twinreel.library.decisions import (
    Returned,
    kind_named,
    read_decisions,
    record_removed,
    returned,
    revoke_removed,
    subjects,
    write_decisions,
)
from twinreel.library.grouping import STAR, check_method, grouped
from twinreel.library.hashes import Hashed, Screening, export_hashes, screen
from twinreel.library.meaning import LEAST, TOP, find_text, tagger, tags_of
from twinreel.library.reported import Reported
from twinreel.library.results import AnchorFrames, Comparison, Found, Repeats, Seen, Status, Tagged
from twinreel.library.verifiers import PLAIN, UNVERIFIED, check_verifier, load_verification
from twinreel.library.whole import Similar, VideoVectors, clip_vectors, library_vectors, load_whole, nearest
from twinreel.match.alignment import ALIGNERS, check_aligner
from twinreel.match.calibration import SURE_SCORE
from twinreel.match.pair import MIN_SCORE
from twinreel.match.verify import RegionMaps
from twinreel.media.remote import absolute
from twinreel.media.sampling import Sampling
from twinreel.media.source import readable
from twinreel.models.load import absolute_spec, load_describer
from twinreel.pooling.anchored import PIXELS
from twinreel.report.page import Contents, page
from twinreel.report.strips import strip
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import Decision, DecisionKind
from twinreel.store.exports import check_export, write_rows
from twinreel.store.location import default_library
from twinreel.store.parquet import EntriesFile
from twinreel.types import Failure, Fingerprint, Group, Match, ScanReport, SharedContent, State, Video

AnyPath = str | os.PathLike[str]


class Library:
    """A library of videos: one file that remembers fingerprints, paths and matches.

        with Library(Path("videos.sqlite")) as library:
            library.add(["/films"])
            for group in library.groups(): ...
            for found in library.search("clip.mp4"): ...

    ``describer``, ``sampling``, ``aligner``, ``index``, ``verify`` and ``weights`` are remembered with the library by
    ``add``: who does not give them gets the same again. Others than before make new fingerprints and matches beside
    the old fingerprints; what is reported are the matches of the latest ``add``.

    For one thread at a time.
    """

    def __init__(
        self,
        path: AnyPath | None = None,
        *,
        describer: str | None = None,
        sampling: str | Sampling | None = None,
        aligner: str | None = None,
        index: str | None = None,
        verify: str | None = None,
        weights: AnyPath | None = None,
        create: bool = True,
    ) -> None:
        """Opens the library in a file, by default the one in the user's data folder.

        index: what candidates are searched with: ``auto`` at first, which is exact for small libraries; ``exact``,
        ``ivfpq``, or ``milvus:`` with a file or an address.
        verify: what looks at the pairs that ``add`` finds a second time, a name of ``library.verifiers``; ``none`` at
        first. weights: the folder of its files, where it needs any.
        create: make a new one where there is none; else that is NotFound.
        UserError for an unknown sampling, aligner or verifier (an unknown describer shows when it is needed),
        LibraryError where the file cannot be used.
        """
        if aligner is not None:
            check_aligner(aligner)
        if index is not None:
            check_index(index)
        if verify is not None:
            check_verifier(verify)
        sampling = Sampling.parse(sampling) if isinstance(sampling, str) else sampling
        self._catalogue = Catalogue.open(default_library() if path is None else Path(path), create=create)
        self._reported = Reported(self._catalogue)
        meta = self._catalogue.meta
        if describer is not None:
            describer = absolute_spec(describer)  # remembered, whatever the working directory is next time
        self.describer = describer or meta.get("describer") or DEFAULT
        self.sampling = sampling or Sampling.parse(meta.get("sampling") or str(Sampling()))
        self.aligner = aligner or meta.get("aligner") or next(iter(ALIGNERS))
        self.index = index or meta.get("index") or AUTO
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
        check_aligner(self.aligner)
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
                    index=self.index,
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

    def search_text(self, text: str, top: int = 10) -> list[Seen]:
        """The videos with a frame that fits a text best; best first.

        UserError where the library's describer is none of pictures and texts (CLIP, SigLIP).
        """
        return find_text(self._catalogue, self._recipe(), self._reported.videos(), text, top)

    def fingerprints(self) -> Iterator[tuple[Video, Fingerprint]]:
        """Every video that has frame vectors of the library's describer and sampling, and these; one in memory at a
        time, in order of content id."""
        for content, fingerprint in self._catalogue.fingerprints.all(*self._recipe().key):
            if (video := self._catalogue.videos.get(content)) is not None:
                yield video, fingerprint

    def video_vectors(
        self,
        by: str = "mean",
        weights: AnyPath | None = None,
        *,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> VideoVectors:
        """One vector for every video.

        by: mean, gem, pyramid, anchors, hash, long-hash, dns or rcla; see docs/pooling.md. weights: the folder (dns) or
        file (rcla) of the network's weights. UserError where these are missing or do not fit.
        """
        whole = load_whole(by, weights if weights is None else os.fspath(weights))
        return library_vectors(self._catalogue, self._recipe(), whole, Resources(jobs, memory), progress)

    def similar_videos(
        self,
        clips: Iterable[AnyPath],
        top: int = 10,
        *,
        by: str = "mean",
        weights: AnyPath | None = None,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> dict[str, list[Similar] | MediaError]:
        """The videos that are most alike to each clip as a whole, by their paths as given; see ``video_vectors``.

        A clip that cannot be used has its error as the answer. Which seconds are common is what ``search`` says.
        """
        asked = {os.fspath(clip): os.path.abspath(os.fspath(clip)) for clip in clips}
        whole, resources = load_whole(by, weights if weights is None else os.fspath(weights)), Resources(jobs, memory)
        vectors = library_vectors(self._catalogue, self._recipe(), whole, resources, progress)
        made = clip_vectors(set(asked.values()), self._recipe(), whole, resources)
        return {
            clip: found if isinstance(found := made[path], MediaError) else nearest(vectors, found, top)
            for clip, path in asked.items()
        }

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

    def region_maps(self, a: AnyPath, b: AnyPath, *, verify: str = PLAIN, weights: AnyPath | None = None) -> RegionMaps:
        """How alike two files are by the regions of a frame a second, and what a network's comparator makes of that.

        verify, weights: as the constructor's. Raises MediaError where one cannot be used, UserError for ``none``.
        """
        verification = load_verification(verify, os.fspath(weights) if weights is not None else self.weights)
        if verification is None:
            raise UserError(f"the verifier {verify!r} looks at nothing; choose one that does, for example {PLAIN}")
        return region_maps(verification, (os.path.abspath(os.fspath(a)), os.path.abspath(os.fspath(b))))

    def anchors(self, path: AnyPath, count: int | None = None) -> AnchorFrames:
        """The anchor frames of a file, whether it is part of the library or not, chosen by 50x50 colour pixels.

        count: how many, if there are as many that differ; by default as few as leave 5 % unexplained.
        Raises MediaError.
        """
        path = os.path.abspath(os.fspath(path))
        with open_pool(PIXELS, Resources(jobs=1)) as pool:
            taken = _usable(path, look_at(pool, [path])[path])
            times, found = anchors_of(pool, taken, count)
        video = self._catalogue.videos.get(taken.content) or _outside(taken)
        return AnchorFrames(video, times[found.indices], found.errors)

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

    def groups(
        self, min_score: float | None = None, *, method: str = STAR, min_samples: int = MIN_SAMPLES
    ) -> list[Group]:
        """Videos that are duplicates of one another, and those that lie in several places; best first.

        method: one of ``library.grouping.METHODS``; min_samples: of dbscan and hdbscan. UserError, MissingExtra.
        """
        check_method(method)
        least = _least(min_score)

        videos, matches = self._reported.videos(), self.matches(min_score=least)
        return grouped(method, videos, matches, least, self.fingerprints, min_samples=min_samples)

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

        It follows from the matches that are reported by default. What was decided to be ignored is left out.
        """
        ignored = {one.a.content for one in self.decisions() if one.kind is DecisionKind.IGNORE}
        return [one for one in self._reported.shared_content() if one.id not in ignored]

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

    def plan(
        self,
        rules: Rules | AnyPath | None = None,
        *,
        deed: Deed = Deed.QUARANTINE,
        sides: Sides = Sides.MOVE,
        accept_loss: float | None = None,
        against: Iterable[AnyPath] = (),
        only: Iterable[AnyPath] = (),
        quarantine: AnyPath | None = None,
        jobs: int | None = None,
        on_file: Callable[[int, int], None] | None = None,
    ) -> Plan:
        """Which files are not needed, in favour of which, and why; changes nothing.

        A sure match (``SURE_SCORE``) is reason enough to look: that a file is redundant is told from frames a quarter
        of a second apart, and from the picture of both. Every file that the plan is about is read.

        rules: what is preferred and protected, or the TOML file that says so; by default ``Rules()``.
        deed: what ``apply`` is to do with files that are not needed; sides: and with subtitles and the like beside
        them.
        accept_loss: seconds of a video that may exist nowhere else, over those of the rules.
        against: folders that others are measured against and of which nothing is touched, over those of the rules.
        only: files and folders, where given the only ones that something is done to.
        quarantine: a folder for what is moved, by default one on the drive of each file.
        jobs: worker processes, one a core where not given.
        on_file: told after each file that was read, how many of how many.
        UserError where the rules are wrong.
        """
        chosen = rules if isinstance(rules, Rules) else Rules() if rules is None else read_rules(Path(rules))
        if accept_loss is not None:
            chosen = replace(chosen, accept_loss=accept_loss)
        references = tuple(os.path.realpath(os.fspath(folder)) for folder in against)
        chosen = replace(chosen, reference=(*chosen.reference, *references))
        recipe = self._recipe()
        with open_pool(recipe.describer.image_size, Resources(jobs)) as pool:
            return make_plan(
                self._catalogue,
                self._reported.kept(SURE_SCORE),
                chosen,
                deed=deed,
                sides=sides,
                only=tuple(os.path.abspath(os.fspath(path)) for path in only),
                quarantine=None if quarantine is None else os.fspath(quarantine),
                eyes=Eyes(pool, recipe, self._search(), self.aligner),
                on_file=on_file,
            )

    def apply(self, plan: Plan | AnyPath, on_action: Callable[[Action, str | None], None] | None = None) -> Applied:
        """Does what a plan, or the file of one, says, or goes on with it; each file is checked right before.

        on_action: told after each action, with the reason where it was refused. UserError where the plan has been
        applied already, LibraryError where its journal cannot be written.
        """
        chosen = plan if isinstance(plan, Plan) else read_plan(Path(plan))
        with self._catalogue.lock_for_scan(wait=False):
            applied = apply(chosen, journals(self.path) / f"{chosen.id}.jsonl", on_action=on_action)
            left = [action.file.path for action in applied.done if action.deed not in LINKS]
            self._catalogue.paths.mark(left, State.GONE)
            record_removed(self._catalogue, applied.done)
        return applied

    def undo(
        self, journal: AnyPath | None = None, on_action: Callable[[Action, str | None], None] | None = None
    ) -> Undone:
        """Takes back what was applied: names, times and links as they were; by default what was applied last.

        NotFound where there is no such journal, or nothing to undo.
        """
        path = latest_journal(self.path) if journal is None else Path(journal)
        with self._catalogue.lock_for_scan(wait=False):
            undone = undo(path, on_action=on_action)
            self._catalogue.paths.mark([action.file.path for action in undone.restored], State.PRESENT)
            revoke_removed(self._catalogue, undone.restored)
        return undone

    def returned(self) -> list[Returned]:
        """The videos that were removed once and are there again, and other copies of such that came since; by path."""
        return returned(self._catalogue, self._reported.kept(SURE_SCORE, gone=True))

    def decide(self, kind: DecisionKind | str, *videos: AnyPath, note: str = "") -> int:
        """Remembers a decision about videos of the library, by their bytes, wherever they lie; how many it comes to.

        kind: ``not a match`` (of each pair of them), ``keep``, ``delete`` (where others show all of it, however good),
        or ``ignore``, which takes ids of shared content. videos: paths or content ids. NotFound, UserError.
        """
        pairs = self._subjects(kind, videos)
        with self._catalogue.transaction():
            for a, b in pairs:
                self._catalogue.decisions.record(kind_named(kind), a, b, note=note)
        return len(pairs)

    def revoke(self, kind: DecisionKind | str, *videos: AnyPath) -> int:
        """Takes decisions back; how many there were. Arguments and errors as of ``decide``."""
        with self._catalogue.transaction():
            return sum(
                self._catalogue.decisions.revoke(kind_named(kind), a, b) for a, b in self._subjects(kind, videos)
            )

    def decisions(self) -> list[Decision]:
        """Everything that was decided, in order."""
        return self._catalogue.decisions.all()

    def export_decisions(self, file: AnyPath) -> int:
        """Writes all decisions, one a line, as JSON; how many."""
        return write_decisions(self.decisions(), Path(file))

    def import_decisions(self, file: AnyPath) -> int:
        """Takes over the decisions of such a file; how many were new. Of the same one the later note stays."""
        found = read_decisions(Path(file))
        with self._catalogue.transaction():
            return sum([self._catalogue.decisions.merge(one) for one in found])

    def quality(self, plan: Plan | None = None) -> Quality:
        """How good the library is as data; with a plan, how good it would be once that is applied.

        Footage that a plan lets go of is what its rules accepted.
        """
        states = Counter(record.state for record in self._catalogue.paths.load().values())
        return quality(
            self._reported.videos().values(),
            self._reported.kept(MIN_SCORE),
            changed=states[State.GONE],
            failed=len(self._catalogue.failures.all()),
            removed=plan.removed if plan else frozenset(),
            lost=sum(action.lost for action in plan.actions) if plan else 0.0,
        )

    def report(self, file: AnyPath, plan: Plan | AnyPath | None = None) -> tuple[Quality, Quality | None]:
        """Writes an HTML page of the groups, with frames and time lines, and of what a plan would do; the quality of
        the library as it is, and with the plan. UserError where it cannot be written."""
        chosen = read_plan(Path(plan)) if plan is not None and not isinstance(plan, Plan) else plan
        before, after = self.quality(), None if chosen is None else self.quality(chosen)
        contents = Contents(
            f"twinreel: {self.path.stem}", self._reported.videos(), self.groups(), self.matches(), before, chosen, after
        )
        try:
            Path(file).write_text(page(contents, strip), encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write the report {os.fspath(file)}: {error.strerror or error}") from error
        return before, after

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

    def tags(
        self,
        words: Iterable[str] = (),
        *,
        describer: str | None = None,
        top: int = TOP,
        min_score: float = LEAST,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> list[Tagged]:
        """What every video shows, at most ``top`` labels of a score of ``min_score`` and more, best first.

        words: what to look for, with a describer of pictures and texts: the given one, else the library's own; without
        words ImageNet's classes are told (extra ``tags``). Keyframes of videos that this describer has not seen are
        decoded, once.
        """
        other = None if describer is None else load_describer(describer)
        recipe, labels = tagger(self._recipe(), other, list(words))
        if recipe.key != self._recipe().key:
            with self._catalogue.lock_for_scan(wait=False):
                describe_beside(self._catalogue, recipe, Resources(jobs, memory), progress)
        return list(tags_of(self._catalogue, recipe, labels, self._reported.videos(), top=top, least=min_score))

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
        rules: HashRules | None = None,
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
        return screen(videos, lists, folder, rules or HashRules(), resources, progress)

    def dropped(self) -> int:
        """How many pairs of low scores were found and not kept."""
        basis = self._catalogue.matches.current()
        return sum(self._catalogue.matches.searched(basis).values()) if basis else 0

    def status(self) -> Status:
        """The library in numbers."""
        catalogue, videos = self._catalogue, self.videos()
        states = Counter(record.state.value for record in catalogue.paths.load().values())
        kept = self._reported.kept(0.0)
        scans = catalogue.scans.all()
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
            dropped=self.dropped(),
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
            check_aligner(self.aligner)
            self._searcher = Searcher(self._catalogue, self._recipe(), self.aligner, self.index)
        return self._searcher

    def _found(self, matches: Iterable[Match], top: int, least: float) -> list[Found]:
        found: list[Found] = []
        for match in matches:
            video = self._catalogue.videos.get(match.b)
            if match.score >= least and video is not None and video.state is not State.GONE and len(found) < top:
                found.append(Found(video, match))
        return found

    def _subjects(self, kind: DecisionKind | str, videos: Iterable[AnyPath]) -> list[tuple[str, str | None]]:
        names, chosen = [os.fspath(video) for video in videos], kind_named(kind)
        shared = chosen is DecisionKind.IGNORE
        return subjects(chosen, names if shared else [self._content(name) for name in names])

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
            self._catalogue.meta.set("index", self.index)
            if self._catalogue.meta.get("id") is None:
                self._catalogue.meta.set("id", uuid.uuid4().hex)
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
