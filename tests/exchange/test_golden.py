"""The published sample hashes of facebook/ThreatExchange, and the scores that its code gives for them."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from twinreel.exchange.tmk import format_tmk, kernel, level_1, match_tmk, parse_tmk
from twinreel.exchange.vpdq import format_vpdq, match_vpdq, parse_vpdq
from twinreel.media.rates import Rhythm


@pytest.fixture(scope="session")
def tmk_files(reference: Path) -> dict[str, Path]:
    found = {path.stem: path for path in (reference / "facebook+ThreatExchange/tmk/sample-hashes").glob("*.tmk")}
    assert len(found) == 15
    return found


@pytest.fixture(scope="session")
def vpdq_files(reference: Path) -> dict[str, Path]:
    found = {path.stem: path for path in (reference / "facebook+ThreatExchange/vpdq/sample-hashes").glob("*.txt")}
    assert len(found) == 31
    return found


def test_a_tmk_file_is_written_as_it_was_read(tmk_files: dict[str, Path]) -> None:
    for path in tmk_files.values():
        assert format_tmk(parse_tmk(path.read_bytes())) == path.read_bytes()


def test_a_vpdq_file_is_written_as_it_was_read(vpdq_files: dict[str, Path]) -> None:
    for path in vpdq_files.values():
        assert format_vpdq(parse_vpdq(path.read_bytes())) == path.read_bytes()


def test_tmk_scores_are_the_golden_ones(tmk_files: dict[str, Path], reference: Path) -> None:
    """Of every pair, for every period; 1e-6: the golden values were computed in float64, as ours are."""
    golden = json.loads((reference / "golden" / "tmk_pair_scores.json").read_text())
    descriptors = {name: parse_tmk(path.read_bytes()) for name, path in tmk_files.items()}
    assert set(golden) == {"|".join(pair) for pair in combinations(sorted(descriptors), 2)}
    for pair, expected in golden.items():
        a, b = (descriptors[name] for name in pair.split("|"))
        found = match_tmk(a, b)
        assert found is not None
        assert found.level_1 == level_1(a, b) == pytest.approx(expected["level1"], abs=1e-6)
        assert found.level_2 == pytest.approx(expected["level2_max"], abs=1e-6)
        per_period = [float(kernel(a, b, period).max()) for period in range(4)]
        assert per_period == pytest.approx(expected["level2_per_period"], abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "first", "second"),
    [
        ("doorknob-hd-no-bar", "pattern-sd-with-large-logo-bar", -0.310042, 0.017566),
        ("pattern-hd-no-bar", "pattern-longer-no-bar", 0.981078, 0.954990),
        ("chair-orig-22-hd-no-bar", "chair-orig-22-sd-bar", 0.719880, 0.737563),
        ("chair-22-sd-grey-bar", "chair-orig-22-sd-bar", 0.999963, 0.999964),
    ],
)
def test_tmk_scores_are_those_of_the_published_listing(
    tmk_files: dict[str, Path], a: str, b: str, first: float, second: float
) -> None:
    """As tmk/README.md prints them, with six decimals; it computes in float32."""
    found = match_tmk(parse_tmk(tmk_files[a].read_bytes()), parse_tmk(tmk_files[b].read_bytes()))
    assert found is not None
    assert (found.level_1, found.level_2) == pytest.approx((first, second), abs=2e-6)


def test_a_video_and_itself_agree_without_a_shift(tmk_files: dict[str, Path]) -> None:
    for path in tmk_files.values():
        one = parse_tmk(path.read_bytes())
        found = match_tmk(one, one)
        assert found is not None
        assert (found.level_1, found.level_2, found.shift) == pytest.approx((1, 1, 0), abs=1e-5)


def test_vpdq_percentages_are_the_published_one_and_the_recomputed_ones(vpdq_files: dict[str, Path]) -> None:
    """10.55 stands in vpdq/README.md; the others come from these files by its rule. Its 67.76 and 80.85 do not: they
    belong to older hashes."""
    chair, logo, sepia = (
        parse_vpdq(vpdq_files[name].read_bytes())
        for name in ("chair-19-sd-bar", "chair-22-with-large-logo-bar", "chair-22-sd-sepia-bar")
    )
    found = match_vpdq(logo, chair)
    assert (round(found.percent_a, 2), round(found.percent_b, 2)) == (10.55, 10.46)
    found = match_vpdq(sepia, chair)
    assert (round(found.percent_a, 2), round(found.percent_b, 2)) == (83.95, 100.0)


def test_both_formats_order_the_coefficients_of_a_frame_alike(
    tmk_files: dict[str, Path], vpdq_files: dict[str, Path]
) -> None:
    """The two describe the same videos: a bit that is often set belongs to a coefficient that is high on average.
    Measured: correlations of 0.66 and more in this order, at most 0.29 with rows and columns exchanged."""
    for name, path in tmk_files.items():
        average = parse_tmk(path.read_bytes()).average
        often = np.unpackbits(parse_vpdq(vpdq_files[name].read_bytes()).bits, axis=1)[:, ::-1].mean(axis=0)
        assert np.corrcoef(often, average)[0, 1] > 0.6
        assert np.corrcoef(often.reshape(16, 16).T.ravel(), average)[0, 1] < 0.4


def test_the_samples_have_as_many_frames_at_15_a_second_as_the_rhythm_gives(
    tmk_files: dict[str, Path], vpdq_files: dict[str, Path]
) -> None:
    """Each vPDQ sample has a hash for every frame, at 30 a second; its .tmk file says how many came of them."""
    for name, path in tmk_files.items():
        hashes = parse_vpdq(vpdq_files[name].read_bytes())
        rhythm = Rhythm(15, 30)
        count = sum(sum(rhythm.beat(number / 30, 1 / 30)) for number in hashes.frames.tolist()) + rhythm.rest()
        assert count == parse_tmk(path.read_bytes()).frames
