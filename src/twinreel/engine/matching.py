"""Matches of the videos of a library, on one basis, video by video.

A video is searched for in the index of all others; it and its candidates are aligned by workers; what was found is
stored together with the mark that it was searched, in one transaction. A match is found by the search for either of
its videos; by that for the later one where it was added when the other had been searched for. What is stored does not
depend on where an earlier scan was interrupted: what the alignment of a pair gives depends on nothing but the pair, and
what a search keeps on nothing but its own candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from twinreel.engine.aligning import AlignTask, Ask, align_tasks
from twinreel.engine.pool import Failed, Reply, WorkerPool
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.space import Space, fingerprinted, library_reference
from twinreel.engine.state import Recipe
from twinreel.index.choose import AUTO, make_index
from twinreel.match.candidates import NEIGHBOURS, Haystack
from twinreel.match.pair import MIN_SCORE, SETTINGS
from twinreel.store.catalogue import Catalogue
from twinreel.store.matches import Basis
from twinreel.types import Match, Relation, Segment


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a search goes."""

    kept: int = 200
    """Matches under the operating point that are kept of one search, the best ones."""
    candidates: int = 200
    """Candidates that are aligned at first, ..."""
    neighbours: int = NEIGHBOURS
    """... found by so many nearest neighbours of each frame. Where half as many videos turn out to be matches to
    report, there may be more of them, and the search goes on with ``WIDER`` times as many of both."""
    block: int = 64
    """Videos that are searched for before what was found is stored."""


LIMITS = Limits()
WIDER = 4


@dataclass(frozen=True, slots=True)
class Facts:
    """What matching needs to know of a video beside its fingerprint."""

    number: int
    duration: float
    """Seconds."""
    stream: str | None
    """Stream digest."""


def basis_of(recipe: Recipe, aligner: str, reference: str) -> Basis:
    describer, sampling = recipe.key
    return Basis(reference, f"{describer}|{sampling}|{aligner}|{SETTINGS}|{MIN_SCORE}")


def facts_of(catalogue: Catalogue) -> dict[str, Facts]:
    """Of every video, by content id."""
    numbers = catalogue.videos.numbers()
    return {
        video.content: Facts(numbers[video.content], video.probe.duration, video.stream_digest)
        for video in catalogue.videos.all()
        if video.content in numbers
    }


def fill_haystack(
    catalogue: Catalogue, recipe: Recipe, space: Space, facts: dict[str, Facts], index: str = AUTO
) -> Haystack:
    """All fingerprints of the library, in an index of that name (``index.choose``)."""
    made = make_index(
        catalogue.fingerprints.frames(*recipe.key),
        recipe.describer.dimensions,
        index,
        place=catalogue.path.with_name(catalogue.path.name + ".index"),
        library=catalogue.meta.get("id") or "",
        key="|".join([*recipe.key, space.background.id]),
    )
    haystack = Haystack(made)
    for content in fingerprinted(catalogue, recipe):
        if content in facts:
            haystack.add(facts[content].number, space.view(content, facts[content].duration).video)
    return haystack


def match_library(
    catalogue: Catalogue,
    recipe: Recipe,
    aligner: str,
    pool: WorkerPool,
    progress: Progress | None,
    limits: Limits = LIMITS,
    index: str = AUTO,
) -> int:
    """Brings the matches of a library up to date and publishes them; how many pairs were aligned with a result."""
    contents = fingerprinted(catalogue, recipe)
    if not contents:
        return 0
    reference = library_reference(catalogue, recipe, keep=True)
    basis = basis_of(recipe, aligner, reference.id)
    searched = catalogue.matches.searched(basis)
    pending = [content for content in contents if content not in searched]
    found = 0
    if pending:
        space = Space(catalogue, recipe, reference)
        meter = Meter(progress, "match", len(pending))
        matching = _Matching(catalogue, recipe, space, basis, aligner, pool, meter, limits, index)
        # Workers keep the cores busy; several threads for the small products that are left here would only wait for
        # one another, and spin.
        with threadpool_limits(1, "blas"):
            for start in range(0, len(pending), limits.block):
                found += matching.search(pending[start : start + limits.block])
    if catalogue.matches.current() != basis:
        catalogue.matches.publish(basis)
    return found


@dataclass(slots=True)
class _Search:
    """The search for one video."""

    content: str
    known: dict[str, Match]
    """Other -> match that is stored already."""
    found: dict[str, Match | None]
    """Other -> match, None where it was aligned in vain; candidates in their order."""
    width: int = 1
    """How many times as far as the first time it goes."""

    @property
    def reported(self) -> int:
        return reported(self.found)


