"""Every aligner from the command line, on a clip that was cut out of a film."""

from __future__ import annotations

import shutil
import sys
from itertools import chain
from pathlib import Path

import pytest

from makers import scene, write_video
from twinreel.match.alignment import ALIGNERS

from .conftest import PLANTED, SIZE, invoke, invoke_json


@pytest.mark.parametrize("name", [name for name in ALIGNERS if name != "dbscan"])
def test_every_aligner_finds_the_planted_seconds(films: Path, library: Path, tmp_path: Path, name: str) -> None:
    """In a library that was scanned before: another aligner decodes nothing."""
    own = Path(shutil.copy(library, tmp_path / "own.sqlite"))
    found = invoke_json("scan", films, "--library", own, "--aligner", name, "--jobs", "2")
    assert found["report"]["decoded"] == 0
    sides = ("film.mp4", "clip.mp4")
    (match,) = [one for one in found["matches"] if (Path(one["a"]).name, Path(one["b"]).name) == sides]
    assert match["relation"] == "contains"
    assert (match["segments"][0]["a_start"], match["segments"][-1]["a_end"]) == pytest.approx(PLANTED, abs=1.0)
    compared = invoke_json("compare", films / "film.mp4", films / "clip.mp4", "--library", own)
    segments = compared["match"]["segments"]
    assert (segments[0]["a_start"], segments[-1]["a_end"]) == pytest.approx(PLANTED, abs=0.5)


def test_dbscan_finds_the_planted_seconds_where_frames_have_neighbours(tmp_path: Path) -> None:
    """In slow motion, and closely sampled: what is like one frame only is no cluster."""
    slow = list(chain.from_iterable(scene(seed, 1, fps=100, size=SIZE) for seed in (1, 2, 3)))
    write_video(tmp_path / "film.mp4", slow)
    write_video(tmp_path / "clip.mp4", slow[100:200])
    where = ("--describer", "phash", "--sampling", "dense:0.25", "--library", tmp_path / "library.sqlite")
    found = invoke_json("compare", tmp_path / "film.mp4", tmp_path / "clip.mp4", *where, "--aligner", "dbscan")
    segments = found["match"]["segments"]
    assert (segments[0]["a_start"], segments[-1]["a_end"]) == pytest.approx(PLANTED, abs=0.5)


def test_clusters_without_scikit_learn_are_one_line(
    films: Path, own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--library", own_library)
    assert invoke("scan", films, *where, "--aligner", "dbscan", "--jobs", "2").exit_code == 0
    monkeypatch.setitem(sys.modules, "sklearn", None)
    for words in (("scan", films, "--aligner", "hdbscan"), ("scan", films), ("search", films / "clip.mp4")):
        result = invoke(*words, *where)
        assert result.exit_code == 3
        assert 'pip install "twinreel[clusters]"' in result.stderr.replace("\n", " ")
    assert invoke("groups", *where).exit_code == 0  # what was found before needs nothing
