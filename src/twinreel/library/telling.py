"""What a library says of its own videos: matches, groups, shared content, its quality and its numbers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from twinreel.clean.model import Plan
from twinreel.clean.planfile import read_plan
from twinreel.clean.quality import Quality, quality
from twinreel.errors import NotFound
from twinreel.group.clusters import MIN_SAMPLES
from twinreel.library import files
from twinreel.library.grouping import STAR, check_method, grouped
from twinreel.library.opened import AnyPath, Opened, least_score
from twinreel.library.results import Status
from twinreel.match.pair import MIN_SCORE
from twinreel.report.page import Contents, page
from twinreel.report.strips import strip
from twinreel.store.decisions import DecisionKind
from twinreel.store.exports import check_export, write_rows
from twinreel.store.writing import written
from twinreel.types import Failure, Fingerprint, Group, Match, SharedContent, State, Video


class Telling(Opened):
    """What is known already."""

    def groups(
        self, min_score: float | None = None, *, method: str = STAR, min_samples: int = MIN_SAMPLES
    ) -> list[Group]:
        """Videos that are duplicates of one another, and those that lie in several places; best first.

        method: one of ``library.grouping.METHODS``; min_samples: of dbscan and hdbscan. UserError, MissingExtra.
        """
        check_method(method)
        least = least_score(min_score)
        videos, matches = self._reported.videos(), self.matches(min_score=least)
        return grouped(method, videos, matches, least, self.fingerprints, min_samples=min_samples)

    def matches(self, min_score: float | None = None, video: str | None = None) -> list[Match]:
        """The matches between videos that are present or offline, in order of a and b.

        min_score: None for the operating point, 0 for everything that was kept. Pairs that were decided to be no match
        are left out. video: a content id, or a path of the library; only what it is part of. NotFound.
        ``shared_content`` carries no weight in a match; where there is nothing else, that is the relation.
        """
        content = None if video is None else self._content(video)
        return self._reported.matches(least_score(min_score), content)

    def shared_content(self) -> list[SharedContent]:
        """Footage that many videos show which are otherwise unrelated, as intros and adverts are; in most videos first.

        It follows from the matches that are reported by default. What was decided to be ignored is left out.
        """
        ignored = {one.a.content for one in self._catalogue.decisions.all() if one.kind is DecisionKind.IGNORE}
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

    def fingerprints(self) -> Iterator[tuple[Video, Fingerprint]]:
        """Every video that has frame vectors of the library's describer and sampling, and these; one in memory at a
        time, in order of content id."""
        for content, fingerprint in self._catalogue.fingerprints.all(*self._recipe().key):
            if (video := self._catalogue.videos.get(content)) is not None:
                yield video, fingerprint

    def export(self, file: AnyPath, min_score: float | None = None) -> int:
        """Writes a row for each segment of every matching pair of files (.csv, .jsonl, .parquet); how many rows.

        Files with the same bytes match, hard links to one file are one file.
        """
        check_export(Path(file))
        return write_rows(files.rows(self._reported.videos(), self.matches(min_score)), Path(file))

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
        with written(Path(file)) as unfinished:
            unfinished.write_text(page(contents, strip), encoding="utf-8")
        return before, after

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
