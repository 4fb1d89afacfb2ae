"""Decoding by a device: what there is, and how fast it is beside the processors.

FFmpeg's decoders hand the decoding of a picture to a device that they were built with, and PyAV copies the picture to
memory, from where it goes the way of all frames. So times, frames left out, rotation and cropping are the decoder's, as
ever; the loop filter alone is always applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

import av
import numpy as np
from av.codec.hwaccel import HWAccel, hwdevices_available

from twinreel.errors import UserError
from twinreel.media.sampling import CHUNK, Sampling, sample_of
from twinreel.media.source import open_video
from twinreel.types import Float64, UInt8

AUTO, OFF = "auto", "off"
TYPES = ("vaapi", "cuda", "qsv", "videotoolbox", "d3d11va")
"""FFmpeg's names of the types of devices that are tried unasked, in this order: those that decode video on Linux, on
NVIDIA's cards, Intel's processors, macOS and Windows."""
STRETCH = 20.0
"""Seconds of video that a trial takes. Opening a device takes some tenths of a second, which count as they do in a file
of this length: a longer one gains more than was measured."""
ALIKE = 8.0
"""Levels of 255 that two decodings of a frame may differ by, on average: the loop filter makes up to three in small
coarse pictures, another picture, or a broken one, tens."""


def built() -> list[str]:
    """FFmpeg's names of all types of devices that it was built with."""
    return list(hwdevices_available())


def check_hardware(name: str) -> None:
    """UserError for what is neither ``auto`` nor ``off`` nor a type of device that FFmpeg was built with."""
    known = (AUTO, OFF, *built())
    if name not in known:
        raise UserError(f"unknown hardware {name!r}: use one of {', '.join(known)} (`twinreel doctor` says what works)")


def problem(device: str) -> str:
    """Why a type of device cannot be used here; empty where it can. Its driver may crash this process."""
    try:
        HWAccel(device).create(av.Codec("h264", "r"))
    except NotImplementedError:
        return "no decoder of this FFmpeg uses it"
    except av.FFmpegError as error:
        return f"no such device, or no driver ({str(error.strerror).lower()})"
    return ""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a decoder did on the first seconds of a file."""

    rate: float
    """Seconds of video that were sampled in a second, opening included."""
    times: Float64
    """(n,) seconds of the frames that were taken."""
    images: UInt8
    """(m, h, w, 3) the first of them."""

    def agrees(self, other: Trial) -> bool:
        """Are the same frames taken, and do they show the same?"""
        if not np.array_equal(self.times, other.times):
            return False
        apart = np.abs(self.images.astype(np.int16) - other.images)
        return bool(apart.mean(axis=(1, 2, 3)).max() <= ALIKE)


def trial(path: str, sampling: Sampling, size: tuple[int, int], device: str | None) -> Iterator[Trial | None]:
    """Samples the first ``STRETCH`` seconds of a file, as ``sample_of`` does, and yields a Trial at the end; None
    before it, as a sign of life.

    sampling: dense or auto. device: None for the processors. MediaError where it cannot.
    """
    begun = monotonic()
    times: list[Float64] = []
    images: list[UInt8] = []
    with open_video(path, device=device) as source:
        for samples in sample_of(source, sampling, size, spans=((0.0, STRETCH),)):
            images.append(samples.images[: max(0, CHUNK - sum(len(some) for some in images))])
            times.append(samples.times)
            yield None
    taken = np.concatenate(times)
    yield Trial(float(taken[-1]) / (monotonic() - begun), taken, np.concatenate(images))


def choose(software: float, devices: Mapping[str, float]) -> str | None:
    """The device to decode with, None for the processors: the fastest, by the rates of all workers together without a
    device and with each."""
    best = max(devices, key=lambda device: devices[device], default=None)
    return best if best is not None and devices[best] > software else None
