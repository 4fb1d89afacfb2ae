"""Accuracy cards as a browser shows them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("PIL")

from browser import Seen, browser, seen
from makers import scene, write_video
from twinreel.bench.card import card
from twinreel.bench.making import make
from twinreel.bench.page import html
from twinreel.bench.plan import Settings
from twinreel.bench.running import run

WIDTHS = {"desk": 1280, "phone": 390}
RUN0 = {False: (0x1B, 0x6A, 0xC9), True: (0x6C, 0xB2, 0xFF)}
"""Colours of the first run's lines, by whether the scheme is dark."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The card of two runs over a small collection; not made where there is nothing to open it with."""
    browser()
    folder = tmp_path_factory.mktemp("card")
    (folder / "clips").mkdir()
    for number in range(3):
        write_video(folder / "clips" / f"{number}.mp4", scene(number, 6, fps=10, size=(128, 72)), fps=10)
    made = make(folder / "clips", folder / "out", Settings(copies=3, height=72, encoders=("mpeg4", "mjpeg")))
    for sampling in ("auto:1", "dense:0.5"):
        run(made.folder, describer="phash", sampling=sampling)
    return html(card(made.folder))


@pytest.fixture(scope="module", params=[("desk", False), ("desk", True), ("phone", False), ("phone", True)])
def shown(
    request: pytest.FixtureRequest, page: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Seen, int, bool]:
    """The card, the width of the window, and whether the scheme is dark."""
    name, dark = request.param
    return seen(page, WIDTHS[name], tmp_path_factory.mktemp("browser"), dark=dark), WIDTHS[name], dark


def overlapping(one: list[float], other: list[float]) -> bool:
    """Do two boxes share more than a pixel's edge?"""
    left, top, right, bottom = np.maximum(one[:2], other[:2]).tolist() + np.minimum(one[2:], other[2:]).tolist()
    return bool(right - left > 1 and bottom - top > 1)


def test_curves_tables_and_pictures_are_drawn(shown: tuple[Seen, int, bool]) -> None:
    look, _, _ = shown
    found = look.found
    assert [len(lines) for lines in found["curves"]] == [2, 2]
    assert all(length > 50 for lines in found["curves"] for length, _ in lines)
    assert len(found["tables"]) == 4 and all(b[2] - b[0] > 100 and b[3] - b[1] > 60 for b, _, _ in found["tables"])
    assert len(found["images"]) >= 4 and all(complete and wide > 100 for complete, wide in found["images"])


def test_nothing_is_loaded(shown: tuple[Seen, int, bool]) -> None:
    look, _, _ = shown
    assert all(name.startswith("data:") for name in look.found["loaded"])


def test_all_of_it_fits_the_window_and_nothing_lies_over_anything(shown: tuple[Seen, int, bool]) -> None:
    look, width, _ = shown
    found = look.found
    assert found["width"] == width and found["full_width"] <= width
    for labels in found["labels"]:
        assert len(labels) == 14
        assert not [(a, b) for (a, one), (b, other) in combinations(labels, 2) if overlapping(one, other)]
    blocks = found["blocks"]
    assert all(box[0] >= 0 and box[2] <= width for _, box in blocks)
    assert not [(a, b) for (a, one), (b, other) in combinations(blocks, 2) if overlapping(one, other)]
    assert all(held <= wide for held, wide in found["cells"])


def test_its_colours_are_those_of_the_scheme(shown: tuple[Seen, int, bool]) -> None:
    look, _, dark = shown
    assert look.found["dark"] is dark
    assert (look.found["ground"], look.found["ink"]) == (
        ("rgb(20, 22, 26)", "rgb(230, 230, 230)") if dark else ("rgb(255, 255, 255)", "rgb(26, 26, 26)")
    )
    assert {lines[0][1] for lines in look.found["curves"]} == {f"rgb{RUN0[dark]}"}
    picture = look.picture.astype(np.int16)
    assert (np.abs(picture[5, 5] - (20 if dark else 255)) < 8).all()
    # text and lines take up a part of it, and the first run's line is drawn in its colour
    assert 0.01 < (np.abs(picture - picture[5, 5]).max(axis=2) > 60).mean() < 0.6
    assert (np.abs(picture - RUN0[dark]).max(axis=2) < 12).sum() > 100
