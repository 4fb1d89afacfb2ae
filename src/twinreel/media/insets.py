"""Pictures within the picture: insets, tiles, and the sharp middle of a blurred surround.

What an editing program pastes into a frame has straight edges that stay where they are while both sides of them move:
an edge counts by how often, over several frames, there is a crisp step at exactly that place. A rectangle is a picture
of its own where all its sides are such edges for most of their length (the averaged edges of the VSC2022 matching
winners, Wang et al., "Feature-compatible progressive learning", 2023, of whole rectangles instead of seams). Strips
beside such an edge that have hardly any fine detail are a blurred surround. Bars that only some frames have are cut off
those.

A rectangle that is none (a door, a screen in the scene) costs time to describe, and no more: it is described beside
the whole picture, not in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twinreel.media.bars import FLAT, BarDetector, Crop
from twinreel.media.frames import enlarged
from twinreel.types import Float32, Samples, UInt8

WINDOW = 16
"""Frames that are judged together: a picture in a picture comes and goes."""
LOOKS = 8
"""... of which so many are looked at, ..."""
LEAST_LOOKS = 3
"""... and at least so many: in one frame every edge stays where it is."""
LEAST_BAR = 0.04
"""Share of the picture that each of two opposite bars takes at least, where only some frames have them, ..."""
LEAST_BARS = 2
"""... and how many in a row."""
STEP = 20.0
"""Difference of luma across an edge, beyond that of its surroundings, that makes it certain."""
SIDES = {4: 0.45, 3: 0.6, 2: 0.65}
"""Share of its length that each side of a rectangle is seen for, by the number of sides inside the picture."""
SEAM = 0.7
"""The same for a line that parts the whole picture."""
SOFT_SEAM = 0.45
"""... and where what lies behind it is blurred ..."""
SOFT = 0.45
"""... which is to have at most this share of the inner part's fine detail."""
LINES = 8
"""Lines each way that rectangles are made of."""
LINE = 0.3
"""Share of the picture that the best stretch of a line is long, and the least certainty of that."""
SMALLEST, LARGEST = 0.2, 0.8
"""Sides of a rectangle, of the picture's, and its area."""
MOST = 4
"""Pictures in one picture: tiles, two by two."""
SAME = 0.04
"""Difference of the sides, as shares, up to which a picture within the picture is the one of an earlier window."""
MOST_PARTS = 16
"""Different places at which a video shows pictures within the picture; what comes after them is part of the whole."""

Lines = NDArray[np.intp]
Bounds = tuple[int, int, int, int]
"""First row, behind the last, first column, behind the last."""


def with_inner_pictures(chunks: Iterator[Samples]) -> Iterator[Samples]:
    """The frames of a video, and after each window of them its inner pictures, as large as the whole."""
    known: list[Crop] = []
    window = _Window()
    for samples in chunks:
        yield samples
        for time, image, bars in zip(samples.times.tolist(), samples.images, bars_of(samples.images), strict=True):
            if len(window.times) == WINDOW or not _same(bars, window.bars):
                yield from window.parts(known)
                window = _Window(bars, before=window.crops if _same(bars, window.bars) else [])
            window.times.append(time)
            window.images.append(image)
    yield from window.parts(known)


class _Window:
    """Frames in a row with the same bars."""

    def __init__(self, bars: Crop | None = None, before: Sequence[Crop] = ()) -> None:
        """``before``: the inner pictures of the window before."""
        self.bars = bars or Crop()
        self.crops = list(before)
        self.times: list[float] = []
        self.images: list[UInt8] = []

    def parts(self, known: list[Crop]) -> Iterator[Samples]:
        """What was found in it; ``known`` are the places at which the video has shown inner pictures so far."""
        if not self.times:
            return
        images = np.stack(self.images)
        if not self.bars.nothing:
            self.crops = [self.bars] if len(images) >= LEAST_BARS else []
        elif len(images) >= LEAST_LOOKS:  # fewer go on with what was there before them
            self.crops = inner_pictures(images)
        for crop in self.crops:
            part = next((number for number, other in enumerate(known) if _same(crop, other)), len(known))
            if part == len(known):
                known.append(crop)
            if part < MOST_PARTS:
                yield Samples(np.array(self.times), enlarged(images, crop), part + 1)


