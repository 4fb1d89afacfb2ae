"""From the names that others have for the weights of a transformer to those of ``networks.transformer``.

Four ways of naming are about: transformers' for CLIP and SigLIP, and for DINOv2; OpenAI's, which OpenCLIP has kept; and
timm's, which Meta's own files of DINOv2 and OpenCLIP's SigLIP have too. Which one a file has, its keys show.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from twinreel.errors import UserError

State = dict[str, Tensor]

_IGNORED = ("position_ids", "mask_token", "attn_mask")
"""Endings of keys that no vector depends on."""

_HF_BLOCK = (
    (r"^encoder\.layers?\.", "blocks."),
    (r"\.layer_norm(\d)\.", r".norm\1."),
    (r"\.self_attn\.([qkv])_proj\.", r".attention.\1."),
    (r"\.self_attn\.out_proj\.", ".attention.out."),
    (r"\.attention\.attention\.([qkv])\w+\.", r".attention.\1."),
    (r"\.attention\.output\.dense\.", ".attention.out."),
    (r"\.mlp\.fc", ".fc"),
    (r"\.layer_scale(\d)\.lambda1$", r".scale\1"),
)
_HF_PICTURE = (
    *_HF_BLOCK,
    (r"^embeddings\.class_embedding$|^embeddings\.cls_token$", "class_token"),
    (r"^embeddings\.(patch_embedding|patch_embeddings\.projection)\.", "patch."),
    (r"^embeddings\.(position_embedding\.weight|position_embeddings)$", "positions"),
    (r"^embeddings\.register_tokens$", "registers"),
    (r"^pre_layrnorm\.", "pre_norm."),
    (r"^(post_layernorm|layernorm)\.", "norm."),
    (r"^head\.probe$", "pool.probe"),
    (r"^head\.attention\.in_proj_", "pool.attention.qkv."),
    (r"^head\.attention\.out_proj\.", "pool.attention.out."),
    (r"^head\.layernorm\.", "pool.norm."),
    (r"^head\.fc", "pool.fc"),
)
_HF_TEXT = (
    *_HF_BLOCK,
    (r"^embeddings\.token_embedding\.", "tokens."),
    (r"^embeddings\.position_embedding\.weight$", "positions"),
    (r"^final_layer_norm\.", "norm."),
    (r"^head\.", "projection."),
)
_OPENAI_BLOCK = (
    (r"^transformer\.resblocks\.", "blocks."),
    (r"\.ln_(\d)\.", r".norm\1."),
    (r"\.attn\.in_proj_", ".attention.qkv."),
    (r"\.attn\.out_proj\.", ".attention.out."),
    (r"\.mlp\.c_fc\.", ".fc1."),
    (r"\.mlp\.c_proj\.", ".fc2."),
)
_OPENAI_PICTURE = (
    *_OPENAI_BLOCK,
    (r"^class_embedding$", "class_token"),
    (r"^conv1\.", "patch."),
    (r"^positional_embedding$", "positions"),
    (r"^ln_pre\.", "pre_norm."),
    (r"^ln_post\.", "norm."),
    (r"^proj$", "projection.transposed"),
)
_OPENAI_TEXT = (
    *_OPENAI_BLOCK,
    (r"^token_embedding\.", "tokens."),
    (r"^positional_embedding$", "positions"),
    (r"^ln_final\.", "norm."),
    (r"^text_projection$", "projection.transposed"),
    (r"^text_projection\.", "projection."),
)
_TIMM = (
    (r"^patch_embed\.proj\.", "patch."),
    (r"^cls_token$", "class_token"),
    (r"^(register_tokens|reg_token)$", "registers"),
    (r"^pos_embed$", "positions"),
    (r"\.attn\.qkv\.", ".attention.qkv."),
    (r"\.attn\.proj\.", ".attention.out."),
    (r"\.mlp\.fc", ".fc"),
    (r"\.ls(\d)\.gamma$", r".scale\1"),
    (r"^attn_pool\.latent$", "pool.probe"),
    (r"^attn_pool\.(q|kv)\.", r"pool.attention.\1."),
    (r"^attn_pool\.proj\.", "pool.attention.out."),
    (r"^attn_pool\.norm\.", "pool.norm."),
    (r"^attn_pool\.fc", "pool.fc"),
)


@dataclass(frozen=True, slots=True)
class Towers:
    """A file's weights, renamed."""

    picture: State
    text: State | None
    """None where the file has none."""
    scale: float | None
    """What a cosine of picture and text is multiplied by; None where the file does not say."""
    bias: float | None
    """What is then added to it (SigLIP)."""


