"""Shared content by hand-drawn matches: what is a hub, what is not, and what a match says without it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinreel.match.calibration import MIN_SCORE
from twinreel.match.relation import nearly_all, relation, turned
from twinreel.match.shared import shared_content, shared_spans, weighed, with_shown_by
from twinreel.types import Match, Relation, Segment, SharedContent

Layout = Mapping[str, tuple[float, float]]
"""Footage -> the seconds of a video that show it."""

SIX = "abcdef"


def film(own: str, intro: tuple[float, float] = (0, 3), seconds: float = 60) -> Layout:
    """A video of its own footage with the intro at some seconds."""
    return {"intro": intro, f"own {own}": (3, seconds)}


def durations(videos: Mapping[str, Layout]) -> dict[str, float]:
    return {content: max(stop for _, stop in layout.values()) for content, layout in videos.items()}


def match(a: str, b: str, segments: Iterable[Segment], lasts: Mapping[str, float]) -> Match:
    """As matching makes it."""
    found = tuple(sorted(segments, key=lambda s: (s.a_start, s.b_start)))
    what, coverage_a, coverage_b = relation(found, lasts[a], lasts[b])
    made = Match(a, b, what, max(s.score for s in found), coverage_a, coverage_b, found)
    return turned(made) if what is Relation.CONTAINS and nearly_all(coverage_a, lasts[a]) else made


def matches(videos: Mapping[str, Layout]) -> list[Match]:
    """Of every pair that shows some of the same footage."""
    found = []
    for a, b in itertools.combinations(sorted(videos), 2):
        common = videos[a].keys() & videos[b].keys()
        segments = [Segment(*videos[a][name], *videos[b][name], 0.9) for name in sorted(common)]
        if segments:
            found.append(match(a, b, segments, durations(videos)))
    return found


def hubs(videos: Mapping[str, Layout]) -> list[SharedContent]:
    return shared_content(matches(videos), durations(videos))


def places(one: SharedContent) -> dict[str, tuple[float, float]]:
    return {place.content: (place.start, place.stop) for place in one.occurrences}


def reported(videos: Mapping[str, Layout], min_score: float = MIN_SCORE) -> dict[str, Match]:
    """The pairs as they are said to be, by their names in order."""
    lasts = durations(videos)
    spans = shared_spans(hubs(videos), lasts)
    found = [weighed(one, spans, lasts, min_score) for one in matches(videos)]
    return {"".join(sorted(one.a + one.b)): one for one in found}


# What is shared content


def test_an_intro_of_unrelated_videos() -> None:
    (intro,) = hubs({name: film(name) for name in SIX})
    assert places(intro) == dict.fromkeys(SIX, (0, 3))
    assert (intro.videos, intro.seconds) == (6, 18)


def test_four_videos_are_needed() -> None:
    assert len(hubs({name: film(name) for name in "abcd"})) == 1
    assert hubs({name: film(name) for name in "abc"}) == []


def test_duplicates_are_no_hub_however_many() -> None:
    videos = {name: film("the same") for name in SIX}
    assert hubs(videos) == []
    assert {one.relation for one in reported(videos).values()} == {Relation.DUPLICATE}
    # nor are they where one other video shows some of it
    assert hubs({**videos, "x": {"intro": (20, 23), "own x": (0, 60)}}) == []


def test_duplicates_that_were_aligned_badly_are_no_hub() -> None:
    """Of six only the first was found to be a duplicate of each; the others match for a few seconds."""
    lasts = dict.fromkeys(SIX, 60.0)
    found = [
        match(a, b, [Segment(0, 60, 0, 60, 0.9) if a == "a" else Segment(20, 25, 20, 25, 0.9)], lasts)
        for a, b in itertools.combinations(SIX, 2)
    ]
    assert shared_content(found, lasts) == []
    assert len(shared_content([one for one in found if one.a != "a"], lasts)) == 1  # as far as is known


def test_duplicates_of_videos_with_an_intro() -> None:
    """Two of each: the intro is in all eight, and each is the duplicate of one."""
    videos = {name: film(name.lower()) for name in "abcdABCD"}
    (intro,) = hubs(videos)
    assert intro.videos == 8
    found = reported(videos)
    duplicates = {pair for pair, one in found.items() if one.relation is Relation.DUPLICATE}
    assert duplicates == {"Aa", "Bb", "Cc", "Dd"}
    assert {one.relation for pair, one in found.items() if pair not in duplicates} == {Relation.SHARED}


def test_an_intro_that_stands_elsewhere_and_an_outro() -> None:
    """The seconds of each video are its own; two that are apart are two."""
    videos = {
        name: {"intro": (number, number + 3.0), f"own {name}": (12, 50), "end card": (52, 57 + number)}
        for number, name in enumerate("abcde")
    }
    end_card, intro = hubs(videos)
    assert places(intro) == {name: (number, number + 3) for number, name in enumerate("abcde")}
    assert places(end_card) == {name: (52, 57 + number) for number, name in enumerate("abcde")}


def test_adverts_that_follow_one_another_are_told_apart() -> None:
    """In six breaks of two adverts each, in another order and other company."""
    company = ["ab", "bc", "ca", "ac", "ba", "cb"]
    videos: dict[str, Layout] = {
        name: {f"own {name}": (0, 100), adverts[0]: (100, 120), adverts[1]: (120, 140)}
        for name, adverts in zip(SIX, company, strict=True)
    }
    found = hubs(videos)
    assert [one.videos for one in found] == [4, 4, 4]
    for one in found:
        assert {stop - start for start, stop in places(one).values()} == {20}


def test_ends_that_are_a_little_off() -> None:
    """Segments of one intro never stop at quite the same second."""
    lasts = dict.fromkeys(SIX, 60.0)
    pairs = itertools.combinations(SIX, 2)
    ragged = [
        match(a, b, [Segment(0, 3 + off / 20, 0.2, 3.1 - off / 30, 0.9)], lasts) for off, (a, b) in enumerate(pairs)
    ]
    (intro,) = shared_content(ragged, lasts)
    assert intro.videos == 6
    for start, stop in places(intro).values():
        assert [start, stop] == pytest.approx([0.1, 3.3], abs=0.5)


def test_weak_matches_say_nothing() -> None:
    videos = {name: film(name) for name in SIX}
    weak = [replace(one, score=MIN_SCORE - 0.01) for one in matches(videos)]
    assert shared_content(weak, durations(videos)) == []


def test_a_touch_is_none() -> None:
    """What fewer than four have in common stays, where it lies in a video beside what many have."""
    videos = {name: film(name) for name in SIX} | {
        name: {"intro": (0, 3), "scene": (2.5, 20), f"own {name}": (30, 60)} for name in "xy"
    }
    (intro,) = hubs(videos)
    assert places(intro) == dict.fromkeys([*SIX, "x", "y"], (0, 3))
    assert reported(videos)["xy"].coverage_a == pytest.approx(17 / 57)


intervals = st.tuples(st.integers(0, 100), st.integers(2, 60)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1]))


@given(st.lists(intervals, max_size=12))
def test_excerpts_of_one_film_are_never_shared_content(drawn: list[tuple[int, int]]) -> None:
    lasts = {f"{number:02}": float(stop - start) for number, (start, stop) in enumerate(drawn)}
    found = []
    for (a, (a_start, a_stop)), (b, (b_start, b_stop)) in itertools.combinations(zip(lasts, drawn, strict=True), 2):
        start, stop = max(a_start, b_start), min(a_stop, b_stop)
        if start < stop:
            found.append(
                match(a, b, [Segment(start - a_start, stop - a_start, start - b_start, stop - b_start, 0.9)], lasts)
            )
    assert shared_content(found, lasts) == []


layouts = st.dictionaries(
    st.sampled_from("pqrs"),
    st.tuples(st.integers(0, 30), st.integers(1, 20)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1])),
    min_size=1,
)


@given(st.lists(layouts, min_size=4, max_size=9), st.randoms(use_true_random=False))
def test_the_order_of_matches_and_which_is_a_make_no_difference(
    drawn: list[dict[str, tuple[float, float]]], rng: random.Random
) -> None:
    videos = {f"{number}": {**layout, f"own {number}": (60, 90)} for number, layout in enumerate(drawn)}
    found, lasts = matches(videos), durations(videos)
    shuffled = [turned(one) if rng.random() < 0.5 else one for one in rng.sample(found, len(found))]
    expected = shared_content(found, lasts)
    assert shared_content(shuffled, dict(reversed(lasts.items()))) == expected
    for one in expected:
        assert one.videos >= 4
        assert list(one.occurrences[1:]) == sorted(one.occurrences[1:], key=lambda o: (o.content, o.start))
        assert all(0 <= place.start < place.stop <= lasts[place.content] + 1e-6 for place in one.occurrences)


# What a match says without it


def test_nothing_but_an_intro_in_common_is_shared_content() -> None:
    videos = {name: film(name) for name in SIX}
    raw = {"".join(sorted(one.a + one.b)): one for one in matches(videos)}
    assert reported(videos) == raw  # the relation was that already, and all else stays


def test_an_advert_at_the_end_of_one_and_the_start_of_another_is_no_overlap() -> None:
    videos: dict[str, Layout] = {name: {"advert": (0, 10), f"own {name}": (10, 60)} for name in "abc"}
    videos["d"] = {"own d": (0, 50), "advert": (50, 60)}
    raw = {one.b: one.relation for one in matches(videos) if one.a == "a"}
    assert raw["d"] is Relation.OVERLAPS
    assert {one.relation for one in reported(videos).values()} == {Relation.SHARED}


def test_two_short_clips_with_the_same_logo_are_no_duplicates() -> None:
    """All but a second of each is the other's, which would do for a duplicate."""
    videos: dict[str, Layout] = {name: {"logo": (0, 1), f"own {name}": (1, 2)} for name in "abcd"}
    assert {one.relation for one in matches(videos)} == {Relation.DUPLICATE}
    assert {one.relation for one in reported(videos).values()} == {Relation.SHARED}


