"""The pictures that a video shows at given moments, in any order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from twinreel.errors import BadFile
from twinreel.media.frames import Scaler
from twinreel.media.packets import EPSILON
from twinreel.media.picking import Picked, picked_at
from twinreel.media.source import open_video
from twinreel.types import Float64, UInt8

BACKWARDS = 48
"""Pictures that are held at a time where a video is read backwards."""
MISSING = 0.5
"""Seconds before a wanted moment at which a video may end; the last picture then stays."""


def shown_at(path: str, times: Float64, size: tuple[int, int]) -> Iterator[UInt8]:
    """A picture, upright, ``size`` = (height, width), for each moment (n,): the one on show then.

    Moments that go back cost a new look into the file, those that repeat nothing. Raises MediaError; BadFile also
    where the video breaks off before the last moment.
    """
    scaler = Scaler(size)
    for run in _runs(times):
        if run[-1] >= run[0]:
            yield from _ascending(path, run, scaler)
        else:
            yield from reversed(list(_ascending(path, run[::-1], scaler)))


def _runs(times: Float64) -> Iterator[Float64]:
    """Stretches that do not change their direction; descending ones in pieces of bounded length."""
    start = 0
    while start < len(times):
        ahead = np.sign(np.diff(times[start:]))
        turns = np.flatnonzero(ahead < 0)
        if not len(turns) or turns[0] > 0:
            stop = start + (int(turns[0]) + 1 if len(turns) else len(ahead) + 1)
        else:
            ends = np.flatnonzero(ahead >= 0)
            stop = min(start + (int(ends[0]) if len(ends) else len(ahead)) + 1, start + BACKWARDS)
        yield times[start:stop]
        start = stop


def _ascending(path: str, times: Float64, scaler: Scaler) -> Iterator[UInt8]:
    # with the moment that has to be there where the last one is not any more
    wanted = np.unique(np.append(times, max(0.0, times[-1] - MISSING)))
    with open_video(path) as source:
        # not one more than wanted is asked for: to find that there is none, the file would be read to its end
        picks = islice(picked_at(source, wanted.tolist()), len(wanted))
        now: Picked | None = None
        image: UInt8 | None = None
        following = next(picks, None)
        for time in times:
            while following is not None and (now is None or following.time <= time + EPSILON):
                now, image, following = following, scaler(following.frame), next(picks, None)
            if now is None or image is None or time - now.time > MISSING + EPSILON:
                raise BadFile(f"it ends, or breaks off, before {time:.1f} s")
            yield image
