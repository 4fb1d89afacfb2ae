"""Truth that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinreel.bench.collection import File, Labels, Part, Transform, read_labels, write_labels
from twinreel.bench.truth import label


def file(name: str, *parts: Part, level: str = "light") -> File:
    return File(name, parts, level, (Transform("crop", "light"),))


def no(source: str, one: object, other: object) -> bool:
    return False


def test_seconds_of_both_files_follow_from_speed_and_place() -> None:
    whole = file("a", Part("clip", 0, 20, 0, 20), level="original")
    fast = file("b", Part("clip", 4, 12, 3, 7), level="heavy")
    (row,) = label([fast, whole], no).truth["a", "b"]
    assert row[2:6] == (4, 12, 3, 7)
    assert row.level == "heavy" and row.transforms == "crop+crop"


def test_what_is_shown_backwards_ends_where_its_source_begins() -> None:
    part = Part("clip", 2, 8, 0, 6, reversed=True)
    assert (part.at(2), part.at(5), part.at(8)) == (6, 3, 0)
    (row,) = label([file("a", part), file("b", Part("clip", 0, 5, 0, 5))], no).truth["a", "b"]
    assert row[2:6] == (3, 6, 2, 5)


def test_a_loop_is_true_twice() -> None:
    loop = file("b", Part("clip", 0, 5, 0, 5), Part("clip", 0, 5, 5, 10))
    rows = label([file("a", Part("clip", 0, 5, 0, 5)), loop], no).truth["a", "b"]
    assert [row[2:6] for row in rows] == [(0, 5, 0, 5), (0, 5, 5, 10)]


def test_less_than_two_seconds_counts_neither_way_however_often_it_is_shown() -> None:
    loop = file("b", Part("clip", 0, 1.5, 0, 1.5), Part("clip", 0, 1.5, 1.5, 3))
    labels = label([file("a", Part("clip", 0, 9, 0, 9)), loop], no)
    assert labels == Labels({}, frozenset(), {("a", "b"): "short"})


def test_two_stretches_of_over_a_second_add_up() -> None:
    pieces = file("b", Part("clip", 4, 5.25, 0, 1.25), Part("clip", 0, 1.25, 1.25, 2.5))
    assert len(label([file("a", Part("clip", 0, 9, 0, 9)), pieces], no).truth["a", "b"]) == 2


def test_other_moments_of_a_scene_are_hard_negatives_unless_they_look_alike() -> None:
    halves = [file("a", Part("clip", 0, 5, 0, 5)), file("b", Part("clip", 6, 11, 0, 5))]
    assert label(halves, no) == Labels({}, frozenset({("a", "b")}), {})
    asked = []

    def yes(source: str, one: tuple[float, float], other: tuple[float, float]) -> bool:
        asked.append((source, one, other))
        return True

    assert label(halves, yes) == Labels({}, frozenset(), {("a", "b"): "still"})
    assert asked == [("clip", (0, 5), (6, 11))]


def test_files_of_different_clips_are_not_listed() -> None:
    assert label([file("a", Part("one", 0, 5, 0, 5)), file("b", Part("two", 0, 5, 0, 5))], no) == Labels(
        {}, frozenset(), {}
    )


def test_labels_come_back_as_they_were_written(tmp_path: Path) -> None:
    files = [
        file("a", Part("clip", 0, 9, 0, 9)),
        file("b", Part("clip", 3, 9, 0, 3)),
        file("c", Part("clip", 10, 15, 0, 5)),
        file("d", Part("clip", 8.5, 10, 0, 1.5)),
    ]
    labels = label(files, no)
    assert labels.truth and labels.hard_negatives and labels.ignored
    write_labels(tmp_path, labels)
    assert read_labels(tmp_path) == labels
    head = (tmp_path / "truth.csv").read_text().splitlines()[0]
    assert head == "a,b,a_start,a_end,b_start,b_end,level,transforms"


def test_a_part_knows_its_speed() -> None:
    assert Part("clip", 0, 8, 0, 4).speed == pytest.approx(2)
