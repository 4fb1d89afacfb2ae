"""The cascade: keyframes of everything first, and more frames only where these have something in common.

Videos are matched by their keyframes. Of each pair that has something to it, the stretches are decoded anew, as the
sampling ``auto`` would, become part of both fingerprints, and both videos are matched again. Where a match that is to
be reported reaches beyond what was looked into, this goes on, so that its ends do not rest on keyframes.

How little will do (``DEPTHS``) depends on what it costs. Among many videos most have some other that is faintly like
them, so faint pairs are looked into as long as they take a small part of the library's time.

What is looked into is written down for all pairs at once, before anything is decoded: however often a scan is
interrupted, the next one does the same. A pair of which a video is new decides by keyframes alone, so that the library
does not look deeper and deeper into what it knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from twinreel.engine.describing import Described, described
from twinreel.engine.matching import match_library
from twinreel.engine.progress import Meter
from twinreel.engine.space import fingerprinted
from twinreel.engine.state import Recipe, Scan
from twinreel.engine.tasks import SampleTask
from twinreel.match.pair import MIN_SCORE
from twinreel.media.picking import EVERYTHING
from twinreel.types import Failure, FailureKind, Fingerprint, Relation, Span, State, Video

DEPTHS = (0.02, 0.05, 0.1, 0.2)
"""Score that the keyframes of two videos reach where they are worth a second look: the first that is affordable, or the
last."""
SHARE, ALWAYS = 0.1, 7200.0
"""What is affordable beyond what the last depth asks for: a share of the seconds of the new videos, and seconds."""
AROUND = 10.0
"""Seconds before and after a stretch that are looked into as well: as far apart as keyframes usually are at most."""
SHORT = 60.0
"""Seconds of a video that is looked into as a whole."""

Spans = tuple[Span, ...]


@dataclass(slots=True)
class Cascade:
    """Matching of a library whose sampling is a cascade."""

    scan: Scan
    recipe: Recipe
    aligner: str
    index: str
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
            catalogue.depths.want(*self.recipe.key, self._affordable())
            if not self._fillable():
                return found

    def _affordable(self) -> dict[str, Spans]:
        """What is to be looked into, of the videos that are new or of which it is more than before."""
        catalogue = self.scan.catalogue
        known = catalogue.depths.wanted(*self.recipe.key)
        new = set(fingerprinted(catalogue, self.recipe)) - known.keys()
        videos = (catalogue.videos.get(content) for content in new)
        seconds = sum(video.probe.duration for video in videos if video is not None)
        at_least = self._wanted(known, new, DEPTHS[-1])
        allowed = _added(at_least, known) + max(ALWAYS, SHARE * seconds)
        depths = (self._wanted(known, new, depth) for depth in DEPTHS[:-1])
        return next((wanted for wanted in depths if _added(wanted, known) <= allowed), at_least)

    def _wanted(self, known: Mapping[str, Spans], new: set[str], depth: float) -> dict[str, Spans]:
        """The same at a depth. known: what was wanted before."""
        catalogue = self.scan.catalogue
        stretches: dict[str, list[Span]] = defaultdict(list)
        basis = catalogue.matches.current()
        for match in catalogue.matches.all(basis, min_score=depth) if basis is not None else ():
            if match.relation is Relation.REMUX or (match.score < MIN_SCORE and not {match.a, match.b} & new):
                continue
            for segment in match.segments:
                stretches[match.a].append((segment.a_start, segment.a_stop))
                stretches[match.b].append((segment.b_start, segment.b_stop))
        wanted = {}
        for content in sorted(new | stretches.keys()):
            video, before = catalogue.videos.get(content), known.get(content, ())
            if video is not None:
                now = widened(before, stretches[content], video.probe.duration, self.recipe.sampling.step)
                if content in new or now != before:
                    wanted[content] = now
        return wanted

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
        tasks = {
            video.path: SampleTask(
                video.path,
                self.recipe.sampling.full,
                self.recipe.describer.image_size,
                video.probe.duration_at_most,
                spans=EVERYTHING if spans == ((0.0, video.probe.duration),) else spans,
            )
            for (video, *_), spans in leaders
        }
        videos = {group[0].path: (group, spans) for group, spans in leaders}
        meter, void = Meter(self.scan.progress, "deepen", len(tasks)), 0
        ordered = sorted(tasks.values(), key=lambda task: -videos[task.path][0][0].size)
        ordered = self.scan.devices.assign(ordered, {path: group[0].probe for path, (group, _) in videos.items()})
        made = described(self.scan.pool, self.recipe.describer, ordered, limit=self.scan.readers.decoding)
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


def _added(wanted: Mapping[str, Spans], known: Mapping[str, Spans]) -> float:
    """Seconds that are wanted beyond what was known."""
    spans = [(1, span) for content in wanted for span in wanted[content]]
    spans += [(-1, span) for content in wanted for span in known.get(content, ())]
    return sum(sign * (stop - start) for sign, (start, stop) in spans)


def widened(before: Spans, stretches: Iterable[Span], duration: float, step: float) -> Spans:
    """Spans of a video that is to be looked into at these stretches as well, and around them.

    A stretch is new only where it does not end within a span by a ``step``: what is on both sides of it is known.
    """
    whole = (0.0, duration)
    wanted = list(before)
    for start, stop in stretches:
        least = max(0.0, start - step), min(duration, stop + step)
        if not any(low <= least[0] and least[1] <= high for low, high in wanted):
            wanted.append(whole if duration <= SHORT else (max(0.0, start - AROUND), min(duration, stop + AROUND)))
    return union(wanted)


def union(spans: Iterable[Span]) -> Spans:
    """Spans ascending and apart; a gap that is not worth a jump is none."""
    result: list[Span] = []
    for start, stop in sorted(spans):
        if result and start <= result[-1][1] + AROUND:
            result[-1] = result[-1][0], max(result[-1][1], stop)
        else:
            result.append((start, stop))
    return tuple(result)


def merged(old: Fingerprint, new: Fingerprint, spans: Spans) -> Fingerprint:
    """A fingerprint of whose frames those within spans are exchanged for others."""
    kept = np.ones(len(old.times), bool)
    for start, stop in spans:
        kept &= (old.times < start) | (old.times > stop)
    pairs = (
        (old.times, new.times),
        (old.vectors, new.vectors),
        (old.weights, new.weights),
        (old.layout, new.layout),
        (old.parts, new.parts),
    )
    times, vectors, weights, layout, parts = (np.concatenate([before[kept], after]) for before, after in pairs)
    order = np.lexsort((times, parts))
    order = order[np.r_[True, (np.diff(times[order]) > 0) | (np.diff(parts[order]) > 0)][: len(order)]]
    return Fingerprint(
        times[order], vectors[order], weights[order], layout[order], old.describer, old.sampling, parts[order]
    )
