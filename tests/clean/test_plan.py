"""Which files a plan removes in favour of which, where frames show less than there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from twinreel.clean.plan import Proposal, propose
from twinreel.clean.rules import Rules
from twinreel.clean.sight import MatchesOnly
from twinreel.clean.survey import survey
from twinreel.types import Match, Span, Video

from .made import Made


@dataclass
class Given(MatchesOnly):
    """Sees of a file in another, by name, what it is given to see."""

    shown: Mapping[tuple[str, str], tuple[Span, ...]]

    def seen(self, video: Video, others: Sequence[tuple[Video, Match]]) -> Sequence[tuple[Span, ...]]:
        return [self.shown.get((Path(video.path).stem, Path(other.path).stem), ()) for other, _ in others]


def proposed(root: Path, shown: Mapping[tuple[str, str], tuple[Span, ...]]) -> Proposal:
    made = Made(root)
    for height, name in enumerate(("small", "middle", "large"), 1):
        made.file(f"{name}.mp4", (0, 0, 10), height=240 * height)
    videos = made.videos()
    files = survey({path: video.content for video in videos for path in video.paths})
    return propose(videos, made.matches(), Rules(), files, eyes=Given(shown))


def removed(proposal: Proposal) -> dict[str, list[str]]:
    return {Path(one.file.path).stem: [Path(file.path).stem for file in one.kept] for one in proposal.actions}


def test_a_file_that_others_were_removed_for_may_go_where_another_shows_it(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {("small", "middle"): ((0.0, 9.8),), ("middle", "large"): ((0.0, 9.8),)})
    assert removed(proposal) == {"middle": ["large"], "small": ["large"]}
    assert "by way of" in proposal.actions[1].reason


@pytest.mark.parametrize("gap", [0.3, 0.5])
def test_what_two_steps_may_lose_together_counts(tmp_path: Path, gap: float) -> None:
    spans = ((gap, 10.0),)
    assert removed(proposed(tmp_path, {("small", "middle"): spans, ("middle", "large"): spans})) == {
        "small": ["middle"]
    }
