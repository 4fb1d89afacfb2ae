"""From matches to groups: link, assign, group. Components are found in rounds, and grouped each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import ClassVar

from twinreel.engine.shards.folder import Folder, Row, name_of, read_rows, scattered, shard_of, write_rows
from twinreel.engine.shards.job import Setting
from twinreel.engine.shards.keeping import match_from
from twinreel.engine.shards.making import read_entries
from twinreel.group.components import large_star, small_star
from twinreel.group.groups import groups
from twinreel.match.calibration import MIN_SCORE
from twinreel.match.shared import shared_content, shared_spans, weighed
from twinreel.store.videos import probe_from_json, probe_to_json
from twinreel.types import Group, Match, State, Video


@dataclass(frozen=True, slots=True)
class EdgesJob:
    """The reported matches of a shard as edges. Groups: by shard of either end, and whether anything changed."""

    shard: int
    kept: str
    shards: int
    step: ClassVar[str] = "edges"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.kept,))

    def run(self, setting: Setting) -> None:
        rows = (row for row in read_rows(setting.folder, (self.kept,), 0) if row["match"]["score"] >= MIN_SCORE)
        edges = [(row["b"], row["a"]) for row in rows]
        write_rows(setting.folder, self.output, scattered(_both(edges, self.shards), self.shards + 1))


def _both(edges: Iterable[tuple[str, str]], shards: int) -> Iterator[tuple[int, Row]]:
    """Edges as each of their ends sees them."""
    for high, low in edges:
        yield shard_of(high, shards), {"of": high, "to": low}
        yield shard_of(low, shards), {"of": low, "to": high}


@dataclass(frozen=True, slots=True)
class LinkJob:
    """A pass over the edges of a shard's vertices (``group.components``). Groups: as ``EdgesJob``."""

    shard: int
    edges: tuple[str, ...]
    small: bool
    """Small stars, else large ones."""
    shards: int
    step: ClassVar[str] = "link"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.edges, self.small))

    def run(self, setting: Setting) -> None:
        near: dict[str, set[str]] = {}
        for row in read_rows(setting.folder, self.edges, self.shard):
            near.setdefault(row["of"], set()).add(row["to"])
        edges, before = list[tuple[str, str]](), set[tuple[str, str]]()
        for vertex, others in sorted(near.items()):
            if self.small:
                others = {other for other in others if other < vertex}
                before |= {(vertex, other) for other in others}
                edges += small_star(vertex, others)
            else:
                before |= {(other, vertex) for other in others if other > vertex}
                edges += large_star(vertex, others)
        rows = list(_both(sorted(set(edges)), self.shards))
        if set(edges) != before:
            rows.append((self.shards, {"changed": True}))
        write_rows(setting.folder, self.output, scattered(rows, self.shards + 1))


def changed(folder: Folder, links: Iterable[str], shards: int) -> bool:
    """Did a pass change an edge?"""
    return bool(read_rows(folder, links, shards))


@dataclass(frozen=True, slots=True)
class AssignJob:
    """Sends the videos and reported matches of a shard to their components. Groups: by shard of the lowest content id
    of the component."""

    shard: int
    videos: str
    kept: str
    links: tuple[str, ...]
    """Of the last pass."""
    shards: int
    step: ClassVar[str] = "assign"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, (self.videos, self.kept, self.links))

    def run(self, setting: Setting) -> None:
        links = read_rows(setting.folder, self.links, self.shard)
        label = {row["of"]: row["to"] for row in links if row["to"] < row["of"]}
        rows: list[Row] = []
        for entry in read_entries(setting.folder, self.videos):
            paths = [place.path for place in entry.places]
            video = {"content": entry.content, "size": entry.size, "probe": probe_to_json(entry.probe), "paths": paths}
            rows.append({"label": label.get(entry.content, entry.content), "video": video})
        for row in read_rows(setting.folder, (self.kept,), 0):
            if row["match"]["score"] >= MIN_SCORE:
                rows.append({"label": label.get(row["a"], row["a"]), "match": row["match"]})
        by_label = ((shard_of(row["label"], self.shards), row) for row in rows)
        write_rows(setting.folder, self.output, scattered(by_label, self.shards))


@dataclass(frozen=True, slots=True)
class GroupJob:
    """Groups the components of a shard. Two groups: the groups, and the matches as they are reported."""

    shard: int
    assigned: tuple[str, ...]
    step: ClassVar[str] = "group"

    @property
    def output(self) -> str:
        return name_of(self.step, self.shard, self.assigned)

    def run(self, setting: Setting) -> None:
        videos: dict[str, dict[str, Video]] = {}
        matches: dict[str, list[Match]] = {}
        for row in read_rows(setting.folder, self.assigned, self.shard):
            if "match" in row:
                matches.setdefault(row["label"], []).append(match_from(row["match"]))
            else:
                video = _video(row["video"])
                videos.setdefault(row["label"], {})[video.content] = video
        found, said = list[Group](), list[Match]()
        for label, members in sorted(videos.items()):
            durations = {content: video.probe.duration for content, video in members.items()}
            own = sorted(matches.get(label, []), key=lambda match: (match.a, match.b))
            shared = shared_spans(shared_content(own, durations), durations)
            seen = [weighed(match, shared, durations) for match in own]
            said += (match for match in seen if match.score >= MIN_SCORE)
            found += groups(members, seen, MIN_SCORE)
        write_rows(setting.folder, self.output, [map(asdict, found), map(asdict, said)])


def _video(row: Row) -> Video:
    paths = tuple(row["paths"])
    return Video(row["content"], paths[0], paths, State.PRESENT, row["size"], probe_from_json(row["probe"]))


def read_groups(folder: Folder, grouped: Iterable[str]) -> Iterator[Group]:
    """The groups of all components."""
    for name in grouped:
        for row in read_rows(folder, (name,), 0):
            yield Group(row["representative"], row["reason"], tuple(row["members"]))


def read_reported(folder: Folder, grouped: Iterable[str]) -> Iterator[Match]:
    """The matches as they are reported."""
    for name in grouped:
        yield from map(match_from, read_rows(folder, (name,), 1))