def test_a_clip_outside_of_the_library_is_weighed_as_its_videos_are() -> None:
    videos = {name: film(name) for name in SIX}
    everything = {**videos, "clip": {"intro": (0.0, 3.0), "own a": (3.0, 20.0)}}
    lasts = durations(everything)
    clips = [one for one in matches(everything) if "clip" in (one.a, one.b)]
    shared = with_shown_by("clip", clips, shared_spans(hubs(videos), lasts), lasts["clip"])
    assert list(shared["clip"]) == [(0, 3)]
    found = {(one.a, one.b): one for one in (weighed(one, shared, lasts) for one in clips)}
    assert {pair for pair, one in found.items() if one.relation is not Relation.SHARED} == {("a", "clip")}


def test_a_clip_of_nothing_but_an_intro_is_footage_like_any_other() -> None:
    videos = {name: film(name) for name in SIX}
    everything = {**videos, "clip": {"intro": (0.0, 3.0)}}
    lasts = durations(everything)
    clips = [one for one in matches(everything) if "clip" in (one.a, one.b)]
    shared = with_shown_by("clip", clips, shared_spans(hubs(videos), lasts), lasts["clip"])
    assert {weighed(one, shared, lasts).relation for one in clips} == {Relation.CONTAINS}


def test_a_copy_without_the_intro_is_a_duplicate() -> None:
    videos: dict[str, Layout] = {name: film(name, seconds=10) for name in SIX}
    videos["x"] = {"own a": (0, 7)}
    (raw,) = (one for one in matches(videos) if "x" in (one.a, one.b))
    assert raw.relation is Relation.CONTAINS
    found = reported(videos)["ax"]
    assert found.relation is Relation.DUPLICATE
    assert (found.coverage_a, found.coverage_b) == pytest.approx((1, 1))
    assert found.segments == raw.segments


