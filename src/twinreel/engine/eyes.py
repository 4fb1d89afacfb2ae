"""Looking at the frames themselves before anything is called redundant: seconds by dense frames, quality by pixels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from twinreel.clean.coverage import seen, union
from twinreel.engine.aligning import Ask
from twinreel.engine.pool import Reply, WorkerPool
from twinreel.engine.searching import Searcher, seen_from
from twinreel.engine.space import View
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken, take
from twinreel.engine.tasks import PictureTask
from twinreel.match.proof import STEP, proven
from twinreel.media.picture import Measured
from twinreel.media.sampling import Sampling
from twinreel.types import Match, Relation, Span, Video

HELD = 100_000
"""Dense frames that are kept in memory: seven hours of video, 200 MB; more where those of one look are more."""
TOGETHER = 16
"""Others that are taken at once: enough for all workers, and no more in memory than need be."""
SAME = (Relation.IDENTICAL, Relation.REMUX)
"""Where the packets are the same, frames need no looking at."""


class Eyes:
    """What a plan sees of the files of a library."""

    def __init__(self, pool: WorkerPool, recipe: Recipe, searcher: Searcher, aligner: str) -> None:
        self._pool, self._recipe, self._searcher, self._aligner = pool, recipe, searcher, aligner
        self._views: OrderedDict[str, View | None] = OrderedDict()

    def pictures(self, videos: Sequence[Video]) -> dict[str, Measured]:
        """By content id; without those that cannot be decoded."""
        contents = {video.path: video.content for video in videos}
        probes = ((video.path, video.probe) for video in videos)
        tasks = (PictureTask(path, probe.width, probe.height, probe.duration) for path, probe in probes)
        return {
            contents[event.task.path]: event.value
            for event in self._pool.run(tasks)
            if isinstance(event, Reply) and isinstance(event.value, Measured)
        }

    def seen(self, video: Video, others: Sequence[tuple[Video, Match]]) -> list[tuple[Span, ...]]:
        """The seconds of a video that each of others is proven to show; all of it where their packets are the same."""
        found: list[tuple[Span, ...]] = []
        for first in range(0, len(others), TOGETHER):
            some = others[first : first + TOGETHER]
            self._take([video, *(other for other, match in some if match.relation not in SAME)])
            found += [self._seen(video, other, match) for other, match in some]
        return found

    def _seen(self, video: Video, other: Video, match: Match) -> tuple[Span, ...]:
        if match.relation in SAME:
            return seen(match, video.content, video.probe.duration, other.probe.duration)
        first, second = self._views[video.content], self._views[other.content]
        if first is None or second is None:
            return ()
        aligned = Ask(first.video, second.video, first.mirrored).match(self._aligner)
        if aligned is None:
            return ()
        segments = seen_from(aligned, video.content).segments
        return union(proven(first.video, second.video, segments))

    def _take(self, videos: Sequence[Video]) -> None:
        """Gets the dense frames of some videos into memory, and forgets others where there are too many."""
        missing = [video for video in videos if video.content not in self._views]
        looks = [(Taken(video.path, video.content, video.probe), Sampling("dense", STEP)) for video in missing]
        found = take(self._pool, self._recipe.describer, looks) if looks else {}
        for video in missing:
            taken = found[video.path]
            self._views[video.content] = self._searcher.view(taken) if isinstance(taken, Taken) else None
        for video in videos:
            self._views.move_to_end(video.content)
        held = sum(len(view.video) for view in self._views.values() if view is not None)
        while held > HELD and len(self._views) > len(videos):
            _, oldest = self._views.popitem(last=False)
            held -= len(oldest.video) if oldest is not None else 0
