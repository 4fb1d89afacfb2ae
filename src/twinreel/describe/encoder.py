"""What must be known of an image encoder to run it: frame to tensor before, output to vector after."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from twinreel.errors import UserError
from twinreel.types import Float32, UInt8

Pooling = Literal["none", "mean", "gem"]
Layout = Literal["nchw", "nhwc"]
Channels = Literal["rgb", "bgr"]

GEM_POWER = 3.0
EXAMPLE = """size = [224, 224]
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
pooling = "none"
"""

_NO_MEAN = (0.0, 0.0, 0.0)
_NO_STD = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class EncoderDescription:
    """An image encoder. In TOML: the same names, lists for tuples."""

    name: str
    """By which its fingerprints are known. In TOML: the file's name where it is not given."""
    size: tuple[int, int]
    """(height, width) of the frames it was made for."""
    mean: tuple[float, float, float] = _NO_MEAN
    """Red, green, blue: subtracted from pixels in [0, 1]. Models that take uint8 get pixels as they are."""
    std: tuple[float, float, float] = _NO_STD
    """What they are then divided by."""
    pooling: Pooling = "none"
    """How the output becomes a vector: ``none``, it is one; ``mean`` over the positions of a feature map or over
    tokens; ``gem``, generalised mean with power 3 (Radenovic, Tolias & Chum, TPAMI 2018)."""
    layout: Layout = "nchw"
    """Order of axes in input and feature map: channels before or after height and width."""
    channels: Channels = "rgb"
    output: str = ""
    """Name of the model's output that is used; the first where not given."""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name or "@" in self.name:
            raise ValueError(f"name is {self.name!r}; a word without @ is expected")
        if not _are(self.size, 2, int) or min(self.size) < 1:
            raise ValueError(f"size is {self.size!r}; two positive whole numbers are expected: height, width")
        for what, numbers in (("mean", self.mean), ("std", self.std)):
            if not _are(numbers, 3, int | float):
                raise ValueError(f"{what} is {numbers!r}; three numbers are expected: red, green, blue")
        if 0 in self.std:
            raise ValueError(f"std is {self.std!r}; pixels are divided by it, so none of its numbers can be 0")
        for what, kind in (("pooling", Pooling), ("layout", Layout), ("channels", Channels)):
            if getattr(self, what) not in get_args(kind):
                raise ValueError(f"{what} is {getattr(self, what)!r}; accepted are {', '.join(get_args(kind))}")

    @property
    def normalises(self) -> bool:
        """Whether a mean or standard deviation is stated."""
        return (self.mean, self.std) != (_NO_MEAN, _NO_STD)

    def tensor(self, image: UInt8, dtype: type[np.generic]) -> NDArray[Any]:
        """A frame (h, w, 3) RGB as the model's input: one frame long, in its layout and type."""
        pixels: NDArray[Any] = image
        if dtype is not np.uint8:
            pixels = (image / np.float32(255) - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        if self.channels == "bgr":
            pixels = pixels[:, :, ::-1]
        if self.layout == "nchw":
            pixels = pixels.transpose(2, 0, 1)
        return np.ascontiguousarray(pixels[np.newaxis], dtype)

    def pool(self, output: Float32) -> Float32:
        """The output for one frame, a feature map, tokens (t, d) or a vector (d,), as a vector (d,)."""
        if self.pooling == "none" or output.ndim not in (2, 3):
            return output
        axes = (1, 2) if output.ndim == 3 and self.layout == "nchw" else tuple(range(output.ndim - 1))
        if self.pooling == "mean":
            return np.asarray(output.mean(axis=axes))
        powers = np.maximum(output, np.float32(1e-6)) ** np.float32(GEM_POWER)
        return np.asarray(powers.mean(axis=axes) ** np.float32(1 / GEM_POWER))


def _are(values: object, n: int, kind: type | UnionType) -> bool:
    return isinstance(values, tuple) and len(values) == n and all(isinstance(value, kind) for value in values)


def read_description(path: Path) -> EncoderDescription:
    """Reads a TOML file; UserError where it is missing or says something else than the fields of a description."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; it describes the model beside it, for example:\n{EXAMPLE}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    known = [field.name for field in fields(EncoderDescription)]
    if unknown := sorted(table.keys() - set(known)):
        raise UserError(f"{path} says {', '.join(unknown)}; known are {', '.join(known)}")
    if "size" not in table:
        raise UserError(f"{path} does not say the size of the frames, for example: size = [224, 224]")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    try:
        return EncoderDescription(**{"name": path.stem, **values})
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}") from error