class _Matching:
    def __init__(
        self,
        catalogue: Catalogue,
        recipe: Recipe,
        space: Space,
        basis: Basis,
        aligner: str,
        pool: WorkerPool,
        meter: Meter,
        limits: Limits,
        index: str,
    ) -> None:
        self._catalogue, self._space, self._basis, self._aligner = catalogue, space, basis, aligner
        self._pool, self._meter, self._limits = pool, meter, limits
        self._facts = facts_of(catalogue)
        self._haystack = fill_haystack(catalogue, recipe, space, self._facts, index)
        self._haystack.keep()
        self._contents = {facts.number: content for content, facts in self._facts.items()}
        self._streams: dict[str, list[str]] = defaultdict(list)
        for content, facts in self._facts.items():
            if facts.stream is not None:
                self._streams[facts.stream].append(content)
        self._in_vain: dict[str, set[str]] = defaultdict(set)
        """Content id -> lower ones that it was aligned with and does not match."""

    def search(self, contents: list[str]) -> int:
        """Finds and stores the matches of some videos; how many were new."""
        searches = [self._begin(content) for content in contents]
        results: dict[tuple[str, str], Match | None] = {}
        unfinished = searches
        while unfinished:
            self._round(unfinished, results)
            unfinished = [s for s in unfinished if s.reported >= s.width * self._limits.neighbours / 2]
            for search in unfinished:
                search.width *= WIDER
        for (a, b), match in results.items():
            if match is None:
                self._in_vain[b].add(a)
        stored: set[tuple[str, str]] = set()
        for search in searches:
            self._store(search, stored)
            self._meter.advance(seconds=self._facts[search.content].duration)
            self._in_vain.pop(search.content, None)
        return len(stored)

    def _begin(self, content: str) -> _Search:
        known = {_other(match, content): match for match in self._catalogue.matches.all(self._basis, video=content)}
        same = [other for other in self._streams[self._facts[content].stream or ""] if other != content]
        return _Search(content, known, {other: known.get(other) or self._remux(content, other) for other in same})

    def _round(self, searches: list[_Search], results: dict[tuple[str, str], Match | None]) -> None:
        """Aligns each video with its candidates, a pair once; the next are looked up while workers align."""
        candidates: dict[str, list[str]] = {}
        for event in self._pool.run(self._tasks(searches, results, candidates)):
            match event:
                case Reply(task, tuple() as answers):
                    results.update(zip((ask.pair for ask in task.asks), answers, strict=True))
                case Failed(task, _):
                    # More than a worker may use: then it is done here.
                    results.update((ask.pair, ask.match(self._aligner)) for ask in task.asks)
        for search in searches:
            for other in candidates[search.content]:
                if other not in search.found:
                    search.found[other] = search.known.get(other) or results.get(ordered(search.content, other))

    def _tasks(
        self,
        searches: list[_Search],
        results: dict[tuple[str, str], Match | None],
        candidates: dict[str, list[str]],
    ) -> Iterator[AlignTask]:
        for search in searches:
            others = candidates[search.content] = self._candidates(search)
            asks = []
            for other in others:
                pair = ordered(search.content, other)
                new = other not in search.found and other not in search.known and pair not in results
                if new and other not in self._in_vain[search.content]:
                    results[pair] = None
                    asks.append(self._ask(*pair))
            yield from align_tasks(search.content, asks, self._aligner)

    def _candidates(self, search: _Search) -> list[str]:
        facts = self._facts[search.content]
        view = self._space.view(search.content, facts.duration)
        found = self._haystack.find(
            view.video,
            view.mirrored,
            exclude=facts.number,
            limit=search.width * self._limits.candidates,
            neighbours=search.width * self._limits.neighbours,
        )
        return [self._contents[candidate.number] for candidate in found]

    def _ask(self, a: str, b: str) -> Ask:
        first = self._space.view(a, self._facts[a].duration)
        return Ask(first.video, self._space.view(b, self._facts[b].duration).video, first.mirrored)

    def _store(self, search: _Search, stored: set[tuple[str, str]]) -> None:
        """Writes down what a search found, and that it was made."""
        found = {other: match for other, match in search.found.items() if match is not None}
        dropped = dropped_of(found, self._limits.kept)
        new = {ordered(search.content, other) for other in found.keys() - search.known.keys() - dropped} - stored
        matches = [match for match in found.values() if ordered(match.a, match.b) in new]
        self._catalogue.matches.put(self._basis, matches, searched={search.content: len(dropped)})
        stored |= new

    def _remux(self, content: str, other: str) -> Match:
        a, b = ordered(content, other)
        return remux_match(a, b, self._facts[a].duration, self._facts[b].duration)


def _other(match: Match, content: str) -> str:
    return match.b if match.a == content else match.a


def ordered(a: str, b: str) -> tuple[str, str]:
    """A pair of content ids, the lower one first."""
    return (a, b) if a < b else (b, a)


def remux_match(a: str, b: str, duration_a: float, duration_b: float) -> Match:
    """The match of two videos, of the given seconds, with the same stream."""
    return Match(a, b, Relation.REMUX, 1.0, 1.0, 1.0, (Segment(0.0, duration_a, 0.0, duration_b, 1.0),))


def reported(found: Mapping[str, Match | None]) -> int:
    """How many of a search's matches, by the other video, are to be reported."""
    return sum(match is not None and match.score >= MIN_SCORE for match in found.values())


def dropped_of(found: Mapping[str, Match | None], kept: int) -> set[str]:
    """The others whose weak matches, of one search, are too many to be kept."""
    matches = {other: match for other, match in found.items() if match is not None}
    weak = sorted((o for o, match in matches.items() if match.score < MIN_SCORE), key=lambda o: (-matches[o].score, o))
    return set(weak[kept:])
