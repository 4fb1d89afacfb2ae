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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from twinreel.errors import UserError
from twinreel.group.representative import container_rank
from twinreel.types import Probe, Video

VERSION = 1
EFFICIENCY = {"mpeg2video": 0.5, "mpeg4": 0.6, "vp8": 0.9, "h264": 1.0, "vp9": 1.4, "hevc": 1.5, "av1": 1.8, "vvc": 2.2}
"""Bits of H.264 that a bit of a codec is worth, about: what comparisons of encoders agree on."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What was measured of a video's frames, beside what its headers say."""

    width: int
    """Pixels as shown, without black bars."""
    height: int
    detail: float
    """Fine structure relative to coarse structure, >= 0: a blurred or enlarged picture has less."""
    noise: float
    """Standard deviation of what is noise in flat areas, in levels of 8 bits."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A video that is compared with another."""

    video: Video
    path: str
    """Of its files the one that would stay."""
    mtime_ns: int
    picture: Picture | None = None
    """None: not measured; headers have to do."""

    @property
    def size(self) -> tuple[int, int]:
        probe = self.video.probe
        return (self.picture.width, self.picture.height) if self.picture else (probe.width, probe.height)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One way to tell two videos apart."""

    by: str
    tolerance: float = 0.0
    """Relative for sizes and rates, in seconds for duration and age: differences up to it are none."""
    order: tuple[str, ...] = ()
    """Of folders or of name patterns, the best first."""

    def compare(self, a: Contender, b: Contender) -> tuple[int, str]:
        """1: a is better, -1: b is, 0: equal; and why, in words, seen from the better one."""
        return _COMPARE[self.by](self, a, b)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept, and what may be removed."""

    prefer: tuple[Criterion, ...] = field(
        default_factory=lambda: (
            Criterion("hdr"),
            Criterion("resolution", 0.05),
            Criterion("detail", 0.15),
            Criterion("noise"),
            Criterion("bits", 0.0),
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
        """1: a is better, -1: b is, 0: equal; and why."""
        for criterion in self.prefer:
            sign, words = criterion.compare(a, b)
            if sign:
                return sign, words
        return 0, "equal by all rules"

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


def within(path: str, folder: str) -> bool:
    """Is an absolute path a folder, or inside it? By name; whoever follows links asks with the real path."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def bits(contender: Contender) -> float:
    """Bits for a second of a picture's pixel, as H.264 would need them; 0.0 where the duration is unknown."""
    video = contender.video
    width, height = contender.size
    seconds = video.probe.duration * width * height
    return video.size * 8 * EFFICIENCY.get(video.probe.codec, 1.0) / seconds if seconds else 0.0


def _measured(
    value: Callable[[Contender], float | None], words: Callable[[Contender, Contender], str], *, relative: bool = True
) -> Callable[[Criterion, Contender, Contender], tuple[int, str]]:
    """The greater number is better; None: unknown, which decides nothing."""

    def compare(criterion: Criterion, a: Contender, b: Contender) -> tuple[int, str]:
        first, second = value(a), value(b)
        if first is None or second is None:
            return 0, ""
        slack = criterion.tolerance * max(first, second) if relative else criterion.tolerance
        if abs(first - second) <= slack:
            return 0, ""
        return (1, words(a, b)) if first > second else (-1, words(b, a))

    return compare


def _ranked(
    rank: Callable[[Criterion, Contender], int], words: str
) -> Callable[[Criterion, Contender, Contender], tuple[int, str]]:
    """The lower rank is better."""

    def compare(criterion: Criterion, a: Contender, b: Contender) -> tuple[int, str]:
        first, second = rank(criterion, a), rank(criterion, b)
        return (first < second) - (first > second), words if first != second else ""

    return compare


def _folder(criterion: Criterion, one: Contender) -> int:
    places = (number for number, folder in enumerate(criterion.order) if within(one.path, folder))
    return next(places, len(criterion.order))


def _name(criterion: Criterion, one: Contender) -> int:
    name = Path(one.path).name
    return next((n for n, pattern in enumerate(criterion.order) if fnmatch(name, pattern)), len(criterion.order))


NOISE = 2.0
"""Levels by which a picture must be noisier than another, and twice as noisy, to count as the noisy one: less is what
compressing a picture anew takes away."""


def _noise(criterion: Criterion, a: Contender, b: Contender) -> tuple[int, str]:
    """The clearly noisier one is worse: noise is added to copies to hide them, and costs bits that show nothing."""
    if a.picture is None or b.picture is None:
        return 0, ""
    quiet, loud = sorted((a, b), key=lambda one: one.picture.noise if one.picture else 0.0)
    first, second = (one.picture.noise if one.picture else 0.0 for one in (quiet, loud))
    if second - first < NOISE or second < 2 * first:
        return 0, ""
    return (1 if quiet is a else -1), f"less noise ({first:.1f} levels against {second:.1f})"


def _sides(a: Contender, b: Contender) -> str:
    return "{}x{} against {}x{}".format(*a.size, *b.size)


_COMPARE: Mapping[str, Callable[[Criterion, Contender, Contender], tuple[int, str]]] = {
    "hdr": _ranked(lambda _, one: not one.video.probe.hdr, "HDR"),
    "resolution": _measured(
        lambda one: float(one.size[0] * one.size[1]), lambda a, b: f"higher resolution ({_sides(a, b)})"
    ),
    "detail": _measured(
        lambda one: one.picture.detail if one.picture else None,
        lambda a, b: (
            "sharper" + (f" ({a.picture.detail:.2f} against {b.picture.detail:.2f})" if a.picture and b.picture else "")
        ),
    ),
    "noise": _noise,
    "bits": _measured(
        bits, lambda a, b: f"more bits for each pixel ({bits(a):.2f} against {bits(b):.2f} a second, as H.264)"
    ),
    "duration": _measured(
        lambda one: one.video.probe.duration,
        lambda a, b: f"longer ({a.video.probe.duration:.1f} s against {b.video.probe.duration:.1f} s)",
        relative=False,
    ),
    "container": _ranked(lambda _, one: -container_rank(one.video.probe), "a container that more programs can use"),
    "audio": _measured(
        lambda one: float(len(set(one.video.probe.audio_languages))), lambda a, b: "more languages of sound"
    ),
    "subtitles": _measured(
        lambda one: float(len(set(one.video.probe.subtitle_languages))), lambda a, b: "more languages of subtitles"
    ),
    "oldest": _measured(lambda one: -one.mtime_ns / 1e9, lambda a, b: "the older file", relative=False),
    "newest": _measured(lambda one: one.mtime_ns / 1e9, lambda a, b: "the newer file", relative=False),
    "folder": _ranked(_folder, "in a preferred folder"),
    "name": _ranked(_name, "a preferred name"),
}
CRITERIA = tuple(_COMPARE)
"""What ``by`` may be."""


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
    if not isinstance(given, dict) or given.get("by") not in _COMPARE:
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
