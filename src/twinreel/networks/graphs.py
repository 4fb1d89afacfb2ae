"""Networks exported by ``networks.export``, run by ONNX Runtime: PyTorch is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from twinreel.describe.onnx import open_model
from twinreel.types import Float32, Float64

FRAMES = 4
"""That a comparator needs of each video."""


class PairGraph:
    """A network of two videos' regions as a Verifier, asked in both directions; the higher answer counts."""

    def __init__(self, name: str, path: Path) -> None:
        model = path.read_bytes()
        self.name, self.version = name, xxhash.xxh3_64(model).hexdigest()[:12]
        self._session: Any = open_model(model)

    def similarity(self, a: Float32, b: Float32) -> float:
        """See Verifier; in [-1, 1]."""
        a, b = (np.tile(video, (-(-FRAMES // len(video)), 1, 1)) if len(video) < FRAMES else video for video in (a, b))
        answers = [self._session.run(None, {"a": first, "b": second})[0] for first, second in ((a, b), (b, a))]
        return float(max(answers))


class VideoGraph:
    """A network of one video's regions, or frame vectors, as a Pooler; times do not matter to it."""

    def __init__(self, path: Path) -> None:
        self._session: Any = open_model(path.read_bytes())

    def pool(self, vectors: Float32, times: Float64) -> Float32:
        """Regions (t, r, d) or features (t, d), as the network takes them, in order of time -> (D,)."""
        if not len(vectors):
            return np.zeros(self._session.get_outputs()[0].shape, np.float32)
        return np.asarray(self._session.run(None, {"regions": vectors})[0], np.float32)
