"""The Describer seam: frames to vectors, one method wide.

Built-ins and third parties come in through the same door: an entry point in the group
``twinreel.describers`` whose value is a callable without arguments that returns a Describer.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from twinreel.types import Float32, UInt8


@runtime_checkable
class Describer(Protocol):
    """Turns frames into vectors whose inner product says how alike two frames are.

    A vector depends on its own frame only, never on the others of its batch.
    """

    name: str
    version: str
    """Changes whenever the same frame would give another vector."""
    image_size: tuple[int, int]
    """(height, width) of the frames it wants; frames are stretched to it."""
    dimensions: int
    background: Float32
    """(m, d) vectors of frames that have nothing to do with one another, by which a small library is judged; m may
    be 0."""

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        """(n, h, w, 3) RGB uint8 -> L2-normalised vectors (n, d) and weights (n,) in [0, 1].

        A weight of 0 says that the frame says nothing (black, flat). n may be 0.
        """
        ...

    def mirror(self, vectors: Float32) -> Float32 | None:
        """Vectors (n, d) of the same frames mirrored left to right, from the vectors alone.

        None where this describer cannot tell (or sees no difference).
        """
        ...


def identity(describer: Describer) -> str:
    """``name@version``, which keys stored fingerprints."""
    return f"{describer.name}@{describer.version}"
