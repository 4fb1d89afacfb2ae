"""The tables of docs/accuracy.md count right."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from judged import cells, labels_of, result_of

import accuracy_page


def test_hard_edits_are_counted_at_each_collections_own_threshold_and_all_speeds_together() -> None:
    truth = {("a", "b"): "pip+speed0.8+trim", ("a", "c"): "speed1.5", ("b", "c"): "speed1.5+speed0.8+crop"}
    labels = labels_of(truth, frozenset({("x", "y")}))
    first = result_of(1, labels, {("a", "b"): 0.9, ("a", "c"): 0.7, ("b", "c"): 0.3, ("x", "y"): 0.6}, 0.8)
    second = result_of(2, labels, {("a", "b"): 0.4, ("a", "c"): 0.7, ("b", "c"): 0.6}, 0.6)
    text = accuracy_page.hidden([first, second])
    assert cells(text, "speed") == ["6", "3", "0.50", "few"]
    assert cells(text, "pip") == ["2", "1", "0.50", "few"]
    assert "crop" not in text
    assert "1 of 2 (50.0%)" in text


def test_an_edit_that_many_pairs_have_is_not_marked_as_few() -> None:
    truth = {("a", f"b{number:02d}"): "pip" for number in range(accuracy_page.FEW)}
    text = accuracy_page.hidden([result_of(1, labels_of(truth), {("a", "b00"): 0.9}, 0.9)])
    assert cells(text, "pip") == ["25", "1", "0.04", ""]


def test_pairs_of_the_same_names_in_two_collections_stay_two_when_pooled() -> None:
    one = result_of(1, labels_of({("a", "b"): "pip"}), {("a", "b"): 0.9, ("a", "c"): 0.2}, 0.9)
    other = result_of(2, labels_of({("a", "c"): "pip"}), {("a", "b"): 0.7}, 0.9)
    labels, best, reported = accuracy_page.pooled([one, other])
    assert sorted(best.values()) == [0.2, 0.7, 0.9] and sorted(reported.values()) == [0.7, 0.9]
    assert [best[pair] for pair in labels.truth if pair in best] == [0.9]


def test_the_reliability_section_has_the_errors_worked_out_by_hand(tmp_path: Path) -> None:
    labels = labels_of({("a", "b"): "", ("a", "c"): "", ("c", "d"): ""})
    best = {("a", "b"): 0.95, ("a", "c"): 0.85, ("a", "d"): 0.81, ("b", "c"): 0.05}
    text = accuracy_page.reliability([result_of(1, labels, best, 0.9)], tmp_path)
    # |0.95 - 1|, twice |0.83 - 0.5|, |0.05 - 0|
    assert f"{(0.05 + 2 * 0.33 + 0.05) / 4:.3f} of the 4" in text
    assert f"{(0.05 + 2 * 0.33) / 3:.3f} of the 3" in text.replace("\n", " ")
    assert cells(text, "0.83") == ["2", "1", "0.50"]
    drawn = ElementTree.parse(tmp_path / accuracy_page.RELIABILITY)
    assert {"2", "1"} <= {element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")}
