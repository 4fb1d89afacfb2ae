from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from twinreel.errors import UserError
from twinreel.pictures import Picture, heat_map, region_maps
from twinreel.pictures.encoding import png
from twinreel.pictures.maps import similarity_map
from twinreel.types import Segment, UInt8

images = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))


def decoded(png: bytes) -> UInt8:
    """By FFmpeg, which knows nothing of ours."""
    codec = av.CodecContext.create("png", "r")
    (frame,) = [*codec.decode(av.Packet(png)), *codec.decode(None)]
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@given(images)
def test_another_decoder_reads_the_same_pixels(image: UInt8) -> None:
    assert np.array_equal(decoded(png(image)), image)


def test_likeness_is_brightness_and_a_cell_is_a_square() -> None:
    similarity = np.array([[0.0, 0.5, 1.0], [-2.0, np.nan, 3.0]], np.float32)
    image = similarity_map(similarity, np.array([0.0, 1.0]), np.array([0.0, 1.0, 2.0]))
    assert image.shape == (32, 48, 3)
    cells = image[::16, ::16].astype(int).sum(axis=-1)
    assert np.array_equal(image, image[::16, ::16].repeat(16, axis=0).repeat(16, axis=1))
    assert cells[0, 0] < cells[0, 1] < cells[0, 2]
    assert cells[1, 0] == cells[1, 1] == cells[0, 0]
    assert cells[1, 2] == cells[0, 2]


def test_a_segment_is_a_line_from_its_start_to_its_end() -> None:
    times = np.arange(40.0)
    plain = similarity_map(np.zeros((40, 40), np.float32), times, times)
    segment = Segment(10.0, 30.0, 5.0, 25.0, 1.0)
    drawn = similarity_map(np.zeros((40, 40), np.float32), times, times, [segment])
    rows, columns = np.nonzero((drawn != plain).any(axis=-1))
    assert (rows.min(), columns.min()) == (10 * 16 - 1, 5 * 16 - 1)
    assert abs(rows.max() - 30 * 16) <= 12 and abs(columns.max() - 25 * 16) <= 12
    assert np.all(np.abs((rows - 160) - (columns - 80)) <= 2)
    mirrored = similarity_map(np.zeros((40, 40), np.float32), times, times, [Segment(10, 30, 5, 25, 1.0, True)])
    assert (mirrored != drawn).any()


def test_irregular_times_put_a_segment_on_its_cells() -> None:
    times_a = np.array([0.0, 10.0, 11.0, 12.0])
    image = similarity_map(np.zeros((4, 4), np.float32), times_a, np.arange(4.0), [Segment(10.0, 12.0, 0.0, 2.0, 1.0)])
    rows, _ = np.nonzero((image != image[-1, -1]).any(axis=-1))
    assert rows.min() == 16 - 1


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 1)])
def test_next_to_nothing_is_a_picture_too(shape: tuple[int, int]) -> None:
    times = np.arange(float(shape[0])), np.arange(float(shape[1]))
    segments = [Segment(0.0, 1.0, 0.0, 1.0, 1.0)] if shape == (1, 1) else []
    image = similarity_map(np.zeros(shape, np.float32), *times, segments)
    assert np.array_equal(decoded(png(image)), image)


def test_a_large_map_stays_small() -> None:
    image = similarity_map(np.zeros((2000, 10), np.float32), np.arange(2000.0), np.arange(10.0))
    assert image.shape == (2000, 10, 3)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        Picture(np.zeros((1, 1, 3), np.uint8)).save(tmp_path / "nowhere" / "map.png")


def test_a_heat_map_is_the_map_with_times_at_its_edges() -> None:
    similarity = np.random.default_rng(0).random((40, 90)).astype(np.float32)
    times_a, times_b = np.arange(40.0), np.arange(90.0)
    segments = [Segment(5, 20, 30, 45, 1.0)]
    cells, image = (
        similarity_map(similarity, times_a, times_b, segments),
        heat_map(similarity, times_a, times_b, segments),
    )
    height, width = cells.shape[:2]
    pixels = image.pixels
    assert np.array_equal(pixels[-height:, -width:], cells)
    left = pixels[-height:, : pixels.shape[1] - width]
    ticks = np.flatnonzero((left[:, -1] != 255).any(axis=-1))
    steps = np.diff(ticks)
    assert len(ticks) >= 3 and steps.min() == steps.max()  # round seconds, evenly apart
    assert ticks[0] == 0 and steps[0] * 40 % height == 0


def test_irregular_times_have_irregular_ticks() -> None:
    times = np.concatenate([np.arange(0, 60, 1.0), np.arange(60, 600, 10.0)])
    pixels = heat_map(np.zeros((len(times), len(times)), np.float32), times, times).pixels
    height = len(similarity_map(np.zeros((len(times), len(times)), np.float32), times, times))
    left = pixels[-height:, : pixels.shape[1] - height]
    steps = np.diff(np.flatnonzero((left[:, -1] != 255).any(axis=-1)))
    assert steps[0] > 2 * steps[-1]


def test_regions_stand_beside_what_a_comparator_makes_of_them() -> None:
    frames, times = np.eye(41, dtype=np.float32), np.arange(41.0)
    compared = np.where(np.eye(10) > 0, 1, -1).astype(np.float32)
    alone, both = region_maps(frames), region_maps(frames, compared)
    assert np.array_equal(both.pixels[:, : alone.size[1]], alone.pixels)
    cells = both.pixels[:, -alone.size[1] :][-41 * 16 :: 16, -41 * 16 :: 16]
    dark, bright = similarity_map(np.array([[0.0, 1.0]], np.float32), times[:1], times[:2])[0, [0, 16]]
    for row, column in ((0, 0), (20, 20), (40, 40), (0, 4), (40, 0)):
        expected = bright if row * 10 // 41 == column * 10 // 41 else dark
        assert np.array_equal(cells[row, column], expected)
