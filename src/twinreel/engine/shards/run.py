"""A run from files to groups: which jobs each step consists of. The work is done wherever the engine does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import xxhash

from twinreel.engine.matching import WIDER
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.shards.deepening import (
    DAMAGED,
    DEEPER,
    CommonJob,
    DeepenJob,
    WantJob,
    deeper_of,
    depth_of,
    read_contents,
)
from twinreel.engine.shards.folder import read_rows
from twinreel.engine.shards.grouping import AssignJob, EdgesJob, GroupJob, LinkJob, changed
from twinreel.engine.shards.job import Engine, Job, Plan
from twinreel.engine.shards.keeping import KeepJob, SettleJob
from twinreel.engine.shards.making import DescribeJob, LookJob, RefitJob, StreamsJob, failures_of
from twinreel.engine.shards.pairing import AlignJob, Round, SearchJob, VoteJob
from twinreel.media.walk import Found
from twinreel.types import Failure, FailureKind

QUERIES = 16
"""Shards of queries that one search looks up."""
OUTCOME = "outcome.json"
"""The ``Outcome`` of the last run in a folder, for those who read its files."""
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
    described: tuple[str, ...]
    """Of the first look at each video; its last, ``videos``, is another in a cascade."""
    depths: tuple[str, ...] = ()
    """In a cascade: what was looked into."""


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
        earlier = self._earlier("describe")
        looks = self._do(LookJob(s, tuple(sorted(paths[s]))) for s in shards)
        streams = self._do(StreamsJob(s, looks) for s in shards)
        described = videos = self._do(DescribeJob(s, looks, streams, earlier[s][-1:]) for s in shards)
        (reference,) = self._do([RefitJob(videos)])
        matches, depths = self._match(videos, reference, streams), tuple[str, ...]()
        if plan.sampling.mode == "cascade":
            videos, matches, depths = self._deepen(videos, reference, streams, matches)
        outcome = Outcome(looks, videos, reference, matches, self._group(videos, matches), described, depths)
        plan.folder.write(OUTCOME, json.dumps(asdict(outcome), indent=1).encode())
        return outcome

    def _earlier(self, step: str) -> list[tuple[str, ...]]:
        """The files of each shard that a step has made until now."""
        found: list[list[str]] = [[] for _ in range(self.plan.shards)]
        for name in self.plan.folder.list(step):
            found[int(name.partition("/")[2][:5])].append(name)
        return [tuple(names) for names in found]

    def failures(self, outcome: Outcome) -> list[Failure]:
        """Files that could not be used, in order of their paths."""
        folder = self.plan.folder
        rows = read_rows(folder, map(failures_of, outcome.described), 0)
        rows += read_rows(folder, outcome.looks, 2 * self.plan.shards)
        rows += read_rows(folder, outcome.depths, DAMAGED)
        fields = ("path", "stage", "reason")
        found = {
            row["path"]: Failure(kind=FailureKind(row["kind"]), **{name: row[name] for name in fields}) for row in rows
        }
        return [failure for _, failure in sorted(found.items())]

    def _deepen(
        self, videos: tuple[str, ...], reference: str, streams: tuple[str, ...], matches: tuple[str, ...]
    ) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Videos, matches and depths, once no more is wanted of any video."""
        folder, count, shards = self.plan.folder, len(videos), range(len(videos))
        earlier, depths = self._earlier("deepen"), tuple[str, ...]()
        while True:
            common = self._do(CommonJob(s, matches[s], reference, not depths, count) for s in shards)
            wants = self._do(WantJob(s, videos[s], streams, common, depths[s : s + 1], count) for s in shards)
            depth = depth_of(folder, wants)
            depths = self._do(
                DeepenJob(s, videos[s], wants, depth, depths[s : s + 1], count, earlier[s]) for s in shards
            )
            deeper = [s for s in shards if read_contents(folder, depths[s : s + 1], DEEPER)]
            if not deeper:
                return videos, matches, depths
            videos = tuple(deeper_of(depths[s]) if s in deeper else videos[s] for s in shards)
            matches = self._match(videos, reference, streams, depths, matches)

    def _match(
        self,
        videos: tuple[str, ...],
        reference: str,
        streams: tuple[str, ...],
        deepened: tuple[str, ...] = (),
        before: tuple[str, ...] = (),
    ) -> tuple[str, ...]:
        """Matches all videos, or, of those that have been matched before, the ones that were deepened since."""
        shards = range(len(videos))
        blocks = [tuple(shards[at : at + QUERIES]) for at in range(0, len(shards), QUERIES)]
        votes: list[tuple[str, ...]] = []
        aligned: list[tuple[str, ...]] = []
        rounds = [Round(1, deepened)]
        while True:
            now = rounds[-1]
            searches = self._do(SearchJob(s, videos, reference, block, now) for s in shards for block in blocks)
            by_block = [searches[place :: len(blocks)] for place in range(len(blocks))]
            votes.append(
                self._do(
                    VoteJob(q, videos[q], reference, by_block[q // QUERIES], streams, now, len(videos)) for q in shards
                )
            )
            aligned.append(
                self._do(AlignJob(s, videos, reference, votes[-1], tuple(one[s] for one in aligned)) for s in shards)
            )
            every = tuple(name for one in aligned for name in one)
            settled = self._do(
                SettleJob(q, tuple(one[q] for one in votes), every, tuple(rounds), len(videos)) for q in shards
            )
            if not read_rows(self.plan.folder, settled, 0):
                return self._do(KeepJob(s, settled, rounds[0], before[s : s + 1]) for s in shards)
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
