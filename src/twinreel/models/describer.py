"""A published network as a Describer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from twinreel.describe.base import Describer
from twinreel.describe.frames import check_frames
from twinreel.describe.information import information
from twinreel.describe.preprocess import Preprocess
from twinreel.errors import UserError
from twinreel.types import Float32, UInt8

Encode = Callable[[Float32], Float32]
"""A picture (3, h, w), preprocessed, to its vector (d,), not necessarily normalised."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The text tower of a network that describes pictures and texts by vectors of one space."""

    encode: Callable[[str], Float32]
    """A text to its vector (d,), not necessarily normalised."""
    scale: float
    """What a cosine is multiplied by before it counts as a logit."""
    bias: float | None
    """What is then added where each text is judged alone (SigLIP: sigmoid); None where they compete (CLIP: softmax)."""


@runtime_checkable
class TextDescriber(Describer, Protocol):
    """A Describer that texts have vectors of, too."""

    texts: Texts

    def describe_texts(self, texts: Sequence[str]) -> Float32:
        """Unit vectors (n, d), whose inner products with those of frames say how well a text fits a frame."""
        ...


class ModelDescriber:
    """A published network; weights by the contrast of the frame (``information``).

    Each frame is run alone, so that its vector depends on nothing else.
    """

    def __init__(
        self,
        name: str,
        version: str,
        preprocess: Preprocess,
        encode: Encode,
        *,
        threads: int,
        providers: tuple[str, ...],
        raw: bool = False,
    ) -> None:
        """threads: frames run at the same time. providers: what it runs on, for people.

        raw: ``embed`` gives the vectors as long as the network makes them. UserError where it cannot be run.
        """
        self.name, self.version, self.providers = name, version, providers
        self.preprocess = preprocess
        self.image_size = preprocess.image_size
        self._encode, self._threads, self._raw = encode, threads, raw
        grey = np.full((*self.image_size, 3), 128, np.uint8)
        vector = encode(preprocess.tensor(grey))
        if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
            raise UserError(
                f"{name} makes values of shape {vector.shape} of a grey frame; one vector of finite numbers is expected"
            )
        self.dimensions = vector.size
        self.background = np.zeros((0, self.dimensions), np.float32)

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        """See Describer."""
        check_frames(images, self.image_size)
        vectors, weights = self._vectors(list(images)), information(images)
        lengths = np.linalg.norm(vectors, axis=1)
        vectors[lengths == 0] = np.eye(1, self.dimensions)  # any direction will do, since it counts for nothing
        weights[lengths == 0] = 0.0
        return _unit(vectors), weights

    def embed(self, images: Sequence[UInt8]) -> Float32:
        """Pictures (h, w, 3) RGB of any sizes -> (n, d), through all of the published preprocessing.

        Unit vectors, or as long as the network makes them where the model was asked for without its normalisation.
        """
        vectors = self._vectors(list(images))
        return vectors if self._raw else _unit(vectors)

    def mirror(self, vectors: Float32) -> Float32 | None:
        """See Describer: None."""
        return None

    def _vectors(self, images: list[UInt8]) -> Float32:
        vectors = np.empty((len(images), self.dimensions), np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            for row, vector in enumerate(pool.map(lambda image: self._encode(self.preprocess.tensor(image)), images)):
                vectors[row] = vector
        return vectors


class ModelTextDescriber(ModelDescriber):
    """One with a text tower, as a TextDescriber."""

    def __init__(self, pictures: ModelDescriber, texts: Texts) -> None:
        vars(self).update(vars(pictures))
        self.texts = texts

    def describe_texts(self, texts: Sequence[str]) -> Float32:
        """See TextDescriber."""
        found = [self.texts.encode(text) for text in texts]
        return _unit(np.stack(found)) if found else np.zeros((0, self.dimensions), np.float32)


def _unit(rows: Float32) -> Float32:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)
