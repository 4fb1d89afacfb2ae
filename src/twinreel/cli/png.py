"""A similarity map as a PNG, written with zlib alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from twinreel.errors import UserError
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


def encode_png(image: UInt8) -> bytes:
    """(height, width, 3) RGB as a PNG file (ISO/IEC 15948)."""
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, width * 3)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(image: UInt8, path: Path) -> None:
    """UserError where the file cannot be written."""
    try:
        path.write_bytes(encode_png(image))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
