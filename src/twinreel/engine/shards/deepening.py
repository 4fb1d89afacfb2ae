"""The cascade in shards: common, want, deepen, and matching once more, until no more is wanted (``match.cascade``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from twinreel.engine.deepening import second_look
from twinreel.engine.describing import Described, described
from twinreel.engine.shards.folder import Folder, Row, name_of, read_rows, scattered, shard_of, write_rows
from twinreel.engine.shards.job import Setting
from twinreel.engine.shards.keeping import read_matches
from twinreel.engine.shards.making import (
    damage_row,
    read_damages,
    read_entries,
    read_reference,
    reading_pool,
    write_entries,
)
from twinreel.engine.state import Recipe
from twinreel.match.cascade import Spans, Stretch, added, affordable, by_depth, merged, stretches, union
from twinreel.store.entries import Entry
from twinreel.store.videos import probe_from_json, probe_to_json
from twinreel.types import Failure, FailureKind, Fingerprint

DEEPER, _DEPTHS, UNREAD, DAMAGED = range(4)
"""Groups of a file of ``deepen``."""


@dataclass(frozen=True, slots=True)
class CommonJob:
    """What the matches of a shard say to be worth a second look. Groups: by shard of the video."""

    shard: int
    kept: str
    reference: str
    new: bool
    """Was nothing looked into yet?"""
    shards: int
    step: ClassVar[str] = "common"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.kept, self.reference, self.new))

    def run(self, setting: Setting) -> None:
        crowd = read_reference(setting.folder, self.reference).crowd
        found = stretches(read_matches(setting.folder, (self.kept,)), lambda _: self.new, crowd)
        rows = ((shard_of(one.content, self.shards), one._asdict()) for one in found)
        write_rows(setting.folder, self.output, scattered(rows, self.shards))


@dataclass(frozen=True, slots=True)
class WantJob:
    """What is to be looked into of the videos of a shard, at each depth.

    Groups: what it costs; and for each depth, by shard, of which videos: those with the same stream are told as well.
    """

    shard: int
    videos: str
    streams: tuple[str, ...]
    common: tuple[str, ...]
    known: tuple[str, ...]
    """What ``deepen`` made of the shard before; none: nothing was looked into yet."""
    shards: int
    step: ClassVar[str] = "want"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.videos, self.streams, self.common, self.known))

    def run(self, setting: Setting) -> None:
        folder = setting.folder
        rows = read_rows(folder, self.common, self.shard)
        common = [Stretch(row["content"], row["score"], _span(row["span"])) for row in rows]
        known = read_depths(folder, self.known)
        only = {one.content for one in common} if self.known else None
        found = (entry for entry in read_entries(folder, self.videos, only) if entry.fingerprint is not None)
        files = {entry.content: (entry.places[0].path, entry.probe) for entry in found}
        durations = {content: probe.duration for content, (_, probe) in files.items()}
        depths = by_depth(common, known, durations, setting.plan.sampling.step)
        costs = {"new": sum(durations.values()), "added": [added(now, known) for now in depths]}
        same = {row["content"]: row["same"] for row in read_rows(folder, self.streams, self.shard)}
        told: list[tuple[int, Row]] = [(0, costs)]
        for depth, now in enumerate(depths):
            for content, spans in now.items():
                path, probe = files[content]
                row = {"of": content, "spans": spans, "path": path, "probe": probe_to_json(probe)}
                for other in same.get(content, [content]):
                    told.append((1 + depth * self.shards + shard_of(other, self.shards), row | {"content": other}))
        write_rows(folder, self.output, scattered(told, 1 + len(depths) * self.shards))


def depth_of(folder: Folder, wants: Iterable[str]) -> int:
    """The number of the depth that all shards go to."""
    costs = read_rows(folder, wants, 0)
    seconds = [sum(column) for column in zip(*(row["added"] for row in costs), strict=True)]
    return affordable(seconds, sum(row["new"] for row in costs))


@dataclass(frozen=True, slots=True)
class DeepenJob:
    """Takes more frames of the videos of a shard.

    Groups: the videos that have other fingerprints now; what was looked into of each; the videos whose files could not
    be read, though they may be sound; and failures, those of the rounds before among them. Beside it lies a file of
    entries (``deeper``), where there are such fingerprints. Videos with one stream are looked into together, and all of
    them from the file of the first.
    """

    shard: int
    videos: str
    wants: tuple[str, ...]
    depth: int
    known: tuple[str, ...]
    shards: int
    earlier: tuple[str, ...] = ()
    """What this step made of the shard when fewer paths were known: what it looked into is not read again."""
    step: ClassVar[str] = "deepen"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.videos, self.wants, self.depth, self.known))

    def run(self, setting: Setting) -> None:
        folder, recipe = setting.folder, Recipe(setting.describer, setting.plan.sampling)
        wants = self._wants(folder)
        spans = {
            content: union(_span(span) for row in rows for span in row["spans"]) for content, rows in wants.items()
        }
        there = dict(self._there(folder, spans))
        paths = {content: rows[0]["path"] for content, rows in wants.items() if content not in there}
        looks = {
            path: second_look(path, probe_from_json(wants[content][0]["probe"]), spans[content], recipe)
            for content, path in paths.items()
        }
        made: dict[str, Described] = {}
        if looks:
            with reading_pool(setting) as pool:
                made = {one.task.path: one for one in described(pool, setting.describer, looks.values())}
        entries, deeper = list[Entry](), set[str]()
        for entry in read_entries(folder, self.videos) if spans else ():
            content, fingerprint = entry.content, entry.fingerprint
            if content in there:
                fingerprint = there[content]
            elif fingerprint is not None and content in paths and made[paths[content]].failed is None:
                new = made[paths[content]].gathering.fingerprint(recipe)
                fingerprint = merged(fingerprint, new, spans[content])
            if fingerprint is not entry.fingerprint:
                deeper.add(content)
            entries.append(replace(entry, fingerprint=fingerprint))
        if deeper:
            write_entries(folder, deeper_of(self.output), entries)
        known = read_depths(folder, self.known) | spans
        unread = (read_contents(folder, self.known, UNREAD) - spans.keys()) | {
            content for content, path in paths.items() if _in_vain(made[path])
        }
        depths = [{"content": content, "spans": known[content]} for content in sorted(known)]
        damaged = {
            row["content"]: row | {"path": wants[row["content"]][0]["path"]}
            for row in read_damages(folder, self.earlier, DAMAGED)
            if row["content"] in there
        }
        damaged |= {
            row["content"]: row for row in read_damages(folder, self.known, DAMAGED) if row["content"] not in spans
        }
        for content, path in paths.items():
            error = made[path].error
            if error is not None:
                damage = Failure(path, FailureKind.DAMAGED, made[path].task.stage, error.reason)
                damaged[content] = damage_row(content, damage)
        write_rows(folder, self.output, [_contents(deeper), depths, _contents(unread), list(damaged.values())])

    def _wants(self, folder: Folder) -> dict[str, list[Row]]:
        """What is wanted of the videos of the shard that lack something, of those with the same stream together."""
        found: dict[str, list[Row]] = {}
        for row in read_rows(folder, self.wants, 1 + self.depth * self.shards + self.shard):
            found.setdefault(row["content"], []).append(row)
        return {
            content: sorted(rows, key=lambda row: row["of"])
            for content, rows in sorted(found.items())
            if any(row["of"] == content for row in rows)
        }

    def _there(self, folder: Folder, spans: dict[str, Spans]) -> Iterator[tuple[str, Fingerprint]]:
        """Fingerprints of those videos of which just these spans were looked into before."""
        for name in self.earlier if spans else ():
            held = read_depths(folder, (name,))
            deeper = read_contents(folder, (name,), DEEPER)
            only = {content for content in deeper if spans.get(content) == held[content]}
            for entry in read_entries(folder, deeper_of(name), only) if only else ():
                if entry.fingerprint is not None:
                    yield entry.content, entry.fingerprint


def deeper_of(deepened: str) -> str:
    """The name of the file of entries beside a file of ``deepen``."""
    return deepened.replace("deepen/", "deeper/")


def read_contents(folder: Folder, deepened: Iterable[str], group: int) -> set[str]:
    """The videos of the group ``DEEPER`` or ``UNREAD`` of files of ``deepen``."""
    return {row["content"] for row in read_rows(folder, deepened, group)}


def read_depths(folder: Folder, deepened: Iterable[str]) -> dict[str, Spans]:
    """What was looked into of each video, up to these files of ``deepen``."""
    return {row["content"]: tuple(map(_span, row["spans"])) for row in read_rows(folder, deepened, _DEPTHS)}


def _contents(contents: Iterable[str]) -> list[Row]:
    return [{"content": content} for content in sorted(contents)]


def _in_vain(made: Described) -> bool:
    return made.failed is not None and made.failed.kind is not FailureKind.BAD_FILE


def _span(pair: list[float]) -> tuple[float, float]:
    start, stop = pair
    return start, stop
