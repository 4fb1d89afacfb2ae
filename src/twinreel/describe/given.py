"""Vectors that were made elsewhere: they can be compared, and no more can be made."""

from __future__ import annotations

import numpy as np

from twinreel.errors import UserError
from twinreel.types import Float32, UInt8

PREFIX = "vectors:"


class GivenVectors:
    """The Describer of a library whose vectors were imported, ``vectors:NAME:DIMENSIONS``."""

    version = "given"
    image_size = (1, 1)

    def __init__(self, name: str, dimensions: int) -> None:
        self.name, self.dimensions = f"{PREFIX}{name}:{dimensions}", dimensions
        self.background: Float32 = np.zeros((0, dimensions), np.float32)

    @classmethod
    def parse(cls, spec: str) -> GivenVectors:
        """UserError for a text of another form."""
        name, _, dimensions = spec.removeprefix(PREFIX).rpartition(":")
        if not name or not dimensions.isdecimal() or int(dimensions) < 1:
            raise UserError(f"there is no describer {spec!r}; vectors:NAME:DIMENSIONS is expected")
        return cls(name, int(dimensions))

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        raise UserError(
            f"the vectors of this library ({self.name}) were made elsewhere, and no more can be made here: import them "
            "too, or scan into another library"
        )

    def mirror(self, vectors: Float32) -> Float32 | None:
        return None
