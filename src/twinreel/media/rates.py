"""Frames by number, and frames at a constant rate, as other programs take them: for hashes that others are compared to.

Unlike a sampling, these decode every frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from twinreel.media.frames import Scaler
from twinreel.media.packets import Clock, Decoder, packets
from twinreel.media.source import Source
from twinreel.types import UInt8

MOST_REPEATS = 600.0
"""Seconds that one frame stands for at most: a wrong timestamp can claim that it lasts a day."""


def frame_rate(source: Source) -> float:
    """Frames a second: on average, or where the container does not say, as its timestamps fit; 25 where it says
    neither."""
    return float(source.stream.average_rate or source.stream.base_rate or 25)


def every_nth(source: Source, n: int) -> Iterator[tuple[int, UInt8] | None]:
    """Frames 0, n, 2n, ... with their numbers, as they are stored: not turned, nothing cut off, (h, w, 3) RGB.

    None for each frame between them: a sign that it goes on.
    """
    reformatter, (width, height) = VideoReformatter(), (source.stream.width, source.stream.height)
    for number, frame in enumerate(_decoded(source)):
        if number % n:
            yield None
        else:
            # of this size already, unless the video changes it midway
            image = reformatter.reformat(
                frame, width=width, height=height, format="rgb24", interpolation="AREA", threads=1
            )
            yield number, image.to_ndarray().astype(np.uint8, copy=False)


def at_constant_rate(source: Source, fps: int, size: tuple[int, int]) -> Iterator[tuple[int, UInt8] | None]:
    """Frames as the ``ffmpeg`` program gives them at ``fps`` a second and ``size`` = (height, width), upright.

    Each with how often it comes; None for each that is left out. Scaling is bicubic, as the program's is.
    """
    clock, scaler = Clock(source.stream), Scaler(size, interpolation="BICUBIC")
    rhythm = Rhythm(fps, float(source.stream.guessed_rate or 0) or frame_rate(source))
    before: UInt8 | None = None
    for frame in _decoded(source):
        seconds = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
        again, times = rhythm.beat(clock.seconds(frame.pts), seconds)
        if again and before is not None:
            yield again, before
        before = scaler(frame)
        yield (times, before) if times else None
    if before is not None and (again := rhythm.rest()):
        yield again, before


class Rhythm:
    """How often each frame of a video is shown at a constant rate, as ffmpeg 4 decides it (``-r`` before an output,
    with its default of a constant rate).

    A frame is left out once the output is more than 1.1 frames ahead of it, and repeated where it is as much behind.
    So at half the video's rate the first four frames all come, and every other one of the rest.
    """

    SLACK = 1.1
    """Frames of the output."""

    def __init__(self, fps: float, source_fps: float) -> None:
        """fps: wanted. source_fps: of the video, by which a frame is measured that does not say how long it lasts."""
        self._fps, self._usual = fps, min(1.0, fps / source_fps)
        self._due = 0
        self._gaps = deque([0, 0, 0], 3)

    def beat(self, time: float, duration: float) -> tuple[int, int]:
        """(how often the frame before comes again, how often this one comes) for one shown at ``time`` for
        ``duration`` seconds, 0 where that is not known."""
        late = time * self._fps - self._due
        ends = late + (round(duration * self._fps) or self._usual)
        times, again = 1, 0
        if ends < -self.SLACK:
            times = 0
        elif ends > self.SLACK:
            times = round(min(ends, MOST_REPEATS * self._fps))
            again = min(round(late - 0.6), times) if late > self.SLACK else 0
        self._due += times
        self._gaps.append(again)
        return again, times - again

    def rest(self) -> int:
        """How often the last frame comes again at the end: as often as was usual lately, by the median of three."""
        return sorted(self._gaps)[1]


def _decoded(source: Source) -> Iterator[av.VideoFrame]:
    decoder = Decoder(source.stream)
    for packet in chain(packets(source), [None]):
        yield from decoder.feed(packet)
