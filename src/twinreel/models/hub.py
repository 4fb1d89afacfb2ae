"""Models of the Hugging Face hub, as its cache on the disk holds them, and fetched into it when someone says so.

The cache's layout is the one that all programs share (``models--OWNER--NAME/snapshots/COMMIT/...``, with
``refs/REVISION`` naming the commit of a branch or tag), where its environment variables put it. Reading needs no
package; fetching is left to ``huggingface_hub``.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinreel.errors import MissingExtra, NotFound, UserError

SETTINGS = (
    "config.json",
    "preprocessor_config.json",
    "open_clip_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
"""Files of a repository that are wanted beside its weights."""
_TRUE = ("1", "on", "yes", "true")


@dataclass(frozen=True, slots=True)
class Repository:
    """One on the hub, at a revision."""

    name: str
    """OWNER/NAME."""
    revision: str = "main"
    """A branch, a tag or, which says for ever the same, a commit."""

    @classmethod
    def parse(cls, text: str) -> Repository:
        """From ``OWNER/NAME`` or ``OWNER/NAME@REVISION``."""
        name, _, revision = text.partition("@")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or (revision and not re.fullmatch(r"[\w./-]+", revision)):
            raise UserError(f"{text!r} is no repository of the hub: OWNER/NAME or OWNER/NAME@REVISION is expected")
        return cls(name, revision or "main")

    def __str__(self) -> str:
        return f"{self.name}@{self.revision}"


def cache_folder() -> Path:
    """Where the hub's cache lies: HF_HUB_CACHE, else below HF_HOME, else below the user's cache folder."""
    if named := os.environ.get("HF_HUB_CACHE"):
        return Path(named).expanduser()
    home = os.environ.get("HF_HOME")
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home or f"{caches}/huggingface").expanduser() / "hub"


def offline() -> bool:
    """Does the environment forbid the hub's network?"""
    return any(os.environ.get(name, "").lower() in _TRUE for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def snapshot(repository: Repository) -> Path:
    """The folder in the cache that holds a repository at its revision; NotFound where it is not there."""
    folder = cache_folder() / f"models--{repository.name.replace('/', '--')}"
    named = folder / "refs" / repository.revision
    commit = named.read_text(encoding="utf-8").strip() if named.is_file() else repository.revision
    found = folder / "snapshots" / commit
    if not found.is_dir():
        raise NotFound(
            f"the hub's cache {cache_folder()} does not hold {repository}: fetch it with "
            f"`twinreel describers add NAME --from-hub {repository}`"
        )
    return found


def fetch(repository: Repository, *, weights: tuple[str, ...], forbidden: bool = False) -> Path:
    """Fetches what is needed of a repository into the cache; the folder of the snapshot, named after its commit.

    weights: names of files of weights in order of preference, of which those of the first that is there are fetched.
    forbidden: use the cache alone. MissingExtra without ``huggingface_hub``, UserError where the hub does not answer.
    """
    if forbidden or offline():
        return snapshot(repository)
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtra("fetching models from the hub", "clip") from error
    hub: Any = huggingface_hub
    try:
        info = hub.HfApi().model_info(repository.name, revision=repository.revision)
        there = {file.rfilename for file in info.siblings}
        wanted = chosen(there, weights)
        if not wanted:
            raise UserError(f"{repository} holds none of {', '.join(weights)}")
        cached = cache_folder()
        return Path(
            hub.snapshot_download(
                repository.name, revision=info.sha, allow_patterns=[*SETTINGS, *wanted], cache_dir=str(cached)
            )
        )
    except UserError:
        raise
    except Exception as error:  # of the network, of the hub, of the disk: the package has many
        raise UserError(
            f"{repository} cannot be fetched ({(str(error) or type(error).__name__).splitlines()[0]}); fetch its files "
            "elsewhere and add their folder with --file FOLDER"
        ) from error


def chosen(there: set[str], weights: tuple[str, ...]) -> list[str]:
    """Of the files there those that the first of some weights stands for: a tower of ONNX comes with the other one, and
    with the data beside it."""
    first = next((name for name in weights if name in there), None)
    if first is None:
        return []
    wanted = [first]
    if first.endswith("vision_model.onnx"):
        wanted.append(first.replace("vision_model", "text_model"))
    return sorted(name for name in there if any(name == want or name.startswith(f"{want}_data") for want in wanted))
