"""Which of the matches that were found are kept: settle, keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import ClassVar

from twinreel.engine.matching import dropped_of, ordered, reported
from twinreel.engine.shards.folder import Folder, Row, name_of, read_rows, scattered, shard_of, write_rows
from twinreel.engine.shards.job import Setting
from twinreel.engine.shards.pairing import Round
from twinreel.types import Match, Relation, Segment


def match_from(row: Row) -> Match:
    """The inverse of ``asdict``."""
    segments = tuple(Segment(**segment) for segment in row["segments"])
    return Match(**{**row, "relation": Relation(row["relation"]), "segments": segments})


@dataclass(frozen=True, slots=True)
class SettleJob:
    """What each search keeps, all rounds together. Groups: searches that go on, as more was found than they had looked
    for, and kept pairs by shard of the lower id."""

    shard: int
    votes: tuple[str, ...]
    """Of the shard, one a round."""
    aligned: tuple[str, ...]
    rounds: tuple[Round, ...]
    shards: int
    step: ClassVar[str] = "settle"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.votes, self.aligned))

    def run(self, setting: Setting) -> None:
        folder, limits, last = setting.folder, setting.plan.limits, self.rounds[-1]
        results: dict[tuple[str, str], Match | None] = {}
        for row in read_rows(folder, self.aligned, self.shard):
            results[row["a"], row["b"]] = None if row["match"] is None else match_from(row["match"])
        searches: dict[str, dict[str, Match | None]] = {}
        for group in range(self.shards):
            for row in read_rows(folder, self.votes, group):
                query, other = row["query"], row["other"]
                searches.setdefault(query, {})[other] = results.get(ordered(query, other))
        searched = last.queries(folder, self.shard)
        rows: list[tuple[int, Row]] = []
        for content, found in sorted(searches.items()):
            dropped = dropped_of(found, limits.kept)
            for other in sorted(found.keys() - dropped):
                match = found[other]
                if match is not None:
                    a, b = ordered(content, other)
                    rows.append((1 + shard_of(a, self.shards), {"a": a, "b": b, "match": asdict(match)}))
            goes_on = reported(found) >= last.width * limits.neighbours / 2
            if goes_on and (searched is None or content in searched):
                rows.append((0, {"content": content}))
        write_rows(folder, self.output, scattered(rows, self.shards + 1))


@dataclass(frozen=True, slots=True)
class KeepJob:
    """The matches whose lower id is in one shard: what either search keeps. One group."""

    shard: int
    settled: tuple[str, ...]
    round: Round
    """The first one."""
    before: tuple[str, ...] = ()
    """What this step made of the shard before: what it holds of videos that were not searched for again stays."""
    step: ClassVar[str] = "keep"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.settled, self.before))

    def run(self, setting: Setting) -> None:
        rows = {(row["a"], row["b"]): row for row in read_rows(setting.folder, self.settled, 1 + self.shard)}
        rows |= {(row["a"], row["b"]): row for row in self._left(setting.folder)}
        write_rows(setting.folder, self.output, [[row for _, row in sorted(rows.items(), key=lambda item: item[0])]])

    def _left(self, folder: Folder) -> Iterator[Row]:
        shards = len(self.settled)
        own = self.round.queries(folder, self.shard) or set()
        by_other: dict[int, list[Row]] = {}
        for row in read_rows(folder, self.before, 0):
            if row["a"] not in own:
                by_other.setdefault(shard_of(row["b"], shards), []).append(row)
        for other, rows in by_other.items():
            again = self.round.queries(folder, other) or set()
            yield from (row for row in rows if row["b"] not in again)


def read_matches(folder: Folder, kept: Iterable[str]) -> Iterator[Match]:
    """The matches of ``keep``, a file in memory at a time."""
    for name in kept:
        yield from (match_from(row["match"]) for row in read_rows(folder, (name,), 0))
