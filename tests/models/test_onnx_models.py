"""CLIP as exported to ONNX: two towers in a folder of the hub, and a tower that stands alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.references import END, VOCABULARY, normalised, reference, save_tokenizer, shaken

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from torch import Tensor, nn  # noqa: E402

from twinreel.models.describer import ModelDescriber, ModelTextDescriber  # noqa: E402
from twinreel.models.load import load_describer  # noqa: E402
from twinreel.types import UInt8  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning", "ignore:Exporting aten.*index:UserWarning"
)
CLOSE = 1e-4
TEXTS = ["a man at a desk", "dog"]


class Tower(nn.Module):
    """One output of a model of transformers', as exporters see it."""

    def __init__(self, model: nn.Module, output: str) -> None:
        super().__init__()
        self.model, self.output = model, output

    def forward(self, given: Tensor) -> Any:
        return self.model(given)[self.output]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any, Any]:
    """The folder, the picture tower, the text tower, the processor."""
    transformers = reference("transformers")
    folder = tmp_path_factory.mktemp("clip") / "clip-onnx"
    (folder / "onnx").mkdir(parents=True)
    shape = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1, "num_attention_heads": 4}
    numbers = {"vocab_size": VOCABULARY, "max_position_embeddings": 16, "eos_token_id": END, "bos_token_id": 12}
    config = transformers.CLIPConfig(
        text_config={**shape, **numbers}, vision_config={**shape, "image_size": 32, "patch_size": 8}, projection_dim=24
    )
    config._attn_implementation = "eager"
    for part in (config.vision_config, config.text_config):
        part.projection_dim, part._attn_implementation = 24, "eager"
    picture = shaken(transformers.CLIPVisionModelWithProjection(config.vision_config))
    text = shaken(transformers.CLIPTextModelWithProjection(config.text_config), seed=1)
    for tower, name, given, source, output in (
        (picture, "vision_model", torch.zeros(1, 3, 32, 32), "pixel_values", "image_embeds"),
        (text, "text_model", torch.tensor([[12, 1, END]]), "input_ids", "text_embeds"),
    ):
        axes = {source: {0: "n", 1: "t"} if name == "text_model" else {0: "n"}}
        torch.onnx.export(
            Tower(tower, output),
            (given,),
            str(folder / "onnx" / f"{name}.onnx"),
            input_names=[source],
            output_names=[output],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=32)
    config.save_pretrained(folder)
    processor.save_pretrained(folder)
    save_tokenizer(folder)
    return folder, picture, text, processor


def test_both_towers_of_a_folder(exported: tuple[Path, Any, Any, Any], frames: list[UInt8]) -> None:
    folder, picture, text, processor = exported
    describer = load_describer(str(folder))
    assert isinstance(describer, ModelTextDescriber)
    assert describer.providers[-1] == "CPUExecutionProvider"
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    np.testing.assert_allclose(
        np.stack([describer.preprocess.tensor(frame) for frame in frames]), pixels.numpy(), atol=1e-5
    )
    np.testing.assert_allclose(describer.embed(frames), normalised(picture(pixels).image_embeds), atol=CLOSE)
    tokenizer = reference("transformers").PreTrainedTokenizerFast.from_pretrained(folder)
    for words, vector in zip(TEXTS, describer.describe_texts(TEXTS), strict=True):
        numbers = tokenizer(words, return_tensors="pt")["input_ids"]
        np.testing.assert_allclose(vector, normalised(text(numbers).text_embeds)[0], atol=CLOSE)


def test_a_tower_that_stands_alone(exported: tuple[Path, Any, Any, Any], frames: list[UInt8]) -> None:
    """The sides of its input say what frames it takes."""
    folder, picture, _, processor = exported
    describer = load_describer(f"clip:{folder / 'onnx' / 'vision_model.onnx'}")
    assert isinstance(describer, ModelDescriber) and describer.image_size == (32, 32)
    pixels = processor(frames, return_tensors="pt")["pixel_values"]
    np.testing.assert_allclose(describer.embed(frames), normalised(picture(pixels).image_embeds), atol=CLOSE)
