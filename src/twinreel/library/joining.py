"""Libraries as data: writing the videos of one to a file, and taking in those of others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from twinreel.engine.joining import Joined, Joining, rematch
from twinreel.engine.progress import Progress
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.state import Recipe
from twinreel.errors import UserError
from twinreel.library.opened import AnyPath, Opened
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import Decision
from twinreel.store.entries import Entry, entries
from twinreel.store.parquet import EntriesFile, write_entries

Videos = tuple[Iterable[Entry], Iterable[Decision]]


def export_entries(catalogue: Catalogue, recipe: Recipe, file: Path) -> int:
    """Writes all videos with their fingerprints, and the decisions, to a Parquet file; how many videos."""
    if file.suffix.lower() != ".parquet":
        raise UserError(f"cannot export videos to {file}: the name must end in .parquet")
    with catalogue.snapshot():
        return write_entries(entries(catalogue, *recipe.key), catalogue.decisions.all(), file)


@contextmanager
def other_library(path: Path, recipe: Recipe, own: Path) -> Iterator[Videos]:
    """The videos of another library. UserError where that is this one, NotFound where there is none."""
    if os.path.realpath(path) == os.path.realpath(own):
        raise UserError(f"{path} is this library itself: give another one")
    with Catalogue.open(path, create=False) as other, other.snapshot():
        yield entries(other, *_key_of(other, path, recipe)), other.decisions.all()


def _key_of(other: Catalogue, path: Path, recipe: Recipe) -> tuple[str, str]:
    """What its fingerprints are stored under. UserError where they are of another kind than this library's."""
    key = recipe.key
    if len(other.fingerprints.missing(*key)) == len(other.videos.numbers()) > 0:
        raise UserError(
            f"{path} has no fingerprints by {' '.join(key)}: it was scanned with another --describer or --sampling"
        )
    return key


def foreign_describer(file: EntriesFile, made_by: str | None) -> str | None:
    """The describer to remember for vectors that another program made; None to keep the library's own."""
    return f"vectors:{made_by}:{file.dimensions}" if file.foreign and made_by else None


def imported(file: EntriesFile, recipe: Recipe) -> Videos:
    """The videos of a file. UserError for foreign vectors of another length than the describer's."""
    if file.foreign and file.dimensions not in (0, recipe.describer.dimensions):
        raise UserError(
            f"the vectors of {file.path} have {file.dimensions} dimensions, those of this library "
            f"{recipe.describer.dimensions}: name what made them with --made-by, in a library of their own"
        )
    return file.entries(*recipe.key), file.decisions()


def join(
    catalogue: Catalogue,
    recipe: Recipe,
    given: Iterable[Videos],
    *,
    host: str | None,
    resources: Resources,
    aligner: str,
    index: str,
    progress: Progress | None,
) -> Joined:
    """Takes videos in, all or none of them, and matches the library anew. The caller holds the lock for scans."""
    number = catalogue.scans.begin()
    total, new = Joined(), list[str]()
    with catalogue.transaction():
        for videos, decisions in given:
            done, added = Joining(catalogue, recipe, number, host).take(videos, decisions)
            total = Joined(
                total.videos + done.videos, total.added + done.added, total.decisions + done.decisions, total.matches
            )
            new += added
    with open_pool(recipe.describer.image_size, resources) as pool:
        found = rematch(catalogue, recipe, new, pool, resources, aligner, index, progress, number)
    return replace(total, matches=found)


class Exchanging(Opened):
    """Videos go to files and other libraries, and come from there."""

    def export_videos(self, file: AnyPath) -> int:
        """Writes all videos with their fingerprints, and the decisions, to a .parquet file; how many videos.

        ``import_videos`` reads it, on any machine.
        """
        return export_entries(self._catalogue, self._recipe(), Path(file))

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
        describer = foreign_describer(read, made_by)
        if describer is not None:
            self.describer, self._describer = describer, None
        return self._join([imported(read, self._recipe())], host, Resources(jobs), progress)

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
            given = [opened.enter_context(other_library(Path(other), recipe, self.path)) for other in others]
            return self._join(given, host, Resources(jobs), progress)

    def _join(
        self, given: Iterable[Videos], host: str | None, resources: Resources, progress: Progress | None
    ) -> Joined:
        with self._catalogue.lock_for_scan(wait=False):
            self._searcher = None
            self._remember()
            return join(
                self._catalogue,
                self._recipe(),
                given,
                host=host,
                resources=resources,
                aligner=self.aligner,
                index=self.index,
                progress=progress,
            )
