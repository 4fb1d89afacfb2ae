"""Frames of a whole video side by side."""

from __future__ import annotations

import numpy as np

from twinreel.errors import MediaError
from twinreel.media.sampling import sample_at
from twinreel.pictures.encoding import jpeg
from twinreel.types import UInt8, Video

FRAMES = 6
HEIGHT = 72
"""Pixels."""
GAP = 2
WIDEST = 3.0
"""Times the height that a frame is wide at most."""


def strip(video: Video) -> bytes | None:
    """A JPEG of frames at even distances; None where none can be decoded."""
    probe = video.probe
    width = round(HEIGHT * min(WIDEST, max(1 / WIDEST, probe.width / max(1, probe.height))) / 2) * 2
    times = [(number + 0.5) / FRAMES * probe.duration for number in range(FRAMES)]
    try:
        images: list[UInt8] = [
            image for samples in sample_at(video.path, times, (HEIGHT, width)) for image in samples.images
        ]
    except MediaError:
        return None
    white = np.full((HEIGHT, GAP, 3), 255, np.uint8)
    return jpeg(np.concatenate([cell for image in images for cell in (image, white)][:-1], axis=1))
