"""A second look on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinreel.cli.shapes.commands import ScanShape

from .conftest import invoke, invoke_json
from .test_commands import fits


def test_a_scan_says_how_many_pairs_and_videos_it_looked_at_again(films: Path, tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    options = (films, "--library", library, "--describer", "phash", "--verify", "chamfer", "--jobs", "2")
    first = invoke_json("scan", *options)
    assert fits(first, ScanShape)
    assert 0 < first["report"]["regions"] < first["report"]["files"]
    assert first["report"]["verified"] > 0
    again = invoke_json("scan", films, "--library", library)
    assert (again["report"]["verified"], again["report"]["regions"]) == (0, 0)
    assert again["matches"] == first["matches"]
    text = invoke("scan", films, "--library", tmp_path / "other.sqlite", *options[3:]).stdout
    assert f"{first['report']['verified']} pairs looked at again by the regions of" in text.replace("\n", " ")


def test_a_verifier_that_cannot_be_had_is_one_line(films: Path, tmp_path: Path) -> None:
    library = ("--library", tmp_path / "library.sqlite")
    for options, words in (
        (("--verify", "dtw"), "there is no verifier 'dtw'; there are none, chamfer, visil, dns, s2vs"),
        (("--verify", "dns"), "dns needs the folder of its weights: --weights FOLDER"),
    ):
        result = invoke("scan", films, *library, *options)
        assert result.exit_code == 2
        assert words in result.stderr.replace("\n", " ")


def test_weights_that_do_not_fit_are_one_line(films: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"model": {"attention.transform.weight": torch.zeros(3, 3)}}, tmp_path / "s2vs_dns.pth")
    result = invoke("scan", films, "--library", tmp_path / "l.sqlite", "--verify", "s2vs", "--weights", tmp_path)
    assert result.exit_code == 2
    assert "does not hold the weights of S2VS: 10 missing: " in result.stderr.replace("\n", " ")
    assert "1 of another shape: attention.transform.weight is 3x3 and not 512x512" in result.stderr.replace("\n", " ")
