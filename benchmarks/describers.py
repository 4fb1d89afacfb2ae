"""How many frames each describer takes in a second of one core, in one run; writes its part of docs/describers.md.

    OMP_NUM_THREADS=1 python benchmarks/describers.py [--seconds 5] [--write]

Seconds are those of the processor that the program itself spent, so that other work on the machine does not count. On a
graphics card that says nothing: `twinreel describers test NAME` has the seconds of the clock.

What is installed or here is run as it is. Of the published networks whose files are not here the architecture is built
at full size with random weights: speed does not depend on their values. Needs the extra ``clip``, and ``isc`` for the
network of ISC21.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnxruntime
import torch
from torch import nn

from twinreel.describe.base import Describer
from twinreel.describe.preprocess import Preprocess
from twinreel.describe.registry import describers
from twinreel.errors import TwinreelError
from twinreel.models.classes import imagenet
from twinreel.models.describer import ModelDescriber
from twinreel.models.known import KNOWN
from twinreel.models.load import load_known
from twinreel.models.settings import PREPROCESSING, of_side
from twinreel.models.torches import encoder
from twinreel.models.trial import pictures, speed
from twinreel.networks.pooled import ISC, SSCD, ResNetFeatures
from twinreel.networks.resnet import STAGES, ResNet
from twinreel.networks.transformer import Fashion, PictureTransformer

DOCUMENT = Path(__file__).parents[1] / "docs" / "describers.md"
BEGIN, END = "<!-- describers-speed: begin -->", "<!-- describers-speed: end -->"
BATCH = 2


def transformer(width: int, depth: int, patch: int, side: int, *, probe: bool = False, numbers: int = 0) -> nn.Module:
    """A picture tower of these measures, of which nothing but the speed is wanted."""
    tokens = (side // patch) ** 2 + (0 if probe else 1)
    shapes: dict[str, tuple[int, ...]] = {"patch.weight": (width, 3, patch, patch), "positions": (1, tokens, width)}
    shapes |= {f"blocks.{number}.fc1.weight": (4 * width, width) for number in range(depth)}
    shapes |= {"pool.fc1.weight": (4 * width, width)} if probe else {"class_token": (1, 1, width)}
    shapes |= {"projection.weight": (numbers, width)} if numbers else {}
    return PictureTransformer({key: torch.zeros(shape) for key, shape in shapes.items()}, Fashion())


def resnet(stages: tuple[tuple[int, int], ...], *, bottleneck: bool) -> ResNet:
    return ResNet(stages, bottleneck=bottleneck, outputs=512)


SMALL = tuple((channels, 2) for channels, _ in STAGES)
CLIP, DINO = PREPROCESSING["clip"], PREPROCESSING["dinov2"]
NETWORKS: dict[str, tuple[Callable[[], nn.Module], Preprocess]] = {
    "clip-vit-b32": (lambda: transformer(768, 12, 32, 224, numbers=512), CLIP),
    "openclip-vit-b32": (lambda: transformer(768, 12, 32, 224, numbers=512), CLIP),
    "clip-vit-b16": (lambda: transformer(768, 12, 16, 224, numbers=512), CLIP),
    "clip-vit-l14": (lambda: transformer(1024, 24, 14, 224, numbers=768), CLIP),
    "siglip-base": (lambda: transformer(768, 12, 16, 224, probe=True), PREPROCESSING["siglip"]),
    "dinov2-small": (lambda: transformer(384, 12, 14, 224), DINO),
    "dinov2-base": (lambda: transformer(768, 12, 14, 224), DINO),
    "sscd": (lambda: SSCD(resnet(STAGES, bottleneck=True)), PREPROCESSING["sscd"]),
    "sscd-raw": (lambda: SSCD(resnet(STAGES, bottleneck=True)), PREPROCESSING["sscd"]),
    "isc-v107": (lambda: ISC("tf_efficientnetv2_m", {"fc.weight": torch.zeros(256, 512)}), PREPROCESSING["isc"]),
    "resnet18": (lambda: ResNetFeatures(resnet(SMALL, bottleneck=False)), of_side(PREPROCESSING["resnet"], 224)),
    "resnet50": (lambda: ResNetFeatures(resnet(STAGES, bottleneck=True)), of_side(PREPROCESSING["resnet"], 224)),
}
"""By the names of ``models.known``: the network, and what its frames go through."""


def random(name: str, network: nn.Module, preprocess: Preprocess) -> Describer:
    encode, device = encoder(network.eval())
    return ModelDescriber(name, "random", preprocess, encode, threads=1, providers=(f"PyTorch on {device}",))


def all_describers() -> Iterator[tuple[str, str, Callable[[], Describer]]]:
    """Name, weights, and what makes it."""
    for name, make in describers().items():
        yield name, "its own", make
    yield "imagenet (tags)", "its own", imagenet
    for model in KNOWN:
        if model.package:
            yield model.name, "its own", lambda model=model: load_known(model)  # type: ignore[misc]
        else:
            build, preprocess = NETWORKS[model.name]
            yield (
                model.name,
                "random",
                lambda name=model.name, build=build, preprocess=preprocess: random(name, build(), preprocess),  # type: ignore[misc]
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is measured")
    parser.add_argument("--write", action="store_true", help="put the table into docs/describers.md")
    options = parser.parse_args()
    rows = [
        "| describer | weights | frame | numbers | runs on | frames a second of one core |",
        "| --- | --- | --- | ---: | --- | ---: |",
    ]
    for name, weights, make in all_describers():
        try:
            describer = make()
        except (TwinreelError, ImportError, RuntimeError) as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
            continue
        height, width = describer.image_size
        rate = speed(describer, pictures(BATCH, describer.image_size), options.seconds, time.process_time)
        runs_on = ", ".join(getattr(describer, "providers", ())) or "NumPy"
        rows.append(f"| {name} | {weights} | {height} x {width} | {describer.dimensions} | {runs_on} | {rate:,.1f} |")
        print(rows[-1], flush=True)
        del describer
        gc.collect()
    rows += ["", f"{platform.machine()}, PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}."]
    if options.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        table = "\n".join(rows)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
