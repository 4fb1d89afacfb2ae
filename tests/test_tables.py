from __future__ import annotations

from xml.etree import ElementTree

from twinreel.tables import table


def test_a_table_is_well_formed_whatever_is_in_it() -> None:
    made = table("<a> & b", ("x<", "y", "z"), [("<script>", 0.12345, True), ('"', 1, False)])
    root = ElementTree.fromstring(f"<div>{made}</div>")
    assert root.findtext("p") == "<a> & b"
    rows = [[cell.text or "" for cell in row] for row in root.iter("tr")]
    assert rows == [["x<", "y", "z"], ["<script>", "0.123", "yes"], ['"', "1", ""]]


def test_without_rows_the_title_stands_alone() -> None:
    assert table("nothing", ("x",), []) == "<p>nothing</p>"
