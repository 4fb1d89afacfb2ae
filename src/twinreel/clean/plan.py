"""From matches to what is not needed: which files go, in favour of which, and why. Changes nothing.

Videos are looked at the worst first. One may go if files that stay, each of them at least as good by the rules, show
all of it between them; those files must then stay themselves, unless others show all of them in turn, and what is not
shown, of both together, still counts for nothing. So whatever a plan removes is shown by files that it does not remove.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from math import fsum

from twinreel.clean.coverage import Cover, Verdict, least, length, seen, verdict
from twinreel.clean.criteria import Contender, within
from twinreel.clean.model import LINKS, Action, Deed, File, Remark
from twinreel.clean.rules import Rules
from twinreel.clean.sight import Eyes, MatchesOnly
from twinreel.types import Match, Relation, Video

WORTH_A_REMARK = 0.5
"""Share of a video that has to exist elsewhere for a plan to say why it stays."""

LONGER = 2.0
"""Seconds that a video has beyond what another has in common with it, to be the one that the other was cut from."""


@dataclass(frozen=True, slots=True)
class _Removal:
    """A video that may go."""

    covers: tuple[str, ...]
    """Content ids of those that show it: they stay."""
    loss: float
    """Seconds that exist nowhere else, which is accepted."""
    gap: float
    """Seconds of the longest stretch of it that none of them shows, at most."""
    through: tuple[str, ...] = ()
    """Those that showed it, and may go as well, for others show them."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The decisions of a plan, before digests and places in a quarantine are added."""

    actions: tuple[Action, ...]
    remarks: tuple[Remark, ...]


def propose(
    videos: Iterable[Video],
    matches: Iterable[Match],
    rules: Rules,
    files: Mapping[str, File],
    *,
    deed: Deed = Deed.QUARANTINE,
    kept: frozenset[str] = frozenset(),
    unwanted: frozenset[str] = frozenset(),
    only: tuple[str, ...] = (),
    eyes: Eyes | None = None,
) -> Proposal:
    """What to do with the files of a library.

    videos, matches: of the library, footage that many videos share counted like any other.
    files: those that are there, by path; a video without one among them takes no part.
    deed: what is done to files that are not needed; those that need identical bytes leave copies to be reported.
    kept: content ids that a person decided to keep; unwanted: to delete, where others show all of it, however good.
    only: folders and files, where given the only ones that something is done to.
    The result does not depend on the order of videos and matches.
    """
    there = {video.content: replace(video, paths=paths) for video in videos if (paths := _paths(video, files))}
    return _Planner(there, list(matches), rules, files, deed, kept, unwanted, only, eyes or MatchesOnly()).propose()


def _paths(video: Video, files: Mapping[str, File]) -> tuple[str, ...]:
    return tuple(sorted(path for path in video.paths if path in files and files[path].size == video.size))


