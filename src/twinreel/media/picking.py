"""Which frames of an open video are picked, and no more decoded for them than need be.

A *lazy* decoder holds packets back until it is certain that a frame is wanted, and drops a group of pictures'
remaining packets when none is. For ``auto`` it also skips frames that no other frame refers to, where frames are shown
for so short a time that a neighbour does as well: it takes the frame nearest to the time wanted, and records that
frame's own time. A gap may then exceed the step by the distance of the frames that are left. And it skips the loop
filter of what is not a keyframe: a frame of a few hundred pixels a side shows nothing of the blocks that the filter
would have smoothed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

import av
from av.stream import Discard

from twinreel.media.packets import (
    EPSILON,
    Clock,
    Decoder,
    Group,
    can_jump,
    groups,
    groups_from,
    has_timestamps,
    keyframes,
)
from twinreel.media.source import Source
from twinreel.types import Span

MOST_REPEATS = 600
"""Times that one frame on show stands for at most: a wrong timestamp can claim that it lasts a day."""
EVERYTHING: tuple[Span, ...] = ((0.0, math.inf),)
SHORT = 0.25
"""Share of the step up to which every frame of a group has to be shown for a neighbour to do as well."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A chosen frame and the time it stands for."""

    time: float
    frame: av.VideoFrame


class _Screen:
    """What is on show as the packets of a video go through its decoder."""

    def __init__(
        self,
        source: Source,
        packets: Clock,
        *,
        loop_filter: bool = True,
        decoded: Callable[[av.VideoFrame], None] | None = None,
    ) -> None:
        """packets: the clock of the groups that will be shown; decoded: told of every frame decoded on the way."""
        self._decoder = Decoder(source.stream, loop_filter=loop_filter)
        self._clock = Clock(source.stream, packets)
        self._decoded = decoded
        self._before: Picked | None = None
        self._waiting: deque[float] = deque()

    def show(self, group: Group, wanted: Sequence[float], *, lazy: bool = False) -> Iterator[Picked]:
        """The frames on show at the wanted times, ascending, within a group; decoded no further than needed.

        What is on show is the last frame that began by then. ``lazy``: frames that no other refers to are skipped, so
        what counts is the nearest frame, and its own time.
        """
        self._waiting.extend(wanted)
        self._decoder.skip_unreferenced(lazy)
        for packet in chain(group.packets, group.after, [None] if group.closed else []):
            if group.closed and not self._waiting:
                break
            for frame in self._decoder.feed(packet):
                if self._decoded is not None:
                    self._decoded(frame)
                now = Picked(self._clock.seconds(frame.pts), frame)
                yield from self._passed(now, lazy)
                self._before = now
        if group.closed:
            if self._before is not None:
                yield from (self._before if lazy else Picked(time, self._before.frame) for time in self._waiting)
            self._waiting.clear()
            self._before = None
            self._decoder.restart()

    def _passed(self, now: Picked, lazy: bool) -> Iterator[Picked]:
        """Answers to all times that wait up to where the next frame, ``now``, begins."""
        while self._waiting and now.time >= self._waiting[0] - EPSILON:
            time = self._waiting.popleft()
            before = self._before
            if before is None or now.time <= time + EPSILON:
                yield now
            elif lazy:
                yield min(before, now, key=lambda picked: abs(picked.time - time))
            else:
                yield Picked(max(time, before.time), before.frame)


