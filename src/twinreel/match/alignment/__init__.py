"""Alignment: from a map of frame similarities and two time axes to the seconds that match."""

from __future__ import annotations

from twinreel.match.alignment import dp, dtw, hough, network
from twinreel.match.alignment.base import Aligner, Box, Settings
from twinreel.match.alignment.dp import DpSettings
from twinreel.match.alignment.dtw import DtwSettings
from twinreel.match.alignment.hough import HoughSettings
from twinreel.match.alignment.network import NetworkSettings

ALIGNERS: dict[str, Aligner] = {"network": network.align, "hough": hough.align, "dtw": dtw.align, "dp": dp.align}
"""By name; the first is the default."""

__all__ = ["ALIGNERS", "Aligner", "Box", "DpSettings", "DtwSettings", "HoughSettings", "NetworkSettings", "Settings"]
