"""From fingerprints to matches: search, vote, align."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np

from twinreel.engine.aligning import Ask
from twinreel.engine.matching import ordered, remux_match
from twinreel.engine.shards.folder import Folder, Row, name_of, read_rows, scattered, shard_of, write_rows
from twinreel.engine.shards.hits import Neighbours, merged, read_neighbours, write_neighbours
from twinreel.engine.shards.job import Setting
from twinreel.engine.shards.making import read_entries, read_reference
from twinreel.engine.space import View, see
from twinreel.index.base import Index
from twinreel.index.choose import make_index
from twinreel.match.candidates import PER_VIDEO, best_found, vote
from twinreel.match.reference import Background, background_of
from twinreel.types import Match


@dataclass(frozen=True, slots=True)
class Round:
    """How far searches go; those with more matches than they had looked for go on with a wider one."""

    width: int
    """Times as far as at first."""
    unfinished: tuple[str, ...] = ()
    """Files, one a shard, whose first group says which searches there are; none: all of them."""

    def queries(self, folder: Folder, shard: int) -> set[str] | None:
        """Content ids of a shard that are searched for; None: all."""
        if not self.unfinished:
            return None
        return {row["content"] for row in read_rows(folder, (self.unfinished[shard],), 0)}


def _background(setting: Setting, reference: str) -> Background:
    if reference not in setting.kept:
        setting.kept[reference] = background_of(read_reference(setting.folder, reference))
    background = setting.kept[reference]
    assert isinstance(background, Background)
    return background


def _views(setting: Setting, reference: str, videos: str, only: set[str] | None = None) -> Iterator[View]:
    """The videos of a file that have a fingerprint, in order of content id, ready to be compared."""
    background = _background(setting, reference)
    for entry in read_entries(setting.folder, videos, only):
        if entry.fingerprint is not None:
            yield see(setting.describer, background, entry.content, entry.probe.duration, entry.fingerprint)


@dataclass(frozen=True, slots=True)
class SearchJob:
    """Searches one shard's frames for the nearest neighbours of the queries of some. Groups: by shard of the query."""

    shard: int
    videos: tuple[str, ...]
    reference: str
    queries: tuple[int, ...]
    """Shards."""
    round: Round
    step: ClassVar[str] = "search"

    @property
    def output(self) -> str:
        made_from = self.videos[self.shard], [self.videos[q] for q in self.queries], self.reference, self.queries
        return name_of(self.step, self.shard, (*made_from, asdict(self.round)))

    def run(self, setting: Setting) -> None:
        groups: list[list[Neighbours]] = [[] for _ in self.videos]
        k = self.round.width * setting.plan.limits.neighbours
        for query in self.queries:
            only = self.round.queries(setting.folder, query)
            if only is None or only:
                heap = self._heap(setting)
                for view in _views(setting, self.reference, self.videos[query], only):
                    groups[query] += heap.neighbours(view, k)
        write_neighbours(setting.folder, self.output, groups)

    def _heap(self, setting: Setting) -> _Heap:
        """The shard's index; jobs of one shard come one after the other, and share it."""
        key = f"{self.videos[self.shard]}|{self.reference}"
        held = setting.kept.get("heap")
        if not (isinstance(held, _Heap) and held.key == key):
            views = list(_views(setting, self.reference, self.videos[self.shard]))
            held = _Heap(key, views, setting.describer.dimensions)
            setting.kept["heap"] = held
        return held


class _Heap:
    """The frames of one shard in an index."""

    def __init__(self, key: str, views: list[View], dimensions: int) -> None:
        self.key = key
        videos = [view.video for view in views]
        self.contents = [video.content for video in videos]
        telling = [video.weights > 0 for video in videos]
        counts = [int(rows.sum()) for rows in telling]
        self._first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._times = np.concatenate([np.zeros(0), *(v.times[rows] for v, rows in zip(videos, telling, strict=True))])
        biases = [video.bias[rows] for video, rows in zip(videos, telling, strict=True)]
        self._bias = np.concatenate([np.zeros(0, np.float32), *biases])
        self._index: Index = make_index(sum(counts), dimensions)
        for number, (video, rows) in enumerate(zip(videos, telling, strict=True)):
            self._index.add(number, video.vectors[rows])

    def neighbours(self, query: View, k: int) -> Iterator[Neighbours]:
        """Those of a video's telling frames, and of the frames mirrored where they can be told."""
        rows = np.flatnonzero(query.video.weights > 0)
        if not len(rows) or not len(self._index):
            return
        own = self.contents.index(query.video.content) if query.video.content in self.contents else None
        for vectors in (query.video.vectors, query.mirrored):
            if vectors is None:
                continue
            scores, owners, hits = self._index.search(vectors[rows], k, exclude=own, per_owner=PER_VIDEO)
            places = np.where(owners >= 0, self._first[owners] + hits, 0)
            yield Neighbours(
                content=query.video.content,
                mirrored=vectors is query.mirrored,
                others=tuple(self.contents),
                scores=scores,
                owners=owners,
                rows=hits,
                times=self._times[places],
                bias=self._bias[places],
            ).compact()


