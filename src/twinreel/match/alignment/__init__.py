"""Alignment: from a map of frame similarities and two time axes to the seconds that match."""

from __future__ import annotations

from importlib.util import find_spec

from twinreel.errors import MissingExtra, UserError
from twinreel.match.alignment import clusters, dp, dtw, hough, network
from twinreel.match.alignment.base import Aligner, Box, Settings
from twinreel.match.alignment.clusters import DbscanSettings, HdbscanSettings
from twinreel.match.alignment.dp import DpSettings
from twinreel.match.alignment.dtw import DtwSettings
from twinreel.match.alignment.hough import HoughSettings
from twinreel.match.alignment.network import NetworkSettings

ALIGNERS: dict[str, Aligner] = {
    "network": network.align,
    "hough": hough.align,
    "dtw": dtw.align,
    "dp": dp.align,
    "dbscan": clusters.align_dbscan,
    "hdbscan": clusters.align_hdbscan,
}
"""By name; the first is the default."""


def check_aligner(name: str) -> None:
    """UserError for a name that is not known, MissingExtra for an aligner that lacks what it needs."""
    if name not in ALIGNERS:
        raise UserError(f"there is no aligner {name!r}; there are {', '.join(ALIGNERS)}")
    if name in ("dbscan", "hdbscan") and find_spec("sklearn") is None:
        raise MissingExtra(f"the aligner {name}", "clusters")


__all__ = [
    "ALIGNERS",
    "Aligner",
    "Box",
    "DbscanSettings",
    "DpSettings",
    "DtwSettings",
    "HdbscanSettings",
    "HoughSettings",
    "NetworkSettings",
    "Settings",
    "check_aligner",
]
