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

from twinreel.clean.coverage import Span, length
from twinreel.errors import UserError
from twinreel.group.representative import container_rank
from twinreel.media.picture import Measured
from twinreel.types import Probe, Video

VERSION = 1
EFFICIENCY = {"mpeg2video": 0.5, "mpeg4": 0.5, "vp8": 0.9, "h264": 1.0, "vp9": 1.4, "hevc": 1.5, "av1": 1.8, "vvc": 2.2}
"""Bits of H.264 that a bit of a codec is worth, about: what comparisons of encoders agree on."""


Answer = tuple[int | None, str]
"""1: a is better, -1: b is, 0: they are equal, None: they differ, but it cannot be told which is better. And why."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A video that is compared with another."""

    video: Video
    path: str
    """Of its files the one that would stay."""
    mtime_ns: int
    picture: Measured | None = None
    """None: not measured; headers have to do."""
    spans: tuple[Span, ...] = ()
    """The seconds that the comparison is about; empty: all of it."""

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

    def compare(self, a: Contender, b: Contender) -> Answer:
        """Which is better, and why, in words, seen from the better one."""
        return _COMPARE[self.by](self, a, b)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept, and what may be removed."""

    prefer: tuple[Criterion, ...] = field(
        default_factory=lambda: (
            Criterion("hdr"),
            Criterion("resolution", 0.05),
            Criterion("clarity", 0.15),
            Criterion("colour"),
            Criterion("shape", 0.1),
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
        has the other in it; nor where another picture seems to be pasted into it alone.
        """
        if kept.picture and video.picture and kept.picture.insets > video.picture.insets:
            return False, "the other has a picture pasted in"
        for criterion in self.prefer:
            sign, words = criterion.compare(kept, video)
            if sign is None and longer:
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


def within(path: str, folder: str) -> bool:
    """Is an absolute path a folder, or inside it? By name; whoever follows links asks with the real path."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _sizes(a: Contender, b: Contender) -> tuple[tuple[int, int], tuple[int, int]]:
    """Pixels of both: without bars, unless both fill frames of one size; then one of them has a picture where the other
    has bars, or bars that are not seen for noise."""
    whole = (a.video.probe.width, a.video.probe.height), (b.video.probe.width, b.video.probe.height)
    alike = all(_greater(one, other, SAME_SIZE) == 0 for one, other in zip(*whole, strict=True))
    return whole if alike else (a.size, b.size)


SAME_SIZE = 0.05
"""Share that the sides of two frames of one size may differ by."""


def _resolution(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    first, second = _sizes(a, b)
    sign = _greater(first[0] * first[1], second[0] * second[1], criterion.tolerance)
    best, other = (first, second) if sign > 0 else (second, first)
    return sign, "higher resolution ({}x{} against {}x{})".format(*best, *other)


def bits(contender: Contender) -> float:
    """Bits of a second for each pixel, over the seconds that count; 0.0 where the duration is unknown."""
    video, picture = contender.video, contender.picture
    width, height = contender.size
    total, seconds = float(video.size * 8), video.probe.duration
    if picture is not None and contender.spans:
        total = sum(
            number * max(0.0, min(second + 1, stop) - max(second, start))
            for start, stop in contender.spans
            for second, number in enumerate(picture.bits)
        )
        seconds = length(contender.spans)
    return total / (seconds * width * height) if seconds > 0 and width and height else 0.0


def _bits(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    """More is better, where that holds of the bits as they are and of what they are worth: codecs are compared by rule
    of thumb, which must not decide alone."""
    first, second = bits(a), bits(b)
    worth_a, worth_b = (EFFICIENCY.get(one.video.probe.codec, 1.0) for one in (a, b))
    signs = {
        _greater(first, second, criterion.tolerance),
        _greater(first * worth_a, second * worth_b, criterion.tolerance),
    }
    if len(signs) > 1:
        return None, f"{a.video.probe.codec} and {b.video.probe.codec} can hardly be compared at these bit rates"
    (sign,) = signs
    best, other = max(first, second), min(first, second)
    return sign, f"more bits for each pixel ({best:.2f} against {other:.2f} a second)"


def _greater(first: float, second: float, tolerance: float) -> int:
    return 0 if abs(first - second) <= tolerance * max(first, second) else 1 if first > second else -1


def _shape(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    """Pictures of another shape were cut, stretched or turned, and which of the two was cannot be told."""
    sizes = _sizes(a, b)
    first, second = (width / max(1, height) for width, height in sizes)
    if _greater(first, second, criterion.tolerance) == 0:
        return 0, ""
    return None, "pictures of different shapes ({}x{} and {}x{})".format(*sizes[0], *sizes[1])


def _measured(
    value: Callable[[Contender], float | None], words: Callable[[Contender, Contender], str], *, relative: bool = True
) -> Callable[[Criterion, Contender, Contender], Answer]:
    """The greater number is better; None: unknown, which decides nothing."""

    def compare(criterion: Criterion, a: Contender, b: Contender) -> Answer:
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
) -> Callable[[Criterion, Contender, Contender], Answer]:
    """The lower rank is better."""

    def compare(criterion: Criterion, a: Contender, b: Contender) -> Answer:
        first, second = rank(criterion, a), rank(criterion, b)
        return (first < second) - (first > second), words if first != second else ""

    return compare


def _folder(criterion: Criterion, one: Contender) -> int:
    places = (number for number, folder in enumerate(criterion.order) if within(one.path, folder))
    return next(places, len(criterion.order))


def _name(criterion: Criterion, one: Contender) -> int:
    name = Path(one.path).name
    return next((n for n, pattern in enumerate(criterion.order) if fnmatch(name, pattern)), len(criterion.order))


GRAY = 1.5
"""Levels of colour up to which a picture is black and white."""
HINT = (0.4, 3.0)
"""Levels, and times, that a picture must be noisier than another for a doubt: grain that compressing anew has taken
away, or what it has left of noise that was added."""
STRONG = (5.0, 3.0)
"""The same for noise that decides: film has less grain in its flattest parts."""


def _clarity(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    """The sharper picture is better, unless it has more noise: then it may be the grainy original of one that was
    smoothed, or have had noise added, which counterfeits detail and costs bits. Only much noise is sure to be added."""
    if a.picture is None or b.picture is None:
        return 0, ""
    sharper = _greater(a.picture.detail, b.picture.detail, criterion.tolerance)
    hint, strongly = (_quieter(a.picture.noise, b.picture.noise, *than) for than in (HINT, STRONG))
    if hint and not strongly and sharper != hint:
        return None, "one has a little less noise"
    sign = strongly or sharper
    best, other = (a.picture, b.picture) if sign > 0 else (b.picture, a.picture)
    if strongly:
        return sign, f"less noise ({best.noise:.1f} levels against {other.noise:.1f})"
    return sign, f"sharper ({best.detail:.2f} against {other.detail:.2f})"


def _quieter(first: float, second: float, levels: float, times: float) -> int:
    low, high = sorted((first, second))
    clear = high - low >= levels and high >= times * low
    return 0 if not clear else 1 if first < second else -1


_COMPARE: Mapping[str, Callable[[Criterion, Contender, Contender], Answer]] = {
    "hdr": _ranked(lambda _, one: not one.video.probe.hdr, "HDR"),
    "resolution": _resolution,
    "colour": _ranked(
        lambda _, one: one.picture is not None and one.picture.colour < GRAY, "in colour, the other in black and white"
    ),
    "clarity": _clarity,
    "shape": _shape,
    "bits": _bits,
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
