"""Published ONNX files, made to describe: picture towers, text towers, or both in one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.onnx import open_model
from twinreel.errors import UserError
from twinreel.models.describer import Encode
from twinreel.types import Float32

PICTURE_OUTPUTS = ("image_embeds", "pooler_output", "last_hidden_state")
"""By the names that exports have for them; of the last, the first token counts. Else the first output."""
TEXT_OUTPUTS = ("text_embeds", "pooler_output")
_EMPTY = np.zeros((1, 1), np.int64)


@dataclass(frozen=True, slots=True)
class PictureTower:
    encode: Encode
    size: tuple[int, int] | None
    """(height, width) of the pictures that it takes; None where it takes any."""
    providers: tuple[str, ...]
    """ONNX Runtime's execution providers that it runs on, the preferred one first."""


def open_picture_tower(path: Path) -> PictureTower:
    """The part of an ONNX file that makes vectors of pictures."""
    session = open_model(path)
    inputs = {value.name: value.type for value in session.get_inputs()}
    pictures = [name for name in inputs if name not in ("input_ids", "attention_mask")]
    if len(pictures) != 1:
        raise UserError(f"{path} takes {', '.join(inputs)}; one picture, and at most a text beside it, are expected")
    output = _first(session, PICTURE_OUTPUTS)
    kind = np.float16 if inputs[pictures[0]] == "tensor(float16)" else np.float32
    # a model of both towers makes a vector of a text as well, whatever it is
    beside = {name: _EMPTY for name in inputs if name != pictures[0]}

    def encode(tensor: Float32) -> Float32:
        (found,) = session.run([output], {pictures[0]: tensor[np.newaxis].astype(kind), **beside})
        vector = found[0, 0] if found.ndim == 3 else found[0]
        return np.asarray(vector, np.float32).reshape(-1)

    sides = next(value.shape[2:] for value in session.get_inputs() if value.name == pictures[0])
    fixed = len(sides) == 2 and all(isinstance(side, int) for side in sides)
    return PictureTower(encode, (sides[0], sides[1]) if fixed else None, tuple(session.get_providers()))


def open_text_tower(path: Path) -> Callable[[list[int]], Float32]:
    """From the numbers of a text's tokens to its vector (d,)."""
    session = open_model(path)
    inputs = {value.name: value for value in session.get_inputs()}
    output = _first(session, TEXT_OUTPUTS)

    def encode(numbers: list[int]) -> Float32:
        tokens = np.array([numbers], np.int64)
        feed: dict[str, NDArray[Any]] = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
        if picture := [value for name, value in inputs.items() if name not in feed]:
            feed[picture[0].name] = _blank(picture[0].shape)
        (found,) = session.run([output], {name: value for name, value in feed.items() if name in inputs})
        return np.asarray(found[0], np.float32)

    return encode


def _blank(shape: list[Any]) -> Float32:
    """A picture for a model of both towers, where its sides are not fixed of the usual size."""
    return np.zeros([1, 3, *(side if isinstance(side, int) else 224 for side in shape[2:])], np.float32)


def _first(session: Any, names: tuple[str, ...]) -> str:
    outputs = [output.name for output in session.get_outputs()]
    return next((name for name in names if name in outputs), outputs[0])
