"""The documents name what there is, and the synthetic videos of docs/scale.md are what they are said to be."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import costs
import grouping_growth
import synthetic
from twinreel.group.groups import groups
from twinreel.index.choose import INDEXES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def test_every_file_that_is_named_is_there() -> None:
    pages = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))]
    named = {name for page in pages for name in re.findall(r"(?:benchmarks|deploy)/[\w/]+\.\w+", page)}
    assert {"benchmarks/candidates.py", "benchmarks/same_answer.py", "deploy/milvus/values.yaml"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_index_that_can_be_chosen_is_described() -> None:
    assert [name for name in INDEXES if f"| `{name}`" not in PAGE.replace(" (default)", "")] == []


@pytest.fixture(scope="module")
def blocks() -> list[np.ndarray]:
    return [synthetic.block_of(3, block) for block in range(2)]


def test_planted_copies_share_their_frames_and_others_nothing(blocks: list[np.ndarray]) -> None:
    pairs = synthetic.planted(3, 1)
    assert (pairs.sources < 1000).all() and (pairs.copies >= 1900).all()
    products: dict[int, list[float]] = {0: [], 1: [], 2: []}
    for copy, source, strength in zip(pairs.copies, pairs.sources, pairs.strength, strict=True):
        best = (blocks[1][copy - 1000] @ blocks[0][source].T).max(axis=1)
        products[int(strength)].append(float(np.sort(best)[-synthetic.COPIED :].mean()))
    # 1 / sqrt(1 + length ** 2) for noise of that length, at right angles to what it is added to
    for level, length in enumerate(synthetic.STRENGTHS):
        assert np.mean(products[level]) == pytest.approx(1 / np.sqrt(1 + length**2), abs=0.02)
    others = (blocks[1][3, 10:] @ blocks[0][800, 10:].T).max()
    assert others < 0.6


def test_a_block_is_the_same_whenever_it_is_made(blocks: list[np.ndarray]) -> None:
    np.testing.assert_array_equal(synthetic.block_of(3, 1), blocks[1])
    assert np.linalg.norm(blocks[1], axis=2) == pytest.approx(1, abs=1e-5)


def test_codes_that_a_query_reads_by_hand() -> None:
    # 12 million: 2 * sqrt = 6928 lists, of which 40 are looked into
    assert costs.read_codes(12e6) == pytest.approx(12e6 * 40 / 6928)


def test_the_groups_of_the_growth_benchmark_are_those_that_were_drawn() -> None:
    drawn = grouping_growth.sizes(300)
    videos = {one.content: one for one in map(grouping_growth.video, range(sum(drawn)))}
    found = groups(videos, grouping_growth.matches(drawn), 0.5)
    assert sum(len(group.members) for group in found) <= sum(drawn)
    assert sum(size == 2 for size in drawn) <= len(found)
