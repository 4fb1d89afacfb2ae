"""How probable words of the user's choice are in frames that a network of pictures and texts has described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.errors import UserError
from twinreel.models.describer import TextDescriber
from twinreel.types import Float32, Float64

PROMPT = "a photo of {}"
"""How a word is put to the network (Radford et al. 2021, section 3.1.4)."""
NOTHING = "a photo"
"""What a frame is weighed against beside the words, so that a single one does not always win. The paper's zero-shot
classifier has no such class: its words are all that there can be."""


@dataclass(frozen=True, slots=True)
class Words:
    """A list of words, ready to be looked for."""

    labels: tuple[str, ...]
    vectors: Float32
    """(words, d), after them that of ``NOTHING``."""
    scale: float
    bias: float | None

    def chances(self, vectors: Float32) -> Float32:
        """Unit vectors (n, d) of frames -> (n, words) in [0, 1].

        A softmax over the words and ``NOTHING`` (CLIP), or each word by itself (SigLIP).
        """
        logits: Float64 = self.scale * vectors.astype(np.float64) @ self.vectors.T.astype(np.float64)
        if self.bias is not None:
            alone = 1 / (1 + np.exp(-np.clip(logits + self.bias, -500, 500)))
            return alone[:, :-1].astype(np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray((powers / powers.sum(axis=1, keepdims=True))[:, :-1], np.float32)


def prepare(describer: TextDescriber, labels: Sequence[str]) -> Words:
    """The words as a network sees them; UserError where there is none."""
    words = tuple(dict.fromkeys(word.strip() for word in labels if word.strip()))
    if not words:
        raise UserError("no word was given to look for")
    texts = describer.describe_texts([*(PROMPT.format(word) for word in words), NOTHING])
    return Words(words, texts, describer.texts.scale, describer.texts.bias)


def read_words(path: Path) -> list[str]:
    """A word, or a few that belong together, in each line of a file."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the list of words {path}: {error}") from error
