"""Describing chunks of several videos together, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest

from twinreel.describe.phash import PhashDescriber
from twinreel.engine.describing import Describing, Gathering
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import falls_short
from twinreel.media.sampling import CHUNK, Sampling
from twinreel.types import Float32, Samples, UInt8


def chunk(seed: int, times: list[float]) -> Samples:
    images = np.random.default_rng(seed).integers(0, 256, (len(times), 32, 32, 3), np.uint8)
    return Samples(np.array(times), images)


class HalfPrecision(PhashDescriber):
    """Gives what is not a number for bright frames."""

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        vectors, weights = super().describe(images)
        vectors[images.min(axis=(1, 2, 3)) > 200] = np.nan
        return vectors, weights


def test_chunks_of_several_videos_are_told_apart() -> None:
    describer = PhashDescriber()
    recipe, describing = Recipe(describer, Sampling()), Describing(describer)
    first, second = Gathering(), Gathering()
    chunks = [(first, chunk(1, [0.0, 1.0])), (second, chunk(2, [0.5])), (first, chunk(3, [2.0, 3.0, 4.0]))]
    for gathering, samples in chunks:
        assert not describing.full
        describing.add(gathering, samples)
    describing.flush()
    describing.flush()  # nothing waits any more

    made = first.fingerprint(recipe)
    assert made.times.tolist() == [0, 1, 2, 3, 4]
    expected = np.concatenate([describer.describe(samples.images)[0] for _, samples in (chunks[0], chunks[2])])
    np.testing.assert_array_equal(made.vectors, expected)
    assert (made.describer, made.sampling) == ("phash@1", "auto:1")
    assert second.fingerprint(recipe).times.tolist() == [0.5]

    describing.add(first, chunk(4, [float(k) for k in range(CHUNK)]))
    assert describing.full


def test_a_vector_that_is_not_finite_says_nothing() -> None:
    samples = chunk(1, [0.0, 1.0])
    samples.images[1] = 255
    describing, gathering = Describing(HalfPrecision()), Gathering()
    describing.add(gathering, samples)
    describing.flush()
    made = gathering.fingerprint(Recipe(HalfPrecision(), Sampling()))
    assert np.linalg.norm(made.vectors, axis=1) == pytest.approx([1, 1])
    assert made.weights.tolist() == [1, 0]


class Counting(PhashDescriber):
    """Knows how many frames it was asked about."""

    def __init__(self) -> None:
        self.asked = 0

    def describe(self, images: UInt8) -> tuple[Float32, Float32]:
        self.asked += len(images)
        return super().describe(images)


def test_a_still_stretch_is_described_once_wherever_its_chunks_end() -> None:
    slides = chunk(1, [0.0, 1.0]).images
    shown = slides[[0] * 30 + [1] * 20]
    shown[40:, 0, 0, 0] ^= 1
    fingerprints = []
    for length in (50, 7):
        describer, gathering = Counting(), Gathering()
        describing = Describing(describer)
        for start in range(0, 50, length):
            describing.add(gathering, Samples(np.arange(50.0)[start:][:length], shown[start:][:length]))
            describing.flush()
        assert describer.asked == 3
        fingerprints.append(gathering.fingerprint(Recipe(describer, Sampling())))
    whole, pieces = fingerprints
    np.testing.assert_array_equal(whole.vectors, pieces.vectors)
    np.testing.assert_array_equal(whole.vectors, Counting().describe(shown)[0])


def test_parts_are_still_each_for_itself() -> None:
    describer, gathering = Counting(), Gathering()
    describing, frames = Describing(describer), chunk(1, [0.0, 1.0])
    describing.add(gathering, Samples(np.zeros(1), frames.images[:1]))
    describing.add(gathering, Samples(np.zeros(1), frames.images[1:], part=1))
    describing.add(gathering, Samples(np.ones(1), frames.images[:1]))
    describing.add(gathering, Samples(np.ones(1), frames.images[1:], part=1))
    describing.flush()
    assert describer.asked == 2


def test_times_that_go_back_are_left_out() -> None:
    describing, gathering = Describing(PhashDescriber()), Gathering()
    describing.add(gathering, chunk(1, [0.0, 2.0, 1.0, 2.0, 3.0]))
    describing.flush()
    assert gathering.fingerprint(Recipe(PhashDescriber(), Sampling())).times.tolist() == [0, 2, 3]


def test_anchors_are_fewer_and_a_blank_video_keeps_one_frame() -> None:
    recipe = Recipe(PhashDescriber(), Sampling("anchors"))
    samples = chunk(1, [float(k) for k in range(6)])
    samples.images[1:4] = samples.images[0]
    describing, gathering, blank = Describing(PhashDescriber()), Gathering(), Gathering()
    describing.add(gathering, samples)
    describing.add(blank, Samples(np.arange(3.0), np.zeros((3, 32, 32, 3), np.uint8)))
    describing.flush()
    assert gathering.fingerprint(recipe).times.tolist() == [0, 4, 5]
    assert blank.fingerprint(recipe).times.tolist() == [0]
    assert Gathering().fingerprint(recipe).vectors.shape == (0, 64)


@pytest.mark.parametrize(
    ("reached", "duration", "short"),
    [
        (12.0, 30.0, True),
        (29.0, 30.0, False),
        (1.0, 2.9, False),
        (88.0, 100.0, True),
        (91.0, 100.0, False),
        (5, 0, False),
    ],
)
def test_when_a_file_falls_short(reached: float, duration: float, short: bool) -> None:
    assert falls_short(reached, duration) is short
