"""Which frames stand for a video, and how to get them with the least decoding.

keyframes   what the encoder coded on its own: by far the cheapest
dense       the frame shown at every multiple of the step, by presentation time
auto        keyframes, and as many more as needed so that no gap exceeds the step, the last one before the next
            keyframe as early as that allows
cascade     keyframes at first; as ``auto`` where these have something in common with those of another video
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from time import monotonic

import av
import av.error
import numpy as np

from twinreel.errors import BadFile, UserError
from twinreel.media.bars import BarDetector
from twinreel.media.frames import Scaler
from twinreel.media.packets import Clock, Decoder, last_listed, packets
from twinreel.media.picking import EVERYTHING, Picked, picked_at, picked_frames
from twinreel.media.source import Source, open_video
from twinreel.types import Samples, Span, UInt8

MODES = ("auto", "keyframes", "cascade", "dense", "shots", "anchors")
CHUNK = 24
"""Frames handed on at a time, at most."""
PATIENCE = 1.0
"""Seconds after which fewer are handed on: whoever waits sees that it goes on."""
BAR_FRAMES = 8
"""Frames that the black-bar decision rests on."""
MOST_PIXELS = 1 << 26
"""Decoded pixels held at most while the black-bar decision is open: eight frames of 4K, two of 8K."""


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

    @property
    def first(self) -> Sampling:
        """What a video's frames are chosen by before anything is known of it."""
        modes = {"cascade": "keyframes", "anchors": "auto"}
        return Sampling(modes.get(self.mode, self.mode), self.step)

    @property
    def full(self) -> Sampling:
        """... and where it is worth more than a glance: a clip that is searched for, what has copies in a cascade."""
        return Sampling("auto", self.step) if self.mode == "cascade" else self

    @classmethod
    def parse(cls, text: str) -> Sampling:
        """``auto``, ``dense:0.5`` ..."""
        mode, _, step = text.partition(":")
        try:
            return cls(mode, float(step) if step else 1.0)
        except ValueError:
            raise UserError(f"sampling {text!r} is not MODE or MODE:SECONDS, for example dense:0.5") from None


_FARTHEST = 1 << 62
"""No seek goes beyond, whatever a header claims: FFmpeg's timestamps have 64 bits."""


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


def _with_bars_cut(
    picks: Iterator[Picked], source: Source, size: tuple[int, int], *, throughout: bool
) -> Iterator[tuple[float, UInt8]]:
    """Scaled frames. The first few are held until they say whether there are bars; if they do, or say nothing, frames
    from all over the video have to agree, so that one letterboxed scene does not cost the others their picture. Where
    picks, which go ``throughout`` the video, are no more than these few, they have."""
    detector, whole = BarDetector(), Scaler(size)
    first: list[tuple[Picked, UInt8]] = []
    held = 0
    for picked in picks:
        image = whole(picked.frame)
        detector.add(image)
        first.append((picked, image))
        held += picked.frame.width * picked.frame.height
        if detector.seen >= BAR_FRAMES or len(first) >= 2 * BAR_FRAMES or held >= MOST_PIXELS:
            throughout = False
            break
    crop = detector.crop()
    if not detector.seen or not (crop.nothing or throughout):
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


def sample_of(
    source: Source, sampling: Sampling, size: tuple[int, int], spans: Sequence[Span] = EVERYTHING
) -> Iterator[Samples]:
    """The same of an open video; ``spans``: see ``picked_frames``."""
    picks = picked_frames(source, sampling.mode, sampling.step, spans)
    return _chunks(source, picks, size, throughout=spans == EVERYTHING)


def sample_at(
    path: str, times: Sequence[float], size: tuple[int, int], *, threads: int = 1, device: str | None = None
) -> Iterator[Samples]:
    """The same for the frames shown at given ``times``, seconds in ascending order."""
    with open_video(path, threads=threads, device=device) as source:
        yield from _chunks(source, picked_at(source, times), size, throughout=False)


def _chunks(source: Source, picks: Iterator[Picked], size: tuple[int, int], *, throughout: bool) -> Iterator[Samples]:
    times: list[float] = []
    images: list[UInt8] = []
    count, handed_on = 0, monotonic()
    for time, image in _with_bars_cut(picks, source, size, throughout=throughout):
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


def every_frame(
    path: str, size: tuple[int, int], *, threads: int = 1, device: str | None = None
) -> Iterator[tuple[float, UInt8]]:
    """All frames, (seconds, (h, w, 3) RGB upright), with their bars: for finding shots."""
    with open_video(path, threads=threads, device=device) as source:
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
