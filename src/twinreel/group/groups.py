"""Groups of duplicates without daisy chains.

Star clustering: the best video that is not in a group yet becomes a representative and takes with it every video
that is not in a group yet and matches *it*. A chain A~B~C whose ends do not match therefore never becomes one group.
The result depends on the set of videos and matches only, not on their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from twinreel.group.representative import best_first, reason
from twinreel.types import Group, Match, Relation, Video

DUPLICATES = frozenset({Relation.IDENTICAL, Relation.REMUX, Relation.DUPLICATE})
"""The relations that make two videos interchangeable."""


def groups(videos: Mapping[str, Video], matches: Iterable[Match], min_score: float) -> list[Group]:
    """Groups of two and more, and videos that lie in several places; best representative first.

    ``videos`` by content id; matches with an end that is not among them are ignored, and so are those under
    ``min_score`` and those whose relation is not one of duplicates.
    """
    neighbours: dict[str, set[str]] = defaultdict(set)
    for match in matches:
        known = match.a in videos and match.b in videos and match.a != match.b
        if known and match.relation in DUPLICATES and match.score >= min_score:
            neighbours[match.a].add(match.b)
            neighbours[match.b].add(match.a)
    found: list[Group] = []
    taken: set[str] = set()
    several = [v for v in videos.values() if v.content in neighbours or len(v.paths) > 1]
    for video in best_first(several):
        if video.content in taken:
            continue
        members = best_first([videos[c] for c in neighbours[video.content] - taken])
        taken.update({video.content}, (m.content for m in members))
        if members or len(video.paths) > 1:
            why = reason(video, members) if members else "identical files"
            found.append(Group(video.content, why, (video.content, *(m.content for m in members))))
    return found
