"""Truth that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from twinreel.bench.collection import File, Labels, Part, Transform, read_labels, write_labels
from twinreel.bench.truth import label


def file(name: str, *parts: Part) -> File:
    return File(name, parts, "light", (Transform("crop", "light"),))


def no(source: str, one: object, other: object) -> bool:
    return False


def test_seconds_of_both_files_follow_from_speed_and_place() -> None:
    whole, fast = file("a", Part("clip", 0, 20, 0, 20)), file("b", Part("clip", 4, 12, 3, 7))
    (row,) = label([fast, whole], no).truth["a", "b"]
    assert row[2:6] == (4, 12, 3, 7)


def test_a_pair_is_as_hard_as_what_was_done_to_what_it_has_in_common() -> None:
    """Not as what was done to another clip in one of the files; the easiest stretch comes first."""
    small, covered = (Transform("picture_in_picture", "heavy"),), (Transform("picture_behind", "light"),)
    both = file("a", Part("clip", 0, 9, 0, 9, transforms=small), Part("host", 0, 9, 0, 9, transforms=covered))
    plain = [file("b", Part("clip", 0, 9, 0, 9)), file("c", Part("host", 0, 9, 0, 9))]
    again = file("d", Part("clip", 0, 9, 0, 9), Part("host", 0, 9, 9, 18, transforms=(Transform("blur", "light"),)))
    truth = label([both, *plain, again], no).truth
    assert [(row.level, row.transforms) for row in truth["a", "b"]] == [("heavy", "picture_in_picture")]
    assert [(row.level, row.transforms) for row in truth["a", "c"]] == [("light", "picture_behind")]
    assert [(row.level, row.transforms) for row in truth["a", "d"]] == [
        ("light", "picture_behind+blur"),
        ("heavy", "picture_in_picture"),
    ]
    assert [row.level for row in truth["b", "d"]] == ["original"]


def test_what_is_hardly_to_be_seen_counts_neither_way() -> None:
    ground = Part("clip", 0, 9, 0, 9, faint=True)
    behind = file("a", ground)
    assert label([behind, file("b", Part("clip", 0, 9, 0, 9))], no) == Labels({}, frozenset(), {("a", "b"): "faint"})
    assert label([behind, file("b", Part("clip", 20, 29, 0, 9))], no).hard_negatives == {("a", "b")}
    before = file("a", ground, Part("clip", 0, 5, 9, 14))
    (row,) = label([before, file("b", Part("clip", 0, 9, 0, 9))], no).truth["a", "b"]
    assert row[2:6] == (9, 14, 0, 5)


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
        file("b", Part("clip", 3, 9, 0, 3, transforms=(Transform("speed", "heavy"),))),
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
