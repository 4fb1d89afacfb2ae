"""What the functions of this room give: a picture, or one that moves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.errors import UserError
from twinreel.pictures import encoding
from twinreel.types import UInt8


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A still picture. Notebooks show it."""

    pixels: UInt8
    """(h, w, 3) RGB."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def save(self, path: Path | str) -> None:
        """Writes a .png, .jpg or .jpeg. UserError for another name, or where it cannot be written."""
        encode = {".png": encoding.png, ".jpg": encoding.jpeg, ".jpeg": encoding.jpeg}
        _write(path, encode[checked(path, *encode)](self.pixels))

    def _repr_png_(self) -> bytes:
        return encoding.png(self.pixels)


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """A picture that moves, over and over. Notebooks show it."""

    frames: UInt8
    """(n, h, w, 3) RGB, n at least 1."""
    seconds: float
    """That each frame is shown."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.frames.shape[1], self.frames.shape[2]

    def save(self, path: Path | str) -> None:
        """Writes a .gif or a .webp. UserError for another name, or where it cannot be written."""
        encode = {".gif": encoding.gif, ".webp": encoding.webp}
        _write(path, encode[checked(path, *encode)](self.frames, self.seconds))

    def _repr_html_(self) -> str:
        data = b64encode(encoding.webp(self.frames, self.seconds)).decode()
        return f'<img src="data:image/webp;base64,{data}">'


def checked(path: Path | str, *accepted: str) -> str:
    """The ending of a name, which has to be one of those. UserError."""
    ending = Path(path).suffix.lower()
    if ending not in accepted:
        raise UserError(f"cannot write a picture to {path}: the name must end in {' or '.join(accepted)}")
    return ending


def _write(path: Path | str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


def beside(pictures: Sequence[UInt8], gap: int, colour: tuple[int, int, int]) -> UInt8:
    """Pictures (h, w, 3) from left to right, tops in line, on a ground of one colour; at least one."""
    height = max(len(one) for one in pictures)
    width = sum(one.shape[1] for one in pictures) + gap * (len(pictures) - 1)
    ground = np.full((height, width, 3), colour, np.uint8)
    left = 0
    for one in pictures:
        ground[: len(one), left : left + one.shape[1]] = one
        left += one.shape[1] + gap
    return ground


def above(pictures: Sequence[UInt8], gap: int, colour: tuple[int, int, int]) -> UInt8:
    """The same from top to bottom."""
    turned = beside([one.swapaxes(0, 1) for one in pictures], gap, colour)
    return np.ascontiguousarray(turned.swapaxes(0, 1))
