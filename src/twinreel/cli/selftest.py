"""Does this installation work? A scan has to find the seconds that one tiny video has of another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from twinreel.cli.text import span
from twinreel.types import Match, UInt8

_RATE = 12
_WIDTH, _HEIGHT = 256, 144
_SHOT = 2.5
"""Seconds; there is one of each of the patterns."""
_CLIP = (4.0, 10.0)
"""The seconds of the film that the clip consists of."""
_TOLERANCE = 1.0
"""Seconds, the step of the sampling."""


def self_test() -> tuple[bool, str]:
    """Whether the planted copy was found, and what was."""
    # What takes long to import waits until a test is wanted.
    from twinreel.library import Library

    with tempfile.TemporaryDirectory(prefix="twinreel-") as folder:
        root = Path(folder)
        _write(root / "film.mp4", 0.0, len(_patterns()) * _SHOT)
        _write(root / "clip.mp4", *_CLIP)
        with Library(root / "library.sqlite") as library:
            report = library.add(root, jobs=2)
            found = library.matches()
    if report.failures:
        return False, f"{Path(report.failures[0].path).name}: {report.failures[0].reason}"
    return judged(found)


def judged(found: list[Match]) -> tuple[bool, str]:
    """Whether the planted seconds are among what was found; and in words."""
    planted = (*_CLIP, 0.0, _CLIP[1] - _CLIP[0])
    segments = [(s.a_start, s.a_stop, s.b_start, s.b_stop) for match in found for s in match.segments]
    right = any(np.allclose(segment, planted, rtol=0, atol=_TOLERANCE) for segment in segments)
    stretches = ", ".join(span(start, stop) for start, stop, _, _ in segments) or "nothing"
    return right, f"{span(*_CLIP)} of a film was planted, found was {stretches}"


def _write(path: Path, start: float, stop: float) -> None:
    """Seconds of the film, coded with MPEG-4, whose encoder every build of FFmpeg has."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mpeg4", rate=Fraction(_RATE))
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = _WIDTH, _HEIGHT, "yuv420p", 1_000_000
        for image in _film(start, stop):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        output.mux(stream.encode(None))


def _film(start: float, stop: float) -> Iterator[UInt8]:
    """A disc that crosses a brightening pattern, another one in every shot."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    patterns = _patterns()
    for number in range(round(start * _RATE), round(stop * _RATE)):
        shot, within = divmod(number / _RATE / _SHOT, 1)
        pattern, bright, dark = patterns[int(shot)]
        image = np.where(pattern[..., None], bright, dark) * (0.6 + 0.4 * within)
        image[np.hypot(x - within * _WIDTH, y - _HEIGHT / 2) < _HEIGHT / 4] = 255 - np.array(bright)
        yield image.astype(np.uint8)


def _patterns() -> list[tuple[NDArray[np.bool_], tuple[int, int, int], tuple[int, int, int]]]:
    """Where each shot shows its first colour, and its two colours: as unlike as simple pictures can be."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    noise = np.random.default_rng(0).random((_HEIGHT // 6, _WIDTH // 6 + 1)) > 0.5
    return [
        (np.sin(x / 9 + y / 5) > 0, (250, 220, 40), (20, 40, 120)),
        ((x // 32 + y // 32) % 2 > 0, (240, 240, 240), (30, 30, 30)),
        (np.hypot(x - _WIDTH / 2, y - _HEIGHT / 2) % 40 < 20, (200, 30, 30), (250, 240, 220)),
        (noise.repeat(6, axis=0).repeat(6, axis=1)[:, :_WIDTH], (90, 200, 90), (20, 60, 30)),
        (np.hypot(x % 48 - 24, y % 48 - 24) < 14, (250, 120, 200), (60, 20, 90)),
        (y / _HEIGHT > 0.5 + 0.3 * np.sin(x / 60), (60, 140, 250), (120, 80, 30)),
    ]