def test_what_contains_is_a_when_the_intro_does_not_count() -> None:
    """Half of b is intro, the rest lies in x: then x contains b."""
    videos: dict[str, Layout] = {name: {"intro": (0, 10), f"own {name}": (10, 20)} for name in "abcd"}
    videos["x"] = {"own b": (40, 50), "own x": (0, 40), "more": (50, 100)}
    found = reported(videos)["bx"]
    assert (found.a, found.b, found.relation) == ("x", "b", Relation.CONTAINS)
    assert (found.coverage_a, found.coverage_b) == pytest.approx((0.1, 1))
    assert [(s.a_start, s.a_stop, s.b_start, s.b_stop) for s in found.segments] == [(40, 50, 10, 20)]


def test_what_consists_of_shared_content_is_footage_like_any_other() -> None:
    """The advert as a file of its own, twice: two duplicates, which the films that show it contain."""
    videos: dict[str, Layout] = {name: film(name, intro=(0, 3)) for name in SIX}
    videos |= {"x": {"intro": (0, 3)}, "y": {"intro": (0, 3)}}
    (intro,) = hubs(videos)
    assert intro.videos == 6
    found = reported(videos)
    assert found["xy"].relation is Relation.DUPLICATE
    assert all(found[name + "x"].relation is Relation.CONTAINS and found[name + "x"].a == name for name in SIX)
    assert {found[pair].relation for pair in ("ab", "cf", "de")} == {Relation.SHARED}


def mixed(score: float) -> tuple[Match, dict[str, list[tuple[float, float]]], dict[str, float]]:
    """An intro with a score of 0.99 and a scene with this one."""
    lasts = {"a": 60.0, "b": 60.0}
    segments = [Segment(0, 3, 0, 3, 0.99), Segment(20, 30, 40, 50, score)]
    return match("a", "b", segments, lasts), {"a": [(0, 3)], "b": [(0, 3)]}, lasts


def test_the_score_is_that_of_what_else_is_common() -> None:
    one, spans, lasts = mixed(0.6)
    found = weighed(one, spans, lasts)
    assert [found.score, found.coverage_a] == pytest.approx([0.6, 10 / 57])
    assert found.segments == one.segments


@pytest.mark.parametrize(("score", "asked"), [(0.4, MIN_SCORE), (0.4, 0.0), (0.6, 0.9)])
def test_where_the_rest_would_not_be_reported_the_match_is_of_shared_content(score: float, asked: float) -> None:
    one, spans, lasts = mixed(score)
    assert weighed(replace(one, relation=Relation.OVERLAPS), spans, lasts, asked) == one
    assert one.relation is Relation.SHARED


@pytest.mark.parametrize("what", [Relation.IDENTICAL, Relation.REMUX])
def test_what_rests_on_bytes_stays(what: Relation) -> None:
    one, spans, lasts = mixed(0.6)
    assert weighed(replace(one, relation=what), spans, lasts) == replace(one, relation=what)


def test_nothing_changes_without_shared_content() -> None:
    one, _, lasts = mixed(0.6)
    assert weighed(one, {}, lasts) is one
