"""The middle of every few frames, as a picture of its own: nearer to a large crop than the whole frame is.

A describer sees the same scene in a frame and in a crop of it as long as most of the frame is left. Of a crop to a
third of it, the whole frame says little; but what is left lies most often near the middle, and the middle half of the
frame shares most of it. A copy's frames are compared with the original's middles, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinreel.media.bars import Crop
from twinreel.media.frames import enlarged
from twinreel.types import MIDDLE, Samples

EVERY = 3
"""Frames of which one's middle is taken: a third more to describe, and to keep."""
MOST = 64
"""Middles of one video, about: what is longer has them farther apart, and so costs hardly more."""
KEPT = Crop(0.225, 0.225, 0.225, 0.225)
"""0.55 of each side: crops to 0.45 to 0.6 of them are what whole frames miss."""


def with_middles(chunks: Iterator[Samples], duration: float) -> Iterator[Samples]:
    """The frames of a video of ``duration`` seconds, and after each chunk of whole ones the middles of some of them."""
    seen, due = 0, 0.0
    for samples in chunks:
        yield samples
        if samples.part:
            continue
        chosen = []
        for place, time in enumerate(samples.times.tolist()):
            if seen % EVERY == 0 and time >= due:
                chosen.append(place)
                due = time + duration / MOST
            seen += 1
        if chosen:
            yield Samples(np.asarray(samples.times[chosen]), enlarged(samples.images[chosen], KEPT), MIDDLE)