def bars_of(images: UInt8) -> list[Crop]:
    """Bars on opposite sides of each frame of (n, h, w, 3): those that only a part of a video has, as clips of other
    shapes in a compilation do. What all of it has was cut off before."""
    green = images[:, :, :, 1]
    flat = (green[:, [0, -1]].std(axis=2) <= FLAT).all(axis=1)
    flat |= (green[:, :, [0, -1]].std(axis=1) <= FLAT).all(axis=1)
    return [_bars(image) if some else Crop() for image, some in zip(images, flat.tolist(), strict=True)]


def _bars(image: UInt8) -> Crop:
    detector = BarDetector()
    detector.add(image)
    found = detector.crop()
    above, beside = min(found.top, found.bottom) >= LEAST_BAR, min(found.left, found.right) >= LEAST_BAR
    return Crop(
        found.top if above else 0.0,
        found.bottom if above else 0.0,
        found.left if beside else 0.0,
        found.right if beside else 0.0,
    )


def _same(one: Crop, other: Crop) -> bool:
    sides = (one.top - other.top, one.bottom - other.bottom, one.left - other.left, one.right - other.right)
    return max(map(abs, sides)) <= SAME


def inner_pictures(images: UInt8) -> list[Crop]:
    """(t, h, w, 3) frames of one window -> what to cut off to see each picture that is in there; mostly nothing."""
    if len(images) < LEAST_LOOKS:
        return []
    chosen = np.unique(np.linspace(0, len(images) - 1, LOOKS).round().astype(int))
    luma = images[:, :, :, 1][chosen].astype(np.int16)  # green is most of it
    height, width = luma.shape[1:]
    across, along = _steps(luma), _steps(np.ascontiguousarray(luma.transpose(0, 2, 1)))
    over, beside = _running(across), _running(along)
    rows, columns = _lines(over), _lines(beside)
    tiles = _tiles(across, along, rows, columns)
    boxes = (
        _surrounded(luma, across, along, rows, columns)
        or (tiles if len(tiles) == MOST else [])
        or _rectangle(over, beside, rows, columns)
        or tiles
    )
    return [
        Crop(top / height, 1 - bottom / height, left / width, 1 - right / width) for top, bottom, left, right in boxes
    ]


def _steps(luma: NDArray[np.int16]) -> Float32:
    """(t, h, w) -> (h + 1, w): how certain there is a lasting edge between rows i - 1 and i, [0, 1]."""
    height, width = luma.shape[1:]
    total = np.zeros((height - 5, width), np.int16)
    for frame in luma:  # one at a time: what is made of it stays in the processor's cache
        near = frame[1:] - frame[:-1]
        np.abs(near, out=near)
        # an edge that scaling has spread over two rows is found at the second of them
        step = frame[3:-2] - frame[1:-4]
        np.abs(step, out=step)
        np.maximum(step, near[2:-2], out=step)
        around = np.maximum(near[:-4], near[4:])
        step -= around
        step -= around >> 1
        total += np.clip(step, 0, int(STEP), out=step)
    certain = np.zeros((height + 1, width), np.float32)
    certain[3 : height - 2] = total / np.float32(len(luma)) / np.float32(STEP)
    return certain


def _running(certain: Float32) -> Float32:
    """(n, m) -> (n, m + 1) running sums along each row, from 0 on."""
    sums = np.zeros((certain.shape[0], certain.shape[1] + 1), np.float32)
    np.cumsum(certain, axis=1, out=sums[:, 1:])
    return sums


def _lines(sums: Float32) -> list[int]:
    """The rows with the best edges, ascending, by running ``sums`` of their certainty."""
    length = max(2, round((sums.shape[1] - 1) * LINE))
    best = (sums[:, length:] - sums[:, :-length]).max(axis=1) / length
    found = np.flatnonzero(best > LINE)
    near = np.concatenate([np.zeros(2, np.float32), best, np.zeros(2, np.float32)])[found[:, None] + np.arange(5)]
    peak = (near[:, 2] >= near.max(axis=1, initial=0)) & (near[:, 2] > near[:, :2].max(axis=1, initial=0))
    found = found[peak]
    return sorted(found[np.argsort(-best[found], kind="stable")][:LINES].tolist())


