"""TMK+PDQF by its formulas, written out for single numbers, on features of frames that are made up."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from scipy.special import ive

from describe.pictures import pictures
from twinreel.errors import BadFile
from twinreel.exchange.tmk import (
    COEFFICIENTS,
    PERIODS,
    Tmk,
    TmkSum,
    format_tmk,
    kernel,
    level_1,
    match_tmk,
    parse_tmk,
)
from twinreel.types import Float64


def walk(frames: int, seed: int, dimensions: int = 256) -> Float64:
    """Features that change slowly, as those of a video do, around a mean of 0."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(frames + 60, dimensions)).cumsum(axis=0)
    features: Float64 = steps[60:] - steps[:-60]
    return features


def described(features: Float64, chunk: int = 50) -> Tmk:
    total = TmkSum()
    for start in range(0, len(features), chunk):
        total.add_features(features[start : start + chunk])
    return total.result()


def small() -> bytes:
    """A file with one period, two coefficients and three dimensions."""
    numbers = [0.25, 0.375, 1, 2, 3, 0.5, 0, 0, 0, 0.5, 0, 0, 0, 0, 0, 0, 0.5]
    return b"TMK1FVECPDQF" + struct.pack("<5i", 15, 1, 2, 3, 7) + struct.pack("<i17f", 100, *numbers)


def test_a_file_holds_what_its_layout_says() -> None:
    one = parse_tmk(small())
    assert (one.fps, one.frames, one.periods.tolist()) == (15, 7, [100])
    assert one.coefficients.tolist() == [0.25, 0.375] and one.average.tolist() == [1, 2, 3]
    assert one.cosines.tolist() == [[[0.5, 0, 0], [0, 0.5, 0]]] and one.sines.tolist() == [[[0, 0, 0], [0, 0, 0.5]]]
    assert format_tmk(one) == small()


def test_a_file_has_the_published_size_and_round_trips() -> None:
    one = described(walk(40, 1))
    content = format_tmk(one)
    assert len(content) == 263344
    assert format_tmk(parse_tmk(content)) == content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"TMK1FV", "cut short: 6 bytes"),
        (small()[:30], "cut short: 30 bytes, of which the header alone takes 32"),
        (small()[:-1], "cut short: 103 bytes, where its header asks for 104"),
        (small() + b"\0", "longer than it should be: 105 bytes, where its header asks for 104"),
        (b"TMK1FEATPDQF" + small()[12:], "it begins with b'TMK1FEATPDQF'"),
        (b"0,100,ffff", "it begins with b'0,100,ffff'"),
        (small()[:16] + struct.pack("<i", -1) + small()[20:], "claims 15 frames a second, -1 periods"),
        (small()[:24] + struct.pack("<i", 1 << 30) + small()[28:], "1073741824 dimensions"),
        (small()[:32] + struct.pack("<i", 0) + small()[36:], "its periods are .0. frames"),
        (small()[:-4] + struct.pack("<f", math.nan), "numbers that no descriptor has"),
    ],
)
def test_what_is_no_tmk_file_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(BadFile, match=why):
        parse_tmk(content)


def test_the_coefficients_are_those_of_the_kernel() -> None:
    """Modified Bessel functions by SciPy, scaled by exp(-32) as the quotients are."""
    scale = 1 - math.exp(-64)
    expected = 2 * ive(np.arange(32), 32) / scale
    expected[0] = (ive(0, 32) - math.exp(-64)) / scale
    np.testing.assert_allclose(COEFFICIENTS, expected, rtol=1e-6)


def test_a_descriptor_is_what_its_formula_says() -> None:
    """Each number summed by itself; 1e-6: it is kept as float32."""
    features = walk(70, 2, dimensions=5)
    one = described(features, chunk=32)
    assert one.frames == 70
    np.testing.assert_allclose(one.average, features.mean(axis=0), rtol=1e-6)
    lengths = [math.sqrt(sum(x * x for x in row)) for row in features.tolist()]
    for p, j in ((0, 0), (0, 1), (2, 7), (3, 31)):
        angles = [2 * math.pi * j * t / PERIODS[p] for t in range(70)]
        for wave, found in ((math.cos, one.cosines[p, j]), (math.sin, one.sines[p, j])):
            sums = [
                sum(
                    row[k] / length * wave(angle)
                    for row, length, angle in zip(features.tolist(), lengths, angles, strict=True)
                )
                for k in range(5)
            ]
            norm = math.sqrt(sum(x * x for x in sums)) or 1.0
            np.testing.assert_allclose(found, np.array(sums) / norm * math.sqrt(COEFFICIENTS[j]), atol=1e-6)


def test_a_descriptor_does_not_depend_on_how_frames_come() -> None:
    features = walk(130, 3)
    one, other = described(features, chunk=1), described(features, chunk=130)
    np.testing.assert_allclose(one.cosines, other.cosines, atol=1e-6)
    np.testing.assert_allclose(one.sines, other.sines, atol=1e-6)


def test_frames_without_features_are_no_trouble() -> None:
    one = described(np.zeros((3, 4)))
    assert not one.average.any() and not one.cosines.any() and level_1(one, one) == 0.0
    with pytest.raises(ValueError, match="no frames"):
        TmkSum().result()


def test_features_are_the_coefficients_that_pdq_cuts_at_their_median() -> None:
    """One picture: its average are its 256 coefficients, of which PDQ's bits say which are above the median."""
    from twinreel.describe.pdq import pdq

    image = pictures(1, (64, 64), seed=4)
    total = TmkSum()
    total.add(image)
    average = total.result().average
    np.testing.assert_array_equal(average > np.partition(average, 127)[127], pdq(image)[0][0])


@pytest.mark.parametrize("frames", [0, 45, -60])
def test_the_shift_says_how_much_later_b_shows_the_same(frames: int) -> None:
    """Right within half a second: 32 frequencies resolve no more of periods of minutes."""
    features = walk(900, 6)
    before, after = np.zeros((max(frames, 0), 256)), features[max(-frames, 0) :]
    found = match_tmk(described(features), described(np.concatenate([before, after])))
    assert found is not None
    assert found.level_2 > 0.8
    assert found.shift == pytest.approx(frames / 15, abs=0.5)


def test_level_2_of_every_shift_is_what_its_formula_says() -> None:
    a, b = described(walk(80, 7)), described(walk(90, 8))
    scores = kernel(a, b, 0)
    assert scores.shape == (PERIODS[0],)
    norm = float(COEFFICIENTS[0]) + 2 * sum(COEFFICIENTS[1:].tolist())
    for shift in (0, 1, 500, 2730):
        total = float(a.cosines[0, 0] @ b.cosines[0, 0])
        for j in range(1, 32):
            ca, sa, cb, sb = (x[0, j].astype(float) for x in (a.cosines, a.sines, b.cosines, b.sines))
            angle = 2 * math.pi * j * shift / PERIODS[0]
            total += math.cos(angle) * (ca @ cb + sa @ sb) + math.sin(angle) * (sa @ cb - ca @ sb)
        assert scores[shift] == pytest.approx(total / norm, abs=1e-6)


def test_unrelated_videos_do_not_match_and_level_1_spares_the_rest() -> None:
    a, b = described(walk(300, 9)), described(walk(300, 10))
    found = match_tmk(a, b)
    assert found is not None and abs(found.level_1) < 0.5 and found.level_2 < 0.7
    assert match_tmk(a, b, least=0.7) is None


def test_descriptors_made_otherwise_are_not_compared() -> None:
    with pytest.raises(ValueError, match="other periods"):
        match_tmk(parse_tmk(small()), described(walk(10, 1)))
