"""Weights as their authors publish them, loaded to the last key or not at all.

Files are those of ``torch.save``, read without running what they hold (``weights_only``): a plain state dict, or one
under ``model`` as DnS and S2VS have it.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from twinreel.errors import UserError

WRAPPER = "model"
"""Key that some authors keep the state dict under, beside the number of the epoch."""
_NAMED = 3
"""Keys of each kind that a report names; the others it counts."""

Network = TypeVar("Network", bound=nn.Module)


class WeightsMismatch(UserError):
    """A file holds other weights than a network has. All keys are in the attributes; the line names a few."""

    def __init__(
        self,
        file: Path,
        network: str,
        missing: tuple[str, ...],
        unexpected: tuple[str, ...],
        misshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...],
    ) -> None:
        """misshaped: key, its shape in the file, and the one that is expected."""
        self.missing, self.unexpected, self.misshaped = missing, unexpected, misshaped
        shapes = tuple(f"{key} is {_shape(given)} and not {_shape(expected)}" for key, given, expected in misshaped)
        kinds = (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes))
        words = "; ".join(f"{len(keys)} {kind}: {_some(keys)}" for kind, keys in kinds if keys)
        super().__init__(f"{file} does not hold the weights of {network}: {words}")


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"


def _some(keys: tuple[str, ...]) -> str:
    return ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")


def read_file(path: Path) -> dict[str, Any]:
    """The dictionary in a file; UserError where there is none that can be read."""
    if not path.is_file():
        raise UserError(f"there is no file of weights {path}; docs/networks.md says where each is published")
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(f"{path} cannot be read as weights saved by PyTorch ({reason})") from error
    if not isinstance(held, Mapping):
        raise UserError(f"{path} holds a {type(held).__name__}; a dictionary of weights is expected")
    return dict(held)


def load(network: Network, path: Path, name: str) -> Network:
    """Gives a network the weights in a file and puts it into evaluation mode.

    name: of the network, for the report. UserError where the file cannot be read, WeightsMismatch where one key is
    missing, unexpected or of another shape.
    """
    held = read_file(path)
    state = held[WRAPPER] if isinstance(held.get(WRAPPER), Mapping) else held
    expected = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    given = {key: tuple(value.shape) if isinstance(value, Tensor) else None for key, value in state.items()}
    missing = tuple(key for key in expected if given.get(key) is None)
    unexpected = tuple(key for key in given if key not in expected)
    misshaped = tuple(
        (key, shape, expected[key])
        for key, shape in given.items()
        if shape is not None and key in expected and shape != expected[key]
    )
    if missing or unexpected or misshaped:
        raise WeightsMismatch(path, name, missing, unexpected, misshaped)
    network.load_state_dict(state, strict=True)
    return network.eval()
