"""A run from files to groups: which jobs each step consists of. The work is done wherever the engine does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xxhash

from twinreel.engine.matching import WIDER
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.shards.folder import read_rows
from twinreel.engine.shards.grouping import AssignJob, EdgesJob, GroupJob, LinkJob, changed
from twinreel.engine.shards.job import Engine, Job, Plan
from twinreel.engine.shards.making import DescribeJob, LookJob, RefitJob, StreamsJob, failures_of
from twinreel.engine.shards.pairing import AlignJob, KeepJob, Round, SearchJob, SettleJob, VoteJob
from twinreel.media.walk import Found
from twinreel.types import Failure, FailureKind

QUERIES = 16
"""Shards of queries that one search looks up."""
PASSES = 200
"""Of linking at most; a component of a billion videos takes about forty."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the results of a run are: names of files of its folder, one a shard."""

    looks: tuple[str, ...]
    videos: tuple[str, ...]
    reference: str
    matches: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(slots=True)
class Run:
    """Carries out a plan."""

    plan: Plan
    engine: Engine
    progress: Progress | None = None

    def run(self, files: Iterable[Found]) -> Outcome:
        """Files are those that ``find_files`` found. A run that was stopped goes on where it was."""
        plan, shards = self.plan, range(self.plan.shards)
        paths: list[list[tuple[str, int, int]]] = [[] for _ in shards]
        for found in files:
            number = xxhash.xxh3_64_intdigest(found.path.encode(errors="surrogateescape")) % plan.shards
            paths[number].append((found.path, found.size, found.mtime_ns))
        earlier = {int(name.partition("/")[2][:5]): name for name in plan.folder.list("describe")}
        looks = self._do(LookJob(s, tuple(sorted(paths[s]))) for s in shards)
        streams = self._do(StreamsJob(s, looks) for s in shards)
        videos = self._do(DescribeJob(s, looks, streams, (earlier[s],) if s in earlier else ()) for s in shards)
        (reference,) = self._do([RefitJob(videos)])
        matches = self._match(videos, reference, streams)
        return Outcome(looks, videos, reference, matches, self._group(videos, matches))

    def failures(self, outcome: Outcome) -> list[Failure]:
        """Files that could not be used, in order of their paths."""
        folder = self.plan.folder
        rows = read_rows(folder, map(failures_of, outcome.videos), 0)
        rows += read_rows(folder, outcome.looks, 2 * self.plan.shards)
        found = (Failure(**{**row, "kind": FailureKind(row["kind"])}) for row in rows)
        return sorted(found, key=lambda failure: failure.path)

    def _match(self, videos: tuple[str, ...], reference: str, streams: tuple[str, ...]) -> tuple[str, ...]:
        shards = range(len(videos))
        blocks = [tuple(shards[at : at + QUERIES]) for at in range(0, len(shards), QUERIES)]
        votes: list[tuple[str, ...]] = []
        aligned: list[tuple[str, ...]] = []
        rounds = [Round(1)]
        while True:
            now = rounds[-1]
            searches = self._do(SearchJob(s, videos, reference, block, now) for s in shards for block in blocks)
            by_block = [searches[place :: len(blocks)] for place in range(len(blocks))]
            votes.append(
                self._do(
                    VoteJob(q, videos[q], reference, by_block[q // QUERIES], streams, now, len(videos)) for q in shards
                )
            )
            before = aligned[:]
            aligned.append(
                self._do(AlignJob(s, videos, reference, votes[-1], tuple(one[s] for one in before)) for s in shards)
            )
            every = tuple(name for one in aligned for name in one)
            settled = self._do(
                SettleJob(q, tuple(one[q] for one in votes), every, tuple(rounds), len(videos)) for q in shards
            )
            if not read_rows(self.plan.folder, settled, len(videos)):
                return self._do(KeepJob(s, settled) for s in shards)
            rounds.append(Round(now.width * WIDER, settled))

    def _group(self, videos: tuple[str, ...], kept: tuple[str, ...]) -> tuple[str, ...]:
        count, shards = len(videos), range(len(videos))
        edges, quiet = self._do(EdgesJob(s, kept[s], count) for s in shards), 0
        for number in range(PASSES):
            edges = self._do(LinkJob(s, edges, number % 2 == 1, count) for s in shards)
            quiet = 0 if changed(self.plan.folder, edges, count) else quiet + 1
            if quiet == 2:  # neither kind of pass changes anything
                break
        assigned = self._do(AssignJob(s, videos[s], kept[s], edges, count) for s in shards)
        return self._do(GroupJob(s, assigned) for s in shards)

    def _do(self, jobs: Iterable[Job]) -> tuple[str, ...]:
        """Has jobs of one step done, those that are not yet; the names of their files, in order."""
        wanted: Sequence[Job] = list(jobs)
        there = set(self.plan.folder.list(wanted[0].step)) if wanted else set()
        left = [job for job in wanted if job.output not in there]
        meter = Meter(self.progress, f"shards: {wanted[0].step}", len(wanted))
        meter.advance(len(wanted) - len(left))
        for _ in self.engine.map(self.plan, left):
            meter.advance()
        return tuple(job.output for job in wanted)
