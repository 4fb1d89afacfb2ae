"""What a library reports, arranged for presenting: groups with their files, and the matches between groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twinreel.cli.shapes.library import GroupShape, MemberShape
from twinreel.store.exports import path_to_text
from twinreel.types import Group, Match, Relation, State, Video

if TYPE_CHECKING:
    from twinreel.library import Library


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group."""

    path: str
    video: Video
    relation: Relation | None
    """To the representative; None for itself, and where there is none but by way of others."""
    score: float


@dataclass(frozen=True, slots=True)
class View:
    """A library's report at one score."""

    videos: dict[str, Video]
    """By content id."""
    groups: list[Group]
    matches: list[Match]

    @property
    def between(self) -> dict[tuple[str, str], Match]:
        """Matches by their two content ids, in order."""
        return {_pair(match.a, match.b): match for match in self.matches}


def view(library: Library, min_score: float | None, method: str = "star", min_samples: int = 2) -> View:
    videos = {video.content: video for video in library.videos()}
    found = library.groups(min_score, method=method, min_samples=min_samples)
    return View(videos, found, library.matches(min_score))


def members(group: Group, videos: Mapping[str, Video], between: Mapping[tuple[str, str], Match]) -> list[Member]:
    """The files of a group, the representative first."""
    best = videos[group.representative]
    first, *others = _files(best)
    found = [Member(first, best, None, 1.0)]
    found += [Member(path, best, Relation.IDENTICAL, 1.0) for path in others]
    for content in group.members[1:]:
        match = between.get(_pair(best.content, content))
        seen = (match.relation, match.score) if match else (None, 0.0)
        found += [Member(path, videos[content], *seen) for path in _files(videos[content])]
    return found


def across(found: Sequence[Match], groups: Sequence[Group]) -> tuple[list[Match], int]:
    """The matches that a person has to see beside the groups, and how many more say the same of duplicates.

    What holds for a video holds for its duplicates too: of all matches between two groups, the one between their
    representatives, or the best where these do not match, speaks for all.
    """
    group_of = {content: group.representative for group in groups for content in group.members}
    speaking: dict[tuple[str, str], Match] = {}
    more = 0
    for match in found:
        homes = group_of.get(match.a, match.a), group_of.get(match.b, match.b)
        if homes[0] == homes[1]:
            continue
        key = _pair(*homes)
        rival = speaking.get(key)
        more += rival is not None
        if rival is None or _weight(match, key) > _weight(rival, key):
            speaking[key] = match
    return list(speaking.values()), more


def group_shapes(seen: View) -> list[GroupShape]:
    between, shapes = seen.between, []
    for group in seen.groups:
        files = [_member_shape(member) for member in members(group, seen.videos, between)]
        shapes.append(GroupShape(representative=files[0]["path"], reason=group.reason, members=files))
    return shapes


def _member_shape(member: Member) -> MemberShape:
    probe = member.video.probe
    return MemberShape(
        path=path_to_text(member.path),
        content=member.video.content,
        relation=member.relation.value if member.relation else None,
        score=member.score,
        size=member.video.size,
        duration=probe.duration,
        width=probe.width,
        height=probe.height,
    )


def _pair(a: str, b: str) -> tuple[str, str]:
    return min(a, b), max(a, b)


def _weight(match: Match, homes: tuple[str, str]) -> tuple[bool, float]:
    return _pair(match.a, match.b) == homes, match.score


def _files(video: Video) -> list[str]:
    """Its paths, of hard links to one file the first."""
    if video.state is not State.PRESENT or len(video.paths) == 1:
        return list(video.paths)
    files: dict[tuple[int, int] | str, str] = {}
    for path in video.paths:
        files.setdefault(_file(path), path)
    return list(files.values())


def _file(path: str) -> tuple[int, int] | str:
    try:
        found = Path(path).stat()
    except OSError:
        return path
    return (found.st_dev, found.st_ino) if found.st_ino else path
