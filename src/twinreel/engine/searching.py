"""Where a clip has been seen: a fingerprint against the whole library, without storing anything."""

from __future__ import annotations

from twinreel.engine.matching import CANDIDATES, Facts, facts_of, fill_haystack
from twinreel.engine.space import Space, library_reference
from twinreel.engine.state import Recipe
from twinreel.match.candidates import Found, Haystack
from twinreel.match.pair import match_pair
from twinreel.match.prepared import Prepared, prepare
from twinreel.store.catalogue import Catalogue
from twinreel.types import Fingerprint, Match, Relation, Segment


def seen_from(match: Match, content: str) -> Match:
    """The match with this video as its a, whatever its relation: the coverages say which of the two contains."""
    if match.a == content:
        return match
    segments = (Segment(s.b_start, s.b_stop, s.a_start, s.a_stop, s.score, s.mirrored) for s in match.segments)
    ordered = tuple(sorted(segments, key=lambda s: (s.a_start, s.b_start)))
    return Match(match.b, match.a, match.relation, match.score, match.coverage_b, match.coverage_a, ordered)


def identical(content: str, duration: float) -> Match:
    """The match of a file with another copy of itself."""
    whole = Segment(0.0, duration, 0.0, duration, 1.0)
    return Match(content, content, Relation.IDENTICAL, 1.0, 1.0, 1.0, (whole,))


class Searcher:
    """A library made ready for being searched; the first search reads all fingerprints."""

    def __init__(self, catalogue: Catalogue, recipe: Recipe, aligner: str) -> None:
        self._catalogue, self._recipe, self._aligner = catalogue, recipe, aligner
        self.space = Space(catalogue, recipe, library_reference(catalogue, recipe, keep=False))
        self.facts: dict[str, Facts] = facts_of(catalogue)
        self.contents = {facts.number: content for content, facts in self.facts.items()}
        self._haystack: Haystack | None = None

    @property
    def haystack(self) -> Haystack:
        if self._haystack is None:
            self._haystack = fill_haystack(self._catalogue, self._recipe, self.space, self.facts)
        return self._haystack

    def holds(self, content: str) -> bool:
        """Can this video be found?"""
        return content in self.facts and self._catalogue.fingerprints.get(content, *self._recipe.key) is not None

    def prepare(self, content: str, duration: float, fingerprint: Fingerprint) -> Prepared:
        return prepare(content, duration, fingerprint, self.space.background)

    def candidates(self, query: Prepared, fingerprint: Fingerprint, limit: int = CANDIDATES) -> list[Found]:
        """Videos worth aligning with the query, best first; never the query itself."""
        known = self.facts.get(query.content)
        exclude = known.number if known else None
        return self.haystack.find(query, self.space.mirror(fingerprint), exclude=exclude, limit=limit)

    def search(self, content: str, duration: float, fingerprint: Fingerprint, limit: int) -> list[Match]:
        """Matches of a clip with videos of the library, the clip as a; best score first."""
        query = self.prepare(content, duration, fingerprint)
        mirrored = self.space.mirror(fingerprint)
        found = [identical(content, duration)] if content in self.facts else []
        for candidate in self.candidates(query, fingerprint, limit):
            other = self.contents[candidate.number]
            video = self.space.prepared(other, self.facts[other].duration)
            match = match_pair(query, video, mirrored if candidate.mirrored else None, aligner=self._aligner)
            if match is not None:
                found.append(seen_from(match, content))
        return sorted(found, key=lambda match: (-match.score, match.b != content, match.b))
