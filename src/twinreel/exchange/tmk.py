"""TMK+PDQF: one descriptor of fixed size for a whole video, its .tmk file, and how two of them are compared.

Source: "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm" (Facebook, 2019), after Poullot et
al., "Temporal matching kernel with explicit feature maps" (ACM MM 2015); its implementation in facebook/ThreatExchange,
tmk/cpp. With f_t the PDQF coefficients of frame t of the video at 15 frames a second, and f^_t those at length 1:

    average        the mean of f_t
    cosines_Tj     the sum over t of f^_t cos(2 pi j t / T), at length 1, times sqrt(a_j); sines alike

for four periods T, in frames, and j = 0 ... 31. a_j are the Fourier coefficients of a kernel that is 1 where two videos
are aligned and falls off within a few dozen frames: of exp(beta cos x) with beta = 32, normalised.

Level 1 of comparing is the cosine of the averages: which frames, in any order. Level 2 is the best alignment in time,
over the periods and all shifts within them. A shift is known up to a multiple of its period.

The published code sums in float32; sums here are in float64 and rounded once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.pdq import pdqf
from twinreel.errors import BadFile
from twinreel.exchange.vpdq import STAGE
from twinreel.types import Float32, Float64, UInt8

FPS = 15
"""Frames a second that are hashed."""
SIZE = (64, 64)
"""(height, width) of the frames that are hashed."""
PERIODS = (2731, 4391, 9767, 14653)
"""Frames: prime, so that they share no multiples."""
COEFFICIENTS = np.array(
    [
        *(0.0708041893112, 0.13937789309, 0.132897260304, 0.122765735552, 0.109878684888, 0.09529606433),
        *(0.0800986647852, 0.0652590650356, 0.0515478238322, 0.0394851531195, 0.0293374252025, 0.0211492623679),
        *(0.0147973073245, 0.0100512818746, 0.0066306408014, 0.00424947117334, 0.0026467615764, 0.00160270959695),
        *(0.000943882629639, 0.000540841638603, 0.000301633183798, 0.000163800158855, 8.66454753015e-05),
        *(4.46626303151e-05, 2.24429442235e-05, 1.09982139799e-05, 5.25823487999e-06, 2.45358229988e-06),
        *(1.11781474895e-06, 4.97406489221e-07, 2.16265487234e-07, 9.19087006565e-08),
    ],
    np.float32,
)
"""a_j; files state them to the last bit, so they are given here as they are there and not computed."""
LEVEL_1 = 0.7
LEVEL_2 = 0.7
"""Scores from which two videos match, as upstream suggests. Near-exact copies reach 0.9."""
MAGIC = b"TMK1FVECPDQF"

_HEADER = struct.Struct("<12s5i")
_MOST = 1 << 16
"""More periods, coefficients, dimensions or frames in a period than that: the file is none of these."""


@dataclass(frozen=True, slots=True, eq=False)
class Tmk:
    """The descriptor of a video."""

    fps: int
    frames: int
    """How many were summed."""
    periods: NDArray[np.int32]
    """(p,) frames."""
    coefficients: Float32
    """(m,) a_j."""
    average: Float32
    """(d,)"""
    cosines: Float32
    """(p, m, d)"""
    sines: Float32
    """(p, m, d)"""

    @property
    def parameters(self) -> tuple[object, ...]:
        """What two descriptors must have in common to be compared."""
        return self.fps, tuple(self.periods.tolist()), tuple(self.coefficients.tolist()), len(self.average)


def parse_tmk(content: bytes) -> Tmk:
    """The descriptor in a .tmk file. BadFile where it is empty, cut short, too long or something else."""
    if not content:
        raise BadFile("the file is empty", STAGE)
    if not content.startswith(MAGIC[: len(content)]):
        raise BadFile(
            f"it begins with {content[: len(MAGIC)]!r}; a .tmk file of PDQF features begins with {MAGIC!r}", STAGE
        )
    if len(content) < _HEADER.size:
        raise BadFile(f"it is cut short: {len(content)} bytes, of which the header alone takes {_HEADER.size}", STAGE)
    _, fps, p, m, d, frames = _HEADER.unpack_from(content)
    if not (0 < fps <= _MOST and 0 < p <= _MOST and 0 < m <= _MOST and 0 < d <= _MOST and frames >= 0):
        raise BadFile(
            f"its header claims {fps} frames a second, {p} periods, {m} coefficients, {d} dimensions, {frames} frames: "
            "it is damaged",
            STAGE,
        )
    whole = _HEADER.size + 4 * (p + m + d + 2 * p * m * d)
    if len(content) != whole:
        what = "cut short" if len(content) < whole else "longer than it should be"
        raise BadFile(f"it is {what}: {len(content)} bytes, where its header asks for {whole}", STAGE)
    periods = np.frombuffer(content, "<i4", p, _HEADER.size)
    numbers = np.frombuffer(content, "<f4", offset=_HEADER.size + 4 * p)
    if periods.min() < 1 or periods.max() > _MOST:
        raise BadFile(f"its periods are {periods.tolist()} frames; 1 to {_MOST} are expected: it is damaged", STAGE)
    if not np.isfinite(numbers).all() or numbers[:m].min() < 0:
        raise BadFile("it holds numbers that no descriptor has: it is damaged", STAGE)
    coefficients, average, cosines, sines = np.split(numbers, np.cumsum([m, d, p * m * d]))
    return Tmk(fps, frames, periods, coefficients, average, cosines.reshape(p, m, d), sines.reshape(p, m, d))


def format_tmk(descriptor: Tmk) -> bytes:
    """The .tmk file of a descriptor; one that was read is written byte for byte as it was."""
    p, m, d = descriptor.cosines.shape
    return b"".join(
        (
            _HEADER.pack(MAGIC, descriptor.fps, p, m, d, descriptor.frames),
            descriptor.periods.astype("<i4").tobytes(),
            *(
                part.astype("<f4").tobytes()
                for part in (descriptor.coefficients, descriptor.average, descriptor.cosines, descriptor.sines)
            ),
        )
    )


class TmkSum:
    """Sums up the frames of a video at 15 a second, chunk by chunk."""

    def __init__(self) -> None:
        self._total: Float64 = np.zeros(0)
        self._kernel: NDArray[np.complex128] = np.zeros(0, np.complex128)
        self._frames = 0

    def add(self, images: UInt8) -> None:
        """(n, 64, 64, 3) RGB."""
        self.add_features(pdqf(images))

    def add_features(self, features: Float64) -> None:
        """(n, d): any features of frames."""
        order = np.arange(self._frames, self._frames + len(features))[:, np.newaxis, np.newaxis]
        turns = np.arange(len(COEFFICIENTS)) / np.array(PERIODS)[:, np.newaxis]  # (p, m): of one frame
        total = features.sum(axis=0)
        kernel = np.tensordot(np.exp(2j * np.pi * order * turns), _unit(features), axes=(0, 0))
        self._total, self._kernel = (self._total + total, self._kernel + kernel) if self._frames else (total, kernel)
        self._frames += len(features)

    def result(self) -> Tmk:
        """Of the frames so far. ValueError where there are none."""
        if not self._frames:
            raise ValueError("no frames: a descriptor is made of one or more")
        weights = np.sqrt(COEFFICIENTS.astype(np.float64))[:, np.newaxis]
        parts = ((_unit(part) * weights).astype(np.float32) for part in (self._kernel.real, self._kernel.imag))
        average = (self._total / self._frames).astype(np.float32)
        return Tmk(FPS, self._frames, np.array(PERIODS, np.int32), COEFFICIENTS, average, *parts)


def _unit(vectors: Float64) -> Float64:
    """At length 1; those of length 0 as they are."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Float64 = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit


