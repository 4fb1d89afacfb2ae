"""The RegionDescriber seam: frames to vectors of their regions; and the regions of the backbone that ships.

``BackboneRegions`` makes of each of nine windows what the default describer makes of the whole frame: the feature maps
of its two resolutions are pooled over the window by the generalised mean, normalised, and projected by the describer's
own whitening. So it needs no file and no library that the package has not, and the one window that is the whole map
gives the describer's vector. The maps come out of the model that ships, which is told to hand them over.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from twinreel.describe.frames import check_frames
from twinreel.describe.onnx import DEFAULT_MODEL, default, open_model
from twinreel.processors import cores
from twinreel.types import Float32, UInt8

SIDE = 3
"""Windows along each side of the frame, half overlapping, as ViSiL and its students have them."""
MAPS = ("/trunk/_blocks.11/Clip_output_0_DequantizeLinear_Output", "/trunk/Clip_1_output_0_DequantizeLinear_Output")
"""Names of the two feature maps (1, c, h, w) in the graph that ships."""
PROJECTION = ("projection", "offset")
"""And of its whitening (c, d), (d,)."""


class RegionDescriber(Protocol):
    """Turns frames into vectors of their regions, whose inner products say how alike the regions are.

    A vector depends on its own frame only.
    """

    name: str
    version: str
    """Changes whenever the same frame would give other vectors."""
    image_size: tuple[int, int]
    """(height, width) of the frames it wants; frames are stretched to it."""
    regions: int
    """Of a frame."""
    dimensions: int

    def describe_regions(self, images: UInt8) -> Float32:
        """(n, h, w, 3) RGB uint8 -> (n, regions, dimensions), each vector of length 1. n may be 0."""
        ...


class BackboneRegions:
    """Regions of the describer that ships, as a RegionDescriber."""

    name = "backbone"
    regions = SIDE * SIDE

    def __init__(self, threads: int | None = None) -> None:
        """threads: frames run at the same time, by default one a core."""
        describer = default()
        self.version, self.image_size = describer.version, describer.image_size
        self.dimensions = describer.dimensions
        self._description, self._threads = describer.description, threads or cores()
        self._session: Any = open_model(_handing_over(DEFAULT_MODEL.read_bytes(), (*MAPS, *PROJECTION)))
        self._input = self._session.get_inputs()[0].name

    def describe_regions(self, images: UInt8) -> Float32:
        """See RegionDescriber."""
        check_frames(images, self.image_size)
        found = np.empty((len(images), self.regions, self.dimensions), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for row, vectors in enumerate(pool.map(self._run, images)):
                found[row] = vectors
        return found

    def _run(self, image: UInt8) -> Float32:
        """A frame (h, w, 3) to (regions, dimensions)."""
        tensor = self._description.tensor(image, np.uint8)
        *maps, projection, offset = self._session.run([*MAPS, *PROJECTION], {self._input: tensor})
        return project([windows(level[0], SIDE) for level in maps], projection, offset)


def windows(level: Float32, side: int) -> Float32:
    """A map (c, h, w) of values of 0 and more -> (side * side, c), row by row: the generalised mean, of power 3, over
    each of ``side`` by ``side`` windows; half overlapping, or all of it where side is 1."""
    spans = [_spans(length, side) for length in level.shape[1:]]
    cubes = level**3
    means = [cubes[:, rows, columns].mean(axis=(1, 2)) for rows in spans[0] for columns in spans[1]]
    return np.asarray(np.cbrt(np.stack(means)), np.float32)


def _spans(length: int, side: int) -> list[slice]:
    """``side`` stretches of a length, evenly spread, each of about twice its share."""
    width = length if side == 1 else -(-2 * length // (side + 1))
    starts = np.linspace(0, length - width, side).round().astype(int)
    return [slice(start, start + width) for start in starts]


def project(levels: list[Float32], projection: Float32, offset: Float32) -> Float32:
    """Pooled maps (n, c_i) -> unit vectors (n, d), as the describer that ships makes its vector of them."""
    pooled = np.concatenate([_unit(level) for level in levels], axis=1)
    return _unit(_unit(pooled) @ projection + offset)


def _unit(rows: Float32) -> Float32:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


def _handing_over(model: bytes, names: tuple[str, ...]) -> bytes:
    """An ONNX model with more outputs: values of its graph, by name.

    The encoding of protocol buffers promises that a message written after another of the same type adds to it: what is
    appended is a ``ModelProto`` whose ``graph`` (field 7) has but ``output`` (field 12) entries that have but a
    ``name`` (field 1). That spares the package ``onnx``.
    """
    outputs = b"".join(_field(12, _field(1, name.encode())) for name in names)
    return model + _field(7, outputs)


def _field(number: int, payload: bytes) -> bytes:
    """A field of a protocol buffer's message whose value is bytes: tag, length (7 bits a byte, the lowest first)."""
    length, digits = len(payload), []
    while True:
        length, digit = length >> 7, length & 127
        digits.append(digit | 128 if length else digit)
        if not length:
            return bytes([number << 3 | 2, *digits]) + payload
