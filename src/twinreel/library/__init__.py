"""The facade: a library of videos as one object."""

from __future__ import annotations

from twinreel.engine.comparing import Stage
from twinreel.engine.progress import Progress, Step
from twinreel.library.facade import Library
from twinreel.library.results import Comparison, Found, Repeats, Status

__all__ = ["Comparison", "Found", "Library", "Progress", "Repeats", "Stage", "Status", "Step"]
