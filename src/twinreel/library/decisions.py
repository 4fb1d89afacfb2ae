"""What a person decided about videos, as a file; and what was removed once and has come back."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from twinreel.clean.model import LINKS, Action
from twinreel.errors import UserError
from twinreel.library.opened import AnyPath, Opened
from twinreel.match.calibration import SURE_SCORE
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import Decision, DecisionKind, Identity
from twinreel.store.writing import written
from twinreel.types import Match, Relation, State, Video

_WORDS = "not-a-match, keep, delete, ignore"


@dataclass(frozen=True, slots=True)
class Returned:
    """A video that was removed once, and is there again."""

    video: Video
    removed: Decision
    """When, and what was kept in its place."""
    how: str
    """In what it is the same as what was removed: ``file``, ``stream`` or ``footage``."""


def write_decisions(decisions: Iterable[Decision], path: Path) -> int:
    """A JSON object a line; how many. The file is whole or untouched. UserError where it cannot be written."""
    lines = [json.dumps({**dataclasses.asdict(one), "kind": one.kind.value}) + "\n" for one in decisions]
    with written(path) as unfinished:
        unfinished.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def read_decisions(path: Path) -> list[Decision]:
    """What ``write_decisions`` wrote. UserError names the line that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the decisions {path}: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(_decision(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            words = "write one with `twinreel decisions export`"
            raise UserError(f"{path}, line {number}, is no decision ({error}): {words}") from error
    return found


def _decision(values: Mapping[str, Any]) -> Decision:
    a, b = (None if values[one] is None else Identity(**values[one]) for one in ("a", "b"))
    if a is None:
        raise ValueError("it is about nothing")
    return Decision(DecisionKind(values["kind"]), a, b, str(values["note"]), float(values["decided_at"]))


def subjects(kind: DecisionKind, contents: Sequence[str]) -> list[tuple[str, str | None]]:
    """What decisions a list of contents comes to: each of them, or each pair of them. UserError for too few."""
    if kind is DecisionKind.DELETED:
        raise UserError(f"that something was removed is remembered by `twinreel apply`; {_WORDS} can be decided")
    if kind is not DecisionKind.NOT_A_MATCH:
        return [(content, None) for content in contents]
    if len(set(contents)) < 2:
        raise UserError("'not a match' is about two and more videos that differ in their bytes; give all of them")
    return list(combinations(sorted(set(contents)), 2))


def kind_named(name: str) -> DecisionKind:
    """UserError for a name that is none; hyphens stand for blanks."""
    try:
        return DecisionKind(name.replace("-", " "))
    except ValueError:
        raise UserError(f"there is no decision {name!r}; {_WORDS} can be decided") from None


def record_removed(catalogue: Catalogue, done: Iterable[Action]) -> None:
    """Remembers what is not in the library any more."""
    for action in done:
        content, kept = action.file.content, {file.content for file in action.kept}
        if action.deed in LINKS or content in kept or catalogue.videos.get(content) is None:
            continue
        catalogue.videos.set_digests(content, file=action.file.digest)
        instead = next(iter(kept)) if len(kept) == 1 else None
        catalogue.decisions.record(DecisionKind.DELETED, content, instead, note=action.file.path)


def revoke_removed(catalogue: Catalogue, restored: Iterable[Action]) -> None:
    """Takes that back."""
    contents = {action.file.content for action in restored}
    for decision in catalogue.decisions.all():
        if decision.kind is DecisionKind.DELETED and decision.a.content in contents:
            catalogue.decisions.revoke(decision.kind, decision.a.content, decision.b.content if decision.b else None)


def returned(catalogue: Catalogue, matches: Iterable[Match]) -> list[Returned]:
    """The present videos that were removed before, by path; matches: also those with videos that are gone.

    Another copy of what was removed counts where it came later; those that were kept then are no news.
    """
    first_seen = catalogue.videos.first_seen()
    removed = [one for one in catalogue.decisions.all() if one.kind is DecisionKind.DELETED]
    if not removed:
        return []
    videos = {video.content: video for video in catalogue.videos.all() if video.state is State.PRESENT}
    by_name: dict[tuple[str, str | None], Decision] = {("file", one.a.content): one for one in removed}
    by_name |= {("digest", one.a.file_digest): one for one in removed if one.a.file_digest}
    by_name |= {("stream", one.a.stream_digest): one for one in removed if one.a.stream_digest}
    found: dict[str, Returned] = {}

    def later(video: Video, decision: Decision) -> bool:
        return first_seen.get(video.content, 0.0) > decision.decided_at

    for video in videos.values():
        same = by_name.get(("file", video.content)) or by_name.get(("digest", video.file_digest))
        if same is not None:
            found[video.content] = Returned(video, same, "file")
        elif (stream := by_name.get(("stream", video.stream_digest))) and later(video, stream):
            found[video.content] = Returned(video, stream, "stream")
    for match in matches:
        for own, other in ((match.a, match.b), (match.b, match.a)):
            decision = by_name.get(("file", other))
            copies = match.relation in (Relation.REMUX, Relation.DUPLICATE) and match.score >= SURE_SCORE
            if decision and copies and own in videos and own not in found and later(videos[own], decision):
                found[own] = Returned(videos[own], decision, "footage")
    return sorted(found.values(), key=lambda one: one.video.path)


class Deciding(Opened):
    """What a person decides."""

    def decide(self, kind: DecisionKind | str, *videos: AnyPath, note: str = "") -> int:
        """Remembers a decision about videos of the library, by their bytes, wherever they lie; how many it comes to.

        kind: ``not a match`` (of each pair of them), ``keep``, ``delete`` (where others show all of it, however good),
        or ``ignore``, which takes ids of shared content. videos: paths or content ids. NotFound, UserError.
        """
        pairs = self._subjects(kind, videos)
        with self._catalogue.transaction():
            for a, b in pairs:
                self._catalogue.decisions.record(kind_named(kind), a, b, note=note)
        return len(pairs)

    def revoke(self, kind: DecisionKind | str, *videos: AnyPath) -> int:
        """Takes decisions back; how many there were. Arguments and errors as of ``decide``."""
        with self._catalogue.transaction():
            return sum(
                self._catalogue.decisions.revoke(kind_named(kind), a, b) for a, b in self._subjects(kind, videos)
            )

    def decisions(self) -> list[Decision]:
        """Everything that was decided, in order."""
        return self._catalogue.decisions.all()

    def export_decisions(self, file: AnyPath) -> int:
        """Writes all decisions, one a line, as JSON; how many."""
        return write_decisions(self.decisions(), Path(file))

    def import_decisions(self, file: AnyPath) -> int:
        """Takes over the decisions of such a file; how many were new. Of the same one the later note stays."""
        found = read_decisions(Path(file))
        with self._catalogue.transaction():
            return sum([self._catalogue.decisions.merge(one) for one in found])

    def returned(self) -> list[Returned]:
        """The videos that were removed once and are there again, and other copies of such that came since; by path."""
        return returned(self._catalogue, self._reported.kept(SURE_SCORE, gone=True))

    def _subjects(self, kind: DecisionKind | str, videos: Iterable[AnyPath]) -> list[tuple[str, str | None]]:
        names, chosen = [os.fspath(video) for video in videos], kind_named(kind)
        shared = chosen is DecisionKind.IGNORE
        return subjects(chosen, names if shared else [self._content(name) for name in names])
