"""One pair of files, explained: what a scan would make of them, stage by stage, and where exactly they match.

The stages are gone through with fingerprints as a scan makes them. The seconds come from much denser ones, so that
they are right within half a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from twinreel.engine.aligning import Ask
from twinreel.engine.pool import Reply, WorkerPool
from twinreel.engine.searching import Searcher, seen_from
from twinreel.engine.space import View
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken, take
from twinreel.engine.tasks import StreamDigestTask
from twinreel.errors import MediaError
from twinreel.index.choose import make_index
from twinreel.match.candidates import Haystack, least_votes
from twinreel.match.pair import MIN_SCORE
from twinreel.match.prepared import best_similarity
from twinreel.media.sampling import Sampling
from twinreel.processors import cores
from twinreel.types import Float32, Float64, Match, Relation, Segment

FINEST = 0.25
"""Seconds between the frames that the seconds rest on ..."""
FRAMES = 2400
"""... and how many there are at most: they lie further apart in videos of over ten minutes."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way to a reported match."""

    name: str
    passed: bool
    """False where a scan drops the pair here; for the shortcuts (identical content, same stream): where they say no."""
    detail: str
    """What was found, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """What comparing two files gives."""

    times_a: Float64
    """(n,) seconds of the dense frames of a."""
    times_b: Float64
    """(m,)"""
    similarity: Float32
    """(n, m) normalised: about 0 as alike as unrelated frames, 1 the same."""
    match: Match | None
    """With a as a; None where nothing aligns. The score is that of a scan, where a scan finds a match at all."""
    stages: tuple[Stage, ...]


def fine(duration: float) -> Sampling:
    """The sampling that boundaries rest on."""
    return Sampling("dense", min(3600.0, max(FINEST, duration / FRAMES)))


def whole(a: Taken, b: Taken, relation: Relation) -> Match:
    """All of one is all of the other."""
    durations = a.probe.duration, b.probe.duration
    return Match(a.content, b.content, relation, 1.0, 1.0, 1.0, (Segment(0.0, durations[0], 0.0, durations[1], 1.0),))


class Comparing:
    """Compares two files in the light of a library, which may be empty and need not hold them."""

    def __init__(self, pool: WorkerPool, recipe: Recipe, searcher: Searcher, aligner: str) -> None:
        self._pool, self._recipe, self._searcher, self._aligner = pool, recipe, searcher, aligner

    def compare(self, a: Taken, b: Taken) -> Pair:
        """a and b: files that were looked at. Raises MediaError where frames of one cannot be had."""
        usual = self._views(a, b, self._recipe.sampling.full, self._recipe.sampling.full)
        first, second = self._views(a, b, fine(a.probe.duration), fine(b.probe.duration))
        shortcuts = list(self._shortcuts(a, b))
        stages, score = self._stages(*usual)
        match: Match | None
        if shortcuts[0].passed:
            match = whole(a, b, Relation.IDENTICAL)
        elif shortcuts[1].passed:
            match = whole(a, b, Relation.REMUX)
        else:
            match = Ask(first.video, second.video, first.mirrored).match(self._aligner)
            if match is not None:
                match = replace(seen_from(match, a.content), score=match.score if score is None else score)
        times_a, times_b = (view.video.times[view.video.parts == 0] for view in (first, second))
        frames = best_similarity(first.video, second.video)
        return Pair(times_a, times_b, frames, match, (*shortcuts, *stages))

    def _views(self, a: Taken, b: Taken, of_a: Sampling, of_b: Sampling) -> tuple[View, View]:
        looks = [(a, of_a), (b, of_b)][: 1 if a.path == b.path else 2]
        results = take(self._pool, self._recipe.describer, looks, threads=max(1, cores() // 2))
        views = []
        for taken in (a, b):
            result = results[taken.path]
            if isinstance(result, MediaError):
                raise result
            views.append(self._searcher.view(result))
        return views[0], views[1]

    def _stages(self, a: View, b: View) -> tuple[list[Stage], float | None]:
        """What a scan would find, and the score that it would give."""
        telling = [int((view.video.weights > 0).sum()) for view in (a, b)]
        words = f"{telling[0]} of {len(a.video)} frames of the first and {telling[1]} of {len(b.video)} of the second"
        stages = [Stage("frames that say something", min(telling) > 0, words), self._votes(a, b)]
        match = Ask(a.video, b.video, a.mirrored).match(self._aligner)
        if match is None:
            stages.append(Stage("alignment", False, "no stretch of one in the other"))
            return stages, None
        longest = max(segment.a_stop - segment.a_start for segment in match.segments)
        words = f"stretches: {len(match.segments)}, the longest of {longest:.1f} s"
        stages.append(Stage("alignment", True, words))
        reported = match.score >= MIN_SCORE
        stages.append(Stage("score", reported, f"{match.score:.3f}, {MIN_SCORE:.3f} and more is reported"))
        return stages, match.score

    def _shortcuts(self, a: Taken, b: Taken) -> Iterator[Stage]:
        same = a.content == b.content
        yield Stage("identical content", same, "same content id" if same else "different content ids")
        digests: dict[str, str] = {}
        for event in self._pool.run([StreamDigestTask(path) for path in dict.fromkeys((a.path, b.path))]):
            if isinstance(event, Reply):
                digests[event.task.path] = str(event.value)
        known = digests.get(a.path), digests.get(b.path)
        if None in known:
            yield Stage("same stream", False, "the packets of one cannot be read to the end")
        else:
            alike = known[0] == known[1]
            yield Stage("same stream", alike, "same video packets" if alike else "different video packets")

    def _votes(self, a: View, b: View) -> Stage:
        """Each of the two asks the library for the other, or where it is not there, a heap of the other alone."""
        best = None
        for query, other in ((a, b), (b, a)):
            if self._searcher.holds(other.video.content):
                found, where = self._searcher.candidates(query), "in the library"
                number = self._searcher.facts[other.video.content].number
            else:
                alone = Haystack(make_index(len(other.video), self._recipe.describer.dimensions))
                alone.add(0, other.video)
                found, number, where = alone.find(query.video, query.mirrored), 0, "by themselves"
            for rank, one in enumerate(found, 1):
                if one.number == number and (best is None or one.votes > best[0]):
                    best = one.votes, rank, where, least_votes(query.video)
        if best is None:
            least = [least_votes(view.video) for view in (a, b)]
            return Stage("candidates", False, f"fewer than {least[0]:.2g} and {least[1]:.2g} votes, either way")
        votes, rank, where, enough = best
        return Stage("candidates", True, f"{votes:.2f} votes, rank {rank} {where} ({enough:.2g} votes are enough)")
