"""Which frames stand for a video, and how to get them with the least decoding.

    keyframes   what the encoder coded on its own: by far the cheapest
    dense       the frame shown at every multiple of the step, by presentation time
    auto        keyframes, and as many more as needed so that no gap exceeds the step, the last one before the next
                keyframe as early as that allows

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
from fractions import Fraction
from itertools import chain, islice, pairwise
from time import monotonic

import av
import av.error
import numpy as np
from av.stream import Discard

from twinreel.errors import BadFile, UserError
from twinreel.media.bars import BarDetector
from twinreel.media.frames import Scaler
from twinreel.media.packets import (
    EPSILON,
    Clock,
    Decoder,
    Group,
    groups,
    has_timestamps,
    keyframes,
    last_listed,
    packets,
)
from twinreel.media.source import Source, open_video
from twinreel.types import Samples, UInt8

__all__ = [
    "CHUNK",
    "EPSILON",
    "Packets",
    "Picked",
    "Sampling",
    "every_frame",
    "listed_packets",
    "packets_of",
    "picked_at",
    "picked_frames",
    "sample",
    "sample_at",
    "sample_of",
]

MODES = ("auto", "keyframes", "dense", "shots", "anchors")
CHUNK = 24
"""Frames handed on at a time, at most."""
PATIENCE = 1.0
"""Seconds after which fewer are handed on: whoever waits sees that it goes on."""
BAR_FRAMES = 8
"""Frames that the black-bar decision rests on."""
MOST_PIXELS = 1 << 26
"""Decoded pixels held at most while the black-bar decision is open: eight frames of 4K, two of 8K."""
MOST_REPEATS = 600
"""Times that one frame on show stands for at most: a wrong timestamp can claim that it lasts a day."""
SHORT = 0.25
"""Share of the step up to which every frame of a group has to be shown for a neighbour to do as well."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How frames are chosen. ``str()`` gives the text that keys stored fingerprints, ``parse`` reads it."""

    mode: str = "auto"
    step: float = 1.0
    """Seconds between frames: at most (auto), exactly (dense), at least half of it (keyframes)."""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UserError(f"unknown sampling {self.mode!r}: use one of {', '.join(MODES)}")
        if not (0.04 <= self.step <= 3600):
            raise UserError(f"a sampling step of {self.step} s is out of range: use 0.04 to 3600 seconds")

    def __str__(self) -> str:
        return f"{self.mode}:{np.format_float_positional(self.step, trim='-')}"

    @classmethod
    def parse(cls, text: str) -> Sampling:
        """``auto``, ``dense:0.5`` ..."""
        mode, _, step = text.partition(":")
        try:
            return cls(mode, float(step) if step else 1.0)
        except ValueError:
            raise UserError(f"sampling {text!r} is not MODE or MODE:SECONDS, for example dense:0.5") from None


@dataclass(frozen=True, slots=True)
class Picked:
    """A chosen frame and the time it stands for."""

    time: float
    frame: av.VideoFrame


_FARTHEST = 1 << 62
"""No seek goes beyond, whatever a header claims: FFmpeg's timestamps have 64 bits."""


class _Screen:
    """What is on show as the packets of a video go through its decoder."""

    def __init__(
        self, source: Source, *, loop_filter: bool = True, decoded: Callable[[av.VideoFrame], None] | None = None
    ) -> None:
        """decoded: told of every frame that was decoded on the way."""
        self._decoder = Decoder(source.stream, loop_filter=loop_filter)
        self._clock = Clock(source.stream)
        self._decoded = decoded
        self._before: Picked | None = None
        self._waiting: deque[float] = deque()

    def show(self, group: Group, wanted: Sequence[float], *, lazy: bool = False) -> Iterator[Picked]:
        """The frames on show at the wanted times, ascending, within a group; decoded no further than needed.

        What is on show is the last frame that began by then. ``lazy``: frames that no other refers to are skipped, so
        what counts is the nearest frame, and its own time.
        """
        self._waiting.extend(wanted)
        if group.closed and not self._waiting:
            return
        self._decoder.skip_unreferenced(lazy)
        for packet in chain(group.packets, group.after, [None] if group.closed else []):
            for frame in self._decoder.feed(packet):
                if self._decoded is not None:
                    self._decoded(frame)
                now = Picked(self._clock.seconds(frame.pts), frame)
                yield from self._passed(now, lazy)
                self._before = now
            if group.closed and not self._waiting:
                break
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


