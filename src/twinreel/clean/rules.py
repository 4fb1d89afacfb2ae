"""Which of two videos is the better one to keep, and why: ordered criteria with tolerances, from a TOML file.

version = 1
protected = ["/films/mine"]         # nothing in these folders is ever touched
reference = ["/films/library"]      # files elsewhere are measured against these, which are not touched either
accept_loss = 0                     # seconds that may exist nowhere else
languages = true                    # a copy with a language of sound or subtitles more is not redundant

[[prefer]]                          # in order: the first that tells two videos apart decides
by = "resolution"
tolerance = 0.05                    # differences of up to 5 % are none
[[prefer]]
by = "folder"
order = ["/films/a", "/films/b"]    # the earlier the better; all others come last
[[prefer]]
by = "name"
order = ["*remastered*", "*1080p*"] # of the file, without its folder
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from twinreel.clean.criteria import COARSER, CRITERIA, Contender, Criterion, finer_of, within
from twinreel.errors import UserError
from twinreel.types import Probe

VERSION = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept, and what may be removed."""

    prefer: tuple[Criterion, ...] = field(
        default_factory=lambda: (
            Criterion("hdr"),
            Criterion("resolution", 0.05),
            Criterion("noise"),
            Criterion("colour"),
            Criterion("clarity", 0.2),
            Criterion("shape", 0.1),
            Criterion("bars"),
            Criterion("bits", 0.02),
            Criterion("duration", 1.0),
            Criterion("container"),
        )
    )
    protected: tuple[str, ...] = ()
    """Folders of which nothing is touched."""
    reference: tuple[str, ...] = ()
    """Folders that others are measured against: where there are any, only what they hold is a reason to remove."""
    accept_loss: float = 0.0
    """Seconds of a video that may exist nowhere else."""
    languages: bool = True
    """A video with a language more than another is not redundant to it."""

    def compare(self, a: Contender, b: Contender) -> tuple[int, str]:
        """1: a is better, -1: b is, 0: equal; and why. What one criterion cannot tell is left to the next."""
        for criterion in self.prefer:
            sign, words = criterion.compare(a, b)
            if sign:
                return sign, words
        return 0, "equal by all rules"

    def replaces(self, kept: Contender, video: Contender, *, longer: bool = False) -> tuple[bool, str]:
        """Is one at least as good as another, and why?

        Not where a criterion cannot tell before another decides, unless the one that is kept is the ``longer``, which
        has the other in it, and was not encoded more coarsely, for then nothing was cut from it; nor where another
        picture seems to be pasted into it alone.
        """
        if kept.picture and video.picture and kept.picture.insets > video.picture.insets:
            return False, "the other has a picture pasted in"
        for criterion in self.prefer:
            sign, words = criterion.compare(kept, video)
            if sign is None and longer and finer_of(kept, video, COARSER)[0] >= 0:
                return True, f"it goes on there, and of the rest it cannot be told which is better: {words}"
            if sign != 0:
                return sign == 1, words
        return True, "equal by all rules"

    def touchable(self, path: str) -> bool:
        """Is an absolute path outside all protected and reference folders?"""
        return not any(within(path, folder) for folder in (*self.protected, *self.reference))

    def referred(self, path: str) -> bool:
        """May a file be what another is removed in favour of?"""
        return not self.reference or any(within(path, folder) for folder in self.reference)

    def missing_languages(self, video: Probe, kept: Probe) -> tuple[str, ...]:
        """The languages of sound and subtitles of a video that the kept one lacks; an unstated one is any."""
        if not self.languages:
            return ()
        pairs = (
            ("sound", video.audio_languages, kept.audio_languages),
            (
                "subtitles",
                video.subtitle_languages,
                kept.subtitle_languages,
            ),
        )
        return tuple(
            f"{language} {what}" if language != "und" else what
            for what, own, others in pairs
            for language in sorted(set(own))
            if language not in others and not (language == "und" and others)
        )


def read_rules(path: Path) -> Rules:
    """The rules of a TOML file; what it leaves out is as by default. UserError says what is wrong and where."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"cannot read the rules {path}: {error}") from error
    return parse_rules(given, str(path))


def parse_rules(given: Mapping[str, Any], where: str) -> Rules:
    """Rules from what a TOML file holds; ``where`` names it in errors."""
    version = given.get("version")
    if version != VERSION:
        raise UserError(f"{where}: version is {version!r}; this twinreel reads rules of version {VERSION}")
    accepted = ["version", *(one.name for one in fields(Rules))]
    if unknown := sorted(given.keys() - set(accepted)):
        raise UserError(f"{where}: there is no rule {unknown[0]!r}; there are {', '.join(accepted)}")
    values: dict[str, Any] = {
        name: tuple(_folders(given[name], f"{where}: {name}")) for name in ("protected", "reference") if name in given
    }
    loss, languages = given.get("accept_loss", 0.0), given.get("languages", True)
    if isinstance(loss, bool) or not isinstance(loss, int | float) or loss < 0:
        raise UserError(f"{where}: accept_loss is {loss!r}; a number of seconds from 0 is expected")
    if not isinstance(languages, bool):
        raise UserError(f"{where}: languages is {languages!r}; true or false is expected")
    if "prefer" in given:
        values["prefer"] = tuple(_criterion(one, f"{where}: prefer") for one in _list(given["prefer"], where))
    return Rules(**values, accept_loss=float(loss), languages=languages)


def _list(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise UserError(f"{where}: {value!r} is given where a list is expected")
    return value


def _folders(value: Any, where: str) -> list[str]:
    if not all(isinstance(one, str) for one in _list(value, where)):
        raise UserError(f"{where}: a list of folders is expected")
    return [os.path.realpath(Path(one).expanduser()) for one in value]


def _criterion(given: Any, where: str) -> Criterion:
    if not isinstance(given, dict) or given.get("by") not in CRITERIA:
        raise UserError(f"{where}: {given!r} is given; a table with by = one of {', '.join(CRITERIA)} is expected")
    if unknown := sorted(given.keys() - {"by", "tolerance", "order"}):
        raise UserError(f"{where}: {unknown[0]!r} is given; by, tolerance and order are accepted")
    tolerance, order = given.get("tolerance", 0.0), given.get("order", [])
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or tolerance < 0:
        raise UserError(f"{where}: tolerance is {tolerance!r}; a number from 0 is expected")
    if given["by"] in ("folder", "name") and not order:
        raise UserError(f"{where}: by = {given['by']!r} needs an order, the best first")
    if not all(isinstance(one, str) for one in _list(order, where)):
        raise UserError(f"{where}: order is {order!r}; a list of texts is expected")
    return Criterion(given["by"], float(tolerance), tuple(_folders(order, where) if given["by"] == "folder" else order))