def _wanted(group: Group, taken: float, step: float, *, dense: bool) -> list[float]:
    """The times to show of one group, ``taken`` being the last one before it."""
    wanted = []
    # A keyframe that is near the one before can be left out, unless what comes after it would be too far.
    after = min(math.ceil(group.start / step - EPSILON) * step, group.stop)
    needless = group.start - taken < step / 2 - EPSILON and after - taken <= step + EPSILON
    if taken == -math.inf or not (dense or needless):
        taken = group.start
        wanted.append(taken)
    for since, until in pairwise([group.start, *group.times, group.stop]):
        until = min(until, since + MOST_REPEATS * step) - EPSILON
        while dense or group.stop - taken > step + EPSILON:
            following = max(math.floor(taken / step + EPSILON) + 1, math.ceil(since / step - EPSILON), 0) * step
            if following > until:
                break
            taken = following
            wanted.append(taken)
    if not dense and group.closed and not group.final and len(wanted) > 1 and wanted[-1] > group.stop - step:
        # as early as the step to the next keyframe allows: what comes after need not be decoded
        wanted[-1] = group.stop - step
    return wanted


def _lazily(source: Source, step: float, *, dense: bool, spans: Sequence[Span] = EVERYTHING) -> Iterator[Picked]:
    """Dense and auto: group by group, each decoded no further than needed, and not at all where nothing is wanted."""
    clock, may_skip = Clock(source.stream), not dense and has_timestamps(source)
    # What cannot be jumped in is read once, from its beginning.
    for within in [(span,) for span in spans] if can_jump(source) else [spans]:
        screen, taken = _Screen(source, clock, loop_filter=dense), -math.inf
        for group in groups_from(source, clock, within[0][0]):
            if group.start > within[-1][1]:
                break
            wanted = _wanted(group, taken, step, dense=dense)
            lazy = may_skip and all(b - a <= SHORT * step for a, b in pairwise([*group.times, group.stop]))
            shown = [time for time in wanted if any(start <= time <= stop for start, stop in within)]
            yield from screen.show(group, shown, lazy=lazy)
            taken = max([taken, *wanted[-1:]])


def _keyframes(source: Source, step: float) -> Iterator[Picked]:
    """Keyframes at least half a step apart (in an intra-only video every frame is one); the first frame shown where
    there is not one."""
    decoder, found = Decoder(source.stream), False
    for time, packet in keyframes(source, Clock(source.stream), step / 2):
        if (frame := decoder.alone(packet)) is not None:
            yield Picked(time, frame)
            found = True
    if not found:
        source.stream.discard = Discard.default
        source.container.seek(source.stream.start_time or 0, stream=source.stream)
        yield from islice(_lazily(source, step, dense=True), 1)


def _ascending(picks: Iterator[Picked]) -> Iterator[Picked]:
    """Without those that are shown before 0 or not after the one before: timestamps may be wrong, or say the same."""
    last = -math.inf
    for picked in picks:
        time = max(0.0, picked.time)
        if time > last + EPSILON:
            yield Picked(time, picked.frame)
            last = time


def picked_frames(source: Source, mode: str, step: float, spans: Sequence[Span] = EVERYTHING) -> Iterator[Picked]:
    """The frames that a mode of sampling, keyframes, dense or auto, chooses of an open video, in order of time.

    spans: seconds, ascending, outside of which dense and auto take no frames.
    """
    if mode == "keyframes":
        return _ascending(_keyframes(source, step))
    if mode not in ("dense", "auto"):
        raise ValueError(f"{mode} is chosen among frames of another sampling; keyframes, dense or auto is expected")
    return _ascending(_lazily(source, step, dense=mode == "dense", spans=spans))


def picked_at(
    source: Source, times: Sequence[float], *, decoded: Callable[[av.VideoFrame], None] | None = None
) -> Iterator[Picked]:
    """The frames shown at the given seconds, ascending; those after the end are left out.

    decoded: told of every frame that was decoded on the way.
    """

    def shown() -> Iterator[Picked]:
        clock, waiting = Clock(source.stream), deque(times)
        screen = _Screen(source, clock, decoded=decoded)
        for group in groups(source, clock):
            wanted = []
            while waiting and waiting[0] < group.stop - EPSILON:
                wanted.append(max(waiting.popleft(), group.start))
            yield from screen.show(group, wanted)

    return _ascending(shown())
