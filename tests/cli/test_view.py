from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from twinreel.cli.view import across
from twinreel.types import Group, Match, Relation

LONG = Group("a", "longest", ("a", "b"))
SHORT = Group("x", "longest", ("x", "y"))


def match(a: str, b: str, score: float = 0.9) -> Match:
    return Match(a, b, Relation.CONTAINS, score, 0.5, 1.0)


def test_what_is_within_a_group_is_not_said_again() -> None:
    assert across([match("a", "b"), match("x", "y")], [LONG, SHORT]) == ([], 0)


def test_the_representatives_speak_for_their_groups() -> None:
    found = [match("b", "y", 1.0), match("a", "y"), match("a", "x", 0.6), match("b", "x"), match("a", "single")]
    assert across(found, [LONG, SHORT]) == ([match("a", "x", 0.6), match("a", "single")], 3)


def test_the_best_speaks_where_the_representatives_do_not_match() -> None:
    found = [match("b", "x", 0.7), match("b", "y", 0.8)]
    assert across(found, [LONG, SHORT]) == ([match("b", "y", 0.8)], 1)


pairs = st.lists(st.sampled_from(list(combinations("abxymn", 2))), unique=True)


@given(pairs)
def test_every_match_is_within_a_group_or_said_or_counted(chosen: list[tuple[str, str]]) -> None:
    found = [match(a, b) for a, b in chosen]
    within = [pair for pair in chosen if set(pair) in ({"a", "b"}, {"x", "y"})]
    said, more = across(found, [LONG, SHORT])
    assert len(said) + more + len(within) == len(found)
    homes = {frozenset({"b": "a", "y": "x"}.get(c, c) for c in (m.a, m.b)) for m in said}
    assert len(homes) == len(said)
    assert across(found, []) == (found, 0)
