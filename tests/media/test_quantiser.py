"""The step of a quantiser is the one that the encoder was told to use."""

from __future__ import annotations

from pathlib import Path

import pytest

from makers import scene, write_video
from twinreel.media.picture import measure

H264 = {"x264-params": "qp=28:ipratio=1:aq-mode=0"}
"""QP 28 in every block of every frame that counts: 2 ** ((28 - 4) / 6)."""
H264_OF_10_BITS = {"x264-params": "qp=40:ipratio=1:aq-mode=0"}
"""The same step: a level of 8 bits is four of 10, and QP 12 more is four times the step."""


def step(path: Path) -> float | None:
    *_, last = measure(str(path), 320, 180, 2.0)
    assert last is not None
    return last.coarseness


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "options", "expected"),
    [
        ("libx264", "yuv420p", H264, 16.0),
        ("libx264", "yuv420p10le", H264_OF_10_BITS, 16.0),
        # The quantiser's scale is 6, a step twice that; a quarter more for the dead zone.
        ("mpeg4", "yuv420p", {"qmin": "6", "qmax": "6"}, 15.0),
        ("mpeg2video", "yuv420p", {"qmin": "6", "qmax": "6"}, 15.0),
        # Quantiser 30 of 63 is index 120 of the table, where it says 152.
        (
            "libvpx-vp9",
            "yuv420p",
            {"qmin": "30", "qmax": "30", "crf": "30", "deadline": "realtime", "cpu-used": "8"},
            19.0,
        ),
    ],
)
def test_the_step_is_that_of_the_encoder(
    tmp_path: Path, codec: str, pix_fmt: str, options: dict[str, str], expected: float
) -> None:
    path = write_video(tmp_path / "a.mkv", scene(1), codec=codec, pix_fmt=pix_fmt, options=options)
    assert step(path) == pytest.approx(expected, rel=0.02)


def test_other_decoders_do_not_tell(tmp_path: Path) -> None:
    assert step(write_video(tmp_path / "a.mkv", scene(1), codec="libx265")) is None
