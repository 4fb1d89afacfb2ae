"""Videos whose pictures carry their numbers, in many containers, and what a sampling shows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from makers import remux, write_video
from numbered import number_in, numbered
from twinreel.media.sampling import CHUNK, Sampling, sample
from twinreel.types import Float64, Samples, UInt8

FPS, COUNT = 25, 160
SIZE = (224, 224)
Shown = list[tuple[float, int]]
"""Seconds and the number in the picture."""

OPEN = "open-gop=1:scenecut=0"
VIDEOS: dict[str, dict[str, Any]] = {
    "long.mp4": {"gop": 130, "options": {"bf": "3"}},
    "short.mp4": {"gop": 30, "options": {"bf": "2"}},
    "no b.mp4": {"gop": 40, "options": {"bf": "0"}},
    "open.mp4": {"gop": 48, "options": {"bf": "3", "mbtree": "0", "x264-params": OPEN}},
    "open hevc.mp4": {"codec": "libx265", "gop": 48, "options": {"x265-params": f"log-level=none:bframes=4:{OPEN}"}},
    "fragments.mp4": {"gop": 48, "options": {"bf": "3"}, "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "vp9.webm": {
        "codec": "libvpx-vp9",
        "gop": 60,
        "options": {"deadline": "realtime", "cpu-used": "8", "b": "2M", "auto-alt-ref": "1", "lag-in-frames": "16"},
    },
    "mpeg4.avi": {"codec": "mpeg4", "gop": 50, "options": {"b": "4M"}},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "counted.h264": {"gop": 48, "options": {"bf": "3", "x264-params": OPEN}},
}
"""How each is encoded, all of the same 160 frames."""
REMUXES = {
    "open.mkv": "open.mp4",
    "open.ts": "open.mp4",
    "long.mkv": "long.mp4",
    "open.flv": "open.mp4",
    "no b.mkv": "no b.mp4",  # of which FFmpeg tells no time at which it starts
}
ALL = [*VIDEOS, *REMUXES]
REFERENCES = 5
"""Frames from one reference frame to the next at most, in all of these."""


def together(chunks: Sequence[Samples]) -> tuple[Float64, UInt8]:
    """All samples, after a look at what holds for every sampling of every file."""
    assert chunks
    assert all(1 <= len(chunk.times) <= CHUNK for chunk in chunks)
    times = np.concatenate([chunk.times for chunk in chunks])
    assert times[0] >= 0
    assert (np.diff(times) > 0).all()
    return times, np.concatenate([chunk.images for chunk in chunks])


def shown(path: Path, sampling: str, **options: Any) -> Shown:
    times, images = together(list(sample(str(path), Sampling.parse(sampling), SIZE, **options)))
    assert images.shape[1:] == (*SIZE, 3)
    return [(float(time), number_in(image)) for time, image in zip(times, images, strict=True)]


def on_show(starts: Float64, seconds: float) -> int:
    """The frame on show at a time, where frame i begins at starts[i]; a millisecond is what Matroska rounds to."""
    return max(0, int(np.searchsorted(starts, seconds + 1e-3, side="right")) - 1)


REGULAR = np.arange(COUNT) / FPS


def maker(root: Path) -> Callable[[str], Path]:
    """Makes each video when it is first asked for."""

    def make(name: str) -> Path:
        path = root / name
        if not path.exists():
            if name in REMUXES:
                remux(make(REMUXES[name]), path)
            else:
                write_video(path, numbered(COUNT), FPS, **VIDEOS[name])
        return path

    return make
