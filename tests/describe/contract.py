"""What every Describer has to keep. Inherit, give a fixture ``describer``, and get the suite."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import pytest

from describe.pictures import as_jpeg, pictures
from twinreel.describe.base import Describer, identity
from twinreel.types import UInt8


class DescriberContract(ABC):
    """``mirror_similarity``: how alike at least, on average, the mirrored vector and the vector of the mirrored frame
    are; None for a describer that cannot mirror vectors."""

    mirror_similarity: float | None

    @pytest.fixture
    @abstractmethod
    def describer(self) -> Describer: ...

    @pytest.fixture
    def images(self, describer: Describer) -> UInt8:
        return pictures(6, describer.image_size)

    def test_it_is_a_describer(self, describer: Describer) -> None:
        assert isinstance(describer, Describer)
        assert describer.name and describer.version
        assert identity(describer) == f"{describer.name}@{describer.version}"
        assert "@" not in describer.name

    @pytest.mark.parametrize("n", [0, 1, 6])
    def test_vectors_are_unit_rows_and_weights_shares(self, describer: Describer, images: UInt8, n: int) -> None:
        vectors, weights = describer.describe(images[:n])
        assert vectors.shape == (n, describer.dimensions) and vectors.dtype == np.float32
        assert weights.shape == (n,) and weights.dtype == np.float32
        # float32 sums of d squares: errors of about 1e-7
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert ((weights >= 0) & (weights <= 1)).all()

    def test_pictures_count_in_full(self, describer: Describer, images: UInt8) -> None:
        assert (describer.describe(images)[1] == 1).all()

    @pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (16, 16, 16), (200, 30, 90)])
    def test_flat_frames_say_nothing(self, describer: Describer, colour: tuple[int, int, int]) -> None:
        vectors, weights = describer.describe(np.full((2, *describer.image_size, 3), colour, np.uint8))
        assert (weights == 0).all()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_a_vector_is_the_same_to_the_last_bit_in_any_company(self, describer: Describer, images: UInt8) -> None:
        vectors, weights = describer.describe(images)
        order = np.array([4, 1, 5, 0, 3, 2])
        other_order = describer.describe(images[order])
        np.testing.assert_array_equal(other_order[0], vectors[order])
        np.testing.assert_array_equal(other_order[1], weights[order])
        black_before = describer.describe(np.concatenate([np.zeros_like(images[:3]), images[2:3]]))
        np.testing.assert_array_equal(black_before[0][3], vectors[2])
        for row in range(len(images)):
            alone = describer.describe(images[row : row + 1])
            np.testing.assert_array_equal(alone[0][0], vectors[row])
            assert alone[1][0] == weights[row]

    def test_memory_layout_does_not_matter(self, describer: Describer, images: UInt8) -> None:
        vectors, _ = describer.describe(images)
        strided = np.repeat(np.repeat(images, 2, axis=0), 2, axis=2)[::2, :, ::2]
        np.testing.assert_array_equal(describer.describe(strided)[0], vectors)

    def test_frames_are_left_as_they_are(self, describer: Describer, images: UInt8) -> None:
        before = images.copy()
        images.flags.writeable = False
        describer.describe(images)
        np.testing.assert_array_equal(images, before)

    @pytest.mark.parametrize("shape", ["flat", "small", "grey", "float"])
    def test_other_frames_are_refused(self, describer: Describer, images: UInt8, shape: str) -> None:
        wrong = {
            "flat": images[0],
            "small": images[:, 1:],
            "grey": images[..., :1],
            "float": images.astype(np.float32),
        }
        with pytest.raises(ValueError, match="is expected"):
            describer.describe(wrong[shape])

    def test_a_copy_is_more_alike_than_any_other_frame(self, describer: Describer, images: UInt8) -> None:
        vectors, _ = describer.describe(images)
        copies, _ = describer.describe(as_jpeg(images, quality=60))
        similarity = vectors @ copies.T
        others = similarity[~np.eye(len(images), dtype=bool)]
        assert similarity.diagonal().min() > others.max() + 0.1

    def test_mirror_gives_the_vectors_of_mirrored_frames(self, describer: Describer, images: UInt8) -> None:
        vectors, _ = describer.describe(images)
        mirrored = describer.mirror(vectors)
        if self.mirror_similarity is None:
            assert mirrored is None
            return
        assert mirrored is not None and mirrored.shape == vectors.shape and mirrored.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(mirrored, axis=1), 1, atol=1e-5)
        expected, _ = describer.describe(images[:, :, ::-1])
        assert (mirrored * expected).sum(axis=1).mean() >= self.mirror_similarity
        assert ((mirrored * expected).sum(axis=1) > (vectors * expected).sum(axis=1)).all()
        alone = describer.mirror(vectors[1:2])
        assert alone is not None
        np.testing.assert_array_equal(alone[0], mirrored[1])
        none = describer.mirror(vectors[:0])
        assert none is not None and none.shape == (0, describer.dimensions)
