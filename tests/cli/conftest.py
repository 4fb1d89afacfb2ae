"""A folder of real videos with planted relations, and a library of it, made once."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from makers import remux, scene, write_video
from twinreel.cli.main import app

SIZE = (192, 108)
PLANTED = (4.0, 8.0)
"""The seconds of film.mp4 that clip.mp4 consists of."""
STEERING = "red\x1b[31m \u202egpj\nnew line \udcff.mp4" if sys.platform != "win32" else "red \u202egpj.mp4"
"""A name that tries to colour, turn round and break the line that it is printed in; the last byte is not UTF-8."""


def invoke(*args: str | Path | float) -> Any:
    """Runs a command in this process; ``stdout``, ``stderr`` and ``exit_code`` of what came of it."""
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


def invoke_json(*args: str | Path | float) -> Any:
    """What a command prints with --json; it has to succeed."""
    result = invoke(*args, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """film.mp4, its remux, a byte-for-byte copy and a smaller one, a clip of it; two unrelated ones; a text."""
    root = tmp_path_factory.mktemp("films")
    frames = list(chain.from_iterable(scene(seed, 3, size=SIZE) for seed in (1, 2, 3)))
    film = write_video(root / "film.mp4", frames)
    remux(film, root / "film.mkv", tags={"title": "another"})
    (root / "sub").mkdir()
    shutil.copy(film, root / "sub" / "copy.mp4")
    write_video(root / "small.mp4", [frame[::2, ::2] for frame in frames])
    write_video(root / "clip.mp4", frames[int(PLANTED[0] * 25) : int(PLANTED[1] * 25)])
    write_video(root / "other [bold].mp4", scene(8, 4, size=SIZE))
    shutil.copy(root / "other [bold].mp4", root / STEERING)
    (root / "letter.mp4").write_text("Dear diary\n" * 300)
    return root


@pytest.fixture(scope="session")
def library(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the films, made with the quickest describer. To be read only."""
    path = tmp_path_factory.mktemp("library") / "library.sqlite"
    result = invoke("scan", films, "--library", path, "--describer", "phash", "--jobs", "2")
    assert result.exit_code == 0, result.stderr
    return path


@pytest.fixture
def own_library(library: Path, tmp_path: Path) -> Path:
    """A copy of the library that may be changed."""
    return Path(shutil.copy(library, tmp_path / "own.sqlite"))
