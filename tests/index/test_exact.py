from __future__ import annotations

from index.contract import ExactContract
from twinreel.index.base import Index
from twinreel.index.exact import ExactIndex


class TestExactIndex(ExactContract):
    def make(self, dimensions: int) -> Index:
        return ExactIndex(dimensions)
