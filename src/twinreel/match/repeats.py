"""Footage that one video shows more than once: a loop, a replayed goal, an advert.

A video is aligned with itself, as two videos are, on a similarity map of which only what may be a repeat is left:

*   the half where b is later than a, by ``LAG`` seconds at least: the other half is the same mirrored, and on the
    diagonal everything is like itself;
*   cells whose scene was gone in between: some frame between the two is at most ``LEFT`` times as similar to them as
    they are to one another. So one long shot, a still one above all, leaves nothing, whatever is like itself in it.

What is aligned is scored as a stretch of two videos is, but that score alone does not do. It was calibrated to pairs
that a search proposed, of which few show one scene at two moments; within a video, which cuts back to one camera again
and again, most do. And where nothing moves no score can tell the two apart. So a repeat also has to move, and the same
way both times: it needs ``AGREEMENT``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from twinreel.match.calibration import DEFAULT, MIN_SCORE, Calibration
from twinreel.match.pair import Aligned, align_map, best_first, crosses, segment
from twinreel.match.prepared import Prepared, similarity
from twinreel.types import Float32, Segment

LAG = 2.0
"""Seconds from a moment to its repeat, at least."""
LEFT = 0.5
"""Half-way from the scene to unrelated frames."""
AGREEMENT = 0.25
"""Agreement over time (``match.evidence``) of a repeat at least: about 1 in a copy, 0 where nothing moves or where it
moves another way. Of 34 clips that were interrupted by another one, 30 reached the operating point with what they
show before and after, and one this as well; of 34 clips that were shown twice, 34 and 28, the others being nearly
still."""
_LIMITS: dict[str, Any] = {"max_boxes": 100, "max_step": 2.0}
"""Cuts back to one camera are stretches, too, and must not displace repeats. Two repeats at one distance are not one:
frames lie so close that none is missing where a repeat goes on."""


def repeats(
    video: Prepared,
    mirrored: Float32 | None = None,
    *,
    aligner: str = "network",
    calibration: Calibration = DEFAULT,
) -> list[Segment]:
    """Where a is seen again as b, later in the same video, in order of a.

    ``mirrored``: the video's vectors (n, d) mirrored, where the describer can tell them; then what is seen again in a
    mirror is found, too. A loop is one segment: all rounds but the last are seen again, one round later.
    """
    ways = [video] if mirrored is None else [video, replace(video, vectors=mirrored)]
    video, *ways = (way.split()[0] for way in (video, *ways))
    found = []
    for way in ways:
        frames = _returns(similarity(way, video), video)
        found += align_map(way, video, frames, aligner=aligner, calibration=calibration, **_LIMITS)
    kept: list[Aligned] = []
    for one in sorted(found, key=best_first):
        repeated = one.score >= MIN_SCORE and one.evidence.agreement >= AGREEMENT
        if repeated and not any(crosses(one.box, other.box) for other in kept):
            kept.append(one)
    return sorted(map(segment, kept), key=lambda s: (s.a_start, s.b_start))


def _returns(frames: Float32, video: Prepared) -> Float32:
    """The similarity (n, n) of all frames of a video to all of it, 0 where b is not a return to a."""
    later = np.triu(np.ones(frames.shape, bool)) & (video.weights > 0)[:, None] & (video.weights > 0)
    likeness = np.where(later, frames, np.float32(np.inf))
    # The least similarity to a of what comes up to b, and to b of what comes from a on.
    from_a = np.minimum.accumulate(likeness, axis=1)
    to_b = np.minimum.accumulate(likeness[::-1], axis=0)[::-1]
    lags = video.times[None, :] - video.times[:, None]
    returns = (lags >= LAG) & (np.maximum(from_a, to_b) <= LEFT * frames)
    return np.where(returns, frames, np.float32(0))
