"""What clusters and warped time add to the contract of all aligners, on maps whose answer is known by construction."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from twinreel.errors import MissingExtra
from twinreel.match.alignment import ALIGNERS, DbscanSettings, HdbscanSettings, dtw
from twinreel.match.alignment.clusters import align_dbscan
from twinreel.types import Float32, Float64

CLUSTERS = pytest.mark.parametrize("name", ["dbscan", "hdbscan"])
SECONDS = np.arange(40.0)


def diagonal(first: int, last: int, width: int = 0) -> Float32:
    """A map (40, 40) of nothing but a copy of some seconds at the same seconds, each like so many to either side."""
    apart = np.abs(SECONDS[:, None] - SECONDS[None, :])
    inside = np.isin(SECONDS, np.arange(first, last))
    return np.where((apart <= width) & inside[:, None] & inside[None, :], 0.9 - 0.1 * apart, 0).astype(np.float32)


def spans(name: str, similarity: Float32) -> list[tuple[float, float, float, float]]:
    boxes = ALIGNERS[name](similarity, SECONDS, SECONDS)
    return [(box.a_start, box.a_stop, box.b_start, box.b_stop) for box in boxes]


@CLUSTERS
def test_a_copy_is_found_to_the_frame(name: str) -> None:
    assert spans(name, diagonal(10, 25, width=1)) == [(9.5, 24.5, 9.5, 24.5)]


@CLUSTERS
def test_a_cluster_whose_frames_do_not_follow_one_another_in_time_is_dropped(name: str) -> None:
    """The same frames, as dense as in a copy, but those of b the other way round."""
    copy = diagonal(0, 40, width=1)
    settings = DbscanSettings(min_matches=3) if name == "dbscan" else HdbscanSettings(min_matches=3)
    assert ALIGNERS[name](copy, SECONDS, SECONDS, settings)
    assert ALIGNERS[name](copy[:, ::-1], SECONDS, SECONDS, settings) == []


def test_frames_that_are_like_one_frame_only_are_no_cluster() -> None:
    """So DBSCAN finds neither copy with a single frame a second that is like one other, HDBSCAN does."""
    lone = diagonal(10, 25)
    assert spans("dbscan", lone) == []
    assert spans("hdbscan", lone) == [(9.5, 24.5, 9.5, 24.5)]
    assert align_dbscan(lone, SECONDS, SECONDS, DbscanSettings(min_samples=2))


def test_hdbscan_parts_what_dbscan_joins() -> None:
    """Two scenes in swapped order, and faint likeness of one to the other, out of time: one cluster, or several."""
    similarity = np.roll(diagonal(0, 18, width=1) + diagonal(20, 38, width=1), 20, axis=1)
    bridge = {(row, row - 4) for row in range(8, 16)}
    similarity[tuple(np.array(sorted(bridge)).T)] = 0.5
    cells = [
        {(row, column) for box in ALIGNERS[name](similarity, SECONDS, SECONDS) for row, column in box.path.tolist()}
        for name in ("dbscan", "hdbscan")
    ]
    assert cells[0] >= bridge
    assert cells[1] == cells[0] - bridge


@CLUSTERS
def test_without_scikit_learn_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingExtra, match=r"twinreel\[clusters\]"):
        ALIGNERS[name](diagonal(0, 40), SECONDS, SECONDS)


def warped(seconds: Float64) -> Float64:
    """Footage seconds shown at seconds of a that plays at 0.4 to 1.6 times normal speed, changing all the time."""
    return np.asarray(10 + seconds + 6 * np.sin(seconds / 10), np.float64)


def test_dtw_follows_time_that_runs_unevenly() -> None:
    times_a, times_b = np.arange(60.0), np.arange(90.0)
    rng = np.random.default_rng(5)
    frequencies, phases = rng.normal(0, 1 / 3, 256), rng.uniform(0, 2 * np.pi, 256)
    a, b = (np.sqrt(2 / 256) * np.cos(np.outer(at, frequencies) + phases) for at in (warped(times_a), times_b))
    similarity = (a @ b.T + rng.normal(0, 0.05, (60, 90))).astype(np.float32)
    boxes = dtw.align(similarity, times_a, times_b, duration_a=60.0)
    (whole,) = [box for box in boxes if box.a_stop - box.a_start > 50]
    rows, columns = whole.path.T
    assert np.diff(rows, prepend=0, append=59).max() <= 3  # at speed 0.4 every 2.5th has a frame of b
    assert np.abs(columns - warped(rows.astype(float))).max() <= 1.5  # a gap of the sampling, and half of one
    assert (whole.b_start, whole.b_stop) == pytest.approx((warped(times_a)[0], warped(times_a)[-1]), abs=6)
