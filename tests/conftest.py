"""Fixtures that all tests share. Its place lets every test import ``makers``, which lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from makers import Hostile, hostile_folder


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Hostile]]:
    """A folder of everything that a scan must survive, and what has to become of each file. Read only."""
    root = tmp_path_factory.mktemp("hostile")
    return root, hostile_folder(root)
