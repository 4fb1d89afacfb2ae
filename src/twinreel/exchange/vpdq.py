"""vPDQ: a PDQ hash of one frame a second, as text, and how two of them are compared.

Source: facebook/ThreatExchange, vpdq (README.md; cpp/vpdq/cpp: filehasher, hasher, matchTwoHash, vpdqio). A line
a frame:

    frame number, quality (0 to 100), PDQ hash (64 hex digits), seconds (three decimals)

with commas and no spaces. The hash's first digit holds the highest four of the 256 bits.

Comparing takes no notice of time or order. Of both videos the frames of low quality are left out; what share of the
rest looks like any frame of the other is counted, each way. The reference implementation in C++ counts every frame,
which is done here; the one in Python and the README's pseudocode count equal hashes once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.hashes import Bits, vectors_of
from twinreel.describe.hashes import hamming as distances
from twinreel.describe.pdq import MIN_QUALITY, pdq
from twinreel.errors import BadFile
from twinreel.types import Float64, UInt8

BITS = 256
DISTANCE = 31
"""Bits in which two hashes of one picture may differ. As half of a PDQ hash's bits are set, distances are even, so that
at most 31 (README) and fewer than 31 (C++) are the same rule."""
STAGE = "hashes"
"""What was being done where a file of hashes cannot be used."""

_LINE = re.compile(rb"(\d{1,15}),(\d{1,3}),([0-9a-f]{64}),(\d{1,12}\.\d{3})", re.IGNORECASE)
_ROWS = 1 << 20
"""Distances held at a time, about."""


@dataclass(frozen=True, slots=True, eq=False)
class Vpdq:
    """The hashes of a video."""

    frames: NDArray[np.int64]
    """(n,) numbers of the frames, from 0, in the order in which they are shown."""
    qualities: NDArray[np.int64]
    """(n,) 0 to 100: how much there is to hash."""
    bits: UInt8
    """(n, 32) PDQ hashes, packed in the order of the text: highest bit first."""
    times: Float64
    """(n,) seconds: frame number divided by the video's average frame rate."""

    def __post_init__(self) -> None:
        n = len(self.frames)
        if self.qualities.shape != (n,) or self.times.shape != (n,) or self.bits.shape != (n, BITS // 8):
            raise ValueError(
                f"{n} frames, but qualities {self.qualities.shape}, bits {self.bits.shape}, times {self.times.shape}: "
                f"({n},), ({n}, {BITS // 8}) and ({n},) are expected"
            )

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def step(self) -> float:
        """Seconds between two hashed frames, as a rule; 0.0 where there is one frame only."""
        return float(np.median(np.diff(self.times))) if len(self) > 1 else 0.0


def parse_vpdq(content: bytes) -> Vpdq:
    """The hashes in a vPDQ text file. BadFile where it is empty, cut short or something else."""
    if not content:
        raise BadFile("the file is empty", STAGE)
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        fields = _LINE.fullmatch(line)
        if fields is None or int(fields[2]) > 100:
            shown = line[:60].decode("ascii", "backslashreplace")
            raise BadFile(
                f"line {number} is {shown!r}; a vPDQ line is expected: frame number, quality up to 100, 64 hex digits, "
                "seconds with three decimals",
                STAGE,
            )
        found.append(fields)
    if not content.endswith(b"\n"):
        raise BadFile("it is cut short: no line end after its last line", STAGE)
    return Vpdq(
        np.array([int(fields[1]) for fields in found], np.int64),
        np.array([int(fields[2]) for fields in found], np.int64),
        np.frombuffer(bytes.fromhex("".join(fields[3].decode() for fields in found)), np.uint8).reshape(-1, BITS // 8),
        np.array([float(fields[4]) for fields in found]),
    )


def format_vpdq(hashes: Vpdq) -> bytes:
    """The text file of hashes, byte for byte as the reference implementation writes it."""
    rows = zip(hashes.frames, hashes.qualities, hashes.bits, hashes.times, strict=True)
    return "".join(
        f"{frame},{quality},{bits.tobytes().hex()},{time:.3f}\n" for frame, quality, bits, time in rows
    ).encode()


class VpdqHasher:
    """Hashes frames of a video one by one."""

    def __init__(self, fps: float) -> None:
        """fps: frames of the video a second, on average."""
        self._fps = fps
        self._numbers: list[int] = []
        self._qualities: list[int] = []
        self._bits: list[UInt8] = []

    def add(self, number: int, image: UInt8) -> None:
        """The frame with this number: (h, w, 3) RGB, of any size from 5 pixels a side."""
        bits, quality = pdq(image[np.newaxis])
        self._numbers.append(number)
        self._qualities.append(int(quality[0]))
        self._bits.append(np.packbits(bits[0, ::-1]))

    def result(self) -> Vpdq:
        """Of the frames so far; their seconds as the reference implementation has them, in float32."""
        numbers = np.array(self._numbers, np.int64)
        times = (numbers.astype(np.float32) / np.float32(self._fps)).astype(np.float64)
        return Vpdq(
            numbers,
            np.array(self._qualities, np.int64),
            np.array(self._bits, np.uint8).reshape(-1, BITS // 8),
            times,
        )


@dataclass(frozen=True, slots=True, eq=False)
class VpdqMatch:
    """How much of two videos looks like some frame of the other."""

    percent_a: float
    """Percentage of a's frames of sufficient quality that look like some such frame of b; 0 where either has none."""
    percent_b: float
    spans_a: tuple[tuple[float, float], ...]
    """[start, stop) in seconds of the runs of such frames in a."""
    spans_b: tuple[tuple[float, float], ...]


def match_vpdq(a: Vpdq, b: Vpdq, *, distance: int = DISTANCE, quality: int = MIN_QUALITY) -> VpdqMatch:
    """Compares two videos. Frames match whose hashes differ in ``distance`` bits at most; those of a quality below
    ``quality`` are left out."""
    telling_a, telling_b = a.qualities >= quality, b.qualities >= quality
    if not telling_a.any() or not telling_b.any():
        return VpdqMatch(0.0, 0.0, (), ())
    rows, columns = vectors_of(_bits(a, telling_a)), vectors_of(_bits(b, telling_b))
    of_a, of_b = np.zeros(len(rows), bool), np.zeros(len(columns), bool)
    step = max(1, _ROWS // len(columns))
    for start in range(0, len(rows), step):
        near = distances(rows[start : start + step], columns) <= distance
        of_a[start : start + step] = near.any(axis=1)
        of_b |= near.any(axis=0)
    return VpdqMatch(
        100.0 * float(of_a.mean()), 100.0 * float(of_b.mean()), _spans(a, telling_a, of_a), _spans(b, telling_b, of_b)
    )


def _bits(hashes: Vpdq, kept: NDArray[np.bool_]) -> Bits:
    return np.unpackbits(hashes.bits[kept], axis=1).astype(bool)


def _spans(hashes: Vpdq, telling: NDArray[np.bool_], matched: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Runs of matched frames; a frame stands for the time up to the next. One of low quality ends no run."""
    times = hashes.times[telling]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], matched, [False]]).astype(np.int8)))
    return tuple(
        (float(times[first]), float(times[last - 1]) + hashes.step) for first, last in edges.reshape(-1, 2).tolist()
    )