@dataclass(frozen=True, slots=True)
class VoteJob:
    """Makes candidates of the neighbours that all index shards found. Groups: pairs by shard of the lower id."""

    shard: int
    videos: str
    reference: str
    searches: tuple[str, ...]
    streams: tuple[str, ...]
    round: Round
    shards: int
    step: ClassVar[str] = "vote"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.videos, self.searches, self.streams, asdict(self.round)))

    def run(self, setting: Setting) -> None:
        only = self.round.queries(setting.folder, self.shard)
        limits, width = setting.plan.limits, self.round.width
        found: dict[str, list[Neighbours]] = {}
        for one in read_neighbours(setting.folder, self.searches, self.shard):
            found.setdefault(one.content, []).append(one)
        rows: list[Row] = []
        for view in _views(setting, self.reference, self.videos, only):
            content, candidates, contents = view.video.content, [], list[str]()
            for mirrored in (False, True):
                several = [one for one in found.get(content, []) if one.mirrored is mirrored]
                if several:
                    contents, hits = merged(several, found[content], width * limits.neighbours)
                    hits.frame[:] = np.flatnonzero(view.video.weights > 0)[hits.frame]
                    candidates += vote(view.video, hits, mirrored=mirrored)
            ranked = best_found(candidates, width * limits.candidates)
            rows += [{"query": content, "other": contents[one.number], "same": False} for one in ranked]
        for row in read_rows(setting.folder, self.streams, self.shard):
            if only is None or row["content"] in only:
                others = (other for other in row["same"] if other != row["content"])
                rows += [{"query": row["content"], "other": other, "same": True} for other in others]
        by_pair = ((shard_of(min(row["query"], row["other"]), self.shards), row) for row in rows)
        write_rows(setting.folder, self.output, scattered(by_pair, self.shards))


@dataclass(frozen=True, slots=True)
class AlignJob:
    """Aligns the candidate pairs whose lower id is in one shard. Groups: by shard of either video."""

    shard: int
    videos: tuple[str, ...]
    reference: str
    votes: tuple[str, ...]
    earlier: tuple[str, ...]
    """What this step made of the shard in earlier rounds."""
    step: ClassVar[str] = "align"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.videos, self.reference, self.votes, self.earlier))

    def run(self, setting: Setting) -> None:
        shards = len(self.videos)
        done = {
            (row["a"], row["b"]) for group in range(shards) for row in read_rows(setting.folder, self.earlier, group)
        }
        pairs: dict[tuple[str, str], bool] = {}
        for row in read_rows(setting.folder, self.votes, self.shard):
            pair = ordered(row["query"], row["other"])
            pairs[pair] = pairs.get(pair, False) or row["same"]
        found: list[tuple[int, Row]] = []
        for a, b, match in self._matches(setting, sorted(pairs.keys() - done), pairs):
            row = {"a": a, "b": b, "match": None if match is None else asdict(match)}
            found += [(group, row) for group in sorted({shard_of(a, shards), shard_of(b, shards)})]
        write_rows(setting.folder, self.output, scattered(found, shards))

    def _matches(
        self, setting: Setting, pairs: list[tuple[str, str]], same: Mapping[tuple[str, str], bool]
    ) -> Iterator[tuple[str, str, Match | None]]:
        """Shard by shard of the second video, so that those of two are in memory."""
        shards = len(self.videos)
        firsts = self._load(setting, self.shard, {a for a, _ in pairs})
        for other in range(shards):
            here = [pair for pair in pairs if shard_of(pair[1], shards) == other]
            seconds = self._load(setting, other, {b for _, b in here}) if here else {}
            for a, b in here:
                first, second = firsts.get(a), seconds.get(b)
                if same[a, b]:
                    lengths = (_duration(setting, self.videos[shard_of(video, shards)], video) for video in (a, b))
                    yield a, b, remux_match(a, b, *lengths)
                elif first is not None and second is not None:
                    yield a, b, Ask(first.video, second.video, first.mirrored).match(setting.plan.aligner)

    def _load(self, setting: Setting, shard: int, contents: set[str]) -> dict[str, View]:
        return {view.video.content: view for view in _views(setting, self.reference, self.videos[shard], contents)}


def _duration(setting: Setting, videos: str, content: str) -> float:
    (entry,) = read_entries(setting.folder, videos, {content})
    return entry.probe.duration