def _wanted(group: Group, taken: float, sampling: Sampling) -> list[float]:
    """The times to show of one group, ``taken`` being the last one before it."""
    step, dense = sampling.step, sampling.mode == "dense"
    wanted = []
    if taken == -math.inf or (not dense and group.start - taken >= step / 2 - EPSILON):
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


def _lazily(source: Source, sampling: Sampling) -> Iterator[Picked]:
    """Dense and auto: group by group, each decoded no further than needed, and not at all where nothing is wanted."""
    dense = sampling.mode == "dense"
    screen, taken = _Screen(source, loop_filter=dense), -math.inf
    may_skip = not dense and has_timestamps(source)
    for group in groups(source, Clock(source.stream)):
        wanted = _wanted(group, taken, sampling)
        lazy = may_skip and all(b - a <= SHORT * sampling.step for a, b in pairwise([*group.times, group.stop]))
        yield from screen.show(group, wanted, lazy=lazy)
        taken = max([taken, *wanted[-1:]])


def _keyframes(source: Source, sampling: Sampling) -> Iterator[Picked]:
    """Keyframes at least half a step apart (in an intra-only video every frame is one); the first frame shown where
    there is not one."""
    decoder, found = Decoder(source.stream), False
    for time, packet in keyframes(source, Clock(source.stream), sampling.step / 2):
        if (frame := decoder.alone(packet)) is not None:
            yield Picked(time, frame)
            found = True
    if not found:
        source.stream.discard = Discard.default
        source.container.seek(source.stream.start_time or 0, stream=source.stream)
        yield from islice(_lazily(source, Sampling("dense", sampling.step)), 1)


def _ascending(picks: Iterator[Picked]) -> Iterator[Picked]:
    """Without those that are shown before 0 or not after the one before: timestamps may be wrong, or say the same."""
    last = -math.inf
    for picked in picks:
        time = max(0.0, picked.time)
        if time > last + EPSILON:
            yield Picked(time, picked.frame)
            last = time


def picked_frames(source: Source, sampling: Sampling) -> Iterator[Picked]:
    """The frames that ``sampling`` chooses of an open video, in order of time: keyframes, dense or auto."""
    if sampling.mode not in ("keyframes", "dense", "auto"):
        raise ValueError(f"{sampling} is chosen among frames of another sampling; keyframes, dense or auto is expected")
    return _ascending(_keyframes(source, sampling) if sampling.mode == "keyframes" else _lazily(source, sampling))


def picked_at(
    source: Source, times: Sequence[float], *, decoded: Callable[[av.VideoFrame], None] | None = None
) -> Iterator[Picked]:
    """The frames shown at the given seconds, ascending; those after the end are left out.

    decoded: told of every frame that was decoded on the way.
    """

    def shown() -> Iterator[Picked]:
        screen, waiting = _Screen(source, decoded=decoded), deque(times)
        for group in groups(source, Clock(source.stream)):
            wanted = []
            while waiting and waiting[0] < group.stop - EPSILON:
                wanted.append(max(waiting.popleft(), group.start))
            yield from screen.show(group, wanted)

    return _ascending(shown())


def _bars_everywhere(path: str, size: tuple[int, int], duration: float, detector: BarDetector) -> None:
    """Adds keyframes from all over the video to the evidence."""
    with open_video(path) as source:
        decoder, scaler = Decoder(source.stream), Scaler(size)
        base = source.stream.time_base or Fraction(1, 90_000)
        for i in range(BAR_FRAMES):
            at = int(duration * (i + 0.5) / BAR_FRAMES / base) + (source.stream.start_time or 0)
            try:
                source.container.seek(min(at, _FARTHEST), stream=source.stream)
            except av.error.MemoryError:
                raise
            except av.error.FFmpegError:
                return
            for packet in packets(source):
                if packet.is_keyframe and (frame := decoder.alone(packet)) is not None:
                    detector.add(scaler(frame))
                    break


