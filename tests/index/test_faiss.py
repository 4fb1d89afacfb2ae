"""FAISS's flat index held to the contract."""

from __future__ import annotations

from index.contract import ExactContract
from twinreel.index.base import Index
from twinreel.index.faiss import FaissIndex


class TestFlatIndex(ExactContract):
    def make(self, dimensions: int) -> Index:
        return FaissIndex(dimensions)
