"""The facade: a library of videos as one object."""

from __future__ import annotations

from twinreel.engine.comparing import Stage
from twinreel.engine.progress import Progress, Step
from twinreel.library.facade import Library
from twinreel.library.hashes import Hashed, Screening, Sighting
from twinreel.library.results import AnchorFrames, Comparison, Found, Repeats, Status
from twinreel.library.whole import Similar, VideoVectors

__all__ = [
    "AnchorFrames",
    "Comparison",
    "Found",
    "Hashed",
    "Library",
    "Progress",
    "Repeats",
    "Screening",
    "Sighting",
    "Similar",
    "Stage",
    "Status",
    "Step",
    "VideoVectors",
]
