"""Footage kept, groups and answers, held against what files show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

import footage_kept
import grouping
import same_answer
from twinreel.types import Group, Match, Relation, Segment


def a_file(name: str, *parts: tuple[str, float, float]) -> dict[str, object]:
    return {"name": name, "parts": [{"source": s, "src_start": start, "src_end": stop} for s, start, stop in parts]}


def test_footage_is_lost_where_no_file_that_is_left_shows_it() -> None:
    film, part, other = (
        a_file("film", ("x", 0, 30)),
        a_file("part", ("x", 5, 12), ("y", 0, 4)),
        a_file("z", ("y", 3.8, 9)),
    )
    everything = [film, part, other]
    assert footage_kept.lost(everything, everything) == []
    assert footage_kept.lost(everything, [film, other]) == [("y", (0.0, 3.8))]
    assert footage_kept.lost(everything, [part, other]) == [("x", (0.0, 5.0)), ("x", (12.0, 30.0))]
    assert footage_kept.lost([film, a_file("more", ("x", 29.8, 30.4))], [film]) == []


def test_groups_are_held_against_what_files_show() -> None:
    truth = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c": "c"}
    perfect = [("a1", "a2", "a3"), ("b1", "b2")]
    assert grouping.pairwise_f1(perfect, truth) == grouping.purity(perfect, truth) == 1.0
    mixed = [("a1", "a2", "b1"), ("b2", "compilation")]
    assert grouping.pairwise_f1(mixed, truth) == pytest.approx(2 * 1 / (3 + 4))
    assert grouping.purity(mixed, truth) == pytest.approx(5 / 6)
    assert grouping.pairwise_f1([], truth) == 0.0 and grouping.purity([], truth) == 1.0


def an_answer(*matches: Match, groups: Iterable[Group] = ()) -> same_answer.Answer:
    return same_answer.Answer({(match.a, match.b): match for match in matches}, list(groups), 1.0)


def test_two_answers_are_as_far_apart_as_their_pairs_scores_and_ends() -> None:
    whole, part = Segment(0, 9, 1, 10, 0.9), Segment(0, 4, 1, 5, 0.9)
    ab = Match("a", "b", Relation.DUPLICATE, 0.9, 1.0, 1.0, (whole,))
    ac, bc = (Match(one, "c", Relation.OVERLAPS, 0.5, 0.4, 0.4, (part,)) for one in "ab")
    expected = an_answer(ab, ac, groups=[Group("a", "larger", ("a", "b"))])
    same = same_answer.compared("same", expected, expected)
    assert same == ["same", "2", "0", "0", "0", "0.0e+00", "0.0e+00", "yes", "1"]
    moved = replace(ab, score=0.7, relation=Relation.CONTAINS, segments=(replace(whole, b_stop=10.5),))
    other = same_answer.compared("other", an_answer(moved, bc), expected)
    assert other == ["other", "2", "1", "1", "1", "2.0e-01", "5.0e-01", "no", "1"]
    assert same_answer.apart(ab, replace(ab, segments=(part, part))) == float("inf")
