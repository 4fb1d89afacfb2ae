"""The official alignment functions on maps that are small enough to see through. Golden maps: ``test_golden``."""

from __future__ import annotations

import numpy as np
import pytest

from twinreel.evaluate.vcsl_alignment import dp, dtw, hv, tn
from twinreel.evaluate.vcsl_alignment.boxes import Map, iou


def ridge(rows: int, columns: int, *lines: tuple[int, int, int], height: float = 0.9) -> Map:
    """0.05 everywhere, and ``height`` along lines of (first row, first column, frames)."""
    made = np.full((rows, columns), 0.05, np.float32)
    for row, column, frames in lines:
        made[row + np.arange(frames), column + np.arange(frames)] = height
    return made


def test_tn_finds_reordered_stretches_longest_first() -> None:
    assert tn(ridge(40, 50, (2, 30, 15), (25, 15, 10))) == [(2, 30, 16, 44), (25, 15, 34, 24)]


def test_tn_leaves_out_the_last_frame_of_a_full_copy() -> None:
    """It is the sink of the network."""
    assert tn(ridge(12, 12, (0, 0, 12)), top_k=1) == [(0, 0, 10, 10)]


def test_tn_begins_with_whatever_links_to_the_first_likely_pair() -> None:
    """A link weighs as its end: the unlike pair before a copy costs nothing, and lets the copy's first frame count."""
    assert tn(ridge(30, 30, (5, 5, 8))) == [(0, 0, 12, 12)]


def test_tn_wants_length_and_similarity() -> None:
    made = ridge(30, 30, (5, 15, 8))
    assert tn(made) == [(5, 15, 12, 22)]
    assert tn(made, min_length=7) == []
    assert tn(ridge(30, 30, (5, 15, 8), height=0.19)) == []


def test_tn_bridges_gaps_shorter_than_a_step() -> None:
    made = ridge(30, 40, (2, 12, 8), (14, 24, 8))
    assert tn(made, max_step=6) == [(2, 12, 21, 31)]
    assert tn(made, max_step=4) == [(2, 12, 9, 19), (14, 24, 21, 31)]


def test_dtw_goes_from_corner_to_corner_and_cuts_what_stands_still() -> None:
    made = ridge(30, 40, (0, 10, 30))
    made[0, :10] = 0.9
    assert dtw(made) == [(1, 11, 29, 39)]
    assert dtw(made, discontinue=20) == [(0, 0, 29, 39)]
    assert dtw(ridge(30, 30, (0, 0, 30), height=0.15)) == []


def test_dp_takes_the_best_path_and_then_the_next() -> None:
    made = ridge(40, 40, (0, 15, 20), (25, 0, 10)) - 1.0
    assert dp(made, discontinue=0, min_sim=0.5, ave_sim=0.5) == [(0, 15, 19, 34), (25, 0, 34, 9)]


def test_dp_does_not_change_its_input() -> None:
    made = ridge(20, 20, (0, 0, 20))
    before = made.copy()
    assert dp(made) == [(0, 0, 19, 19)]
    assert np.array_equal(made, before)


def test_hv_gives_whole_diagonals() -> None:
    """Nine votes at offset 10, four at -5, one cell at 3 that counts for a whole diagonal, too."""
    made = ridge(20, 30, (3, 13, 9), (12, 7, 4), (5, 8, 1))
    assert hv(made) == [(0, 10, 19, 29), (5, 0, 19, 14), (0, 3, 19, 22)]
    assert hv(made, max_peaks=1) == [(0, 10, 19, 29)]
    assert hv(made, min_sim=0.95) == []


def test_hv_drops_boxes_that_are_nearly_another() -> None:
    made = ridge(40, 80, (0, 10, 30), (0, 11, 20))
    assert hv(made) == [(0, 10, 39, 49)]
    assert hv(made, max_iou=0.96) == [(0, 10, 39, 49), (0, 11, 39, 50)]


def test_iou_counts_cells() -> None:
    assert iou((0, 0, 1, 1), (1, 1, 2, 2)) == pytest.approx(1 / 7)
    assert iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0


@pytest.mark.parametrize("align", [tn, dtw, dp, hv])
@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_nothing_gives_nothing(align: object, shape: tuple[int, int]) -> None:
    assert callable(align)
    assert align(np.zeros(shape, np.float32)) == []
