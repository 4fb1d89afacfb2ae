"""The formats by name, and one way to compare two videos for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twinreel.errors import UserError
from twinreel.exchange.tmk import LEVEL_1, LEVEL_2, Tmk, format_tmk, match_tmk, parse_tmk
from twinreel.exchange.vpdq import Vpdq, format_vpdq, match_vpdq, parse_vpdq

Hashes = Vpdq | Tmk
Spans = tuple[tuple[float, float], ...]
"""[start, stop) in seconds, ascending."""


@dataclass(frozen=True, slots=True)
class HashRules:
    """From where on two videos match; the defaults are those that the formats' authors suggest."""

    listed: float = 80.0
    """vPDQ: percentage of the listed video that must be found in the other."""
    own: float = 0.0
    """vPDQ: percentage of the other that must be found in the listed one. 0: it may show more than that."""
    level_1: float = LEVEL_1
    """TMK: cosine of the averages."""
    level_2: float = LEVEL_2
    """TMK: agreement at the best shift in time."""

    def __post_init__(self) -> None:
        for name, number in (("listed", self.listed), ("own", self.own)):
            if not 0 <= number <= 100:
                raise UserError(f"{name} is {number:g}; a percentage from 0 to 100 is expected")
        for name, number in (("level 1", self.level_1), ("level 2", self.level_2)):
            if not -1 <= number <= 1:
                raise UserError(f"{name} is {number:g}; a score from -1 to 1 is expected")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two videos that match by their format's rule."""

    scores: tuple[float, float]
    """vPDQ: percentage of the listed video, percentage of the other; TMK: level 1, level 2."""
    listed: Spans
    """Seconds of the listed video that the other shows."""
    own: Spans
    """Seconds of the other that show the listed video."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of hashes, a file a video."""

    name: str
    suffix: str
    parse: Callable[[bytes], Hashes]
    """BadFile for what is none."""
    write: Callable[[Any], bytes]
    compare: Callable[[Any, Any, HashRules], Verdict | None]
    """The listed video, the other; None where they do not match, or cannot be compared."""


def _compare_vpdq(listed: Vpdq, own: Vpdq, rules: HashRules) -> Verdict | None:
    found = match_vpdq(listed, own)
    if not found.spans_a or found.percent_a < rules.listed or found.percent_b < rules.own:
        return None
    return Verdict((found.percent_a, found.percent_b), found.spans_a, found.spans_b)


def _compare_tmk(listed: Tmk, own: Tmk, rules: HashRules) -> Verdict | None:
    """The seconds are where the two lie over one another at the best shift; shifts are known within half a period."""
    if listed.parameters != own.parameters:
        return None
    found = match_tmk(listed, own, least=rules.level_1)
    if found is None or found.level_2 < rules.level_2:
        return None
    start = max(0.0, -found.shift)
    stop = min(listed.frames / listed.fps, own.frames / own.fps - found.shift)
    spans = ((start, stop),) if start < stop else ()
    return Verdict(
        (found.level_1, found.level_2), spans, tuple((first + found.shift, last + found.shift) for first, last in spans)
    )


FORMATS = {
    format.name: format
    for format in (
        Format("vpdq", ".txt", parse_vpdq, format_vpdq, _compare_vpdq),
        Format("tmk", ".tmk", parse_tmk, format_tmk, _compare_tmk),
    )
}


def format_named(name: str) -> Format:
    """UserError for a name that is none."""
    if name not in FORMATS:
        raise UserError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]
