"""Looking at the frames themselves before anything is called redundant: seconds by dense frames, quality by pixels."""

from __future__ import annotations

from collections import OrderedDict

from twinreel.clean.coverage import Span, seen, union
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
from twinreel.types import Match, Relation, Video

HELD = 100_000
"""Dense frames that are kept in memory: seven hours of video, 200 MB."""


class Eyes:
    """What a plan sees of the files of a library."""

    def __init__(self, pool: WorkerPool, recipe: Recipe, searcher: Searcher, aligner: str) -> None:
        self._pool, self._recipe, self._searcher, self._aligner = pool, recipe, searcher, aligner
        self._views: OrderedDict[str, View | None] = OrderedDict()

    def picture(self, video: Video) -> Measured | None:
        """None where it cannot be decoded."""
        probe = video.probe
        found = None
        for event in self._pool.run([PictureTask(video.path, probe.width, probe.height, probe.duration)]):
            if isinstance(event, Reply) and isinstance(event.value, Measured):
                found = event.value
        return found

    def seen(self, video: Video, other: Video, match: Match) -> tuple[Span, ...]:
        """The seconds of a video that another is proven to show; all of it where their packets are the same."""
        if match.relation in (Relation.IDENTICAL, Relation.REMUX):
            return seen(match, video.content, video.probe.duration, other.probe.duration)
        first, second = self._view(video), self._view(other)
        if first is None or second is None:
            return ()
        aligned = Ask(first.video, second.video, first.mirrored).match(self._aligner)
        if aligned is None:
            return ()
        segments = seen_from(aligned, video.content).segments
        return union(proven(first.video, second.video, segments))

    def _view(self, video: Video) -> View | None:
        if video.content not in self._views:
            look = Taken(video.path, video.content, video.probe)
            (taken,) = take(self._pool, self._recipe.describer, [(look, Sampling("dense", STEP))]).values()
            self._views[video.content] = self._searcher.view(taken) if isinstance(taken, Taken) else None
            held = sum(len(view.video) for view in self._views.values() if view is not None)
            while held > HELD and len(self._views) > 2:
                _, oldest = self._views.popitem(last=False)
                held -= len(oldest.video) if oldest is not None else 0
        self._views.move_to_end(video.content)
        return self._views[video.content]
