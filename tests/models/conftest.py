"""Real frames, a folder for what is added, and a cache of the hub."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import av
import numpy as np
import pytest

from makers import scene, write_video
from twinreel.types import UInt8

SIZES = ((320, 180), (181, 320), (250, 187))
"""Width and height: landscape, portrait, and margins of half a pixel."""


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[UInt8]:
    """Frames as a decoder gives them, of several shapes; some of the corpus where TWINREEL_SHARED names it."""
    folder = tmp_path_factory.mktemp("clips")
    files = []
    for seed, size in enumerate(SIZES, 1):
        even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        files.append(write_video(folder / f"{seed}.mp4", scene(seed, 1, size=even)))
    if shared := os.environ.get("TWINREEL_SHARED"):
        files += sorted(Path(shared, "corpus", "clips").glob("*.mp4"))[:3]
    found: list[UInt8] = []
    for file, size in itertools.zip_longest(files, SIZES):
        with av.open(str(file)) as container:
            frame: UInt8 = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8)
        found.append(np.ascontiguousarray(frame if size is None else frame[: size[1], : size[0]]))
    return found


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the user's own is read or written."""
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    for variable in ("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path