class _Planner:
    def __init__(
        self,
        videos: Mapping[str, Video],
        matches: Sequence[Match],
        rules: Rules,
        files: Mapping[str, File],
        deed: Deed,
        kept: frozenset[str],
        unwanted: frozenset[str],
        only: tuple[str, ...],
        eyes: Eyes,
    ) -> None:
        self._videos, self._rules, self._files, self._deed = videos, rules, files, deed
        self._kept, self._unwanted, self._only, self._eyes = kept, unwanted, only, eyes
        self._matches: dict[str, list[tuple[str, Match]]] = defaultdict(list)
        for match in sorted(matches, key=lambda m: (m.a, m.b)):
            if match.a in videos and match.b in videos and match.a != match.b:
                self._matches[match.a].append((match.b, match))
                self._matches[match.b].append((match.a, match))
        self._best = {content: self._best_file(video) for content, video in videos.items()}
        pictures = eyes.pictures([videos[content] for content in sorted(self._matches)])
        self._contenders = {
            content: Contender(
                videos[content],
                file.path,
                file.mtime_ns,
                pictures.get(content),
                nearness=fsum(match.score for _, match in self._matches.get(content, ())),
            )
            for content, file in self._best.items()
        }
        self._actions: list[Action] = []
        self._remarks: list[Remark] = []

    def propose(self) -> Proposal:
        removed: dict[str, _Removal] = {}
        for content in self._worst_first():
            found, reason = self._needless(content, removed)
            if found is None:
                continue
            video = self._videos[content]
            # A share is asked for as well: a loss that is accepted must not take what hardly matches.
            redundant = found.covers and found.share >= WORTH_A_REMARK and found.loss <= self._rules.accept_loss
            covers = tuple(cover.content for cover in found.covers)
            needing = {name: one for name, one in removed.items() if content in one.covers}
            if reason is None and redundant and all(self._shown(name, needing[name], found) for name in needing):
                removed[content] = _Removal(covers, found.loss, found.gap)
                for name, one in needing.items():
                    others = tuple(dict.fromkeys((*(cover for cover in one.covers if cover != content), *covers)))
                    removed[name] = _Removal(others, one.loss, one.gap + found.gap, (*one.through, content))
            elif needing:
                continue
            elif found.share >= WORTH_A_REMARK:
                self._remark(video, found, reason)
        for content, removal in removed.items():
            self._remove(self._videos[content], removal)
        for content in sorted(self._videos.keys() - removed.keys()):
            self._identical(self._videos[content])
        ordered = sorted(self._actions, key=lambda action: action.file.path)
        numbered = tuple(replace(action, number=n) for n, action in enumerate(ordered, 1))
        return Proposal(_freed(numbered), tuple(sorted(self._remarks, key=lambda remark: remark.path)))

    def _shown(self, content: str, removal: _Removal, found: Verdict) -> bool:
        """Is a video still shown, when of what shows it one is only known by what shows that?"""
        return found.loss == 0 and removal.gap + found.gap <= least(self._videos[content].probe.duration)

    def _touchable(self, file: File) -> bool:
        chosen = not self._only or any(within(file.path, place) for place in self._only)
        return chosen and self._rules.touchable(file.real)

    def _best_file(self, video: Video) -> File:
        """Of identical files the one that stays: an untouchable one, then by the rules, then the first by name."""
        referred = [path for path in video.paths if self._rules.referred(self._files[path].real)]

        def order(a: str, b: str) -> int:
            first, second = (
                Contender(video, self._files[path].real, self._files[path].mtime_ns, None) for path in (a, b)
            )
            return -self._rules.compare(first, second)[0]

        paths = sorted(referred or video.paths)
        paths = sorted(paths, key=cmp_to_key(order))
        return self._files[min(paths, key=lambda path: self._touchable(self._files[path]))]

    def _worst_first(self) -> list[str]:
        def order(a: str, b: str) -> int:
            return self._rules.compare(self._contenders[a], self._contenders[b])[0]

        ordered = sorted(sorted(self._matches), key=cmp_to_key(order))
        return sorted(ordered, key=lambda content: content not in self._unwanted)

    def _needless(self, content: str, removed: Container[str]) -> tuple[Verdict | None, str | None]:
        """How others that are as good cover a video, and what keeps it all the same; no verdict where none does, or
        where a file of it is not to be touched."""
        video = self._videos[content]
        if not all(self._touchable(self._files[path]) for path in video.paths):
            return None, None
        offered: list[tuple[Contender, Cover]] = []
        refused: list[tuple[Cover, str]] = []
        better = [
            (other, match)
            for other, match in self._matches[content]
            if other not in removed
            and self._rules.referred(self._best[other].real)
            and self._replaces(other, content, match)[0]
        ]
        shown = self._eyes.seen(video, [(self._videos[other], match) for other, match in better])
        for (other, _), spans in zip(better, shown, strict=True):
            if not spans:
                continue
            cover, lacking = Cover(other, spans), self._lacking(content, other)
            if lacking:
                refused.append((cover, f"{self._best[other].path} has no {', '.join(lacking)}"))
            else:
                offered.append((self._contenders[other], cover))
        if not offered and not refused:
            return None, None
        offered.sort(key=lambda pair: pair[1].content)
        offered.sort(key=cmp_to_key(self._better))
        found = verdict(video.probe.duration, [cover for _, cover in offered])
        if content in self._kept:
            return found, "it was decided to keep it"
        if video.probe.duration <= 0:
            return found, "its duration is unknown"
        if found.loss > self._rules.accept_loss and refused:
            everything = verdict(video.probe.duration, [*found.covers, *(cover for cover, _ in refused)])
            if everything.loss <= self._rules.accept_loss:
                return everything, next(why for cover, why in refused if cover in everything.covers)
        return found, None

    def _better(self, a: tuple[Contender, Cover], b: tuple[Contender, Cover]) -> int:
        return -self._rules.compare(a[0], b[0])[0]

    def _replaces(self, other: str, content: str, match: Match) -> tuple[bool, str]:
        """Is another video as good as a video, over the footage that they have in common; and why?"""
        if content in self._unwanted and other not in self._unwanted:
            return True, "it was decided to delete this one"
        durations = self._videos[content].probe.duration, self._videos[other].probe.duration
        own, others = seen(match, content, *durations), seen(match, other, *reversed(durations))
        kept = self._contenders[other].over(others)
        # In one piece: what goes on between two pieces may have been put there.
        longer = len(others) == 1 and durations[1] - length(others) >= LONGER
        return self._rules.replaces(kept, self._contenders[content].over(own), longer=longer)

    def _lacking(self, content: str, other: str) -> tuple[str, ...]:
        """Languages of a video that another does not have."""
        return self._rules.missing_languages(self._videos[content].probe, self._videos[other].probe)

    def _remove(self, video: Video, removal: _Removal) -> None:
        kept = tuple(self._best[cover] for cover in removal.covers)
        paths = ", ".join(file.path for file in kept)
        loss = f" but {removal.loss:.1f} s, which is accepted," if removal.loss else ""
        relation = "covered"
        if removal.through:
            others = ", ".join(self._best[other].path for other in removal.through)
            reason = f"all of it{loss} is in {paths}, by way of {others}: as good or better, and not needed either"
        elif len(kept) == 1:
            (other,) = removal.covers
            match = next(match for content, match in self._matches[video.content] if content == other)
            relation, words = match.relation.value, self._replaces(other, video.content, match)[1]
            reason = f"all of it{loss} is in {paths}: {words}"
        else:
            reason = f"all of it{loss} is in {len(kept)} files that are as good or better: {paths}"
        for number, path in enumerate(video.paths):
            deed = Deed.REPORT if self._deed in LINKS else self._deed
            self._act(deed, self._files[path], kept, relation, reason, lost=0.0 if number else removal.loss)

    def _identical(self, video: Video) -> None:
        """All files with the same bytes but one, and the other names of that one, are not needed."""
        best = self._best[video.content]
        if not self._rules.referred(best.real) or video.content in self._kept:
            return
        for path in video.paths:
            file = self._files[path]
            if _inode(file) != _inode(best) and self._touchable(file):
                reason = f"the same bytes as {best.path}"
                self._act(self._deed, file, (best,), Relation.IDENTICAL.value, reason)

    def _act(
        self, deed: Deed, file: File, kept: tuple[File, ...], relation: str, reason: str, lost: float = 0.0
    ) -> None:
        self._actions.append(Action(0, deed, file, kept, relation, reason, 0, lost))

    def _remark(self, video: Video, found: Verdict, why: str | None) -> None:
        if why is None:
            why = f"{found.loss:.1f} s of it exist nowhere else"
        kept = tuple(self._best[cover.content].path for cover in found.covers)
        self._remarks.append(Remark(self._best[video.content].path, kept, found.share, found.unique, why))


def _freed(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions with what they free: the last of all names of a file frees its bytes, and no other does."""
    names = Counter(_inode(action.file) for action in actions)
    seen: Counter[tuple[int, int] | str] = Counter()
    counted = []
    for action in actions:
        key = _inode(action.file)
        seen[key] += 1
        last = seen[key] == names[key] >= action.file.links
        counted.append(replace(action, freed=action.file.size if last else 0))
    return tuple(counted)


def _inode(file: File) -> tuple[int, int] | str:
    """What names of one file have in common; a file system without inodes has no such names."""
    return (file.device, file.inode) if file.inode else file.path
