"""What benchmarks have in common: their extent, the part of it that is there, and what was answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from twinreel.evaluate.retrieval import Positives


class Box(NamedTuple):
    """``[q_start, q_stop)`` of the query shows ``[r_start, r_stop)`` of the other; in the order of VCSL's files.

    Seconds, but for the frame numbers of ``vcsl_alignment``, whose ends are inclusive.
    """

    q_start: float
    r_start: float
    q_stop: float
    r_stop: float

    @property
    def turned(self) -> Box:
        """With query and other changed about."""
        return Box(self.r_start, self.q_start, self.r_stop, self.q_stop)


class Scored(NamedTuple):
    """A box and how sure it is."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class Pair:
    """What was found between two videos, the first of which is the query of the boxes."""

    score: float
    segments: tuple[Scored, ...]

    @property
    def turned(self) -> Pair:
        return Pair(self.score, tuple(Scored(one.box.turned, one.score) for one in self.segments))


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was found, by the ids of both videos, the lower first. What is not in it was found not to match."""

    pairs: Mapping[tuple[str, str], Pair]
    min_score: float
    """From which a match is reported: the operating point."""

    def pair(self, query: str, other: str) -> Pair | None:
        if query <= other:
            return self.pairs.get((query, other))
        found = self.pairs.get((other, query))
        return None if found is None else found.turned

    def scores(self, queries: Iterable[str]) -> dict[str, dict[str, float]]:
        """Query to video to score; every query has an entry, an empty one where nothing was found."""
        found: dict[str, dict[str, float]] = {query: {} for query in queries}
        for (a, b), pair in self.pairs.items():
            for query, other in ((a, b), (b, a)):
                if query in found:
                    found[query][other] = pair.score
        return found


@dataclass(frozen=True, slots=True)
class Figures:
    """What a benchmark measures."""

    values: Mapping[str, float | None]
    """Metric to value; None where there is nothing to measure it on."""
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Metric to points, see the benchmark."""


class Benchmark(Protocol):
    """A data set with its ground truth, as read from its files."""

    @property
    def queries(self) -> Collection[str]: ...

    @property
    def videos(self) -> Collection[str]:
        """All ids, the queries among them."""
        ...

    @property
    def positives(self) -> Positives:
        """Query to all videos that some metric takes for right."""
        ...

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        """The metrics on the videos that are present, those of the official code where all are."""
        ...


class Share(NamedTuple):
    """So many of so many."""

    present: int
    total: int


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a benchmark is there."""

    queries: Share
    videos: Share
    positives: Share
    """Right pairs of query and video: those of which both are present."""
    without_positives: int
    """Queries that are present, that have positives, and of whose positives none is present."""

    @property
    def whole(self) -> bool:
        return self.videos.present == self.videos.total


def part(benchmark: Benchmark, present: Collection[str]) -> Part:
    """What of a benchmark a set of ids holds."""
    right = {query: set(videos) for query, videos in benchmark.positives.items()}
    there = {query: sum(video in present for video in videos) for query, videos in right.items() if query in present}
    return Part(
        Share(sum(query in present for query in benchmark.queries), len(benchmark.queries)),
        Share(sum(video in present for video in benchmark.videos), len(benchmark.videos)),
        Share(sum(there.values()), sum(map(len, right.values()))),
        sum(bool(right[query]) and not found for query, found in there.items()),
    )
