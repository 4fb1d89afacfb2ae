"""Where a clip has been seen: a fingerprint against the whole library, without storing anything."""

from __future__ import annotations

from twinreel.engine.aligning import Ask
from twinreel.engine.matching import LIMITS, Facts, facts_of, fill_haystack
from twinreel.engine.space import Space, View, library_reference
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken
from twinreel.index.choose import AUTO
from twinreel.match.candidates import Found, Haystack
from twinreel.match.relation import turned
from twinreel.store.catalogue import Catalogue
from twinreel.types import Match, Relation, Segment


def seen_from(match: Match, content: str) -> Match:
    """The match with this video as its a, whatever its relation: the coverages say which of the two contains."""
    return match if match.a == content else turned(match)


def identical(content: str, duration: float) -> Match:
    """The match of a file with another copy of itself."""
    whole = Segment(0.0, duration, 0.0, duration, 1.0)
    return Match(content, content, Relation.IDENTICAL, 1.0, 1.0, 1.0, (whole,))


class Searcher:
    """A library made ready for being searched; the first search reads all fingerprints."""

    def __init__(self, catalogue: Catalogue, recipe: Recipe, aligner: str, index: str = AUTO) -> None:
        self._catalogue, self._recipe, self._aligner, self._index = catalogue, recipe, aligner, index
        self._space = Space(catalogue, recipe, library_reference(catalogue, recipe, keep=False))
        self.facts: dict[str, Facts] = facts_of(catalogue)
        self._contents = {facts.number: content for content, facts in self.facts.items()}
        self._haystack: Haystack | None = None

    @property
    def haystack(self) -> Haystack:
        if self._haystack is None:
            self._haystack = fill_haystack(self._catalogue, self._recipe, self._space, self.facts, self._index)
        return self._haystack

    def holds(self, content: str) -> bool:
        """Can this video be found?"""
        return content in self.facts and self._catalogue.fingerprints.get(content, *self._recipe.key) is not None

    def view(self, taken: Taken) -> View:
        """A file with its fingerprint, as the library sees it."""
        return self._space.see(taken.content, taken.probe.duration, taken.known)

    def candidates(self, query: View, limit: int = LIMITS.candidates) -> list[Found]:
        """Videos worth aligning with the query, best first; never the query itself."""
        known = self.facts.get(query.video.content)
        exclude = known.number if known else None
        return self.haystack.find(query.video, query.mirrored, exclude=exclude, limit=limit)

    def search(self, clip: Taken, limit: int) -> list[Match]:
        """Matches of a clip with videos of the library, the clip as a; best score first."""
        query = self.view(clip)
        found = [identical(clip.content, clip.probe.duration)] if clip.content in self.facts else []
        for candidate in self.candidates(query, limit):
            other = self._contents[candidate.number]
            view = self._space.view(other, self.facts[other].duration)
            match = Ask(query.video, view.video, query.mirrored).match(self._aligner)
            if match is not None:
                found.append(seen_from(match, clip.content))
        return sorted(found, key=lambda match: (-match.score, match.b != clip.content, match.b))
