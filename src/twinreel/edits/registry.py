"""All edits by name."""

from __future__ import annotations

from twinreel.edits.base import Edit, Layout
from twinreel.edits.colour import COLOUR
from twinreel.edits.geometry import GEOMETRY
from twinreel.edits.layout import LAYOUTS as _LAYOUTS
from twinreel.edits.overlay import OVERLAY
from twinreel.edits.quality import QUALITY

EDITS: dict[str, Edit] = {edit.name: edit for edit in (*GEOMETRY, *COLOUR, *OVERLAY, *QUALITY)}
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _LAYOUTS}
