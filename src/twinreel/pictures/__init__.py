"""Pictures of results: heat maps, frames side by side, moving pictures, curves. Nothing but PyAV and NumPy is needed.

    heat_map(similarity, times_a, times_b, segments)    which frames are like which
    region_maps(maps)                                   the same by regions, and after a network's comparator
    aligned_strip(a, b, segments)                       frames of two files at the same moments of their footage
    side_by_side(clip, found)                           a clip and where it was found, playing together
    error_curve(errors)                                 how much of a video its first anchor frames leave unexplained
    anchor_sheet(path, times, errors)                   the same, with the frames

Each gives a Picture or a Moving, which a notebook shows and ``save`` writes.
"""

from __future__ import annotations

from twinreel.pictures.curves import error_curve
from twinreel.pictures.maps import heat_map, region_maps
from twinreel.pictures.moving import side_by_side
from twinreel.pictures.picture import Moving, Picture
from twinreel.pictures.strips import aligned_strip, anchor_sheet

__all__ = [
    "Moving",
    "Picture",
    "aligned_strip",
    "anchor_sheet",
    "error_curve",
    "heat_map",
    "region_maps",
    "side_by_side",
]
