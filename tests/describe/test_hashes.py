"""PDQ against the reference implementation (pdqhash wraps it), pHash against ImageHash, hashes as vectors."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from describe.pictures import as_jpeg, pictures
from twinreel.describe.hashes import hamming, vectors_of
from twinreel.describe.pdq import PdqDescriber, pdq
from twinreel.describe.phash import PhashDescriber, phash
from twinreel.types import UInt8


def photographs(folder: Path, size: tuple[int, int]) -> UInt8:
    files = sorted((folder / "images").glob("*.jpg"))[::250]
    return np.stack([np.array(Image.open(file).convert("RGB").resize(size[::-1]), np.uint8) for file in files])


def assert_as_reference(images: UInt8) -> None:
    """Bits equal but for two, qualities but for one.

    The reference sums in float32. A coefficient within some 1e-4 of the median of coefficients around 100 may fall
    on its other side, and since 128 bits are always set, such errors come in pairs. A gradient that
    is a whole number of percents but for rounding may count one less. Neither was ever seen on photographs.
    """
    bits, quality = pdq(images)
    reference = [pdqhash.compute(np.ascontiguousarray(image)) for image in images]
    distance = [int((ours != theirs[::-1]).sum()) for ours, (theirs, _) in zip(bits, reference, strict=True)]
    assert max(distance) <= 2, distance
    assert np.mean(distance) < 0.1
    assert np.abs(quality - [theirs for _, theirs in reference]).max() <= 1


@pytest.mark.parametrize("size", [(64, 64), (512, 512), (96, 130), (128, 64), (200, 311), (40, 23), (5, 5)])
def test_pdq_is_that_of_the_reference_implementation(size: tuple[int, int]) -> None:
    assert_as_reference(pictures(12, size, seed=1))


@pytest.mark.parametrize("size", [(64, 64), (256, 256)])
def test_pdq_is_that_of_the_reference_implementation_on_photographs(shared: Path, size: tuple[int, int]) -> None:
    assert_as_reference(photographs(shared, size))


@pytest.mark.parametrize("contrast", [0.02, 0.05, 0.1, 0.2, 0.4])
def test_pdq_quality_is_that_of_the_reference_implementation(contrast: float) -> None:
    faint = (128 + (pictures(8, (64, 64), seed=2) - 128.0) * contrast).astype(np.uint8)
    reference = [pdqhash.compute(image)[1] for image in faint]
    assert np.abs(pdq(faint)[1] - reference).max() <= 1
    np.testing.assert_array_equal(PdqDescriber().describe(faint)[1], np.array(reference) >= 50)


def test_pdq_qualities_span_the_threshold() -> None:
    """Else the test above would say nothing about weights."""
    quality = [pdq((128 + (pictures(8, (64, 64), 2) - 128.0) * c).astype(np.uint8))[1] for c in (0.02, 0.1, 0.4)]
    assert np.min(quality) < 50 < np.max(quality)


def test_half_of_the_pdq_bits_are_set() -> None:
    assert (pdq(pictures(5, (64, 64)))[0].sum(axis=1) == 128).all()


def test_pdq_of_a_flat_picture_has_no_bits_but_for_none_decided_by_rounding() -> None:
    flat = np.stack([np.full((64, 64, 3), level, np.uint8) for level in (0, 7, 130, 255)])
    bits, quality = pdq(flat)
    assert not bits.any() and not quality.any()


def test_pdq_refuses_pictures_of_less_than_5_pixels_a_side() -> None:
    with pytest.raises(ValueError, match="5 pixels on each side"):
        pdq(np.zeros((1, 4, 64, 3), np.uint8))


def test_pdq_tells_copies_from_other_pictures_by_its_usual_threshold() -> None:
    images = pictures(12, (64, 64), seed=3)
    describer = PdqDescriber()
    distance = hamming(describer.describe(images)[0], describer.describe(as_jpeg(images, quality=70))[0])
    assert distance.diagonal().max() <= 31
    assert distance[~np.eye(12, dtype=bool)].min() > 60


def test_phash_is_that_of_imagehash() -> None:
    images = pictures(40, (32, 32), seed=4)
    expected = [imagehash.phash(Image.fromarray(image).convert("L")).hash.ravel() for image in images]
    np.testing.assert_array_equal(phash(images), expected)


def test_phash_is_that_of_imagehash_on_photographs(shared: Path) -> None:
    images = photographs(shared, (32, 32))
    expected = [imagehash.phash(Image.fromarray(image).convert("L")).hash.ravel() for image in images]
    np.testing.assert_array_equal(phash(images), expected)


@pytest.mark.parametrize(
    ("describer", "mean", "worst"),
    [(PdqDescriber(), 12, 40), (PhashDescriber(), 5, 14)],
    ids=["pdq", "phash"],
)
def test_mirror_is_the_hash_of_the_mirrored_picture_but_for_bits_near_the_median(
    describer: PdqDescriber | PhashDescriber, mean: float, worst: int
) -> None:
    """Measured on photographs: 7 bits of 256 on average, 30 at worst; 3 of 64, 10 at worst."""
    images = pictures(40, describer.image_size, seed=5)
    mirrored = describer.mirror(describer.describe(images)[0])
    assert mirrored is not None
    distance = hamming(mirrored, describer.describe(images[:, :, ::-1])[0]).diagonal()
    assert distance.mean() <= mean and distance.max() <= worst


@pytest.mark.parametrize("describer", [PdqDescriber(), PhashDescriber()], ids=["pdq", "phash"])
def test_mirroring_twice_changes_nothing(describer: PdqDescriber | PhashDescriber) -> None:
    vectors, _ = describer.describe(pictures(3, describer.image_size))
    once = describer.mirror(vectors)
    assert once is not None
    np.testing.assert_array_equal(describer.mirror(once), vectors)


@given(st.sampled_from([1, 8, 64, 256]).flatmap(lambda d: arrays.arrays(np.bool_, (3, d))))
def test_hashes_as_vectors_keep_their_bits_and_distances(bits: NDArray[np.bool_]) -> None:
    vectors = vectors_of(bits)
    d = bits.shape[1]
    distance = (bits[:, np.newaxis] != bits[np.newaxis]).sum(axis=2)
    np.testing.assert_array_equal(vectors > 0, bits)
    np.testing.assert_array_equal(hamming(vectors, vectors), distance)
    # exact: 1 / sqrt(d) is a power of two for the sizes of our hashes
    if d != 8:
        np.testing.assert_array_equal(vectors @ vectors.T, 1 - 2 * distance / d)
