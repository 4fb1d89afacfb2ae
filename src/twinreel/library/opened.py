"""A library that is open: its file, the settings that it remembers, and what every question needs."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here from the walk to the catalogue.
# ruff: noqa: PTH100
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from twinreel.describe.base import Describer
from twinreel.describe.registry import DEFAULT
from twinreel.engine.searching import Searcher
from twinreel.engine.state import Recipe
from twinreel.errors import NotFound, UserError
from twinreel.index.choose import AUTO, check_index
from twinreel.library.reported import Reported
from twinreel.library.verifiers import UNVERIFIED, check_verifier
from twinreel.match.alignment import ALIGNERS, check_aligner
from twinreel.match.pair import MIN_SCORE
from twinreel.media.remote import absolute
from twinreel.media.sampling import Sampling
from twinreel.models.load import absolute_spec, load_describer
from twinreel.store.catalogue import Catalogue
from twinreel.store.location import default_library

AnyPath = str | os.PathLike[str]


class Opened:
    """What all topics of a library stand on."""

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

    def _content(self, name: str) -> str:
        """The content id of a video, given by that or by a path."""
        video = self._catalogue.videos.by_path(absolute(name)) or self._catalogue.videos.get(name)
        if video is None:
            raise NotFound(f"the library knows no video {name!r}: scan it first")
        return video.content

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


def least_score(min_score: float | None) -> float:
    if min_score is not None and not 0 <= min_score <= 1:
        raise UserError(f"a score of {min_score:g} is asked for; scores lie in 0 to 1")
    return MIN_SCORE if min_score is None else min_score
