"""What a file says about its video, and whether that can be believed.

The duration, from the cheapest look to the dearest; each is taken only where the one before it disagrees with the
header by more than max(1 s, 1 %):

1. A container that lists every packet (MP4, MOV, AVI): the end of the list, if it lies within the file.
2. The tail: the packets from the last keyframe a second before the claimed end on. Their end becomes the duration,
   since it counts from the first shown frame, as headers do not always.
3. All packets, read but not decoded. That is also done where the header claims nothing, and for streams without a
   container, whose duration FFmpeg guesses from the bit rate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice

import av
from av.packet import Packet

from twinreel.media.identity import HEAD, digest_of
from twinreel.media.packets import last_listed
from twinreel.media.source import Source, open_video
from twinreel.types import Probe

_HDR = (16, 18)
"""Transfer functions PQ (SMPTE ST 2084) and HLG (ARIB STD-B67), as numbered by ITU-T H.273, table 3."""
_NO_TIMESTAMPS = 0x80
"""FFmpeg's AVFMT_NOTIMESTAMPS: a stream of one codec without a container."""
_INTERLACED = range(2, 6)
"""FFmpeg's AVFieldOrder: all but unknown and progressive."""
_PACKETS_TO_TRY, _BYTES_TO_TRY = 300, 16 << 20
"""How far the first frame that decodes is looked for."""
_SMALL = 1 << 20
"""Bytes of the first packets up to which they are read for their digest."""
_FARTHEST = 1 << 62
"""No seek goes beyond, whatever a header claims: FFmpeg's timestamps have 64 bits."""


@dataclass(frozen=True, slots=True)
class _Span:
    """What packets say: seconds from the first shown frame to the end of the last, and how many packets."""

    duration: float
    count: int


def probe(path: str) -> Probe:
    """Looks at headers, the first frame and packet tables, and reads more only by the rule above.

    Raises BadFile, NoAccess or OutOfResources.
    """
    return probe_with_head(path)[0]


def probe_with_head(path: str) -> tuple[Probe, str | None]:
    """The same, and the digest of the stream's first ``HEAD`` packets; None where that would take much more reading."""
    with open_video(path, stage="probe") as source:
        container, stream = source.container, source.stream
        first: list[Packet[av.VideoStream]] = []
        for packet in islice(_packets(source), HEAD):
            first.append(packet)
            if sum(packet.size for packet in first) > _SMALL:
                break
        frame = _first_frame(source, chain(first, _packets(source)))
        context = stream.codec_context
        rotation = round(-frame.rotation / 90) * 90 % 360 if frame else 0
        aspect = _sample_aspect(stream.sample_aspect_ratio)
        shown = (max(1, round(context.width * aspect)), context.height)
        header = _claimed_duration(source)
        listed = header is not None and _list_agrees(source, header)
        tail = _tail(source, header) if header is not None and not listed else None
        walked = None if listed or tail else _walk(path)
        content = walked or tail
        duration = content.duration if content else header or 0.0
        count = walked.count if walked else _claimed_count(source, duration)
        found = Probe(
            duration=duration,
            duration_from_header=header,
            duration_from_content=content.duration if content else None,
            width=shown[1] if rotation % 180 else shown[0],
            height=shown[0] if rotation % 180 else shown[1],
            coded_width=context.width,
            coded_height=context.height,
            rotation=rotation,
            sample_aspect=aspect,
            codec=context.codec.canonical_name,
            pixel_format=frame.format.name if frame else context.pix_fmt or "unknown",
            fps_average=count / duration if count and duration else _positive(stream.average_rate),
            fps_real=_positive(stream.base_rate),
            bit_rate=_positive(stream.bit_rate) or _positive(source.size * 8 / duration if duration else None),
            frame_count=count,
            hdr=(frame.color_trc if frame else context.color_trc) in _HDR,
            interlaced=bool(frame and frame.interlaced_frame) or context.field_order in _INTERLACED,
            audio_languages=tuple(other.language or "und" for other in container.streams.audio),
            subtitle_languages=tuple(other.language or "und" for other in container.streams.subtitles),
            container=container.format.name,
        )
        return found, digest_of(source, first) if first and sum(p.size for p in first) <= _SMALL else None


