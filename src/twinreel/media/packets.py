"""The packets of a video: in groups that can be decoded on their own, or the keyframes alone; and their decoder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from typing import TypeAlias

import av
import av.error
from av.index import IndexEntry
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from twinreel.media.source import Source

MOST_HELD = 64 << 20
"""Bytes of packets held back at most before they are decoded anyway."""
MOST_LEADING = 32
"""Packets after a keyframe that may be shown before it; no codec reorders more than 16 frames."""
EPSILON = 1e-3
"""Seconds within which two times are the same: Matroska rounds to them."""
_NO_TIMESTAMPS = 0x80
"""FFmpeg's AVFMT_NOTIMESTAMPS: a stream of one codec without a container."""


class Clock:
    """Seconds since the first shown frame, for packets and frames of one stream."""

    def __init__(self, stream: VideoStream, zero: Clock | None = None) -> None:
        """zero: one that has been given the first timestamp, which the stream itself may not tell."""
        base = stream.time_base or Fraction(1, 90_000)
        # as integers: a fraction's own arithmetic takes a tenth of the time that small videos take to decode
        self._ticks, self._second = base.numerator, base.denominator
        rate = stream.average_rate or stream.guessed_rate
        self._gap = 1 / float(rate) if rate else 0.04
        self._start: int | None = stream.start_time
        self._zero = zero
        self._last = -self._gap

    def seconds(self, pts: int | None) -> float:
        """A timestamp that is missing follows the one before at the average rate."""
        if pts is None:
            self._last += self._gap
        else:
            if self._start is None and self._zero is not None:
                self._start = self._zero._start
            if self._start is None:
                self._start = pts
            self._last = (pts - self._start) * self._ticks / self._second
        return self._last

    def shown(self, packet: Packet[VideoStream]) -> float:
        """Seconds at which the frame of a packet is shown."""
        return self.seconds(packet.pts if packet.pts is not None else packet.dts)

    def lasts(self, packet: Packet[VideoStream]) -> float:
        """Seconds for which it is shown."""
        return packet.duration * self._ticks / self._second if packet.duration else self._gap


class Decoder:
    """Packets in, frames out; a damaged packet is skipped, never fatal but where a device decodes."""

    def __init__(self, stream: VideoStream, *, loop_filter: bool = True) -> None:
        """loop_filter: whether it is applied to more than keyframes."""
        self._context = stream.codec_context
        if not loop_filter:
            self._context.options = {**self._context.options, "skip_loop_filter": "nokey"}
        self._fresh = True

    def skip_unreferenced(self, skip: bool) -> None:
        """Whether frames that no other frame refers to are left out."""
        self._context.skip_frame = "NONREF" if skip else "DEFAULT"

    def feed(self, packet: Packet[VideoStream] | None) -> list[av.VideoFrame]:
        """``None`` drains what is still inside."""
        self._fresh = False
        try:
            return self._context.decode(packet)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            if self._context.is_hwaccel:
                raise  # the device's fault perhaps
            return []

    def alone(self, packet: Packet[VideoStream]) -> av.VideoFrame | None:
        """The frame of a keyframe's packet; None where it cannot be decoded, or is never shown."""
        frames = self.feed(packet) or self.feed(None)
        self.restart()
        return frames[0] if frames else None

    def restart(self) -> None:
        """Forgets all frames; the next packet has to be a keyframe's."""
        if not self._fresh:
            self._context.flush_buffers()
        self._fresh = True


def has_timestamps(source: Source) -> bool:
    """False for a bare stream of one codec: its frames can only be counted, and so none may be left out."""
    return not source.container.format.flags & _NO_TIMESTAMPS


def last_listed(source: Source) -> IndexEntry | None:
    """The last packet in decoding order, where the container lists every packet (MP4, MOV, AVI) and the last one lies
    within the file; None elsewhere."""
    entries = source.stream.index_entries
    if not source.stream.frames or len(entries) != source.stream.frames:
        return None
    last = entries[len(entries) - 1]
    return last if last.pos + last.size <= source.size else None


def packets(source: Source) -> Iterator[Packet[VideoStream]]:
    """Video packets up to the end, or to where the file breaks off."""
    try:
        for packet in source.container.demux(source.stream):
            if packet.size:
                yield packet
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, ValueError):
        return


_Timed: TypeAlias = "tuple[float, Packet[VideoStream]]"
"""A packet and the seconds at which its frame begins to be shown."""