@dataclass(frozen=True, slots=True)
class TmkMatch:
    """How alike two videos are."""

    level_1: float
    """Cosine of the averages, in [-1, 1]; 0 where one has length 0."""
    level_2: float
    """At the best shift of the best period; 1 for a video and itself."""
    shift: float
    """Seconds that b's time is ahead of a's where they show the same, at that shift: within half its period."""
    period: float
    """Seconds of that period: the shift is known up to a multiple of it."""


def _check_comparable(a: Tmk, b: Tmk) -> None:
    if a.parameters != b.parameters:
        raise ValueError("the two descriptors were made with other periods, coefficients, dimensions or frame rates")


def level_1(a: Tmk, b: Tmk) -> float:
    """Cosine of the averages. ValueError for descriptors that were made with other parameters than one another."""
    _check_comparable(a, b)
    x, y = a.average.astype(np.float64), b.average.astype(np.float64)
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / lengths if lengths else 0.0


def kernel(a: Tmk, b: Tmk, period: int) -> Float64:
    """Level 2 for every shift 0, 1, ... frames of the period with this index.

    ValueError for descriptors that were made with other parameters than one another.
    """
    _check_comparable(a, b)
    (ca, sa), (cb, sb) = (
        (one.cosines[period].astype(np.float64), one.sines[period].astype(np.float64)) for one in (a, b)
    )
    same, turned = ((x * y + z * w).sum(axis=1) for x, y, z, w in ((ca, cb, sa, sb), (sa, cb, -ca, sb)))
    cosines, sines = _waves(int(a.periods[period]), len(a.coefficients))
    norm = 2.0 * float(a.coefficients.astype(np.float64).sum()) - float(a.coefficients[0])
    scores: Float64 = (cosines @ same + sines @ turned) / norm
    return scores


@lru_cache(maxsize=8)
def _waves(period: int, count: int) -> tuple[Float64, Float64]:
    """(period, count) cosines and sines of 2 pi j d / period."""
    angle = 2 * np.pi / period * np.outer(np.arange(period), np.arange(count))
    return np.cos(angle), np.sin(angle)


def match_tmk(a: Tmk, b: Tmk, *, least: float = -1.0) -> TmkMatch | None:
    """Compares two videos; None where level 1 is below ``least``, which saves most of the work.

    ValueError for descriptors that were made with other parameters than one another.
    """
    first = level_1(a, b)
    if first < least:
        return None
    scores = [kernel(a, b, period) for period in range(len(a.periods))]
    best = int(np.argmax([score.max() for score in scores]))
    length, frames = int(a.periods[best]), int(np.argmax(scores[best]))
    shift = frames if frames <= length / 2 else frames - length
    return TmkMatch(first, float(scores[best][frames]), -shift / a.fps, length / a.fps)
