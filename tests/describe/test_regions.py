"""Regions of the backbone that ships, against the describer that ships."""

from __future__ import annotations

import numpy as np
import pytest

from describe.pictures import pictures
from twinreel.describe.onnx import OnnxDescriber, default
from twinreel.describe.regions import MAPS, PROJECTION, BackboneRegions, project, windows
from twinreel.types import UInt8


@pytest.fixture(scope="module")
def describer() -> OnnxDescriber:
    return default()


@pytest.fixture(scope="module")
def regions() -> BackboneRegions:
    return BackboneRegions()


@pytest.fixture(scope="module")
def frames(regions: BackboneRegions) -> UInt8:
    return pictures(3, regions.image_size)


def test_the_window_that_is_the_whole_frame_gives_the_describers_vector(
    describer: OnnxDescriber, regions: BackboneRegions, frames: UInt8
) -> None:
    expected, _ = describer.describe(frames)
    for frame, vector in zip(frames, expected, strict=True):
        tensor = {regions._input: frame[np.newaxis]}
        *maps, projection, offset = regions._session.run([*MAPS, *PROJECTION], tensor)
        whole = project([windows(level[0], 1) for level in maps], projection, offset)
        np.testing.assert_allclose(whole[0], vector, atol=1e-5)


def test_nine_unit_vectors_of_every_frame_alone(regions: BackboneRegions, frames: UInt8) -> None:
    found = regions.describe_regions(frames)
    assert found.shape == (3, 9, 256) == (3, regions.regions, regions.dimensions)
    np.testing.assert_allclose(np.linalg.norm(found, axis=2), 1, rtol=1e-5)
    np.testing.assert_array_equal(regions.describe_regions(frames[1:2])[0], found[1])
    assert regions.describe_regions(frames[:0]).shape == (0, 9, 256)


def test_a_change_in_one_corner_hardly_reaches_the_opposite_one(regions: BackboneRegions, frames: UInt8) -> None:
    changed = frames[:1].copy()
    changed[:, :40, :40] = 255 - changed[:, :40, :40]
    before, after = regions.describe_regions(frames[:1])[0], regions.describe_regions(changed)[0]
    alike = (before * after).sum(axis=1)
    assert alike[0] < alike[8]
    assert alike[0] == alike.min()


@pytest.mark.parametrize(("length", "starts", "width"), [(10, (0, 2, 5), 5), (5, (0, 1, 2), 3), (6, (0, 2, 3), 3)])
def test_windows_overlap_by_half(length: int, starts: tuple[int, ...], width: int) -> None:
    level = np.random.default_rng(0).random((2, length, length), dtype=np.float32)
    found = windows(level, 3)
    for place, (row, column) in enumerate((r, c) for r in starts for c in starts):
        cut = level[:, row : row + width, column : column + width].astype(np.float64)
        np.testing.assert_allclose(found[place], (cut**3).mean(axis=(1, 2)) ** (1 / 3), rtol=1e-5)
