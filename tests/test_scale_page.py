"""docs/scale.md names commands that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"(?:benchmarks|deploy)/[\w/]+\.\w+", PAGE))
    assert {"benchmarks/candidates.py", "benchmarks/costs.py", "deploy/milvus/values.yaml"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_index_that_can_be_chosen_is_described() -> None:
    from twinreel.index.choose import INDEXES

    for name in INDEXES:
        assert f"| `{name}`" in PAGE
