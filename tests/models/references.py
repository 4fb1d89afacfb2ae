"""The libraries that published networks come from, to hold against; small networks of theirs with random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from twinreel.networks.installed import mend_torchvision  # noqa: E402
from twinreel.types import Float32, UInt8  # noqa: E402

VOCABULARY = 64
END = VOCABULARY - 1
"""Ends a text. OpenCLIP takes the largest number for that."""


def reference(name: str) -> Any:
    """A library by name; skips where it is not installed (extra ``references``)."""
    mend_torchvision()
    return pytest.importorskip(name)


def shaken(network: nn.Module, seed: int = 0) -> Any:
    """Every weight and statistic moved, so that each of them tells in the output; in evaluation mode."""
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        statistics = [(name, tensor) for name, tensor in network.named_buffers() if ".running_" in f".{name}"]
        for name, tensor in [*network.named_parameters(), *statistics]:
            if tensor.dim():
                moved = 0.1 * torch.randn(tensor.shape, generator=noise)
                tensor.add_(moved.abs() if name.endswith("running_var") else moved)
    return network.eval()


def normalised(rows: Any) -> Float32:
    """What a library gives, of whatever class, as unit vectors."""
    rows = getattr(rows, "pooler_output", rows)
    return np.asarray(torch.nn.functional.normalize(rows.detach().float(), dim=-1).numpy(), np.float32)


def as_pictures(frames: list[UInt8]) -> list[Any]:
    """For libraries that read Pillow's pictures."""
    from PIL import Image

    return [Image.fromarray(frame) for frame in frames]


def save_tokenizer(folder: Path, *, clip: bool = True) -> Any:
    """A small tokenizer in the published files; CLIP's begins and ends a text, SigLIP's ends and fills it up."""
    tokenizers = pytest.importorskip("tokenizers")
    words = ["a", "man", "dog", "at", "desk", "with", "two", "flags", "photo", "of", "the", "red"]
    numbers = {word: number for number, word in enumerate([*words, "<|start|>", "<pad>", "<unk>"])} | {"<|end|>": END}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(numbers, unk_token="<unk>"))
    made.normalizer = tokenizers.normalizers.Lowercase()
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    single = "<|start|> $A <|end|>" if clip else "$A <|end|>"
    special = [(word, numbers[word]) for word in ("<|start|>", "<|end|>")]
    made.post_processor = tokenizers.processors.TemplateProcessing(single=single, special_tokens=special)
    made.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "model_max_length": 16}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return made
