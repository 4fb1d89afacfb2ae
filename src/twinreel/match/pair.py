"""One pair of videos: alignment, evidence, score, relation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from twinreel.describe.layout import mirrored
from twinreel.match.alignment import (
    ALIGNERS,
    Box,
    DbscanSettings,
    DpSettings,
    DtwSettings,
    HdbscanSettings,
    HoughSettings,
    NetworkSettings,
    Settings,
)
from twinreel.match.backwards import as_played, reversed_times, runs_backwards
from twinreel.match.calibration import DEFAULT, MIN_SCORE, Calibration, in_crowd
from twinreel.match.evidence import Evidence, evidence
from twinreel.match.prepared import Prepared, similarity
from twinreel.match.relation import nearly_all, relation, turned_segments
from twinreel.types import MIDDLE, Float32, Match, Relation, Segment

__all__ = [
    "MIN_SCORE",
    "SETTINGS",
    "Aligned",
    "align_map",
    "align_parts",
    "best_first",
    "crosses",
    "match_pair",
    "segment",
]

# Lenient: whether a stretch is a copy is for the score to say. A single matching frame is a stretch, which is what
# clips under two seconds and still images consist of; the score then rests on likeness alone and is low unless that
# is near perfect.
_MIN_SIMILARITY = 0.1
_HOPELESS = 0.2
"""Where not even one frame of two videos is as alike as this, no stretch can reach a score to speak of; most of what
the candidate search proposes is of that kind."""
_HOPELESS_MIDDLE = 0.3
"""The same for the middle of a picture, of which there are fewer frames."""
_SHARE = 0.5
"""A stretch consists of frames with at least this share of the likeness that the pair's best frames have. Where a copy
is close, what is merely alike is then no part of it; where all likeness is faint, faint likeness will do."""
_BEST = 3
"""The likeness of the third best frame is taken, as one or two may be chance."""
_LIMITS: dict[str, Any] = {
    "min_evidence": 0.02,
    "min_length": 0.0,
    "min_matches": 1,
    "min_speed": 0.47,  # 0.5 to 2 with a margin for where samples fall
    "max_speed": 2.1,
}
_SETTINGS: dict[str, Settings] = {
    "network": NetworkSettings(**_LIMITS),
    "hough": HoughSettings(**_LIMITS),
    "dtw": DtwSettings(**_LIMITS),
    "dp": DpSettings(**_LIMITS),
    "dbscan": DbscanSettings(**_LIMITS),
    "hdbscan": HdbscanSettings(**_LIMITS),
}
BESIDE = 0.5
"""A further segment of a pair is kept where its score is at least this share of the best one's."""
CROSSED = 0.25
"""A stretch that lies in a better one's box by more than this share on both axes is a way through the same footage at
another speed: it is dropped. Repeated and reordered footage overlaps on one axis at most."""
SETTINGS = "31"
"""Changes whenever the same two fingerprints would give another match; kept with stored matches."""


class Aligned:
    """An aligned stretch with what speaks for it."""

    __slots__ = ("backwards", "box", "evidence", "mirrored", "score")

    def __init__(self, box: Box, found: Evidence, score: float, *, mirrored: bool, backwards: bool) -> None:
        self.box, self.evidence, self.score = box, found, score
        self.mirrored, self.backwards = mirrored, backwards


def align_map(
    a: Prepared,
    b: Prepared,
    frames: Float32,
    *,
    aligner: str = "network",
    calibration: Calibration = DEFAULT,
    **changes: Any,
) -> list[Aligned]:
    """Every aligned stretch of one part of a video with one part of another, the best score first.

    ``frames`` (n, m): the similarity of all frames of a to all of b; ``changes`` of the aligner's settings.
    """
    if not _hopeful(frames, a.middle or b.middle):
        return []
    settings = replace(_SETTINGS[aligner], min_similarity=_limit(frames), **changes)
    ends = {"duration_a": min(a.end, a.duration), "duration_b": min(b.end, b.duration)}
    boxes = [(box, False) for box in ALIGNERS[aligner](frames, a.times, b.times, settings, **ends)]
    if runs_backwards(frames):
        times = reversed_times(a.times, a.duration)
        ends["duration_a"] = a.duration - a.begin
        found_so = ALIGNERS[aligner](frames[::-1], times, b.times, settings, **ends)
        boxes += [(as_played(box, len(a), a.duration), True) for box in found_so]
    found = []
    for box, backwards in boxes:
        rows, columns = box.path.T
        turned = mirrored(a.layout[rows], b.layout[columns])
        says = evidence(a, b, frames, box, mirrored=turned)
        found.append(Aligned(box, says, calibration.score(says), mirrored=turned, backwards=backwards))
    return sorted(found, key=best_first)


