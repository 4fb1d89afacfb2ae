"""The facade: a library of videos as one object."""

from __future__ import annotations

from twinreel.clean.apply import Applied
from twinreel.clean.criteria import Criterion
from twinreel.clean.model import Action, Deed, Plan, Remark, Sides
from twinreel.clean.quality import Quality
from twinreel.clean.rules import Rules
from twinreel.clean.undo import Undone
from twinreel.engine.comparing import Stage
from twinreel.engine.progress import Progress, Step
from twinreel.library.decisions import Returned
from twinreel.library.facade import Library
from twinreel.library.hashes import Hashed, Screening, Sighting
from twinreel.library.results import AnchorFrames, Comparison, Found, Repeats, Status
from twinreel.library.whole import Similar, VideoVectors

__all__ = [
    "Action",
    "AnchorFrames",
    "Applied",
    "Comparison",
    "Criterion",
    "Deed",
    "Found",
    "Hashed",
    "Library",
    "Plan",
    "Progress",
    "Quality",
    "Remark",
    "Repeats",
    "Returned",
    "Rules",
    "Screening",
    "Sides",
    "Sighting",
    "Similar",
    "Stage",
    "Status",
    "Step",
    "Undone",
    "VideoVectors",
]
