"""The results of a run become part of a library."""

from __future__ import annotations

from dataclasses import dataclass, field

from twinreel.engine.deepening import match_all
from twinreel.engine.devices import Devices
from twinreel.engine.joining import Joining
from twinreel.engine.matching import basis_of
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.shards.deepening import UNREAD, read_contents, read_depths
from twinreel.engine.shards.job import Plan
from twinreel.engine.shards.keeping import read_matches
from twinreel.engine.shards.making import read_entries, read_fingerprinted, read_reference
from twinreel.engine.shards.run import Outcome
from twinreel.engine.space import fingerprinted, keep_reference
from twinreel.engine.state import Readers, Recipe, Scan, Tally
from twinreel.match.cascade import Spans
from twinreel.match.reference import standing
from twinreel.store.catalogue import Catalogue


@dataclass(slots=True)
class Loading:
    """Brings a run into a catalogue. The caller holds the lock for scans."""

    catalogue: Catalogue
    recipe: Recipe
    plan: Plan
    outcome: Outcome
    number: int
    """Of the scan that takes it in."""
    progress: Progress | None
    _alone: bool = True
    """Does the library hold no other videos?"""
    _given: dict[str, Spans] = field(default_factory=dict)
    """In a cascade: what was looked into of the videos that were not compared with the others yet."""

    def load_videos(self) -> int:
        """Takes in all videos; how many are new."""
        catalogue, key, names = self.catalogue, self.recipe.key, self.outcome.videos
        meter, added = Meter(self.progress, "load", len(names)), 0
        having = [read_fingerprinted(self.plan.folder, name) for name in names]
        self._alone = set(fingerprinted(catalogue, self.recipe)) <= set().union(*having)
        compared = catalogue.depths.wanted(*key) if self.outcome.depths else {}
        joining = Joining(catalogue, self.recipe, self.number)
        for shard, name in enumerate(names):
            anew = self._looked_into(shard, having[shard], compared)
            unread = read_contents(self.plan.folder, self.outcome.depths[shard : shard + 1], UNREAD)
            with catalogue.transaction():
                joined, _ = joining.take(read_entries(self.plan.folder, name), (), anew)
                catalogue.matches.remove_touching(sorted(anew))
                if self._alone:
                    catalogue.depths.want(*key, anew)
                    catalogue.depths.fill(*key, anew.keys() - unread)
            if not self._alone:
                self._given |= {content: spans for content, spans in anew.items() if content not in unread}
            added += joined.added
            meter.advance()
        return added

    def _looked_into(self, shard: int, having: set[str], compared: dict[str, Spans]) -> dict[str, Spans]:
        """What was looked into of the videos of a shard, where the library has looked elsewhere, or not at all.

        What it has compared with other videos, of which the run knows nothing, is left as it is.
        """
        if not self.outcome.depths:
            return {}
        known = read_depths(self.plan.folder, self.outcome.depths[shard : shard + 1])
        spans = {content: known.get(content, ()) for content in sorted(having)}
        if self._alone:
            return {content: found for content, found in spans.items() if compared.get(content) != found}
        return {content: found for content, found in spans.items() if content not in compared}

    def load_matches(self, aligner: str, index: str) -> int:
        """Takes in all matches, or matches all videos anew where the library holds others too; how many were found."""
        catalogue, recipe, resources = self.catalogue, self.recipe, Resources()
        if not self._alone:
            with open_pool(recipe.describer.image_size, resources) as pool:
                readers, devices = Readers(resources), Devices(pool, resources)
                scan = Scan(catalogue, self.number, pool, readers, devices, {}, Tally(), self.progress)
                return match_all(scan, recipe, aligner, index, self._given)
        reference, contents = read_reference(self.plan.folder, self.outcome.reference), catalogue.videos.numbers()
        basis, count = basis_of(recipe, aligner, reference.id), 0
        with catalogue.transaction():
            keep_reference(catalogue, recipe, reference, standing(fingerprinted(catalogue, recipe)))
            catalogue.matches.remove_touching(contents)
            for name in self.outcome.matches:
                found = list(read_matches(self.plan.folder, [name]))
                catalogue.matches.put(basis, found)
                count += len(found)
            catalogue.matches.put(basis, (), searched=dict.fromkeys(contents, 0))
            catalogue.matches.publish(basis)
        return count