def _with_bars_cut(picks: Iterator[Picked], source: Source, size: tuple[int, int]) -> Iterator[tuple[float, UInt8]]:
    """Scaled frames. The first few are held until they say whether there are bars; if they do, or say nothing, frames
    from all over the video have to agree, so that one letterboxed scene does not cost the others their picture."""
    detector, whole = BarDetector(), Scaler(size)
    first: list[tuple[Picked, UInt8]] = []
    held = 0
    for picked in picks:
        image = whole(picked.frame)
        detector.add(image)
        first.append((picked, image))
        held += picked.frame.width * picked.frame.height
        if detector.seen >= BAR_FRAMES or len(first) >= 2 * BAR_FRAMES or held >= MOST_PIXELS:
            break
    crop = detector.crop()
    if not detector.seen or not crop.nothing:
        _bars_everywhere(source.path, size, float(source.container.duration or 0) / av.time_base, detector)
        crop = detector.crop()
    scaler = whole if crop.nothing else Scaler(size, crop)
    for picked, image in first:
        yield picked.time, image if crop.nothing else scaler(picked.frame)
    first.clear()
    for picked in picks:
        yield picked.time, scaler(picked.frame)


def sample(path: str, sampling: Sampling, size: tuple[int, int], *, threads: int = 1) -> Iterator[Samples]:
    """Decodes the frames that ``sampling`` chooses, upright, without bars, ``size`` = (height, width), in chunks.

    Raises MediaError where not one frame can be had.
    """
    with open_video(path, threads=threads) as source:
        yield from sample_of(source, sampling, size)


def sample_of(source: Source, sampling: Sampling, size: tuple[int, int]) -> Iterator[Samples]:
    """The same of an open video."""
    return _chunks(source, picked_frames(source, sampling), size)


def sample_at(path: str, times: Sequence[float], size: tuple[int, int], *, threads: int = 1) -> Iterator[Samples]:
    """The same for the frames shown at given ``times``, seconds in ascending order."""
    with open_video(path, threads=threads) as source:
        yield from _chunks(source, picked_at(source, times), size)


def _chunks(source: Source, picks: Iterator[Picked], size: tuple[int, int]) -> Iterator[Samples]:
    times: list[float] = []
    images: list[UInt8] = []
    count, handed_on = 0, monotonic()
    for time, image in _with_bars_cut(picks, source, size):
        times.append(time)
        images.append(image)
        count += 1
        if len(times) == CHUNK or monotonic() - handed_on > PATIENCE:
            yield Samples(np.array(times), np.stack(images))
            times, images, handed_on = [], [], monotonic()
    if times:
        yield Samples(np.array(times), np.stack(images))
    if not count:
        raise BadFile("not one frame could be decoded: the file is damaged or cut short")


def every_frame(path: str, size: tuple[int, int], *, threads: int = 1) -> Iterator[tuple[float, UInt8]]:
    """All frames, (seconds, (h, w, 3) RGB upright), with their bars: for finding shots."""
    with open_video(path, threads=threads) as source:
        clock, decoder, scaler = Clock(source.stream), Decoder(source.stream), Scaler(size)
        last = -math.inf
        for packet in chain(packets(source), [None]):
            for frame in decoder.feed(packet):
                time = max(0.0, clock.seconds(frame.pts))
                if time > last:
                    yield time, scaler(frame)
                    last = time


@dataclass(frozen=True, slots=True)
class Packets:
    """How far the packets of a video go, in seconds."""

    last: float
    """Where the last of them is shown; of those read so far."""
    last_key: float
    """The same of the keyframes."""
    end: float
    """Where the last ends."""


def listed_packets(source: Source) -> Packets | None:
    """The same of an open video by the list of its container; None where that has no full one, or more than the file.

    A list has the times of decoding, which are up to a few frames early.
    """
    stream, final = source.stream, last_listed(source)
    if final is None or stream.duration is None:
        return None
    entries, clock = stream.index_entries, Clock(stream)
    keys = (entry for at in reversed(range(len(entries))) if (entry := entries[at]).is_keyframe)
    last, key = (clock.seconds(entry.timestamp) for entry in (final, next(keys, final)))
    return Packets(last, key, max(last, clock.seconds((stream.start_time or 0) + stream.duration)))


def packets_of(path: str) -> Iterator[Packets]:
    """Reads a file to its end, or to where it breaks off, and decodes nothing; the last of what comes counts."""
    with open_video(path) as source:
        clock = Clock(source.stream)
        last, last_key, end = 0.0, 0.0, 0.0
        for packet in packets(source):
            time = clock.shown(packet)
            last, end = max(last, time), max(end, time + clock.lasts(packet))
            if packet.is_keyframe:
                last_key = max(last_key, time)
            yield Packets(last, last_key, end)
