"""What a library says of its stored matches: of which videos, without what a person denied, shared content weighed."""

from __future__ import annotations

from collections.abc import Iterable

from twinreel.engine.searching import seen_from
from twinreel.library.files import there
from twinreel.match.calibration import MIN_SCORE
from twinreel.match.shared import Spans, shared_content, shared_spans, weighed, with_shown_by
from twinreel.match.verify import rescored
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import DecisionKind
from twinreel.types import Match, SharedContent, Video


class Reported:
    """The matches of a catalogue as they are reported. Nothing is remembered: every call reads what is stored."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def videos(self) -> dict[str, Video]:
        """Those that are present or offline, by content id, hard links counted once."""
        return there(self._catalogue.videos.all(), self._catalogue.paths.load())

    def matches(self, least: float, content: str | None = None) -> list[Match]:
        """Those with a score of ``least`` and more, in order of a and b; ``content``: only those of this video."""
        found = self.kept(least, content)
        strong = found if content is None and least <= MIN_SCORE else self.kept(MIN_SCORE)
        durations = self._durations()
        shared = shared_spans(shared_content(strong, durations), durations)
        weighed_ones = (weighed(match, shared, durations, least) for match in found)
        return sorted(weighed_ones, key=lambda match: (match.a, match.b))

    def shared_content(self) -> list[SharedContent]:
        """What follows from the matches that are reported by default; in most videos first."""
        return shared_content(self.kept(MIN_SCORE), self._durations())

    def weightless(self) -> Spans:
        """The seconds of each video that carry no weight."""
        return shared_spans(self.shared_content(), self._durations())

    def of_clip(
        self, content: str, duration: float, matches: Iterable[Match], shared: Spans, least: float
    ) -> list[Match]:
        """Matches of a clip, which becomes the a of each, in which shared content carries no weight; best score first.

        ``duration``: the clip's seconds; ``shared``: what carries no weight (``weightless``).
        """
        found = list(matches)
        durations = {**self._durations(), content: duration}
        shared = with_shown_by(content, found, shared, duration)
        seen = [seen_from(weighed(match, shared, durations, least), content) for match in found]
        return sorted(seen, key=lambda match: -match.score)

    def kept(self, least: float, content: str | None = None, *, gone: bool = False) -> list[Match]:
        """The matches as they are stored, and as a verifier saw them, of videos that are there and pairs that nobody
        denied; ``gone``: also of videos that are not there any more."""
        basis = self._catalogue.matches.current()
        if basis is None:
            return []
        denied = self._denied()
        videos = self._catalogue.videos.numbers().keys() if gone else self._catalogue.videos.not_gone()
        verification = self._catalogue.meta.get("verification")
        seen = self._catalogue.verified.all(verification) if verification else {}
        found = self._catalogue.matches.all(basis, min_score=0.0 if seen else least, video=content)
        scored = (rescored(match, seen.get(_pair(match))) for match in found)
        return [
            match
            for match in scored
            if match.score >= least and match.a in videos and match.b in videos and _pair(match) not in denied
        ]

    def _denied(self) -> set[tuple[str, str]]:
        """Pairs that a person decided to be no match, each in order."""
        return {
            (decision.a.content, decision.b.content)
            for decision in self._catalogue.decisions.all()
            if decision.kind is DecisionKind.NOT_A_MATCH and decision.b is not None
        }

    def _durations(self) -> dict[str, float]:
        """Seconds of every video, by content id."""
        return self._catalogue.videos.durations()


def _pair(match: Match) -> tuple[str, str]:
    return min(match.a, match.b), max(match.a, match.b)