def _first_frame(source: Source, packets: Iterable[Packet[av.VideoStream]]) -> av.VideoFrame | None:
    """The first frame that decodes, at the price of one: the decoder is flushed after each packet.

    It is what knows the rotation and the pixel format for certain. None where nothing decodes near the beginning;
    whether anything at all does is for the decoding to find out.
    """
    context = source.stream.codec_context
    read = 0
    for packet in islice(packets, _PACKETS_TO_TRY):
        try:
            frames = context.decode(packet) + context.decode(None)
        except MemoryError:
            raise
        except av.FFmpegError:
            frames = []
        context.flush_buffers()
        if frames:
            return frames[0]
        read += packet.size
        if read > _BYTES_TO_TRY:
            break
    return None


def _packets(source: Source) -> Iterator[Packet[av.VideoStream]]:
    """The packets from here to the end, or to where the file is damaged beyond reading on."""
    try:
        yield from (packet for packet in source.container.demux(source.stream) if packet.size)
    except MemoryError:
        raise
    except av.FFmpegError:
        return


def _claimed_duration(source: Source) -> float | None:
    """Seconds: the stream's own, the one that Matroska keeps in a tag, or the whole file's with its sound."""
    stream, container = source.stream, source.container
    if container.format.flags & _NO_TIMESTAMPS:
        return None
    if stream.duration is not None and stream.time_base is not None:
        return _positive(stream.duration * stream.time_base)
    if tag := re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", "")):
        return _positive(int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]))
    return _positive(None if container.duration is None else container.duration / av.time_base)


def _claimed_count(source: Source, duration: float) -> int | None:
    """Packets by the header, where they fill the duration; an AVI that is cut off still claims all of them."""
    tag = source.stream.metadata.get("NUMBER_OF_FRAMES", "")
    count = source.stream.frames or (int(tag) if tag.isdecimal() and len(tag) < 12 else 0)
    rate = _positive(source.stream.average_rate) or _positive(source.stream.base_rate)
    return count if count and rate and _agree(count / rate, duration) else None


def _list_agrees(source: Source, header: float) -> bool:
    """Whether the container lists every packet, the last one lies within the file, and ends as claimed."""
    stream, last = source.stream, last_listed(source)
    if last is None or stream.time_base is None:
        return False
    return _agree(float(last.timestamp * stream.time_base) * stream.frames / max(1, stream.frames - 1), header)


def _tail(source: Source, header: float) -> _Span | None:
    """The span that the last packets tell, where it is the claimed one; the count is that of the tail only."""
    stream = source.stream
    if stream.time_base is None or stream.start_time is None:
        return None
    target = stream.start_time + int(max(0.0, header - 1) / stream.time_base)
    try:
        source.container.seek(min(target, _FARTHEST), stream=stream)
    except MemoryError:
        raise
    except av.FFmpegError:
        return None
    span = _span(_packets(source), stream, stream.start_time)
    return span if span.count and _agree(span.duration, header) else None


def _walk(path: str) -> _Span:
    """The span of all packets, read anew from the beginning."""
    with open_video(path, stage="probe") as source:
        return _span(_packets(source), source.stream)


def _span(packets: Iterable[Packet[av.VideoStream]], stream: av.VideoStream, start: int | None = None) -> _Span:
    """From the first shown packet, or from start (in ticks of the stream), to the latest end of a packet.

    A packet that does not say how long it lasts lasts a frame at the average rate; without any timestamps (H.264 as
    it left the encoder) all of them do.
    """
    tick = stream.time_base or Fraction(1, av.time_base)
    rate = stream.average_rate or Fraction(25)
    usual = round(1 / (rate * tick))
    count = 0
    first, end = start, None
    for packet in packets:
        if packet.is_discard:  # cut off by an edit list: never shown
            continue
        count += 1
        shown = packet.pts if packet.pts is not None else packet.dts
        if shown is not None:
            stop = shown + (packet.duration or usual)
            first = shown if first is None or (start is None and shown < first) else first
            end = stop if end is None or stop > end else end
    if first is None or end is None:
        return _Span(float(count / rate), count)
    return _Span(float((end - first) * tick), count)


def _agree(measured: float, claimed: float) -> bool:
    return abs(measured - claimed) <= max(1.0, 0.01 * claimed)


def _sample_aspect(ratio: Fraction | None) -> float:
    """1.0 where unknown or absurd."""
    return float(ratio) if ratio and Fraction(1, 10) <= ratio <= 10 else 1.0


def _positive(number: float | Fraction | None) -> float | None:
    return float(number) if number and number > 0 else None
