"""CLIP, SigLIP and DINOv2: what the libraries that they are published for give, for frames and texts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.references import END, VOCABULARY, as_pictures, normalised, reference, save_tokenizer, shaken

torch = pytest.importorskip("torch")

from twinreel.models.describer import ModelDescriber, ModelTextDescriber  # noqa: E402
from twinreel.models.load import load_describer  # noqa: E402
from twinreel.types import UInt8  # noqa: E402

CLOSE = 1e-4
"""Between unit vectors: sums of some hundred float32 products in another order differ by about 1e-6."""
PIXELS = 1e-5
TEXTS = ["a man at a desk with two flags", "dog", "Two dogs"]
TOWER = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}


def load(spec: object) -> ModelDescriber:
    describer = load_describer(str(spec))
    assert isinstance(describer, ModelDescriber)
    return describer


def into_hub_cache(folder: Path, cache: Path, repository: str, commit: str) -> None:
    """Lays a folder into the hub's cache as its library does."""
    root = cache / f"models--{repository.replace('/', '--')}"
    shutil.copytree(folder, root / "snapshots" / commit)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(commit)


def check(describer: ModelDescriber, frames: list[UInt8], pixels: Any, vectors: Any) -> None:
    """The reference's pixels and vectors, for frames of any shape; and the same of frames that need no resizing."""
    ours = np.stack([describer.preprocess.tensor(frame) for frame in frames])
    np.testing.assert_allclose(ours, pixels, atol=PIXELS)
    expected = normalised(vectors)
    np.testing.assert_allclose(describer.embed(frames), expected, atol=CLOSE)
    apart = np.abs(expected[0] - expected[1]).max()
    assert apart > 100 * CLOSE, "the frames are too alike for the test to tell anything"
    fitting = np.stack([np.resize(frame, (*describer.image_size, 3)) for frame in frames])
    np.testing.assert_allclose(describer.describe(fitting)[0], describer.embed(list(fitting)), atol=1e-6)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A folder as on the hub, its model and its processor."""
    transformers = reference("transformers")
    folder = tmp_path_factory.mktemp("clip") / "clip-tiny"
    config = transformers.CLIPConfig(
        text_config={
            **TOWER,
            "vocab_size": VOCABULARY,
            "max_position_embeddings": 16,
            "eos_token_id": END,
            "bos_token_id": 12,
        },
        vision_config={**TOWER, "image_size": 32, "patch_size": 8},
        projection_dim=24,
    )
    model = shaken(transformers.CLIPModel(config))
    processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    save_tokenizer(folder)
    return folder, model, processor


def test_clip_from_a_folder(clip: tuple[Path, Any, Any], frames: list[UInt8]) -> None:
    folder, model, processor = clip
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    check(load(folder), frames, pixels.numpy(), model.get_image_features(pixel_values=pixels))


def test_clip_from_the_hubs_cache(
    clip: tuple[Path, Any, Any], frames: list[UInt8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, model, processor = clip
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    into_hub_cache(folder, tmp_path, "someone/clip-tiny", commit := "5" * 40)
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    for spec in ("hub:someone/clip-tiny", f"hub:someone/clip-tiny@{commit}"):
        describer = load(spec)
        assert describer.name == "clip-tiny"
        check(describer, frames, pixels.numpy(), model.get_image_features(pixel_values=pixels))


def test_texts_of_clip(clip: tuple[Path, Any, Any]) -> None:
    folder, model, _ = clip
    transformers = reference("transformers")
    describer = load(folder)
    assert isinstance(describer, ModelTextDescriber)
    tokens = transformers.PreTrainedTokenizerFast.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    expected = normalised(model.get_text_features(tokens["input_ids"], attention_mask=tokens["attention_mask"]))
    np.testing.assert_allclose(describer.describe_texts(TEXTS), expected, atol=CLOSE)
    assert describer.texts.scale == pytest.approx(float(model.logit_scale.detach().exp()), rel=1e-5)
    assert describer.texts.bias is None
    assert describer.describe_texts([]).shape == (0, 24)


def test_a_picture_tower_alone(clip: tuple[Path, Any, Any], frames: list[UInt8], tmp_path: Path) -> None:
    _, model, processor = clip
    transformers = reference("transformers")
    tower = transformers.CLIPVisionModelWithProjection(
        transformers.CLIPVisionConfig(**{**model.config.vision_config.to_dict(), "projection_dim": 24})
    )
    shaken(tower, seed=1).save_pretrained(tmp_path / "tower")
    processor.save_pretrained(tmp_path / "tower")
    describer = load(tmp_path / "tower")
    assert not isinstance(describer, ModelTextDescriber)
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    check(describer, frames, pixels.numpy(), tower(pixel_values=pixels).image_embeds)


def test_siglip(frames: list[UInt8], tmp_path: Path) -> None:
    transformers = reference("transformers")
    config = transformers.SiglipConfig(
        text_config={**TOWER, "vocab_size": VOCABULARY, "max_position_embeddings": 16},
        vision_config={**TOWER, "image_size": 32, "patch_size": 8},
    )
    model = shaken(transformers.SiglipModel(config))
    processor = transformers.SiglipImageProcessorPil(size={"height": 32, "width": 32}, resample=3)
    for part in (model, processor):
        part.save_pretrained(tmp_path)
    save_tokenizer(tmp_path, clip=False)
    describer = load(tmp_path)
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    check(describer, frames, pixels.numpy(), model.get_image_features(pixel_values=pixels))
    assert isinstance(describer, ModelTextDescriber)
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(tmp_path)
    tokens = tokenizer(TEXTS, padding="max_length", max_length=16, return_tensors="pt")["input_ids"]
    np.testing.assert_allclose(describer.describe_texts(TEXTS), normalised(model.get_text_features(tokens)), atol=CLOSE)
    assert describer.texts.bias == pytest.approx(float(model.logit_bias.detach()))


@pytest.mark.parametrize("registers", [False, True])
def test_dinov2(frames: list[UInt8], tmp_path: Path, registers: bool) -> None:
    """Of positions for a grid of 5 x 5, resized to 4 x 4."""
    transformers = reference("transformers")
    kind = "Dinov2WithRegisters" if registers else "Dinov2"
    shape = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "mlp_ratio": 2}
    config = getattr(transformers, f"{kind}Config")(**shape, image_size=40, patch_size=8)
    model = shaken(getattr(transformers, f"{kind}Model")(config))
    processor = transformers.BitImageProcessorPil(
        size={"shortest_edge": 36}, crop_size=32, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]
    )
    for part in (model, processor):
        part.save_pretrained(tmp_path)
    describer = load(tmp_path)
    assert describer.image_size == (36, 36)
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    check(describer, frames, pixels.numpy(), model(pixel_values=pixels).pooler_output)


def open_clip_folder(folder: Path, model: Any, settings: dict[str, Any], processing: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    folder.mkdir()
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": settings, "preprocess_cfg": processing}))


OPEN_CLIP: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": VOCABULARY, "width": 64, "heads": 4, "layers": 2},
}


@pytest.mark.parametrize("quick", [False, True])
def test_open_clip(frames: list[UInt8], tmp_path: Path, quick: bool) -> None:
    library = reference("open_clip")
    model = shaken(library.model.CLIP(**OPEN_CLIP, quick_gelu=quick))
    folder = tmp_path / "openclip"
    processing = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
    open_clip_folder(folder, model, {**OPEN_CLIP, "quick_gelu": quick}, processing)
    tokenizer = save_tokenizer(folder)
    describer = load(folder)
    transform = library.image_transform(32, is_train=False, **processing)
    pixels = torch.stack([transform(picture) for picture in as_pictures(frames)])
    check(describer, frames, pixels.numpy(), model.encode_image(pixels))
    assert isinstance(describer, ModelTextDescriber)
    numbers = torch.zeros(len(TEXTS), 16, dtype=torch.long)
    for row, text in enumerate(TEXTS):
        ids = tokenizer.encode(text).ids
        numbers[row, : len(ids)] = torch.tensor(ids)
    np.testing.assert_allclose(describer.describe_texts(TEXTS), normalised(model.encode_text(numbers)), atol=CLOSE)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_openais_own_file_of_clip(frames: list[UInt8], tmp_path: Path) -> None:
    """A TorchScript archive in half precision, with the quick GELU; its shapes say everything else."""
    library = reference("open_clip")
    settings = {**OPEN_CLIP, "vision_cfg": {**OPEN_CLIP["vision_cfg"], "head_width": 64}}
    model = shaken(library.model.CLIP(**settings, quick_gelu=True)).half().float()
    example = (torch.zeros(1, 3, 32, 32), torch.zeros(1, 16, dtype=torch.long))
    script = torch.jit.trace(model, example, check_trace=False).half()
    file = tmp_path / "ViT-tiny.pt"
    torch.jit.save(script, file)
    model.float()  # its weights are the archive's own
    describer = load(f"clip:{file}")
    assert describer.image_size == (32, 32)
    pixels = torch.stack([library.image_transform(32, is_train=False)(picture) for picture in as_pictures(frames)])
    ours = describer.embed(frames)
    np.testing.assert_allclose(ours, normalised(model.encode_image(pixels)), atol=CLOSE)


def test_siglip_of_open_clip(frames: list[UInt8], tmp_path: Path) -> None:
    """timm's picture tower under OpenCLIP's text tower, which sees all tokens and reads the last."""
    library, timm = reference("open_clip"), reference("timm")
    settings: dict[str, Any] = {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "vision_cfg": {"image_size": 32, "timm_model_name": "vit_base_patch16_siglip_224"},
        "text_cfg": {
            **OPEN_CLIP["text_cfg"],
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            "norm_kwargs": {"eps": 1e-6},
        },
    }
    shape = {"embed_dim": 64, "depth": 2, "num_heads": 1, "img_size": 32, "patch_size": 8}
    tower = shaken(timm.create_model("vit_base_patch16_siglip_224", **shape))
    text = shaken(library.model._build_text_tower(64, settings["text_cfg"]), seed=1)
    holder: Any = torch.nn.Module()
    holder.visual = torch.nn.Module()
    holder.visual.trunk, holder.text = tower, text
    holder.logit_scale, holder.logit_bias = (torch.nn.Parameter(torch.tensor(value)) for value in (2.0, -10.0))
    processing = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    open_clip_folder(tmp_path / "siglip", holder, settings, processing)
    tokenizer = save_tokenizer(tmp_path / "siglip", clip=False)
    describer = load(tmp_path / "siglip")
    transform = library.image_transform(32, is_train=False, **processing)
    pixels = torch.stack([transform(picture) for picture in as_pictures(frames)])
    check(describer, frames, pixels.numpy(), tower(pixels))
    assert isinstance(describer, ModelTextDescriber)
    assert describer.texts.bias == -10
    tokenizer.enable_padding(length=16, pad_id=tokenizer.token_to_id("<pad>"), pad_token="<pad>")
    numbers = torch.tensor([tokenizer.encode(words).ids for words in TEXTS])
    np.testing.assert_allclose(describer.describe_texts(TEXTS), normalised(text(numbers)), atol=CLOSE)


def test_dinov2_as_meta_and_timm_name_it(frames: list[UInt8], tmp_path: Path) -> None:
    """A folder of timm's on the hub, and the same weights as a file that stands alone."""
    timm = reference("timm")
    from safetensors.torch import save_file

    shape = {"embed_dim": 64, "depth": 2, "num_heads": 1, "img_size": 28}
    model = shaken(timm.create_model("vit_small_patch14_dinov2", **shape, num_classes=0))
    processing = {
        "input_size": [3, 28, 28],
        "interpolation": "bicubic",
        "crop_pct": 0.9,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    config = {"architecture": "vit_small_patch14_dinov2", "pretrained_cfg": processing}
    folder = tmp_path / "timm"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), folder / "model.safetensors")
    transform = timm.data.create_transform(**{**processing, "input_size": (3, 28, 28)}, is_training=False)
    pixels = torch.stack([transform(picture) for picture in as_pictures(frames)])
    check(load(folder), frames, pixels.numpy(), model(pixels))
    alone = tmp_path / "dinov2_vits14_pretrain.pth"
    torch.save({**model.state_dict(), "mask_token": torch.zeros(1, 64)}, alone)
    assert load(f"dinov2:{alone}").dimensions == 64
