"""Video hashes: how far they lie apart, and how often they collide, by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from twinreel.pooling.hashes import LONG, SHORT, collision_probability, hash_distance, video_hash
from twinreel.types import Float32, UInt8

PAIRS = 3000
FROZEN_SHORT = "8665a3dc054ecdd6"
FROZEN_LONG = "131889143e6a5d047b908379dbbdf150e5116cd919d11938d592eee26d1ce1d9"


def pairs(similarity: float, count: int = PAIRS, dimensions: int = 256) -> tuple[Float32, Float32]:
    """Pairs of unit vectors of exactly this similarity, in random directions."""
    rng = np.random.default_rng(int(similarity * 100) + dimensions)
    a, b = rng.normal(size=(2, count, dimensions))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b -= (a * b).sum(axis=1, keepdims=True) * a
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    return a.astype(np.float32), (similarity * a + math.sqrt(1 - similarity**2) * b).astype(np.float32)


def distances(similarity: float, bits: int) -> list[int]:
    a, b = pairs(similarity)
    return [hash_distance(video_hash(x, bits), video_hash(y, bits)) for x, y in zip(a, b, strict=True)]


@pytest.mark.parametrize("bits", [SHORT, LONG])
@pytest.mark.parametrize("similarity", [-0.5, 0.0, 0.5, 0.9, 0.99])
def test_distances_are_in_proportion_to_the_angle(similarity: float, bits: int) -> None:
    """On average, within four standard errors of independent bits."""
    share = math.acos(similarity) / math.pi
    found = distances(similarity, bits)
    assert np.mean(found) == pytest.approx(bits * share, abs=4 * math.sqrt(bits * share * (1 - share) / PAIRS))


@pytest.mark.parametrize(
    ("similarity", "distance", "documented"),
    [(0.99, 0, 0.052), (0.99, 8, 0.998), (0.95, 8, 0.81), (0.9, 8, 0.42), (0.5, 8, 1.3e-4), (0.0, 8, 2.8e-10)],
)
def test_hashes_collide_as_often_as_documented(similarity: float, distance: int, documented: float) -> None:
    """Within four standard errors, and 0.02 for bits that are not quite independent."""
    assert collision_probability(similarity, SHORT, distance) == pytest.approx(documented, rel=0.05)
    rate = np.mean([found <= distance for found in distances(similarity, SHORT)])
    assert rate == pytest.approx(documented, abs=4 * math.sqrt(documented * (1 - documented) / PAIRS) + 0.02)


def test_unrelated_videos_share_no_hash_and_are_half_their_bits_apart() -> None:
    vectors, _ = pairs(0.0, count=20_000, dimensions=128)
    hashes = {video_hash(vector).tobytes() for vector in vectors}
    assert len(hashes) == 20_000


def test_documented_probabilities_follow_from_the_binomial_distribution() -> None:
    share = math.acos(0.5) / math.pi
    by_hand = sum(math.comb(64, k) * share**k * (1 - share) ** (64 - k) for k in range(9))
    assert collision_probability(0.5, 64, 8) == pytest.approx(by_hand, rel=1e-9)
    assert collision_probability(1.0) == 1.0 and collision_probability(-1.0) == 0.0
    with pytest.raises(ValueError, match=r"a similarity of 1\.5"):
        collision_probability(1.5)


def test_a_hash_is_the_same_today_as_it_was() -> None:
    """Frozen: hashes are kept and handed on. It is no oracle of anything but that."""
    vector = np.sin(np.arange(1, 257, dtype=np.float32))
    assert video_hash(vector).tobytes().hex() == FROZEN_SHORT
    assert video_hash(vector, LONG).tobytes().hex() == FROZEN_LONG


def test_a_hash_takes_no_notice_of_length_and_turns_round_with_the_vector() -> None:
    (vector,), _ = pairs(0.0, count=1)
    np.testing.assert_array_equal(video_hash(vector), video_hash(vector * 7))
    assert hash_distance(video_hash(vector), video_hash(-vector)) == 64


@pytest.mark.parametrize("dimensions", [3, 64, 256])
def test_any_number_of_dimensions_can_be_hashed(dimensions: int) -> None:
    """Bits are also right where there are more of them than dimensions."""
    a, b = pairs(0.8, count=400, dimensions=dimensions)
    found = [hash_distance(video_hash(x, LONG), video_hash(y, LONG)) for x, y in zip(a, b, strict=True)]
    assert np.mean(found) == pytest.approx(LONG * math.acos(0.8) / math.pi, rel=0.05)


def test_what_cannot_be_hashed_or_compared_says_why() -> None:
    vector: Float32 = np.ones(8, np.float32)
    with pytest.raises(ValueError, match="12 bits are asked for; a multiple of 8"):
        video_hash(vector, 12)
    with pytest.raises(ValueError, match=r"shape \(2, 4\); \(d,\) is expected"):
        video_hash(vector.reshape(2, 4))
    short: UInt8 = video_hash(vector)
    with pytest.raises(ValueError, match="64 and 256 bits"):
        hash_distance(short, video_hash(vector, LONG))
