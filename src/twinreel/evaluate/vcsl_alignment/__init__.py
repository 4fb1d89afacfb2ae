"""The alignment functions of VCSL's benchmark, to the box: what its published figures were computed with.

He et al., CVPR 2022; vcsl/vta.py of ant-research/VCSL. Input is a similarity map (n, m) of frames at 1 per second, rows
are the query's; it is left as it is. Output are boxes of frame numbers, ends inclusive. Our own aligners, in seconds,
on irregular times and without the quirks that are kept here for the sake of comparison, are in ``match.alignment``.

The same boxes as the official code on the maps and settings that there are official answers for (``tests/evaluate``).
One thing is not specified there: frames of exactly equal similarity to one query frame, which NumPy's quicksort orders
as it happens to; here the first ones come first.
"""

from __future__ import annotations

from collections.abc import Mapping

from twinreel.evaluate.vcsl_alignment.dp import dp
from twinreel.evaluate.vcsl_alignment.dtw import dtw
from twinreel.evaluate.vcsl_alignment.hv import hv
from twinreel.evaluate.vcsl_alignment.tn import tn

__all__ = ["BENCHMARK", "dp", "dtw", "hv", "tn"]

BENCHMARK: Mapping[str, Mapping[str, float]] = {
    "tn": {"max_step": 10, "top_k": 3, "min_sim": 0.3},
    "dtw": {"discontinue": 9, "min_sim": 0.3, "min_length": 5},
    "dp": {"discontinue": 9, "min_sim": 0.2, "ave_sim": 1.3, "min_length": 5, "diagonal": 10},
    "hv": {"min_sim": 0.7, "max_iou": 0.9},
}
"""The settings of the current table of results (benchmark_parameters.txt), for ISC features."""
