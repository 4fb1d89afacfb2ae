"""Which of several duplicates stands for them all, and why.

The rule, in order: more pixels; more bits for each pixel; longer; a container that more programs can edit and seek.
What remains equal is settled by the content id, so that the choice never depends on the order of input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twinreel.types import Probe, Video

CONTAINERS = ("mp4", "matroska", "mov", "webm", "mpegts", "avi", "flv", "gif")
"""Preferred containers, best first, by the names that FFmpeg gives its demuxers; all others come after them."""


def pixels(probe: Probe) -> int:
    return probe.width * probe.height


def bits_per_pixel(probe: Probe) -> float:
    """Bits that the encoder spent on one pixel of one frame; 0.0 where a part of it is unknown."""
    fps = probe.fps_average or probe.fps_real
    if not (probe.bit_rate and fps and pixels(probe)):
        return 0.0
    return probe.bit_rate / (fps * pixels(probe))


def container_rank(probe: Probe) -> int:
    """0 is worst."""
    names = probe.container.split(",")
    return max((len(CONTAINERS) - i for i, name in enumerate(CONTAINERS) if name in names), default=0)


@dataclass(frozen=True, slots=True)
class Criterion:
    value: Callable[[Probe], float]
    words: Callable[[Probe, Probe], str]
    """Why the first is better than the second."""


CRITERIA = (
    Criterion(pixels, lambda a, b: f"highest resolution ({a.width}x{a.height}, next {b.width}x{b.height})"),
    Criterion(
        lambda p: round(bits_per_pixel(p), 4),
        lambda a, b: f"most bits per pixel ({bits_per_pixel(a):.3f}, next {bits_per_pixel(b):.3f})",
    ),
    Criterion(lambda p: round(p.duration, 1), lambda a, b: f"longest ({a.duration:.1f} s, next {b.duration:.1f} s)"),
    Criterion(container_rank, lambda a, b: f"preferred container ({a.container}, next {b.container})"),
)


def quality(video: Video) -> tuple[float, ...]:
    """What the rule compares; greater is better."""
    return tuple(float(criterion.value(video.probe)) for criterion in CRITERIA)


def best_first(videos: list[Video]) -> list[Video]:
    """The rule's total order; equal quality by content id."""
    return sorted(videos, key=lambda v: (*(-x for x in quality(v)), v.content))


def reason(best: Video, others: list[Video]) -> str:
    """Why ``best`` stands for the group: the first criterion that sets it apart from the next best."""
    if not others:
        return "the only one"
    following = best_first(others)[0]
    for criterion in CRITERIA:
        if criterion.value(best.probe) != criterion.value(following.probe):
            return criterion.words(best.probe, following.probe)
    return "equal to the next in all criteria; first by content id"