def towers(held: Mapping[str, Tensor]) -> Towers:
    """The weights of a file under the names of ``networks.transformer``, in float32; UserError for unknown names."""
    state = {key: value.float() for key, value in held.items() if not key.endswith(_IGNORED)}
    scale, bias = (state.pop(key, None) for key in ("logit_scale", "logit_bias"))
    picture, text = _read(state)
    return Towers(
        _settled(picture),
        _settled(text) if text else None,
        None if scale is None else float(scale.exp()),
        None if bias is None else float(bias),
    )


def _read(state: State) -> tuple[State, State]:
    if "vision_model.embeddings.patch_embedding.weight" in state:  # transformers: CLIP, SigLIP
        picture, text = _under(state, "vision_model."), _under(state, "text_model.")
        projections = {"visual_projection.weight": picture, "text_projection.weight": text}
        for key, tower in projections.items():
            if key in state:
                tower["head.weight" if tower is text else "projection.weight"] = state[key]
        _nothing_else(state, ("vision_model.", "text_model.", *projections))
        return _renamed(picture, _HF_PICTURE), _renamed(text, _HF_TEXT)
    state = _under(state, "dinov2.") or state
    if "embeddings.patch_embeddings.projection.weight" in state:  # transformers: DINOv2
        return _renamed(_without(state, "classifier."), _HF_PICTURE), {}
    if "visual.conv1.weight" in state:  # OpenAI, OpenCLIP
        text = {key: value for key, value in state.items() if not key.startswith("visual.")}
        return _renamed(_under(state, "visual."), _OPENAI_PICTURE), _renamed(
            _under(text, "text.") or text, _OPENAI_TEXT
        )
    if "visual.trunk.patch_embed.proj.weight" in state:  # OpenCLIP: SigLIP
        _nothing_else(state, ("visual.trunk.", "text."))
        return _renamed(_under(state, "visual.trunk."), _TIMM), _renamed(_under(state, "text."), _OPENAI_TEXT)
    if "patch_embed.proj.weight" in state:  # timm; Meta's DINOv2
        return _renamed(_without(state, "head."), _TIMM), {}
    raise UserError(
        "these are no weights of a CLIP, SigLIP or DINOv2 transformer as transformers, OpenCLIP, OpenAI, timm or Meta "
        f"name them; the first keys are {', '.join(sorted(state)[:3])}"
    )


def _under(state: State, prefix: str) -> State:
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def _without(state: State, prefix: str) -> State:
    return {key: value for key, value in state.items() if not key.startswith(prefix)}


def _nothing_else(state: State, known: tuple[str, ...]) -> None:
    if others := sorted(key for key in state if not key.startswith(known)):
        raise UserError(f"the weights have {', '.join(others[:3])}, which nothing here takes")


def _renamed(state: State, rules: tuple[tuple[str, str], ...]) -> State:
    def name(key: str) -> str:
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        return key

    return {name(key): value for key, value in state.items()}


def _settled(state: State) -> State:
    """Queries, keys and values in one; tokens and positions as (1, n, width); projections the way of a Linear."""
    settled = {key: value for key, value in state.items() if not re.search(r"\.attention\.(q|k|v|kv)\.", key)}
    for key in {re.sub(r"\.attention\.(q|k|v|kv)\.", ".attention.*.", key) for key in state.keys() - settled.keys()}:
        parts = [state.get(key.replace("*", part)) for part in ("q", "k", "v", "kv")]
        settled[key.replace("*", "qkv")] = torch.cat([part for part in parts if part is not None])
    if (transposed := settled.pop("projection.transposed", None)) is not None:
        settled["projection.weight"] = transposed.T.contiguous()
    for key in ("class_token", "positions"):
        if key in settled:
            settled[key] = settled[key].reshape(1, -1, settled[key].shape[-1])
    return settled
