"""Matches of the videos of a library, on one basis, video by video.

A video is searched for in the index of all others; it and its candidates are aligned; what was found is stored
together with the mark that it was searched, in one transaction. Matches of videos that are not yet searched are found
by the search of either. What is stored does not depend on where an earlier scan was interrupted: videos are searched
in order of content id, a pair is always aligned from the lower to the higher one, and what a search keeps depends on
its own candidates only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from twinreel.engine.progress import Meter, Progress
from twinreel.engine.space import Space, fingerprinted, library_reference
from twinreel.engine.state import Recipe
from twinreel.index.choose import make_index
from twinreel.match.candidates import Haystack
from twinreel.match.pair import MIN_SCORE, SETTINGS, match_pair
from twinreel.store.catalogue import Catalogue
from twinreel.store.matches import Basis
from twinreel.types import Match, Relation, Segment

KEPT = 200
"""Matches under the operating point that are kept of one search, the best ones."""
CANDIDATES = 200
"""Candidates that are aligned at first; twice as many as long as the last ones still bring matches to report."""
_TAIL = 50


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


def fill_haystack(catalogue: Catalogue, recipe: Recipe, space: Space, facts: dict[str, Facts]) -> Haystack:
    """All fingerprints of the library."""
    haystack = Haystack(make_index(catalogue.fingerprints.frames(*recipe.key), recipe.describer.dimensions))
    for content in fingerprinted(catalogue, recipe):
        if content in facts:
            haystack.add(facts[content].number, space.prepared(content, facts[content].duration))
    return haystack


def match_library(catalogue: Catalogue, recipe: Recipe, aligner: str, progress: Progress | None) -> int:
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
        matching = _Matching(catalogue, recipe, Space(catalogue, recipe, reference), basis, aligner, pending)
        meter = Meter(progress, "match", len(pending))
        for content in pending:
            found += matching.search(content)
            meter.advance(seconds=matching.facts[content].duration)
    if catalogue.matches.current() != basis:
        catalogue.matches.publish(basis)
    return found


class _Matching:
    def __init__(
        self, catalogue: Catalogue, recipe: Recipe, space: Space, basis: Basis, aligner: str, pending: list[str]
    ) -> None:
        self._catalogue, self._space, self._basis, self._aligner = catalogue, space, basis, aligner
        self._pending = set(pending)
        self.facts = facts_of(catalogue)
        self._haystack = fill_haystack(catalogue, recipe, space, self.facts)
        self._contents = {facts.number: content for content, facts in self.facts.items()}
        self._streams: dict[str, list[str]] = defaultdict(list)
        for content, facts in self.facts.items():
            if facts.stream is not None:
                self._streams[facts.stream].append(content)
        self._in_vain: dict[str, dict[str, bool]] = defaultdict(dict)
        """Pending content id -> others that it was aligned with and does not match, and whether mirrored, too."""

    def search(self, content: str) -> int:
        """Finds and stores the matches of one video; how many were new."""
        facts = self.facts[content]
        known = {_other(match, content): match for match in self._catalogue.matches.all(self._basis, video=content)}
        found = {
            other: known.get(other) or self._remux(content, other)
            for other in self._streams[facts.stream or ""]
            if other != content
        }
        query, mirrored = self._space.prepared(content, facts.duration), self._space.mirrored(content)
        limit, start, promising = CANDIDATES, 0, True
        while promising:
            candidates = self._haystack.find(query, mirrored, exclude=facts.number, limit=limit)
            promising = False
            for rank, candidate in enumerate(candidates[start:], start):
                other = self._contents[candidate.number]
                if other not in found:
                    match = known.get(other) or self._align(content, other, candidate.mirrored)
                    if match is not None:
                        found[other] = match
                        promising |= rank >= limit - _TAIL and match.score >= MIN_SCORE
            promising &= len(candidates) == limit
            limit, start = 2 * limit, limit
        weak = sorted((o for o, match in found.items() if match.score < MIN_SCORE), key=lambda o: (-found[o].score, o))
        dropped = set(weak[KEPT:])
        new = [match for other, match in found.items() if other not in known and other not in dropped]
        self._catalogue.matches.put(self._basis, new, searched={content: len(dropped)})
        self._pending.discard(content)
        self._in_vain.pop(content, None)
        return len(new)

    def _align(self, content: str, other: str, mirrored: bool) -> Match | None:
        if (tried := self._in_vain[content].get(other)) is not None and tried >= mirrored:
            return None
        a, b = sorted((content, other))
        match = match_pair(
            self._space.prepared(a, self.facts[a].duration),
            self._space.prepared(b, self.facts[b].duration),
            self._space.mirrored(a) if mirrored else None,
            aligner=self._aligner,
        )
        if match is None and other in self._pending:
            self._in_vain[other][content] = mirrored
        return match

    def _remux(self, content: str, other: str) -> Match:
        a, b = sorted((content, other))
        whole = Segment(0.0, self.facts[a].duration, 0.0, self.facts[b].duration, 1.0)
        return Match(a, b, Relation.REMUX, 1.0, 1.0, 1.0, (whole,))


def _other(match: Match, content: str) -> str:
    return match.b if match.a == content else match.a
