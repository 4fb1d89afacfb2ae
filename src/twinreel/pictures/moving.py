"""A clip and the places where it was found, playing together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinreel.media.probe import probe
from twinreel.pictures.picture import Moving, beside
from twinreel.pictures.strips import frames_at, moments, with_stamps
from twinreel.types import Float64, Segment, UInt8

FRAMES = 24
"""Moments of the clip that are shown, at even distances."""
SECONDS = 0.25
"""That each is shown."""
HEIGHT = 120
"""Pixels of a frame."""
_GAP, _GROUND, _BLANK = 4, (255, 255, 255), 40
"""Pixels between videos, the colour behind them, and the grey of a video that does not show the clip's footage now."""


def side_by_side(
    clip: Path | str, found: Sequence[tuple[Path | str, Sequence[Segment]]], frames: int = FRAMES
) -> Moving:
    """The clip at the left, then each video in which it was found, at the seconds that show the same footage.

    found: paths and segments, of which a is the clip; where no segment covers a moment of the clip, that video is grey.
    Raises MediaError where a file cannot be read.
    """
    seconds = moments(0.0, max(probe(str(clip)).duration, 0.0), frames)
    columns = [with_stamps(frames_at(clip, seconds, HEIGHT), seconds.tolist())]
    for path, segments in found:
        columns.append(_following(path, _seen(seconds, segments)))
    return Moving(np.stack([beside(row, _GAP, _GROUND) for row in zip(*columns, strict=True)]), SECONDS)


def _seen(seconds: Float64, segments: Sequence[Segment]) -> Float64:
    """The second (n,) of the other video that shows what each second of the clip shows, of the best segment; NaN where
    none does."""
    seen = np.full(len(seconds), np.nan)
    for segment in sorted(segments, key=lambda one: one.score):
        inside = (seconds >= segment.a_start) & (seconds < segment.a_stop)
        seen[inside] = [segment.seen_in_b(float(second)) for second in seconds[inside]]
    return seen


def _following(path: Path | str, seconds: Float64) -> list[UInt8]:
    """A picture (h, w, 3) for each second (n,); grey for NaN."""
    shown = np.flatnonzero(~np.isnan(seconds))
    known = np.zeros(1) if not len(shown) else seconds[shown]
    images = with_stamps(frames_at(path, known, HEIGHT), known.tolist())
    pictures = [np.full_like(images[0], _BLANK) for _ in seconds]
    for place, image in zip(shown, images, strict=False):
        pictures[place] = image
    return pictures
