"""What scripts say, and the documents that they write."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import bench
import diagrams
from twinreel.bench.scoring import Bin, Point

SCRIPTS = Path(bench.__file__).parent


EXPLAINED = """accuracy calibrate candidates card costs crowd footage_kept grouping grouping_growth hardware make_1080p
memory proposed rescan same_answer speed storage"""


@pytest.mark.parametrize("script", EXPLAINED.split())
def test_each_script_explains_itself(script: str) -> None:
    done = subprocess.run([sys.executable, SCRIPTS / f"{script}.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")


def test_a_part_of_a_document_is_written_and_replaced(tmp_path: Path) -> None:
    document = tmp_path / "new" / "speed.md"
    bench.write_section(document, "one", "first \\1", "# Title\n")
    bench.write_section(document, "two", "second")
    bench.write_section(document, "one", "third")
    assert document.read_text() == (
        "# Title\n\n<!-- one: begin -->\n\nthird\n\n<!-- one: end -->\n\n"
        "<!-- two: begin -->\n\nsecond\n\n<!-- two: end -->\n"
    )


def test_a_table_is_aligned_markdown() -> None:
    assert bench.table(["name", "n"], [["a", "1000"], ["long name", "1"]]) == (
        "| name      |    n |\n| --------- | ---: |\n| a         | 1000 |\n| long name |    1 |"
    )


def test_a_curve_is_thinned_to_what_can_be_told_apart_and_keeps_its_ends() -> None:
    points = [Point(1 - n / 5000, 1.0, n / 5000) for n in range(5001)]
    kept = diagrams.thinned(points)
    assert kept[0] == points[0] and kept[-1] == points[-1]
    assert len(kept) <= 1 / diagrams.FINE + 2
    assert max(b.recall - a.recall for a, b in pairwise(kept)) < 2 * diagrams.FINE
    assert diagrams.thinned([]) == []


def test_diagrams_are_svg_files_that_name_their_lines(tmp_path: Path) -> None:
    diagrams.write_curves(tmp_path / "c.svg", [("auto:1", [Point(0.9, 1.0, 0.5)]), ("a<b", [Point(0.9, 0.5, 0.1)])])
    diagrams.write_reliability(tmp_path / "r.svg", "pairs", [Bin(17, 0.9, 0.8)])
    words = [
        {element.text for element in ElementTree.parse(tmp_path / name).iter() if element.text}
        for name in ("c.svg", "r.svg")
    ]
    assert {"auto:1", "a<b"} <= words[0]
    assert {"pairs", "17"} <= words[1]