@dataclass(frozen=True, slots=True)
class Group:
    """Packets from one keyframe up to the next, in decoding order."""

    packets: list[Packet[VideoStream]]
    after: list[Packet[VideoStream]]
    """The next keyframe and what is decoded after it but shown before it, where there is any of that: in an open
    group the last frames on show come from here."""
    start: float
    """Seconds at which the keyframe is shown."""
    stop: float
    """Seconds of the next keyframe, or the end of the last frame."""
    times: list[float]
    """Seconds at which frames begin to be shown, ascending, in ``[start, stop)``."""
    closed: bool
    """False where the decoder has to go on into the next group: this one is too large to be held at once, or frames
    are counted."""
    final: bool
    """Whether nothing follows: ``stop`` is no keyframe's time."""


def groups(source: Source, clock: Clock) -> Iterator[Group]:
    """All packets of a video."""
    separate = has_timestamps(source)
    held: list[_Timed] = []
    size, following, start, end = 0, 0, math.inf, 0.0
    for packet in packets(source):
        time = clock.shown(packet)
        leads = following and time < held[following][0] and len(held) - following <= MOST_LEADING
        if following and (packet.is_keyframe or not leads):
            yield _group(held[:following], held[following:], start, held[following][0], separate)
            held, following = held[following:], 0
            start, size = held[0][0], sum(packet.size for _, packet in held)
        elif size > MOST_HELD and not (following or packet.is_keyframe):
            stop = max(time for time, _ in held)
            yield _group(held, [], start, stop, False)
            held, start, size = [], stop, 0
        if not held:
            start = time if packet.is_keyframe else min(start, time)
        elif packet.is_keyframe:
            following = len(held)
        held.append((time, packet))
        size += packet.size
        end = max(end, time + clock.lasts(packet))
    if following:
        yield _group(held[:following], held[following:], start, held[following][0], separate)
        held, start = held[following:], held[following][0]
    if held:
        yield _group(held, [], start, end, True, final=True)


def can_jump(source: Source) -> bool:
    """Whether a video can be read from a keyframe on, its times being what they are when it is read from its beginning:
    where the container lists all packets, or Matroska, which has a list of its own and the time of each packet."""
    listed = last_listed(source) is not None or "matroska" in source.container.format.name.split(",")
    return listed and source.stream.start_time is not None


def groups_from(source: Source, clock: Clock, seconds: float) -> Iterator[Group]:
    """Groups from the one on that is on show at ``seconds``; from the first one where it cannot be jumped to."""
    if seconds > 0 and can_jump(source):
        base = source.stream.time_base or Fraction(1, 90_000)
        start = source.stream.start_time or 0
        source.container.seek(start + int(seconds / base), stream=source.stream)
        coming = groups(source, clock)
        first = next(coming, None)
        if first is not None and first.start <= seconds + EPSILON:
            yield first
            yield from coming
            return
        source.container.seek(start, stream=source.stream)
    yield from groups(source, clock)


def _group(
    own: list[_Timed], after: list[_Timed], start: float, stop: float, closed: bool, *, final: bool = False
) -> Group:
    times = sorted(time for time, _ in own + after if start <= time < stop)
    led = [packet for _, packet in after] if len(after) > 1 else []
    return Group([packet for _, packet in own], led, start, stop, times, closed, final)


def keyframes(source: Source, clock: Clock, apart: float) -> Iterator[tuple[float, Packet[VideoStream]]]:
    """(seconds, packet) of keyframes that are shown, each ``apart`` seconds and more after the one before.

    As little else is read as the container allows. Not one comes where an edit list cuts off the only one.
    """
    last = -math.inf
    for packet in _keyframe_packets(source):
        time = clock.shown(packet)
        if packet.is_keyframe and not packet.is_discard and time - last >= apart - EPSILON:
            yield time, packet
            last = time


def _keyframe_packets(source: Source) -> Iterator[Packet[VideoStream]]:
    """Packets, all keyframes among them. Demuxers with an index do not even read what lies between.

    That of MP4 and MOV is not told to skip, but where to go: skipping, it gives a keyframe the offset from decoding
    to showing of some other frame (``mov_read_packet`` leaves its place in the list of offsets where it was).
    """
    stream = source.stream
    if "mp4" in source.container.format.name.split(","):
        entries = stream.index_entries
        listed = [entry.timestamp for entry in entries if entry.is_keyframe]
        if stream.frames and len(entries) > 2 * len(listed):  # else it is fragmented, or there is little to skip
            # A seek goes to the last keyframe *shown* up to a time, the list has the times of decoding: sent to its own
            # time, one that is shown later than it is decoded would be reached by reading from the one before.
            for timestamp, following in pairwise([*listed, entries[len(entries) - 1].timestamp + 1]):
                source.container.seek(max(timestamp, following - 1), stream=stream)
                yield from islice((p for p in packets(source) if p.dts is None or p.dts >= timestamp), 1)
            return
    elif has_timestamps(source):
        stream.discard = Discard.nonkey
    yield from packets(source)
