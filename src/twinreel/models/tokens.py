"""Texts to the numbers of their tokens, by the ``tokenizer.json`` that is published with a model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from twinreel.errors import MissingExtra, UserError


def load_tokenizer(folder: Path, longest: int, padded: int | None) -> Callable[[str], list[int]]:
    """A text to numbers, cut to the longest that the model takes.

    padded: numbers that every text is filled up to; None for a text as long as it is. UserError where the folder holds
    no tokenizer that can be read, MissingExtra where nothing here can read one.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtra("searching by text", "clip") from error
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise UserError(
            f"{folder} holds no tokenizer.json, which turns texts into numbers: put the published one there"
        )
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the package has no class of its own for what goes wrong
        raise UserError(f"{file} cannot be read as a tokenizer ({error})") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    if padded is not None:
        word = _padding(folder)
        tokenizer.enable_padding(length=padded, pad_id=tokenizer.token_to_id(word) or 0, pad_token=word)
    return lambda text: list(tokenizer.encode(text).ids)


def _padding(folder: Path) -> str:
    """The token that fills up, as ``tokenizer_config.json`` names it."""
    file = folder / "tokenizer_config.json"
    named = json.loads(file.read_text(encoding="utf-8")).get("pad_token") if file.is_file() else None
    word = named.get("content") if isinstance(named, dict) else named
    return str(word or "</s>")