def _rectangle(over: Float32, beside: Float32, rows: list[int], columns: list[int]) -> list[Bounds]:
    """The rectangle with the most sides inside the picture whose every side is an edge; of several the surest.

    ``over`` and ``beside``: running sums of how certain edges between rows and between columns are.
    """
    height, width = beside.shape[1] - 1, over.shape[1] - 1
    upright, level = _spans(rows, height), _spans(columns, width)
    if not len(upright) or not len(level):
        return []
    tops, bottoms = upright.T[:, :, None]
    lefts, rights = level.T[:, None, :]
    # (4, rectangles by rows, by columns): how much of each side is an edge; nan at the edge of the picture
    sides = np.stack(
        [
            _share(over, tops, lefts, rights, height),
            _share(over, bottoms, lefts, rights, height),
            _share(beside, lefts, tops, bottoms, width),
            _share(beside, rights, tops, bottoms, width),
        ]
    )
    inside = (~np.isnan(sides)).sum(axis=0)
    least = np.select([inside == count for count in SIDES], list(SIDES.values()), np.inf)
    good = (np.nan_to_num(sides, nan=np.inf).min(axis=0) >= least) & (
        (bottoms - tops) * (rights - lefts) <= LARGEST * height * width
    )
    if not good.any():
        return []
    surest = np.where(good, inside + np.nansum(sides, axis=0) / (inside + 1), -1.0)
    row, column = np.unravel_index(int(surest.argmax()), surest.shape)
    top, bottom = upright[row].tolist()
    left, right = level[column].tolist()
    return [(top, bottom, left, right)]


def _share(sums: Float32, line: Lines, first: Lines, last: Lines, size: int) -> Float32:
    """Mean certainty of a line from first to last, of running ``sums``; nan where the line is at the picture's edge."""
    mean = (sums[line, last] - sums[line, first]) / (last - first)
    return np.asarray(np.where((line > 0) & (line < size), mean, np.nan), np.float32)


def _spans(lines: list[int], size: int) -> Lines:
    """(n, 2) first and behind the last of everything between two lines that is large enough."""
    ends = [0, *lines, size]
    spans = [(a, b) for i, a in enumerate(ends) for b in ends[i + 1 :] if b - a >= SMALLEST * size]
    return np.array(spans, np.intp).reshape(-1, 2)


def _surrounded(
    luma: NDArray[np.int16], across: Float32, along: Float32, rows: list[int], columns: list[int]
) -> list[Bounds]:
    """The sharp part between two strips of one blur, of which one edge at least is seen: such strips are alike."""
    height, width = luma.shape[1:]
    for turned, certain, lines in ((luma, across, rows), (luma.transpose(0, 2, 1), along, columns)):
        size = turned.shape[1]
        for seam in (line for line in lines if certain[line].mean() >= SOFT_SEAM):
            low, high = sorted((seam, size - seam))
            if high - low < SMALLEST * size or low < SMALLEST * size / 2:
                continue
            fine = _detail(turned)
            inside = float(fine[low:high].mean())
            if max(float(fine[:low].mean()), float(fine[high:].mean())) <= SOFT * inside:
                return [(low, high, 0, width) if certain is across else (0, height, low, high)]
    return []


def _detail(luma: NDArray[np.int16]) -> Float32:
    """(t, h, w) -> (h,): how much fine detail each row has."""
    second = luma[:, :, 2:] - 2 * luma[:, :, 1:-1] + luma[:, :, :-2]
    return np.asarray(np.abs(second).mean(axis=(0, 2)), np.float32)


def _tiles(across: Float32, along: Float32, rows: list[int], columns: list[int]) -> list[Bounds]:
    """The pictures that a line from side to side parts the whole into, or one each way."""
    height, width = along.shape[1], across.shape[1]
    downs = [0, *_seams(across, rows, height), height]
    rights = [0, *_seams(along, columns, width), width]
    if max(len(downs), len(rights)) != 3:  # none, or more than a layout of two or four has
        return []
    return [(top, bottom, left, right) for top, bottom in pairwise(downs) for left, right in pairwise(rights)]


def _seams(certain: Float32, lines: list[int], size: int) -> list[int]:
    return [line for line in lines if certain[line].mean() >= SEAM and SMALLEST <= line / size <= 1 - SMALLEST]
