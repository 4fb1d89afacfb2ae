"""The ways in which one video is better than another: each a criterion that says which, and why."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from twinreel.clean.coverage import length
from twinreel.group.representative import container_rank
from twinreel.media.picture import Measured
from twinreel.types import Span, Video

WORTH = {
    "mpeg2video": (0.35, 0.6),
    "mpeg4": (0.4, 0.7),
    "vp8": (0.7, 1.0),
    "h264": (1.0, 1.0),
    "vp9": (1.0, 1.6),
    "hevc": (1.2, 1.8),
    "av1": (1.3, 2.2),
    "vvc": (1.6, 2.8),
}
"""Bits of H.264 that a bit of a codec is worth, from least to most: encoders and footage differ by a quarter either way
from what Ohm et al. find ("Comparison of the Coding Efficiency of Video Coding Standards", TCSVT 2012: MPEG-2 0.45,
MPEG-4 0.56, HEVC 1.55), and of later codecs tests agree less. The same codec is worth the same."""
UNKNOWN_WORTH = (0.3, 3.0)


COARSER = 1.1
"""Times that the quantiser of one must be coarser than that of another to be so at all."""
FINER = 1.5
"""Times that one quantiser must be coarser than another to settle a doubt about noise, or to raise one about sharpness.
Noise that a coarse one has left, a fine one has not taken away, so it was added; grain that only a fine one has left,
a coarse one has taken away."""

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
    nearness: float = 0.0
    """Sum of the scores of its matches: the greater, the less far it is from all others taken together."""

    @property
    def size(self) -> tuple[int, int]:
        probe = self.video.probe
        return (self.picture.width, self.picture.height) if self.picture else (probe.width, probe.height)

    def over(self, spans: tuple[Span, ...]) -> Contender:
        """In a comparison that is about these seconds."""
        return replace(self, spans=spans, picture=self.picture and self.picture.over(spans))


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
    finer, words = finer_of(a, b, COARSER)
    if sign and finer == -sign:
        return None, f"one has more pixels, the other was {words}"
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
    """More is better; of two codecs the finer quantiser, or where that is unknown, what has more bits whatever a bit of
    either is worth within its range."""
    first, second = bits(a), bits(b)
    codecs = a.video.probe.codec, b.video.probe.codec
    if codecs[0] != codecs[1] and all(one.picture and one.picture.coarseness for one in (a, b)):
        return finer_of(a, b, COARSER)
    least, most = (WORTH.get(codec, UNKNOWN_WORTH) for codec in codecs)
    ways = (1.0,) if codecs[0] == codecs[1] else (least[0] / most[1], least[1] / most[0])
    signs = {_greater(first * worth, second, criterion.tolerance) for worth in ways}
    if len(signs) > 1:
        return None, f"{a.video.probe.codec} and {b.video.probe.codec} can hardly be compared at these bit rates"
    (sign,) = signs
    named = (f"{first:.2f} of {codecs[0]}", f"{second:.2f} of {codecs[1]}")
    best, other = named if sign > 0 else named[::-1]
    if codecs[0] == codecs[1]:
        best, other = (f"{value:.2f}" for value in sorted((first, second), reverse=True))
    return sign, f"more bits for each pixel ({best} against {other} a second)"


def finer_of(a: Contender, b: Contender, times: float) -> tuple[int, str]:
    """Which of two was encoded more finely by so many times, as far as it is known."""
    steps = [(one.picture and one.picture.coarseness) or 0.0 for one in (a, b)]
    low, high = sorted(steps)
    if not low or high < times * low:
        return 0, ""
    return 1 if steps[0] == low else -1, f"encoded more finely (in steps of {low:.1f} levels against {high:.1f})"


def _greater(first: float, second: float, tolerance: float) -> int:
    return 0 if abs(first - second) <= tolerance * max(first, second) else 1 if first > second else -1


BARS = 0.05
"""Share of the frame by which bars must take more of one than of another."""


def _bars(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    """Bars around a picture of the same size were added, unless the one without is a coarser encoding."""
    first, second = (
        1 - one.size[0] * one.size[1] / max(1, one.video.probe.width * one.video.probe.height) for one in (a, b)
    )
    if _sizes(a, b) != (a.size, b.size) or abs(first - second) <= BARS:
        return 0, ""
    sign = 1 if first < second else -1
    known = all(one.picture and one.picture.coarseness for one in (a, b))
    return (sign, "without bars around the picture") if known and finer_of(a, b, FINER)[0] != -sign else (0, "")


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


def _noise(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    """Much more noise is worse, whatever else: it was added, and costs bits that show nothing."""
    if a.picture is None or b.picture is None:
        return 0, ""
    low, high = sorted((a.picture.noise, b.picture.noise))
    words = f"less noise ({low:.1f} levels against {high:.1f})"
    return _quieter(a.picture.noise, b.picture.noise, *STRONG), words


def _clarity(criterion: Criterion, a: Contender, b: Contender) -> Answer:
    """The sharper picture is better, unless it has more noise: then it may be the grainy original of one that was
    smoothed, or have had noise added, which counterfeits detail and costs bits. How finely both were encoded may tell,
    or make one doubt: coarse steps leave edges that were none."""
    if a.picture is None or b.picture is None:
        return 0, ""
    sharper = _greater(a.picture.detail, b.picture.detail, criterion.tolerance)
    hint = _quieter(a.picture.noise, b.picture.noise, *HINT)
    finer, words = finer_of(a, b, FINER)
    if sharper and finer == -sharper:
        return None, f"one is sharper, the other {words}"
    if hint and sharper != hint:
        return (finer, words) if finer else (None, "one has a little less noise")
    low, high = sorted((a.picture.detail, b.picture.detail))
    return sharper, f"sharper ({high:.2f} against {low:.2f})"


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
    "noise": _noise,
    "clarity": _clarity,
    "shape": _shape,
    "bars": _bars,
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
    "centre": _measured(lambda one: one.nearness, lambda a, b: "nearer to all copies taken together"),
    "folder": _ranked(_folder, "in a preferred folder"),
    "name": _ranked(_name, "a preferred name"),
}
CRITERIA = tuple(_COMPARE)
"""What ``by`` may be."""
