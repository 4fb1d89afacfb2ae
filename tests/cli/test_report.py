"""twinreel report: a page with frames, time lines and reasons that a browser shows without a network."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from browser import seen
from twinreel.cli.shapes import OUTPUTS

from .conftest import STEERING, invoke, invoke_json
from .test_commands import fits


@pytest.fixture(scope="module")
def made(films: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, dict[str, float]]]:
    """The page of a library and a plan for it, and what was said of both."""
    root = tmp_path_factory.mktemp("report")
    shutil.copytree(films, root / "films")
    library = ("--library", root / "library.sqlite")
    assert invoke("scan", root / "films", *library, "--describer", "phash").exit_code == 0
    assert invoke("plan", *library, "--out", root / "plan.json").exit_code == 0
    said = invoke_json("report", root / "page.html", "--plan", root / "plan.json", *library)
    assert fits(said, OUTPUTS["report"])
    return (root / "page.html").read_text(encoding="utf-8"), said


def test_the_page_is_whole_in_itself(made: tuple[str, object]) -> None:
    page = made[0]
    assert not re.search(r"https?://(?!www\.w3\.org/)|<script|<link|src=\"(?!data:)", page)
    assert "film.mp4" in page and "representative: " in page and "quarantine" in page
    assert STEERING not in page and "\x1b" not in page


def test_a_browser_shows_frames_and_time_lines(made: tuple[str, object], tmp_path: Path) -> None:
    page = made[0]
    shown = seen(page, 1000, tmp_path)
    assert len(shown.found["images"]) >= 4
    assert all(complete and width > 100 for complete, width in shown.found["images"])
    assert not [one for one in shown.found["loaded"] if not one.startswith(("data:", "about:"))]
    assert shown.found["full_width"] <= shown.found["width"]
    drawn = [box for name, box in shown.found["blocks"] if name.lower() == "svg"]
    assert drawn and all(right - left > 300 and bottom - top > 20 for left, top, right, bottom in drawn)
    # The time line is to be seen: pixels in the colour of common stretches, over most of its width.
    left, top, right, bottom = (round(edge) for edge in drawn[0])
    if bottom < len(shown.picture):
        line = shown.picture[top + 3, left:right].astype(int)
        blue = np.abs(line - np.array([0x1B, 0x6A, 0xC9])).sum(axis=1) < 60
        assert blue.mean() > 0.5


def test_quality_before_and_after(made: tuple[str, dict[str, dict[str, float]]]) -> None:
    now, planned = made[1]["now"], made[1]["planned"]
    assert planned["files"] < now["files"] and planned["bytes"] < now["bytes"] and planned["hours"] < now["hours"]
    assert planned["unique_hours"] == now["unique_hours"] and planned["completeness"] == 1.0
    assert planned["minimisation"] > now["minimisation"]
    assert 0.5 < now["correctness"] < 1.0  # one of the files is a letter
