"""EfficientNet-Lite0 with its head: what is in a picture, of ImageNet's thousand classes."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional as F

from twinreel.networks.lite0 import BATCH_NORM_EPS, FRONT, Lite0
from twinreel.networks.weights import fill, read_file

HEAD = 1280
CLASSES = 1000


class Classifier(Lite0):
    """Pictures (n, 3, h, w) scaled to about [-1, 1] -> probabilities (n, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_head = nn.Conv2d(320, HEAD, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(HEAD, eps=BATCH_NORM_EPS)
        self._fc = nn.Linear(HEAD, CLASSES)

    def probabilities(self, x: Tensor) -> Tensor:
        """See the class; ``forward`` is the trunk's."""
        x = self.front(x)
        for block in self.blocks[FRONT:]:
            x, _ = block(x)
        pooled = F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        return F.softmax(self._fc(pooled), dim=1)


def load_classifier(path: Path) -> Classifier:
    """From the published weights; UserError where they are others."""
    return fill(Classifier(), read_file(path), path, "EfficientNet-Lite0")
