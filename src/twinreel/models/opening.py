"""From files to a describer: a folder as it is published, or a file and the family of its network."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import xxhash

from twinreel.describe.onnx import OnnxDescriber
from twinreel.describe.preprocess import Preprocess
from twinreel.errors import MissingExtra, NotFound, UserError
from twinreel.models.describer import ModelDescriber, ModelTextDescriber, Texts
from twinreel.models.settings import FAMILIES, RAW, Settings, in_folder, of_family
from twinreel.models.tokens import load_tokenizer
from twinreel.processors import cores

ARITHMETIC = 1
"""Part of every version; to be raised when a change of this package gives another vector for the same frame."""
ONNX = ("onnx/vision_model.onnx", "vision_model.onnx", "onnx/model.onnx", "model.onnx")
WEIGHTS = (
    *ONNX,
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
"""Files of weights in a published folder, in order of preference: what ONNX Runtime runs comes first."""
SUFFIXES = (".onnx", ".safetensors", ".pt", ".pth", ".bin", ".tar", ".torchscript")
"""Of files that hold a network or its weights."""
CLIP_LENGTH = 77
"""Tokens of the longest text that CLIP takes."""
_SCALE = 100.0
"""What CLIP's training lets its scale grow to. ONNX files of single towers do not hold it."""


def open_model_at(path: Path, family: str | None, name: str) -> ModelDescriber | OnnxDescriber:
    """The describer in a file or folder.

    family: for a file that stands alone, one of ``FAMILIES``; None for a folder, which says it, and for an ONNX file
    with a description beside it. UserError where there is nothing that can be used, MissingExtra where PyTorch is
    needed and not there.
    """
    if family is not None and family not in FAMILIES:
        raise UserError(f"there is no family {family!r} of models; there are {', '.join(FAMILIES)}")
    if path.is_dir():
        weights = weights_in(path)
        settings = in_folder(path) if family is None else of_family(family)
    elif path.is_file():
        if path.suffix == ".onnx" and family is None:
            return OnnxDescriber.load(path)
        weights, settings = path, None
    else:
        raise NotFound(f"there is no file or folder {path}")
    if weights.suffix == ".onnx":
        return _open_onnx(weights, settings or of_family(family or ""), name)
    return _open_weights(weights, settings, family, name)


def weights_in(folder: Path) -> Path:
    """The file of weights in a published folder; NotFound where there is none."""
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    alone = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
    if len(alone) == 1:
        return alone[0]
    raise NotFound(f"{folder} holds none of {', '.join(WEIGHTS)}, and no other single file of weights")


def _open_onnx(path: Path, settings: Settings, name: str) -> ModelDescriber:
    from twinreel.models.onnxes import open_picture_tower, open_text_tower

    if settings.family == RAW:
        raise UserError(
            f"{path} is an ONNX file, whose last step cannot be left out: give SSCD's TorchScript or its weights, or a "
            "file that was exported without its normalisation, as sscd:FILE"
        )
    tower = open_picture_tower(path)
    preprocess = _fitting(settings.preprocess, tower.size)
    version = _version(path, settings, preprocess)
    made = ModelDescriber(name, version, preprocess, tower.encode, threads=cores(), providers=tower.providers)
    folder = path.parent.parent if path.parent.name == "onnx" else path.parent
    text = path.with_name(path.name.replace("vision_model", "text_model"))
    if settings.family not in ("clip", "siglip") or not (folder / "tokenizer.json").is_file() or not text.is_file():
        return made
    tokens = load_tokenizer(folder, settings.padded or CLIP_LENGTH, settings.padded)
    run = open_text_tower(text)
    return ModelTextDescriber(made, Texts(lambda words: run(tokens(words)), _SCALE, None))


def _open_weights(path: Path, settings: Settings | None, family: str | None, name: str) -> ModelDescriber:
    try:
        from twinreel.models.torches import load_network
    except ImportError as error:
        raise MissingExtra(f"running {path.name}, which is no ONNX file,", "clip") from error
    loaded = load_network(path, settings, family)
    made = ModelDescriber(
        name,
        _version(path, loaded.settings, loaded.preprocess),
        loaded.preprocess,
        loaded.encode,
        threads=1,  # PyTorch has threads of its own
        providers=(f"PyTorch on {loaded.device}",),
        raw=loaded.settings.family == RAW,
    )
    tower = loaded.text
    if tower is None or not (path.parent / "tokenizer.json").is_file():
        return made
    tokens = load_tokenizer(path.parent, tower.longest, loaded.settings.padded)
    return ModelTextDescriber(made, Texts(lambda words: tower.run(tokens(words)), tower.scale, tower.bias))


def _fitting(preprocess: Preprocess, side: tuple[int, int] | None) -> Preprocess:
    """For a network whose input has these sides, whatever is usual in its family."""
    if side is None or side == preprocess.size:
        return preprocess
    if preprocess.crop is None:
        return replace(preprocess, resize=side)
    resize = preprocess.resize
    if isinstance(resize, int):
        resize = round(resize * min(side) / min(preprocess.crop))
    return replace(preprocess, resize=resize, crop=side)


def _version(path: Path, settings: Settings, preprocess: Preprocess) -> str:
    """Digest of the weights and of all that is done with them."""
    said = [ARITHMETIC, settings.family, dict(settings.picture), asdict(preprocess)]
    digest = xxhash.xxh3_64(json.dumps(said, sort_keys=True).encode())
    for file in sorted(file for file in path.parent.iterdir() if file.name.startswith(path.name)):
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:12]


def plain_name(text: str) -> str:
    """A describer's name out of that of a file, folder or repository: no @, no spaces."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "model"
