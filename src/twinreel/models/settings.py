"""What must be known of a network beside its weights, from the settings that are published in the folder with them.

config.json, preprocessor_config.json    transformers: CLIP, SigLIP, DINOv2
open_clip_config.json                    OpenCLIP
config.json with ``pretrained_cfg``      timm: ResNet, DINOv2
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twinreel.describe.preprocess import Filter, Preprocess
from twinreel.errors import UserError

Table = Mapping[str, Any]

CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""Mean and deviation of the pixels that CLIP was trained on."""
HALF = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)

PREPROCESSING: dict[str, Preprocess] = {
    "clip": Preprocess(224, (224, 224), "bicubic", *CLIP),
    "siglip": Preprocess((224, 224), None, "bicubic", *HALF),
    "dinov2": Preprocess(256, (224, 224), "bicubic"),
    "sscd": Preprocess((320, 320), None, "bilinear", rounding="even"),
    "isc": Preprocess((512, 512), None, "bilinear", *HALF, rounding="even"),
    "resnet": Preprocess(256, (224, 224), "bilinear", rounding="even"),
}
"""Of each family, where nothing else is published with the file. SSCD's is the one its authors advise for batches."""

RAW = "sscd-raw"
"""The family of SSCD without its last step."""
FAMILIES = (*PREPROCESSING, RAW)

