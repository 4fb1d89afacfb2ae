"""Small ONNX models, made on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

THUMBNAIL = (4, 4)


def save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    *,
    inputs: dict[str, tuple[int, Sequence[int | str]]],
    outputs: Sequence[str],
    constants: dict[str, NDArray[np.generic]] | None = None,
    external: bool = False,
) -> Path:
    """Writes a model whose outputs are float32 of any shape. ``external``: weights in NAME.onnx.data."""
    graph = helper.make_graph(
        list(nodes),
        "small",
        [helper.make_tensor_value_info(name, kind, list(shape)) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    # versions that the oldest supported ONNX Runtime reads
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save_model(
        model,
        path,
        save_as_external_data=external,
        location=f"{path.name}.data" if external else None,
        size_threshold=0,
    )
    return path


def save_thumbnail(path: Path, size: tuple[int, int] = (32, 48), mirrors: bool = True, output: str = "vectors") -> Path:
    """A describer: the 4 x 4 thumbnail of the frame in its deviations from grey, 48 numbers.

    Takes uint8 (n, h, w, 3) as ``images``; a mirrored frame has the same numbers in another order, so that the map
    beside it is exact.
    """
    height, width = size
    cell = [height // THUMBNAIL[0], width // THUMBNAIL[1]]
    save(
        path,
        [
            helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("AveragePool", ["planes"], ["cells"], kernel_shape=cell, strides=cell),
            helper.make_node("Sub", ["cells", "grey"], ["deviations"]),
            helper.make_node("Flatten", ["deviations"], [output]),
        ],
        inputs={"images": (TensorProto.UINT8, ["n", height, width, 3])},
        outputs=[output],
        constants={"grey": np.array(127.5, np.float32)},
    )
    path.with_suffix(".toml").write_text(f"size = [{height}, {width}]\nlayout = 'nhwc'\n", encoding="utf-8")
    if mirrors:
        order = np.arange(48).reshape(3, *THUMBNAIL)[:, :, ::-1].ravel()
        np.savez(path.with_suffix(".npz"), mirror=np.eye(48, dtype=np.float32)[:, order])
    return path


def save_identity(path: Path, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> Path:
    """A model that gives its input back as float32."""
    return save(
        path,
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)],
        inputs={"x": (kind, shape)},
        outputs=["y"],
    )
