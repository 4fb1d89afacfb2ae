"""Which frames stand for a video, and how to get them with the least decoding.

    keyframes   what the encoder coded on its own: by far the cheapest
    dense       the frame shown at every multiple of the step, by presentation time
    auto        keyframes, and as many more as needed so that no gap exceeds the step

A *lazy* decoder holds packets back until it is certain that a frame is wanted, and drops a group of pictures'
remaining packets when none is. For ``auto`` it also skips frames that no other frame refers to, and the loop filter
of what is not a keyframe: a wanted frame may then be up to a few frames off its time, which is recorded as it is.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from time import monotonic

import av
import av.error
import numpy as np
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from twinreel.errors import BadFile, UserError
from twinreel.media.bars import BarDetector
from twinreel.media.frames import Scaler
from twinreel.media.source import Source, open_video
from twinreel.types import Samples, UInt8

MODES = ("auto", "keyframes", "dense", "shots", "anchors")
CHUNK = 24
"""Frames handed on at a time, at most."""
PATIENCE = 1.0
"""Seconds after which fewer are handed on: whoever waits sees that it goes on."""
BAR_FRAMES = 8
"""Frames that the black-bar decision rests on."""
LONG = 600.0
"""Seconds from which on the black-bar frames are looked up all over the video rather than at its start."""
MOST_HELD = 64 << 20
"""Bytes of packets held back at most before they are decoded anyway."""
MOST_REPEATS = 600
"""Times that one frame on show stands for at most: a wrong timestamp can claim that it lasts a day."""
EPSILON = 1e-3


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
        return f"{self.mode}:{self.step:g}"

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


class Clock:
    """Seconds since the first shown frame, for packets and frames of one stream."""

    def __init__(self, stream: VideoStream) -> None:
        self._base = stream.time_base or Fraction(1, 90_000)
        rate = stream.average_rate or stream.guessed_rate
        self.gap = 1 / float(rate) if rate else 0.04
        self._start: int | None = stream.start_time
        self._last = -self.gap

    def seconds(self, pts: int | None) -> float:
        """A timestamp that is missing follows the one before at the average rate."""
        if pts is None:
            self._last += self.gap
        else:
            if self._start is None:
                self._start = pts
            self._last = float((pts - self._start) * self._base)
        return self._last


class _Decoder:
    """Packets in, frames out; a damaged packet is skipped, never fatal."""

    def __init__(self, stream: VideoStream) -> None:
        self.context = stream.codec_context

    def feed(self, packet: Packet[VideoStream] | None) -> list[av.VideoFrame]:
        """``None`` drains what is still inside."""
        try:
            return self.context.decode(packet)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            return []


@dataclass(frozen=True, slots=True)
class _Group:
    """Packets from one keyframe up to the next, in decoding order."""

    packets: list[Packet[VideoStream]]
    start: float
    """Seconds of the keyframe."""
    stop: float
    """Seconds of the next keyframe, or the end of the last frame."""
    whole: bool
    """False where the group goes on in the next one, being too large to be held at once."""


def _packets(source: Source) -> Iterator[Packet[VideoStream]]:
    """Video packets up to the end, or to where the file breaks off."""
    try:
        for packet in source.container.demux(source.stream):
            if packet.size:
                yield packet
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, ValueError):
        return


def _groups(source: Source, clock: Clock) -> Iterator[_Group]:
    held: list[Packet[VideoStream]] = []
    size, start, last = 0, 0.0, 0.0
    for packet in _packets(source):
        time = clock.seconds(packet.pts if packet.pts is not None else packet.dts)
        if held and (packet.is_keyframe or size > MOST_HELD):
            yield _Group(held, start, time if packet.is_keyframe else last, packet.is_keyframe)
            held, size, start = [], 0, time
        elif not held:
            start = time
        held.append(packet)
        size += packet.size
        last = max(last, time)
    if held:
        yield _Group(held, start, last + clock.gap, True)


def _wanted(group: _Group, taken: float, sampling: Sampling) -> list[float]:
    """The times to show of one group, ``taken`` being the last one before it."""
    step, wanted = sampling.step, []
    dense = sampling.mode == "dense"
    if not dense and group.start - taken >= step / 2:
        taken = group.start
        wanted.append(taken)
    while dense or group.stop - taken > step + EPSILON:
        taken = max(0.0, (math.floor(max(taken, -step) / step + EPSILON) + 1) * step)
        if taken >= group.stop - EPSILON:
            break
        if taken > group.start - EPSILON:
            wanted.append(taken)
    return wanted


def _show(group: _Group, wanted: list[float], decoder: _Decoder, clock: Clock, slack: float) -> Iterator[Picked]:
    """Decodes a group as far as the last wanted time.

    What is shown at a time is the last frame that began by then. Within ``slack`` seconds the nearest frame will do,
    and stands for its own time: frames were skipped, so the very frame may be missing.
    """
    waiting = deque(wanted)
    before: Picked | None = None
    repeats = 0
    for packet in [*group.packets, *([None] if group.whole else [])]:
        for frame in decoder.feed(packet):
            now = Picked(clock.seconds(frame.pts), frame)
            while waiting and now.time >= waiting[0] - EPSILON:
                time = waiting.popleft()
                near = [p for p in (before, now) if p is not None and abs(p.time - time) <= max(slack, EPSILON)]
                if near:
                    repeats = 0
                    yield min(near, key=lambda p: abs(p.time - time))
                elif (repeats := repeats + 1) <= MOST_REPEATS:
                    yield Picked(time, (before or now).frame)
            before = now
        if not waiting:
            break
    if before is not None and waiting:
        yield Picked(waiting[0], before.frame)
    if group.whole:
        decoder.context.flush_buffers()


def _lazily(source: Source, sampling: Sampling) -> Iterator[Picked]:
    """Dense and auto: group by group, each decoded no further than needed, and not at all where nothing is wanted."""
    clock, decoder = Clock(source.stream), _Decoder(source.stream)
    frame_clock = Clock(source.stream)
    dense = sampling.mode == "dense"
    if not dense:
        decoder.context.skip_frame = "NONREF"
        # a frame of a few hundred pixels a side shows nothing of the blocks that the filter would have smoothed
        decoder.context.options = {**decoder.context.options, "skip_loop_filter": "nokey"}
    taken = -math.inf
    for group in _groups(source, clock):
        if not (wanted := _wanted(group, taken, sampling)) and group.whole:
            continue
        for picked in _show(group, wanted, decoder, frame_clock, 0.0 if dense else sampling.step / 2):
            if picked.time > taken + EPSILON:
                yield picked
                taken = picked.time
        taken = max(taken, *wanted) if wanted else taken


def _keyframes(source: Source, step: float) -> Iterator[Picked]:
    """Keyframes at least half a step apart (in an intra-only video every frame is one)."""
    clock, frame_clock, decoder = Clock(source.stream), Clock(source.stream), _Decoder(source.stream)
    source.stream.discard = Discard.nonkey  # demuxers with an index then do not even read the others
    decoder.context.skip_frame = "NONKEY"
    fed = -math.inf
    for packet in chain(_packets(source), [None]):
        if packet is not None:
            time = clock.seconds(packet.pts if packet.pts is not None else packet.dts)
            if not packet.is_keyframe or time - fed < step / 2 - EPSILON:
                continue
            fed = time
        for frame in decoder.feed(packet):
            yield Picked(max(0.0, frame_clock.seconds(frame.pts)), frame)


def picked_frames(source: Source, sampling: Sampling) -> Iterator[Picked]:
    """The frames that ``sampling`` chooses of an open video, in order of time."""
    if sampling.mode == "keyframes":
        return _keyframes(source, sampling.step)
    return _lazily(source, sampling)


def picked_at(source: Source, times: Sequence[float]) -> Iterator[Picked]:
    """The frames shown at the given seconds, ascending; those after the end are left out."""
    clock, frame_clock, decoder = Clock(source.stream), Clock(source.stream), _Decoder(source.stream)
    waiting = deque(times)
    for group in _groups(source, clock):
        wanted = []
        while waiting and waiting[0] < group.stop - EPSILON:
            wanted.append(max(waiting.popleft(), group.start))
        if wanted or not group.whole:
            yield from _show(group, wanted, decoder, frame_clock, 0.0)


def _bars_everywhere(path: str, size: tuple[int, int], duration: float, detector: BarDetector) -> None:
    """Adds keyframes from all over the video to the evidence."""
    with open_video(path) as source:
        decoder = _Decoder(source.stream)
        decoder.context.skip_frame = "NONKEY"
        scaler = Scaler(size)
        base = source.stream.time_base or Fraction(1, 90_000)
        for i in range(BAR_FRAMES):
            at = duration * (i + 0.5) / BAR_FRAMES
            try:
                source.container.seek(int(at / base) + (source.stream.start_time or 0), stream=source.stream)
            except av.error.FFmpegError:
                return
            decoder.context.flush_buffers()
            for packet in _packets(source):
                if frames := decoder.feed(packet) or decoder.feed(None):
                    detector.add(scaler(frames[0]))
                    break


def _with_bars_cut(
    picks: Iterator[Picked], path: str, size: tuple[int, int], duration: float
) -> Iterator[tuple[float, UInt8]]:
    """Scaled frames. The first few are held until they say whether there are bars; if they do, or the video is long,
    frames from all over it have to agree, so that one letterboxed scene does not cost the others their picture."""
    detector, whole = BarDetector(), Scaler(size)
    first: list[tuple[Picked, UInt8]] = []
    for picked in picks:
        image = whole(picked.frame)
        detector.add(image)
        first.append((picked, image))
        if detector.seen >= BAR_FRAMES or len(first) >= 2 * BAR_FRAMES:
            break
    if duration > LONG or not detector.crop().nothing:
        _bars_everywhere(path, size, duration, detector)
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
        yield from _chunks(source, picked_frames(source, sampling), path, size)


def sample_at(path: str, times: Sequence[float], size: tuple[int, int], *, threads: int = 1) -> Iterator[Samples]:
    """The same for the frames shown at given ``times``, seconds in ascending order."""
    with open_video(path, threads=threads) as source:
        yield from _chunks(source, picked_at(source, times), path, size)


def _chunks(source: Source, picks: Iterator[Picked], path: str, size: tuple[int, int]) -> Iterator[Samples]:
    duration = float(source.container.duration or 0) / av.time_base
    times: list[float] = []
    images: list[UInt8] = []
    count, handed_on = 0, monotonic()
    for time, image in _with_bars_cut(picks, path, size, duration):
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
        clock, decoder, scaler = Clock(source.stream), _Decoder(source.stream), Scaler(size)
        last = -math.inf
        for packet in chain(_packets(source), [None]):
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


def packets_of(path: str) -> Iterator[Packets]:
    """Reads a file to its end, or to where it breaks off, and decodes nothing; the last of what comes counts."""
    with open_video(path) as source:
        clock = Clock(source.stream)
        last, last_key, end = 0.0, 0.0, 0.0
        for packet in _packets(source):
            time = clock.seconds(packet.pts if packet.pts is not None else packet.dts)
            lasts = float(packet.duration * packet.time_base) if packet.duration else clock.gap
            last, end = max(last, time), max(end, time + lasts)
            if packet.is_keyframe:
                last_key = max(last_key, time)
            yield Packets(last, last_key, end)
