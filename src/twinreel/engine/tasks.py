"""What workers do to one file: look at it, hash it, take frames from it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import ClassVar

from twinreel.engine.limits import allow_mapping
from twinreel.media.hardware import problem, trial
from twinreel.media.identity import content_id, hash_file, hash_stream
from twinreel.media.insets import with_inner_pictures
from twinreel.media.middles import with_middles
from twinreel.media.picking import EVERYTHING
from twinreel.media.picture import measure
from twinreel.media.probe import probe_with_head
from twinreel.media.sampling import (
    Packets,
    Sampling,
    every_frame,
    listed_packets,
    packets_of,
    sample_at,
    sample_of,
)
from twinreel.media.shots import shot_boundaries, shot_midpoints
from twinreel.media.source import open_video
from twinreel.types import Probe, Samples, Span, UInt8

SHOT_SIZE = (64, 96)
"""(height, width) of the frames that shots are found on."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a first look at a file gives."""

    content: str
    probe: Probe | None
    """None where the content was known: then nothing more was read."""
    head: str | None = None
    """Digest of the stream's first packets, where it was cheap."""


@dataclass(frozen=True, slots=True)
class LookTask:
    """Content id, and probe of a content that is new. Yields one Look."""

    path: str
    known: frozenset[str] = frozenset()
    """Content ids for which the id is enough."""
    stage: ClassVar[str] = "probe"

    def run(self) -> Iterator[object]:
        content = content_id(self.path)
        if content in self.known:
            yield Look(content, None)
            return
        yield None
        yield Look(content, *probe_with_head(self.path))


@dataclass(frozen=True, slots=True)
class FileDigestTask:
    """Hashes all bytes. Yields the digest."""

    path: str
    stage: ClassVar[str] = "identify"

    def run(self) -> Iterator[object]:
        yield (yield from hash_file(self.path))


@dataclass(frozen=True, slots=True)
class StreamDigestTask:
    """Hashes the video packets. Yields the digest."""

    path: str
    packets: int | None = None
    """From the beginning; None: all of them."""
    stage: ClassVar[str] = "identify"

    def run(self) -> Iterator[object]:
        yield (yield from hash_stream(self.path, self.packets))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a video could be read."""

    seconds: float


@dataclass(frozen=True, slots=True)
class SampleTask:
    """Takes the frames that a sampling chooses, the pictures within them and their middles. Yields Samples, each part's
    in order, and at the end a Reach."""

    path: str
    sampling: Sampling
    size: tuple[int, int]
    """(height, width) of the frames."""
    duration: float = 0.0
    """Seconds that the file is said to last."""
    threads: int = 1
    spans: tuple[Span, ...] = EVERYTHING
    """Seconds outside of which none are taken, ascending; for the samplings dense and auto."""
    parts: bool = True
    """Whether the pictures within the frames, and their middles, are wanted as well."""
    device: str | None = None
    """What decodes, a name of ``media.hardware``; None: the processors."""
    stage: ClassVar[str] = "decode"

    def run(self) -> Iterator[object]:
        if self.device is not None:
            allow_mapping()
        if self.sampling.mode == "shots":
            yield from self._shots()
            return
        # Anchors are chosen among frames once these are described.
        sampling, last = self.sampling.first, 0.0
        with open_video(self.path, threads=self.threads, device=self.device) as source:
            for samples in self._parts(sample_of(source, sampling, self.size, self.spans)):
                last = max(last, float(samples.times[-1]))
                yield samples
            packets = listed_packets(source)
        if self.spans == EVERYTHING and falls_short(last, self.duration):
            # No evidence yet: the last frame may be shown for long, the last keyframe may lie far from the end.
            if packets is None:
                for packets in packets_of(self.path):  # noqa: B007
                    yield None
            packets = packets or Packets(0.0, 0.0, 0.0)
            due = packets.last_key if sampling.mode == "keyframes" else packets.last
            if last >= due - 2 * self.sampling.step:
                last = max(last, packets.end)
        yield Reach(last)

    def _shots(self) -> Iterator[object]:
        """The middle frame of every shot. All frames are decoded once to find the shots."""
        seen = _Seen(every_frame(self.path, SHOT_SIZE, threads=self.threads, device=self.device))
        with ThreadPoolExecutor(1) as pool:
            # The detector asks for frames in its own time; signs of life are given while it does.
            finding = pool.submit(shot_boundaries, seen)
            count = -1
            while wait([finding], timeout=0.2).not_done:
                if seen.count > count:
                    count = seen.count
                    yield None
        times = shot_midpoints(finding.result(), seen.last)
        chosen = sample_at(self.path, times.tolist(), self.size, threads=self.threads, device=self.device)
        yield from self._parts(chosen)
        yield Reach(seen.last)

    def _parts(self, whole: Iterator[Samples]) -> Iterator[Samples]:
        return with_middles(with_inner_pictures(whole), self.duration) if self.parts else whole


@dataclass(frozen=True, slots=True)
class DeviceTask:
    """Opens a type of device. Yields why that cannot be done, empty where it can."""

    path: str
    """FFmpeg's name of it."""
    stage: ClassVar[str] = "decode"

    def run(self) -> Iterator[object]:
        allow_mapping()
        yield problem(self.path)


@dataclass(frozen=True, slots=True)
class TrialTask:
    """Measures how fast a file is sampled with a device, or without. Yields one Trial."""

    path: str
    sampling: Sampling
    """dense or auto."""
    size: tuple[int, int]
    device: str | None
    stage: ClassVar[str] = "decode"

    def run(self) -> Iterator[object]:
        if self.device is not None:
            allow_mapping()
        yield from trial(self.path, self.sampling, self.size, self.device)


@dataclass(frozen=True, slots=True)
class PictureTask:
    """Measures how good the picture is. Yields one Measured."""

    path: str
    width: int
    """Pixels as shown."""
    height: int
    duration: float
    stage: ClassVar[str] = "decode"

    def run(self) -> Iterator[object]:
        yield from measure(self.path, self.width, self.height, self.duration)


class _Seen:
    """Counts the frames that go through it."""

    def __init__(self, frames: Iterator[tuple[float, UInt8]]) -> None:
        self._frames = frames
        self.count, self.last = 0, 0.0

    def __iter__(self) -> Iterator[tuple[float, UInt8]]:
        for time, image in self._frames:
            self.count, self.last = self.count + 1, time
            yield time, image


def falls_short(reached: float, duration: float) -> bool:
    """Is so much missing that the file is damaged? Less than 90 % could be read, and more than 2 s are missing."""
    return reached < 0.9 * duration and duration - reached > 2.0
