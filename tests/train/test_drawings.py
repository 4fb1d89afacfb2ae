from __future__ import annotations

import io

import numpy as np
from PIL import Image

from twinreel.train.drawings import drawings


def test_the_same_seed_draws_the_same_pictures_and_another_seed_draws_others() -> None:
    first = drawings(12, seed=3)
    assert drawings(12, seed=3) == first
    assert drawings(4, seed=3) == first[:4]
    assert not set(first) & set(drawings(12, seed=4))


def test_every_drawing_is_a_picture_on_which_something_is_to_be_seen() -> None:
    for file in drawings(40, seed=5):
        shown = np.asarray(Image.open(io.BytesIO(file)))
        assert shown.ndim == 3 and shown.shape[2] == 3 and min(shown.shape[:2]) >= 120 and max(shown.shape[:2]) <= 176
        assert shown.std(axis=(0, 1)).max() > 4
