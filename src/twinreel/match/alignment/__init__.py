"""Alignment: from a map of frame similarities and two time axes to the seconds that match."""

from __future__ import annotations

from twinreel.match.alignment import network
from twinreel.match.alignment.base import Aligner, Box, Settings
from twinreel.match.alignment.network import NetworkSettings

ALIGNERS: dict[str, Aligner] = {"network": network.align}
"""By name; the first is the default."""

__all__ = ["ALIGNERS", "Aligner", "Box", "NetworkSettings", "Settings"]
