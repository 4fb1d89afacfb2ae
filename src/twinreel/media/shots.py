"""Shots: where one camera take ends and the next begins.

Frames go in one at a time, small (a hundred pixels or two a side are plenty) but all of them: a detector compares
neighbours. PySceneDetect (extra ``shots``) finds cuts by the change of hue, saturation and brightness from frame to
frame (``content``) or by the correlation of brightness histograms (``histogram``, which motion moves less);
TransNetV2 (extra ``transnet``, or a model file) also finds dissolves.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from twinreel.errors import MissingExtra, UserError
from twinreel.media import transnet
from twinreel.types import Float64, UInt8

METHODS = ("content", "histogram", "transnet")

_SHORTEST = 0.6
"""Seconds of a shot, at least: PySceneDetect's 15 frames at 25 a second. Closer cuts are taken for a flash."""
_TICKS = 90_000
"""Ticks a second in which times are handed to PySceneDetect."""


def shot_boundaries(
    frames: Iterable[tuple[float, UInt8]], method: str = "content", *, model: Path | None = None
) -> Float64:
    """Seconds (k,), ascending, at which a new shot begins; the first shot, from the first frame on, is not listed.

    ``frames`` are (seconds, (h, w, 3) RGB uint8), ascending, all of one size, and are read once. ``model`` is an ONNX
    file for ``transnet``. UserError for an unknown method, or a model for another one; MissingExtra.
    """
    if method not in METHODS:
        raise UserError(f"there is no shot detection {method!r}; there are {', '.join(METHODS)}")
    if model is not None and method != "transnet":
        raise UserError(f"a model file is given, but the shot detection {method!r} uses none; choose 'transnet'")
    if method == "transnet":
        network = transnet.onnx_network(model) if model is not None else transnet.packaged_network()
        return np.array(transnet.transitions(frames, network), np.float64)
    return _scenedetect(frames, method)


def shot_midpoints(boundaries: Float64, duration: float) -> Float64:
    """Seconds (k + 1,) of the middles of the shots into which ``boundaries`` (k,), ascending, part a video.

    The video lasts ``duration`` seconds; boundaries at its ends or beyond part nothing.
    """
    edges = np.concatenate([[0.0], boundaries[(boundaries > 0) & (boundaries < duration)], [duration]])
    middles: Float64 = (edges[1:] + edges[:-1]) / 2
    return middles


def _scenedetect(frames: Iterable[tuple[float, UInt8]], method: str) -> Float64:
    try:
        from scenedetect.common import FrameTimecode, Timecode
        from scenedetect.detectors import ContentDetector, HistogramDetector
    except ModuleNotFoundError as missing:
        raise MissingExtra(f"finding shots by {method}", "shots") from missing
    detector = (ContentDetector if method == "content" else HistogramDetector)(min_scene_len=_SHORTEST)
    cuts: list[Any] = []
    seconds: dict[int, float] = {}
    for time, image in frames:
        # Lengths are compared in seconds; the frame rate, which a FrameTimecode wants, too, is never used.
        position = FrameTimecode(Timecode(round(time * _TICKS), Fraction(1, _TICKS)), fps=Fraction(25))
        seconds[position.pts] = time
        cuts += detector.process_frame(position, np.ascontiguousarray(image[..., ::-1]))
    return np.array(sorted(seconds[cut.pts] for cut in cuts), np.float64)
