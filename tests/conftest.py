"""Fixtures that all tests share. Its place lets every test import ``makers``, which lies beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from makers import Hostile, hostile_folder

settings.register_profile("untimed", deadline=None)  # other programs may be running as well
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Hostile]]:
    """A folder of everything that a scan must survive, and what has to become of each file. Read only."""
    root = tmp_path_factory.mktemp("hostile")
    return root, hostile_folder(root)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Clips, photographs and scripts that are not part of the repository, in the folder ``shared`` beside it.

    Skips where that is absent. Where TWINREEL_SHARED names the folder, its absence is a failure: a skip must not hide
    a loss.
    """
    named = os.environ.get("TWINREEL_SHARED")
    return _folder(Path(named) if named else Path(__file__).parents[2] / "shared", bool(named))


@pytest.fixture(scope="session")
def reference() -> Path:
    """Ground truths of benchmarks, and what their official code gives for made-up answers; not part of the repository.

    TWINREEL_REFERENCE names it; else it is the folder ``reference`` of what ``shared`` finds. Skips as that does.
    """
    named = os.environ.get("TWINREEL_REFERENCE")
    shared = os.environ.get("TWINREEL_SHARED")
    beside = (Path(shared) if shared else Path(__file__).parents[2] / "shared") / "reference"
    return _folder(Path(named) if named else beside, bool(named))


def _folder(folder: Path, named: bool) -> Path:
    if not folder.is_dir():
        missing = pytest.fail if named else pytest.skip
        missing(f"needs the folder {folder}")
    return folder
