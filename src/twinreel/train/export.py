"""From a trained network to the files of a describer: one ONNX graph that takes uint8 frames, and what lies beside it.

Convolutions are statically quantised to 8 bits (Jacob et al., "Quantization and training of neural networks for
efficient integer-arithmetic-only inference", CVPR 2018), with ranges taken from some of the photographs. Static: the
scales are constants of the file, so a vector depends on its frame alone. Weights have 7 bits, so that no processor's
16-bit sums overflow, and all processors agree. The projection stays in float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from twinreel.train.network import Pooled
from twinreel.train.views import Photographs, stretched
from twinreel.types import Float32, UInt8

BACKGROUND = 512
"""Photographs whose vectors stand for unrelated frames."""
EXAMPLES = 200
"""Photographs that the ranges of activations are taken from."""


def run(model: Path, frames: Iterable[UInt8]) -> Float32:
    """First output (n, d) of a model for all frames (h, w, 3)."""
    session = onnxruntime.InferenceSession(model)
    return np.concatenate([session.run(None, {"images": frame[np.newaxis]})[0] for frame in frames])


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


def export(network: nn.Module, path: Path, size: int) -> None:
    """Frames (n, size, size, 3) to unit vectors (n, c), in float32."""
    torch.onnx.export(
        network,
        (torch.zeros(1, size, size, 3, dtype=torch.uint8),),
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

    def __init__(self, images: Iterable[UInt8]) -> None:
        self._images = iter(images)

    def get_next(self) -> dict[str, UInt8] | None:
        image = next(self._images, None)
        return None if image is None else {"images": image[np.newaxis]}


def quantise(path: Path, out: Path, examples: Iterable[UInt8]) -> None:
    """8-bit integers for activations, 7 bits and a scale for each channel for weights; see the module.

    ``examples``: frames (h, w, 3) that the ranges of activations are taken from.
    """
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


def append_projection(path: Path, out: Path, projection: Float32, offset: Float32) -> None:
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


def describer_files(
    network: Pooled, projection: Float32, offset: Float32, photographs: Photographs, size: int, name: str, out: Path
) -> None:
    """Writes default.onnx, default.toml (how to feed it) and default.npz (``background``) to a folder.

    ``projection`` (c, d) and ``offset`` (d,): what is made of the pooled features (n, c). The same photographs, weights
    and versions of the libraries give the same files.
    """
    out.mkdir(parents=True, exist_ok=True)
    step = max(1, len(photographs) // EXAMPLES)
    examples = (stretched(photographs[number], size) for number in range(0, len(photographs), step))
    with TemporaryDirectory() as folder:
        exact, integer = Path(folder, "exact.onnx"), Path(folder, "integer.onnx")
        export(network, exact, size)
        quantise(exact, integer, examples)
        append_projection(integer, out / "default.onnx", projection, offset)
        chosen = np.linspace(0, len(photographs) - 1, BACKGROUND).astype(int)
        background = run(out / "default.onnx", (stretched(photographs[int(number)], size) for number in chosen))
    np.savez_compressed(out / "default.npz", background=background.astype(np.float16))
    (out / "default.toml").write_text(
        f'name = "{name}"\nsize = [{size}, {size}]\nlayout = "nhwc"\noutput = "vectors"\n', encoding="utf-8"
    )
