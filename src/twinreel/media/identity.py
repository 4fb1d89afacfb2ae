"""Three names for a video, from the cheapest to the one that survives a remux. None decodes a frame.

    content id      of every file: its size and three of its mebibytes
    file digest     all its bytes
    stream digest   its coded pictures, whatever container and tags are around them

All are XXH3-128 (xxHash 0.8 specification), written as 32 hex digits. It is fast and spreads well, but is no
cryptographic hash: who wants a collision can make one, which is why nothing is deleted on a content id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice

import xxhash
from av.packet import Packet
from av.video.stream import VideoStream

from twinreel.errors import BadFile, NoAccess
from twinreel.media.source import Source, open_video, readable

MIB = 1 << 20
HEAD = 8
"""Packets of a stream's head, which says cheaply that two streams differ."""

Hashing = Generator[None, None, str]
"""Takes its time: a step for every piece that was read, the digest at the end."""


def content_id(path: str) -> str:
    """XXH3-128 of the size (8 bytes, little-endian) followed by the first, the middle and the last MiB.

    The middle MiB starts at byte (size - 1 MiB) // 2. A file of up to 3 MiB is hashed whole after its size.
    Raises NoAccess or OutOfResources.
    """
    with readable(path, "identify") as (file, size):
        digest = xxhash.xxh3_128(size.to_bytes(8, "little"))
        whole = size <= 3 * MIB
        blocks = ((0, size),) if whole else ((0, MIB), ((size - MIB) // 2, MIB), (size - MIB, MIB))
        for start, length in blocks:
            file.seek(start)
            while length:
                data = file.read(length)
                if not data:
                    raise NoAccess("it became shorter while it was read", "identify")
                digest.update(data)
                length -= len(data)
        return digest.hexdigest()


def file_digest(path: str) -> str:
    """XXH3-128 of all bytes. Raises NoAccess or OutOfResources."""
    return _last(hash_file(path))


def hash_file(path: str) -> Hashing:
    """``file_digest`` in steps."""
    with readable(path, "identify") as (file, _):
        digest = xxhash.xxh3_128()
        while data := file.read(MIB):
            digest.update(data)
            yield
        return digest.hexdigest()


def _last(hashing: Hashing) -> str:
    while True:
        try:
            next(hashing)
        except StopIteration as end:
            return str(end.value)


def stream_digest(path: str, packets: int | None = None) -> str:
    """XXH3-128 of the codec's name and its coded pictures in the order of decoding.

    What a container may add, drop or wrap differently is left out:

    - timestamps: MP4 counts in fine ticks, Matroska in milliseconds, so that a remux rounds them;
    - H.264 and HEVC: start codes or length prefixes, parameter sets, delimiters, SEI. Only slices count (VCL NAL
      units: types 1-5 of ITU-T H.264, table 7-1; 0-31 of H.265, table 7-1), without trailing zeros;
    - AV1: temporal delimiters, sequence headers, metadata and size fields. Only the payloads of frames, frame
      headers and tile groups count (AV1 specification, section 5.3);
    - other codecs: nothing. The packets' bytes are hashed as one run, wherever one packet ends.

    Each unit is preceded by its length (8 bytes, little-endian). Where the framing of a packet is broken, its rest
    counts as one unit. Reads the whole file, or only the first ``packets``. Raises BadFile, also where it cannot be
    read to its end, NoAccess or OutOfResources.
    """
    return _last(hash_stream(path, packets))


def hash_stream(path: str, packets: int | None = None) -> Hashing:
    """``stream_digest`` in steps."""
    with open_video(path, stage="identify") as source:
        coded = (packet for packet in source.container.demux(source.stream) if packet.size)
        return (yield from _hash_packets(source, islice(coded, packets)))


def digest_of(source: Source, packets: Iterable[Packet[VideoStream]]) -> str:
    """What ``stream_digest`` gives for packets that were read already."""
    return _last(_hash_packets(source, packets))


def _hash_packets(source: Source, packets: Iterable[Packet[VideoStream]]) -> Hashing:
    context = source.stream.codec_context
    codec = context.codec.canonical_name
    pictures = _splitter(codec, context.extradata or b"")
    digest = xxhash.xxh3_128(codec.encode())
    empty = True
    for packet in packets:
        empty = False
        yield
        data = bytes(packet)
        if pictures is None:
            digest.update(data)
            continue
        for unit in pictures(data):
            digest.update(len(unit).to_bytes(8, "little"))
            digest.update(unit)
    if empty:
        raise BadFile("its video stream holds no packets", "identify")
    return digest.hexdigest()


def _splitter(codec: str, extra: bytes) -> Callable[[bytes], Iterator[bytes]] | None:
    """What picks the units that count out of a packet; None: the whole packet counts."""
    if codec == "av1":
        return _av1_frames
    is_slice = {"h264": _is_h264_slice, "hevc": _is_hevc_slice}.get(codec)
    if is_slice is None:
        return None
    size = _length_size(codec, extra)

    def slices(data: bytes) -> Iterator[bytes]:
        for unit in _prefixed(data, size) if size else _start_coded(data):
            stripped = unit.rstrip(b"\0")
            if stripped and is_slice(stripped):
                yield stripped

    return slices


def _length_size(codec: str, extra: bytes) -> int:
    """Bytes of the length before each NAL unit (ISO/IEC 14496-15, avcC and hvcC); 0: start codes (Annex B)."""
    if codec == "h264":
        return (extra[4] & 3) + 1 if len(extra) > 6 and extra[0] == 1 else 0
    is_record = len(extra) > 22 and (extra[0] or extra[1] or extra[2] > 1)
    return (extra[21] & 3) + 1 if is_record else 0


def _is_h264_slice(unit: bytes) -> bool:
    return 1 <= unit[0] & 0x1F <= 5


def _is_hevc_slice(unit: bytes) -> bool:
    return (unit[0] >> 1) & 0x3F < 32


def _prefixed(data: bytes, size: int) -> Iterator[bytes]:
    """NAL units that follow their length, big-endian, of ``size`` bytes."""
    at = 0
    while at + size <= len(data):
        length = int.from_bytes(data[at : at + size])
        at += size
        yield data[at : at + length]
        at += length


def _start_coded(data: bytes) -> Iterator[bytes]:
    """NAL units between start codes 00 00 01; the zeros that may follow a unit are left on it."""
    start = data.find(b"\0\0\1")
    while start >= 0:
        stop = data.find(b"\0\0\1", start + 3)
        yield data[start + 3 : stop if stop >= 0 else len(data)]
        start = stop


def _av1_frames(data: bytes) -> Iterator[bytes]:
    """Payloads of the OBUs that hold pictures: frame header (3), tile group (4), frame (6)."""
    at = 0
    while at < len(data):
        header = data[at]
        at += 2 if header & 4 else 1
        length = len(data) - at
        if header & 2:
            length, shift = 0, 0
            while at < len(data):
                byte = data[at]
                at += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 or shift == 56:
                    break
        if (header >> 3) & 15 in (3, 4, 6):
            yield data[at : at + length]
        at += length
