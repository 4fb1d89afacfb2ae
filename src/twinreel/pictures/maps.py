"""Similarity maps as pictures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from twinreel.pictures.digits import HEIGHT, stamp, width, write
from twinreel.pictures.picture import Picture, beside
from twinreel.types import Float32, Float64, Segment, UInt8

_LONGER_SIDE = 900
"""Pixels that the cells are scaled up to, at most ..."""
_CELL = 16
"""... but no cell to more than so many."""
_COLOURS = np.array([(8, 8, 24), (70, 30, 110), (180, 50, 100), (250, 150, 60), (255, 250, 210)], np.float64)
"""From nothing in common to the same."""
_LINE, _MIRRORED, _EDGE = (0, 255, 90), (0, 210, 255), (0, 0, 0)
_DASH = 6
"""Pixels of a dash, and of the gap after it."""
_PAPER, _INK = (255, 255, 255), (60, 60, 60)
_SPACE = 4
"""Pixels between what stands at an axis."""
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000)
"""Seconds between ticks, the first that leaves room for them."""


def similarity_map(similarity: Float32, times_a: Float64, times_b: Float64, segments: Iterable[Segment] = ()) -> UInt8:
    """(height, width, 3) RGB: a runs down, b to the right, a square of pixels for each cell of ``similarity`` (n, m).

    Dark is no likeness (0 and below), bright is 1. Segments are green lines, mirrored ones blue; dashed, so that the
    ridge that they follow is seen.
    """
    cells = np.clip(np.nan_to_num(similarity), 0, 1).reshape(len(times_a), len(times_b))
    if not cells.size:
        return np.zeros((1, 1, 3), np.uint8)
    scale = int(np.clip(_LONGER_SIDE // max(cells.shape), 1, _CELL))
    levels = np.linspace(0, 1, len(_COLOURS))
    image = np.stack([np.interp(cells, levels, _COLOURS[:, channel]) for channel in range(3)], axis=-1).astype(np.uint8)
    image = image.repeat(scale, axis=0).repeat(scale, axis=1)
    for segment in segments:
        _draw(image, segment, times_a, times_b, scale)
    return image


def _draw(image: UInt8, segment: Segment, times_a: Float64, times_b: Float64, scale: int) -> None:
    """A dashed line from the start of a segment to its end, a pixel wide and edged with black."""
    downs = _place(np.array([segment.a_start, segment.a_stop]), times_a) * scale
    rights = _place(np.array([segment.b_start, segment.b_stop]), times_b) * scale
    if segment.backwards:
        rights = rights[::-1]
    steps = int(max(abs(downs[1] - downs[0]), abs(rights[1] - rights[0]))) + 1
    along = np.arange(0, steps + 1)
    along = along[along // _DASH % 2 == 0] / steps
    rows = np.clip(downs[0] + along * (downs[1] - downs[0]), 0, image.shape[0] - 1).astype(int)
    columns = np.clip(rights[0] + along * (rights[1] - rights[0]), 0, image.shape[1] - 1).astype(int)
    for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        image[np.clip(rows + down, 0, len(image) - 1), np.clip(columns + right, 0, image.shape[1] - 1)] = _EDGE
    image[rows, columns] = _MIRRORED if segment.mirrored else _LINE


def _place(seconds: Float64, times: Float64) -> Float64:
    """Where moments lie on an axis whose cell i begins at ``times[i]``, in cells; irregular times are stretched."""
    if len(times) < 2:
        return np.asarray(np.clip(seconds - times[0], 0, 1), np.float64)
    ends = np.append(times, 2 * times[-1] - times[-2])
    return np.asarray(np.interp(seconds, ends, np.arange(len(ends))), np.float64)


def heat_map(similarity: Float32, times_a: Float64, times_b: Float64, segments: Iterable[Segment] = ()) -> Picture:
    """``similarity_map`` with the times of a at the left and those of b at the top."""
    cells = similarity_map(similarity, times_a, times_b, segments)
    scale = max(1, len(cells) // max(1, len(times_a)))
    edge = max(width(stamp(float(times[-1]))) for times in (times_a, times_b) if len(times)) if similarity.size else 0
    left, top = edge + 2 * _SPACE, HEIGHT + 2 * _SPACE
    image = np.full((top + len(cells), left + cells.shape[1], 3), _PAPER, np.uint8)
    image[top:, left:] = cells
    for text, at in _ticks(times_a, scale, 3 * HEIGHT):
        write(image, text, top + at, left - _SPACE - width(text), _INK)
        image[top + at, left - _SPACE + 1 : left] = _INK
    for text, at in _ticks(times_b, scale, edge + 4 * _SPACE):
        write(image, text, _SPACE - 1, left + at, _INK)
        image[top - _SPACE + 1 : top, left + at] = _INK
    return Picture(image)


def _ticks(times: Float64, scale: int, apart: int) -> list[tuple[str, int]]:
    """Round seconds and where they lie on an axis, in pixels, at least so many apart; the text fits before the end."""
    if not len(times):
        return []
    stop = float(times[-1])
    found: list[tuple[str, int]] = []
    for step in _STEPS:
        seconds = np.arange(np.ceil(times[0] / step) * step, stop + 1e-9, step)
        places = [int(place * scale) for place in _place(seconds, times)]
        found = [(stamp(float(second)), place) for second, place in zip(seconds, places, strict=True)]
        if len(found) < 2 or min(np.diff(places)) >= apart:
            break
    end = len(times) * scale
    return [(text, place) for text, place in found if place + width(text) <= end or not place]


def region_maps(frames: Float32, compared: Float32 | None = None, step: float = 1.0) -> Picture:
    """Heat maps of regions: of frames (t, u) that lie ``step`` seconds apart, and beside it, where it is given, what a
    network's comparator makes of them (~t/4, ~u/4), in [-1, 1], at the same scale; -1 is dark."""
    times = [np.asarray(np.arange(length) * step, np.float64) for length in frames.shape]
    maps = [frames]
    if compared is not None:
        rows, columns = (np.arange(f) * c // f for f, c in zip(frames.shape, compared.shape, strict=True))
        maps.append(np.asarray((compared[np.ix_(rows, columns)] + 1) / 2, np.float32))
    return Picture(beside([heat_map(one, times[0], times[1]).pixels for one in maps], 4 * _SPACE, _PAPER))