_MODEL_TYPES = {
    "clip": "clip",
    "clip_vision_model": "clip",
    "siglip": "siglip",
    "siglip_vision_model": "siglip",
    "dinov2": "dinov2",
    "dinov2_with_registers": "dinov2",
}
_SMOOTH = (
    "vit_base_patch32_siglip_",
    "vit_large_patch16_siglip_512",
    "vit_so400m_patch16_siglip_",
    "vit_giantopt_patch16_siglip_",
)
"""timm's picture towers of SigLIP that have the approximate GELU; the others have the exact one."""
_WIDE_HEADS = 16
"""Heads of timm's largest towers of SigLIP, which are not 64 wide."""
_RESAMPLING: dict[int, Filter] = {1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A network, as far as its weights do not show it."""

    family: str
    preprocess: Preprocess
    picture: Table
    """``heads``, ``activation``, ``epsilon`` of the picture tower, where they are stated."""
    text: Table
    causal: bool = True
    """Whether a token of a text sees only those before it."""
    padded: int | None = None
    """Tokens that every text is filled up to; None where texts are as long as they are."""


def of_family(family: str, *, quick: bool = False) -> Settings:
    """Those of a file that stands alone. quick: OpenAI's own files of CLIP have another activation than OpenCLIP's."""
    if family not in FAMILIES:
        raise UserError(f"there is no family {family!r} of models; there are {', '.join(FAMILIES)}")
    preprocess = PREPROCESSING["sscd" if family == RAW else family]
    fashions: dict[str, Table] = {
        "clip": {"epsilon": 1e-5, "activation": "quick_gelu" if quick else "gelu"},
        "siglip": {"activation": "gelu_pytorch_tanh"},
    }
    fashion = fashions.get(family, {})
    sigmoid = family == "siglip"
    return Settings(family, preprocess, fashion, fashion, causal=not sigmoid, padded=64 if sigmoid else None)


def in_folder(folder: Path) -> Settings:
    """Those in a folder; UserError where there are none that are known."""
    if (folder / "open_clip_config.json").is_file():
        return _open_clip(_table(folder / "open_clip_config.json"))
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{folder} has neither config.json nor open_clip_config.json, so it does not say what network it holds; "
            "name the file of weights and its family instead, as FAMILY:FILE"
        )
    config = _table(folder / "config.json")
    if "pretrained_cfg" in config:
        return _timm(config, folder)
    kind = config.get("model_type")
    if kind not in _MODEL_TYPES:
        raise UserError(f"{folder} holds a network of type {kind!r}; known are {', '.join(_MODEL_TYPES)}")
    processor = folder / "preprocessor_config.json"
    return _transformers(config, _MODEL_TYPES[kind], _table(processor) if processor.is_file() else {})


def _table(path: Path) -> Table:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise UserError(f"{path} holds no object")
    return table


def _transformers(config: Table, family: str, processor: Table) -> Settings:
    picture, text = config.get("vision_config", config), config.get("text_config", {})
    base = of_family(family, quick=True)
    side = picture.get("image_size")
    standard = of_side(base.preprocess, side) if side and family != "dinov2" else base.preprocess
    return replace(
        base,
        preprocess=_processor(processor, standard) if processor else standard,
        picture={**base.picture, **_fashion(picture)},
        text={**base.text, **_fashion(text)},
        padded=text.get("max_position_embeddings", 64) if base.padded else None,
    )


def _fashion(config: Table) -> Table:
    names = {"heads": "num_attention_heads", "activation": "hidden_act", "epsilon": "layer_norm_eps"}
    return {ours: config[theirs] for ours, theirs in names.items() if theirs in config}


def of_side(preprocess: Preprocess, side: int) -> Preprocess:
    """The same for square pictures of another side, without a margin around what is used."""
    if isinstance(preprocess.resize, int):
        return replace(preprocess, resize=side, crop=(side, side))
    return replace(preprocess, resize=(side, side))


def _processor(table: Table, standard: Preprocess) -> Preprocess:
    """A ``preprocessor_config.json``; what it does not state is as usual in the family."""
    size = table.get("size", standard.resize)
    if isinstance(size, dict):
        size = size.get("shortest_edge") or (size["height"], size["width"])
    crop: Any = table.get("crop_size", standard.crop)
    if isinstance(crop, int):
        crop = (crop, crop)
    elif isinstance(crop, dict):
        crop = (crop["height"], crop["width"])
    if not table.get("do_center_crop", standard.crop is not None):
        crop = None
    if not table.get("do_resize", True):
        size = crop
    mean, std = table.get("image_mean", standard.mean), table.get("image_std", standard.std)
    if not table.get("do_normalize", True):
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    # pixels are divided by 255 here: another factor is as good as another mean and deviation
    factor = 255 * table.get("rescale_factor", 1 / 255) if table.get("do_rescale", True) else 255.0
    try:
        return replace(
            standard,
            resize=size if isinstance(size, int) else tuple(size),
            crop=crop,
            filter=_RESAMPLING.get(table.get("resample", 3), "bicubic"),
            mean=tuple(value / factor for value in mean),
            std=tuple(value / factor for value in std),
        )
    except (TypeError, ValueError) as error:
        raise UserError(f"preprocessor_config.json asks for what is not known here: {error}") from error


def _open_clip(table: Table) -> Settings:
    model, processor = table.get("model_cfg", {}), table.get("preprocess_cfg", {})
    picture, text = model.get("vision_cfg", {}), model.get("text_cfg", {})
    sigmoid = bool(text.get("no_causal_mask"))
    base = of_family("siglip" if sigmoid else "clip", quick=bool(model.get("quick_gelu")))
    side = picture.get("image_size", 224)
    stretched = processor.get("resize_mode", "shortest") == "squash"
    preprocess = replace(
        of_side(PREPROCESSING["siglip" if stretched else "clip"], side),
        filter=processor.get("interpolation", "bicubic"),
        mean=tuple(processor.get("mean", base.preprocess.mean)),
        std=tuple(processor.get("std", base.preprocess.std)),
        rounding="even",
    )
    pictures: dict[str, Any] = {}
    if "width" in picture:
        pictures["heads"] = picture["width"] // picture.get("head_width", 64)
    if tower := picture.get("timm_model_name"):
        pictures["activation"] = "gelu_pytorch_tanh" if tower.startswith(_SMOOTH) else "gelu"
        pictures["heads"] = _WIDE_HEADS if any(size in tower for size in ("so400m", "giantopt")) else None
    texts: dict[str, Any] = {"heads": text["heads"]} if "heads" in text else {}
    if sigmoid:
        texts["activation"] = "gelu_pytorch_tanh" if text.get("act_kwargs", {}).get("approximate") == "tanh" else "gelu"
    if "norm_kwargs" in text:
        texts["epsilon"] = text["norm_kwargs"]["eps"]
    return replace(
        base,
        preprocess=preprocess,
        picture={**base.picture, **pictures},
        text={**base.text, **texts},
        padded=text.get("context_length", 64) if sigmoid else None,
    )


def _timm(config: Table, folder: Path) -> Settings:
    published, name = config["pretrained_cfg"], str(config.get("architecture", ""))
    family = "resnet" if name.startswith("resnet") else "dinov2" if "dinov2" in name else None
    if family is None:
        raise UserError(f"{folder} holds timm's {name}; of timm's networks ResNets and DINOv2 are known here")
    base = of_family(family)
    _, height, width = published["input_size"]
    side = math.floor(height / published.get("crop_pct", 1.0))
    preprocess = replace(
        base.preprocess,
        resize=side,
        crop=(height, width),
        filter=published.get("interpolation", "bicubic"),
        mean=tuple(published["mean"]),
        std=tuple(published["std"]),
        rounding="even",
    )
    return replace(base, preprocess=preprocess)
