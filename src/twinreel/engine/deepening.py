"""The cascade on one machine: keyframes of everything first, and more frames only where these have something in common.

Videos are matched by their keyframes. What ``match.cascade`` makes of the matches is decoded as the sampling ``auto``
would, becomes part of the fingerprints, and the videos are matched again, until no more is wanted.

What is looked into is written down for all pairs at once, before anything is decoded: however often a scan is
interrupted, the next one does the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from twinreel.engine.describing import Described, described
from twinreel.engine.matching import match_library
from twinreel.engine.progress import Meter
from twinreel.engine.space import fingerprinted
from twinreel.engine.state import Recipe, Scan
from twinreel.engine.tasks import SampleTask
from twinreel.match.cascade import Spans, added, affordable, by_depth, faintest, merged, stretches, union
from twinreel.media.picking import EVERYTHING
from twinreel.types import Failure, FailureKind, Probe, State, Video


def match_all(scan: Scan, recipe: Recipe, aligner: str, index: str, given: Mapping[str, Spans] | None = None) -> int:
    """Brings the matches of a library up to date, as its sampling wants it; how many pairs it has more.

    given: as ``Cascade`` has it.
    """
    if recipe.sampling.mode == "cascade":
        return Cascade(scan, recipe, aligner, index, given or {}).match()
    return match_library(scan.catalogue, recipe, aligner, scan.pool, scan.progress, index=index)


@dataclass(slots=True)
class Cascade:
    """Matching of a library whose sampling is a cascade."""

    scan: Scan
    recipe: Recipe
    aligner: str
    index: str
    given: Mapping[str, Spans]
    """What the fingerprints of some videos, which were not compared here yet, hold already."""
    _tried: set[str] = field(default_factory=set)
    """Videos whose files could not be read this time."""

    def match(self) -> int:
        """Brings the matches of the library up to date, see ``match_library``; how many pairs it has more."""
        catalogue, found = self.scan.catalogue, 0
        while True:
            found -= self._fill()
            found += match_library(
                catalogue, self.recipe, self.aligner, self.scan.pool, self.scan.progress, index=self.index
            )
            self._want()
            if not self._fillable():
                return found

    def _want(self) -> None:
        """Writes down what is to be looked into, of the videos that are new or of which it is more than before."""
        catalogue, key = self.scan.catalogue, self.recipe.key
        compared = catalogue.depths.wanted(*key)
        new = set(fingerprinted(catalogue, self.recipe)) - compared.keys()
        known = {content: self.given.get(content, ()) for content in new} | compared
        basis = catalogue.matches.current()
        reference = catalogue.references.get(basis.reference) if basis is not None else None
        crowd = reference.crowd if reference is not None else 1.0
        matches = catalogue.matches.all(basis, min_score=faintest(crowd)) if basis is not None else ()
        common = list(stretches(matches, new.__contains__, crowd))
        videos = (catalogue.videos.get(content) for content in new.union(one.content for one in common))
        durations = {video.content: video.probe.duration for video in videos if video is not None}
        depths = by_depth(common, known, durations, self.recipe.sampling.step)
        seconds = sum(durations[content] for content in sorted(new & durations.keys()))
        more = depths[affordable([added(one, known) for one in depths], seconds)]
        with catalogue.transaction():
            catalogue.depths.want(*key, {content: known[content] for content in sorted(new)} | more)
            catalogue.depths.fill(*key, (new & self.given.keys()) - more.keys())

    def _fillable(self) -> dict[str, tuple[Video, Spans]]:
        """The videos that lack something, and have a file that was not tried in vain."""
        found = {}
        for content, spans in self.scan.catalogue.depths.lacking(*self.recipe.key).items():
            video = self.scan.catalogue.videos.get(content)
            if video is not None and video.state is State.PRESENT and content not in self._tried:
                found[content] = video, spans
        return found

    def _fill(self) -> int:
        """Decodes what is lacking. How many matches are void now."""
        leaders = self._leaders()
        leaders.sort(key=lambda leader: -leader[0][0].size)
        tasks = [second_look(video.path, video.probe, spans, self.recipe) for (video, *_), spans in leaders]
        tasks = self.scan.devices.assign(tasks, {video.path: video.probe for (video, *_), _ in leaders})
        videos = {group[0].path: (group, spans) for group, spans in leaders}
        meter, void = Meter(self.scan.progress, "deepen", len(tasks)), 0
        made = described(self.scan.pool, self.recipe.describer, tasks, limit=self.scan.readers.decoding)
        for one in made:
            group, spans = videos[one.task.path]
            void += self._store(one, group, spans)
            meter.advance(seconds=sum(stop - start for start, stop in spans))
        return void

    def _leaders(self) -> list[tuple[list[Video], Spans]]:
        """What to decode: the videos with one stream together, a file of the first of which is read for all."""
        groups: dict[str, list[tuple[Video, Spans]]] = defaultdict(list)
        for content, (video, spans) in self._fillable().items():
            groups[video.stream_digest or content].append((video, spans))
        leaders = []
        for group in groups.values():
            spans = union([span for _, spans in group for span in spans])
            if len(group) > 1:
                self.scan.catalogue.depths.want(*self.recipe.key, {video.content: spans for video, _ in group})
            leaders.append(([video for video, _ in group], spans))
        return leaders

    def _store(self, made: Described, group: list[Video], spans: Spans) -> int:
        catalogue, tally, void = self.scan.catalogue, self.scan.tally, 0
        contents = [video.content for video in group]
        with catalogue.transaction():
            if made.error is not None:
                self.scan.record(Failure(made.task.path, FailureKind.DAMAGED, made.task.stage, made.error.reason))
            if made.failed is not None:
                self._tried.update(contents)
                if made.failed.kind is FailureKind.BAD_FILE:  # there is no more to be had
                    catalogue.depths.fill(*self.recipe.key, contents)
                return 0
            new = made.gathering.fingerprint(self.recipe)
            for content in contents:
                old = catalogue.fingerprints.get(content, *self.recipe.key)
                if old is not None:
                    catalogue.fingerprints.put(content, merged(old, new, spans))
            void = catalogue.matches.remove_touching(contents)
            catalogue.depths.fill(*self.recipe.key, contents)
        tally.frames += len(new.times)
        return void


def second_look(path: str, probe: Probe, spans: Spans, recipe: Recipe) -> SampleTask:
    """Takes the frames of a file within the spans that are wanted of it."""
    within = EVERYTHING if spans == ((0.0, probe.duration),) else spans
    return SampleTask(path, recipe.sampling.full, recipe.describer.image_size, probe.duration_at_most, spans=within)
