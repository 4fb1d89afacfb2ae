"""From a folder of photographs to the files of a describer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twinreel.errors import UserError
from twinreel.train.descriptor import Configuration, train
from twinreel.train.export import describer_files
from twinreel.train.network import Pooled, published_weights
from twinreel.train.retrieval import Retrieval
from twinreel.train.views import Photographs, photographs_in

NAME = "twinreel"
"""Of the describer that is made."""


def train_descriptor(
    folder: Path,
    out: Path,
    *,
    steps: int,
    size: int,
    seed: int,
    say: Callable[[str], None],
    weights: str | None = None,
) -> Retrieval:
    """Trains on all photographs in a folder and writes default.onnx, default.toml, default.npz and training.csv.

    Returns how well it finds photographs that it was not trained on.

    weights: EfficientNet-Lite0's state dict, by default that of the package which the ``train`` extra installs.
    UserError where there are too few photographs.
    """
    config = Configuration(seed=seed, size=size, steps=steps)
    paths = photographs_in(folder)
    if len(paths) < 4 * config.dimensions:
        raise UserError(f"{folder} holds {len(paths)} photographs; {4 * config.dimensions} and more are needed")
    out.mkdir(parents=True, exist_ok=True)
    photographs = Photographs(paths)
    made = train(photographs, weights or published_weights(), config, out / "training.csv", say)
    network = Pooled(made.trunk).eval()
    describer_files(network, made.projection, made.offset, photographs, size, NAME, out)
    return made.found
