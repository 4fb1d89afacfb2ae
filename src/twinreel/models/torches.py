"""Published weights as PyTorch networks, made to describe. Imported only when such a file is asked for."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from twinreel.describe.preprocess import Preprocess
from twinreel.errors import UserError
from twinreel.models.describer import Encode
from twinreel.models.settings import RAW, Settings, Table, of_family, of_side
from twinreel.networks.names import towers
from twinreel.networks.pooled import ISC, SSCD, Bare, ResNetFeatures
from twinreel.networks.resnet import ResNet
from twinreel.networks.transformer import ACTIVATIONS, Fashion, PictureTransformer, TextTransformer
from twinreel.networks.weights import fill, read_file, unwrapped
from twinreel.types import Float32

_SCALE = 100.0
"""Of a CLIP that does not state its own: what training lets it grow to."""


@dataclass(frozen=True, slots=True)
class TextTower:
    """Numbers of tokens (t,) to a vector (d,)."""

    run: Callable[[list[int]], Float32]
    longest: int
    scale: float
    bias: float | None


@dataclass(frozen=True, slots=True)
class Loaded:
    encode: Encode
    settings: Settings
    preprocess: Preprocess
    """Those of the settings, but for what the file itself says."""
    text: TextTower | None = None
    device: str = "cpu"


def load_network(path: Path, settings: Settings | None, family: str | None) -> Loaded:
    """The network in a file (TorchScript, ``torch.save``, safetensors).

    settings: what is published with it; None for a file that stands alone, whose family is given then. UserError where
    the file does not hold such a network.
    """
    script, alone = _script(path), settings is None
    if settings is None:
        if family is None:
            raise UserError(f"{path} does not say what network it holds: name its family, as FAMILY:{path.name}")
        settings = of_family(family, quick=script is not None)
    kind = settings.family
    if script is not None and kind not in ("clip", "siglip"):
        network: nn.Module = Bare(script) if kind == RAW else script
        return _loaded(network.eval(), settings)
    held = dict(script.state_dict()) if script is not None else read_file(path)
    if kind in ("clip", "siglip", "dinov2"):
        return _transformer(held, path, settings, alone)
    if kind == "isc":
        return _isc(held, path, settings)
    state = unwrapped(held)
    backbone = ResNet.of(_without_prefix(state))
    made = ResNetFeatures(backbone) if kind == "resnet" else SSCD(backbone)
    return _loaded(fill(made, _with_prefix(state), path, kind), settings)


def _script(path: Path) -> torch.jit.ScriptModule | None:
    """A TorchScript module, None where the file is something else."""
    if path.suffix == ".safetensors" or not path.is_file():
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the published files are what they are
            script: torch.jit.ScriptModule = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError:  # what it says where a file is no archive of TorchScript
        return None
    return script


def _transformer(held: dict[str, Any], path: Path, settings: Settings, alone: bool) -> Loaded:
    weights = {key: value for key, value in unwrapped(held).items() if isinstance(value, Tensor)}
    # OpenAI keeps three numbers beside its weights
    found = towers({key: value for key, value in weights.items() if key not in _BESIDE})
    network = PictureTransformer(found.picture, _fashion(settings.picture))
    if alone and settings.family != "dinov2":  # which is used at another side than it was trained at
        settings = replace(settings, preprocess=of_side(settings.preprocess, network.side))
    loaded = _loaded(fill(network, found.picture, path, f"a {settings.family} picture tower"), settings)
    if found.text is None:
        return loaded
    text = TextTransformer(found.text, _fashion(settings.text), settings.causal)
    fill(text, found.text, path, f"a {settings.family} text tower")

    def run(numbers: list[int]) -> Float32:
        with torch.inference_mode():
            return np.asarray(text(torch.tensor([numbers]))[0].numpy(), np.float32)

    scale = _SCALE if found.scale is None else found.scale
    bias = found.bias if settings.family == "siglip" else None
    return replace(loaded, text=TextTower(run, text.longest, scale, bias))


_BESIDE = ("input_resolution", "context_length", "vocab_size")


def _fashion(table: Table) -> Fashion:
    activation = table.get("activation", "gelu")
    if activation not in ACTIVATIONS:
        raise UserError(f"the network has the activation {activation!r}; known are {', '.join(ACTIVATIONS)}")
    return Fashion(table.get("heads"), activation, table.get("epsilon", 1e-6))


def _isc(held: dict[str, Any], path: Path, settings: Settings) -> Loaded:
    if not isinstance(held.get("arch"), str):
        raise UserError(f"{path} does not name timm's network under arch, as the files of ISC21's winner do")
    state = {key.removeprefix("module."): value for key, value in unwrapped(held).items()}
    network = ISC(held["arch"], state)
    training = held.get("args")
    side = getattr(training, "input_size", None) if isinstance(training, argparse.Namespace) else None
    published: Any = network.backbone.default_cfg
    preprocess = replace(settings.preprocess, mean=tuple(published["mean"]), std=tuple(published["std"]))
    if side:
        preprocess = replace(preprocess, resize=(side, side))
    return replace(_loaded(fill(network, state, path, "a descriptor of ISC21"), settings), preprocess=preprocess)


def _without_prefix(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key.removeprefix("backbone."): value for key, value in state.items()}


def _with_prefix(state: Mapping[str, Any]) -> dict[str, Any]:
    return {f"backbone.{key.removeprefix('backbone.')}": value for key, value in state.items()}


def _loaded(network: nn.Module, settings: Settings) -> Loaded:
    encode, device = encoder(network)
    return Loaded(encode, settings, settings.preprocess, device=device)


def encoder(network: nn.Module) -> tuple[Encode, str]:
    """A network of one picture at a time, on the best device that PyTorch has here, and that device's name."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = network.to(device)

    def encode(tensor: Float32) -> Float32:
        with torch.inference_mode():
            found = network(torch.from_numpy(tensor[np.newaxis]).to(device))
        return np.asarray(found[0].float().cpu().numpy(), np.float32)

    return encode, device
