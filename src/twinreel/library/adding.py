"""Which files a library knows: adding them, and letting go of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from twinreel.engine.census import Choice, below
from twinreel.engine.progress import Progress
from twinreel.engine.scan import scan
from twinreel.engine.settings import MEMORY, Resources
from twinreel.engine.verifying import verify_library
from twinreel.errors import NotFound
from twinreel.library.opened import AnyPath, Opened
from twinreel.library.verifiers import load_verification
from twinreel.match.alignment import check_aligner
from twinreel.media.hardware import AUTO
from twinreel.media.remote import absolute
from twinreel.types import ScanReport, State

if TYPE_CHECKING:
    from twinreel.library.clustered import Clustered


class Adding(Opened):
    """Files come and go."""

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
        hardware: str = AUTO,
        wait: bool = False,
        on_wait: Callable[[str], None] | None = None,
        progress: Progress | None = None,
        on: Clustered | None = None,
    ) -> ScanReport:
        """Adds or refreshes files, folders, URLs and what manifests list, and matches what is new against everything.

        paths: also URLs (``s3://bucket/films``; extra ``remote``), and manifests: .csv or .parquet with a column
        ``uri``, ``url``, ``path`` or ``file``. include, exclude, hidden: which files; see ``media.walk``.
        jobs: worker processes, one a core where not given. memory: bytes that each of them may use.
        readers_per_drive: workers that read from one drive at a time, by default all, but two
        where what they do is reading, and the drive spins.
        hardware: what decodes where much is decoded: a device where that is measured to be faster (``auto``), none
        (``off``), or a type of device wherever it can; UserError where there is none that works. A cluster decodes
        without.
        wait: where another scan uses the library, wait for its end (``on_wait`` is told why), instead of LibraryError.
        on: a cluster that does the work; None for this machine alone.
        A file that cannot be used is in the report's ``failures``, never an exception. What is done so far is kept
        when this is interrupted, and the next ``add`` goes on from there.
        NotFound where none of the paths exists and nothing under them is known.
        """
        given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
        choice = Choice(tuple(include), tuple(exclude), hidden)
        resources = Resources(jobs, memory, readers_per_drive, hardware)
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
                from twinreel.library.clustered import scan_in_shards  # which a scan of this machine need not load

                report = scan_in_shards(
                    self._catalogue,
                    sources,
                    recipe,
                    describer=self.describer,
                    choice=choice,
                    aligner=self.aligner,
                    index=self.index,
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