def _hopeful(frames: Float32, middle: bool) -> bool:
    """Is the similarity of any frame enough; ``middle``: whether it is one of the middle of a picture."""
    return bool(frames.size) and float(frames.max()) >= (_HOPELESS_MIDDLE if middle else _HOPELESS)


def _limit(frames: Float32) -> float:
    """Similarity from which a cell of the map (n, m) speaks for a copy; the same for the map turned."""
    best = [np.sort(frames.max(axis=axis))[::-1] for axis in (0, 1)]
    return max(_MIN_SIMILARITY, _SHARE * min(float(values[min(_BEST, len(values)) - 1]) for values in best))


def best_first(one: Aligned) -> tuple[float, float, float]:
    """The order of stretches of one pair."""
    return (-one.score, one.box.a_start, one.box.b_start)


def crosses(box: Box, better: Box) -> bool:
    """Do both lie on the same seconds of both videos for a good part of either?"""
    width = min(box.a_stop, better.a_stop) - max(box.a_start, better.a_start)
    height = min(box.b_stop, better.b_stop) - max(box.b_start, better.b_start)
    least_width = min(box.a_stop - box.a_start, better.a_stop - better.a_start)
    least_height = min(box.b_stop - box.b_start, better.b_stop - better.b_start)
    return width > CROSSED * least_width and height > CROSSED * least_height


def align_parts(
    ways: Iterable[tuple[Prepared, Prepared]], *, aligner: str = "network", calibration: Calibration = DEFAULT
) -> list[Aligned]:
    """Every aligned stretch of each part of a video with each part of another, the best score first.

    ``ways``: the two videos, once or, where a describer can tell mirrored frames, in each way that they may be seen.
    The middles of both say nothing that the whole pictures do not.
    """
    found = []
    for a, b in ways:
        if not len(a) or not len(b):
            continue
        likeness = similarity(a, b)  # of all parts at once: most of them have nothing in common
        for rows, columns in product(a.spans(), b.spans()):
            middles = int(a.parts[rows.start] == MIDDLE) + int(b.parts[columns.start] == MIDDLE)
            frames = likeness[rows, columns]
            if middles < 2 and _hopeful(frames, middles > 0):
                one, other = a.part(rows), b.part(columns)
                found += align_map(one, other, frames, aligner=aligner, calibration=calibration)
    return sorted(found, key=best_first)


def match_pair(
    a: Prepared,
    b: Prepared,
    mirrored_a: Float32 | None = None,
    *,
    aligner: str = "network",
    calibration: Calibration = DEFAULT,
) -> Match | None:
    """The match of two videos, or None where no stretch of them aligns.

    ``mirrored_a``: vectors (n, d) of a mirrored, in the space of the background, where the describer can tell them;
    where both ways round say something of the same footage, the better is taken; likewise of the pictures within the
    picture, each of which is aligned by itself. The score is the best segment's, in the crowd of their library. Which
    of the two is a makes no difference.
    """
    ways = [(a, b)] if mirrored_a is None else [(a, b), (replace(a, vectors=mirrored_a), b)]
    if b.content < a.content:  # an aligner may take another path when its arguments change places
        a, b, ways = b, a, [(y, x) for x, y in ways]
    found = align_parts(ways, aligner=aligner, calibration=calibration)
    kept: list[Aligned] = []
    for one in found:
        if one.score >= BESIDE * found[0].score and not any(crosses(one.box, other.box) for other in kept):
            kept.append(one)
    if not kept:
        return None
    best = in_crowd(kept[0].score, a.crowd)
    segments = tuple(sorted((segment(one, a.crowd) for one in kept), key=lambda s: (s.a_start, s.b_start)))
    what, coverage_a, coverage_b = relation(segments, a.duration, b.duration)
    if what is Relation.CONTAINS and nearly_all(coverage_a, a.duration):
        a, b, coverage_a, coverage_b, segments = b, a, coverage_b, coverage_a, turned_segments(segments)
    return Match(a.content, b.content, what, best, coverage_a, coverage_b, segments)


def segment(one: Aligned, crowd: float = 1.0) -> Segment:
    """An aligned stretch as it is reported; crowd: of the library, none where a video is compared with itself."""
    box, score = one.box, in_crowd(one.score, crowd)
    return Segment(box.a_start, box.a_stop, box.b_start, box.b_stop, score, one.mirrored, one.backwards)
