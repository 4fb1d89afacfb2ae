"""Candidates of planted libraries: who is proposed, by how many votes, at which offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import APART, DIMENSIONS, Part, turn, video

from twinreel.index.exact import ExactIndex
from twinreel.match.candidates import ENOUGH, FEWEST, FLOOR, NEIGHBOURS, PER_VIDEO, Haystack, least_votes
from twinreel.match.prepared import Prepared, similarity

FOOTAGE = 1e7
CLIP = APART + 50
"""Second 50 of the footage of video 1."""


def haystack(videos: Mapping[int, Prepared], order: Sequence[int] | None = None) -> Haystack:
    made = Haystack(ExactIndex(DIMENSIONS))
    for number in order or list(videos):
        made.add(number, videos[number])
    return made


def unrelated(count: int, first: int = 10) -> dict[int, Prepared]:
    return {number: video(str(number), 40, own=number) for number in range(first, first + count)}


def still(content: str, seconds: int, footage: float = FOOTAGE, own: int = 2) -> Prepared:
    """The same frame all the time, but for the noise."""
    return video(content, seconds, [Part(0, seconds, footage, speed=1e-9)], own=own)


def test_a_copy_is_proposed_first_at_its_offset() -> None:
    library = haystack({1: video("film", 120), **unrelated(20)})
    clip = video("clip", 20, [Part(0, 20, CLIP)], own=2, first=0.3)
    best, *others = library.find(clip)
    assert best.number == 1 and not best.mirrored
    assert best.offset == pytest.approx(50, abs=0.6)
    # about one vote a frame, of nearly 1 each
    assert 10 < best.votes <= 20
    assert all(other.votes < best.votes / 3 for other in others)
    # and the other way round
    (found,) = haystack({2: clip}).find(video("film", 120))
    assert found.number == 2 and found.offset == pytest.approx(-50, abs=0.6)


def test_both_of_two_places_vote_for_themselves() -> None:
    twice = video("twice", 200, [Part(20, 30, CLIP), Part(150, 165, CLIP)], own=3)
    (found,) = haystack({3: twice}).find(video("clip", 20, [Part(0, 20, CLIP)], own=2))
    assert found.offset == pytest.approx(150, abs=0.6)  # where more of it is
    assert 14 < found.votes < 18  # beside those 15 frames only the ones next to them look like anything


@pytest.mark.parametrize("speed", [0.5, 0.8, 1.25, 2.0])
def test_a_copy_at_another_speed_is_proposed(speed: float) -> None:
    copy = video("copy", 60, [Part(0, 60, CLIP, speed)], own=2)
    found = haystack({1: video("film", 200), **unrelated(10)}).find(copy)
    assert found[0].number == 1
    assert found[0].votes > 5


@settings(max_examples=10)
@given(st.permutations(range(8)))
def test_votes_do_not_depend_on_the_order_of_adding(order: list[int]) -> None:
    videos = {number: video(str(number), 30, [Part(5, 5 + 3 * number, CLIP)], own=20 + number) for number in range(8)}
    query = video("query", 25, [Part(0, 25, CLIP)], own=2)
    assert haystack(videos, order).find(query) == haystack(videos).find(query)


def test_a_frame_has_one_vote_in_a_cell() -> None:
    """However many frames of a still video answer it."""
    one = video("one", 1, [Part(0, 1, FOOTAGE)], own=5, noise=0.0)
    crowd = still("still", 50)
    (found,) = haystack({7: crowd}).find(one)
    assert found.votes == pytest.approx(similarity(one, crowd).max(), abs=1e-5)
    assert found.votes <= 1
    # ten still frames have ten at most
    (found,) = haystack({7: crowd}).find(still("ten", 10, own=6))
    assert 2 < found.votes <= 10


def test_the_video_itself_is_left_out() -> None:
    film = video("film", 60)
    library = haystack({1: film, 2: video("copy", 60, [Part(0, 60, APART)], own=2)})
    assert [found.number for found in library.find(film, exclude=1)] == [2]
    assert library.find(film)[0].number == 1
    assert haystack({1: film}).find(film, exclude=1) == []


def test_a_still_video_does_not_crowd_out_the_others() -> None:
    """Its 500 frames are all nearer than any other, and there are places for a few dozen neighbours."""
    copies = {number: still(str(number), 20, own=number) for number in range(10, 20)}
    query = still("query", 20)
    found = haystack({1: still("long", 500), **copies, **unrelated(5, 30)}).find(query)
    assert NEIGHBOURS < 500 and 11 * PER_VIDEO <= NEIGHBOURS
    assert {one.number for one in found[:11]} == {1, *copies}
    assert all(one.votes > 10 for one in found[:11])


def test_more_neighbours_find_more_copies() -> None:
    copies = {number: video(str(number), 5, [Part(0, 5, CLIP)], own=number) for number in range(10, 30)}
    library, query = haystack(copies), video("query", 5, [Part(0, 5, CLIP)], own=2)
    assert {one.number for one in library.find(query)} <= set(copies)
    assert {one.number for one in library.find(query, neighbours=60)} == set(copies)
    assert len(library.find(query, neighbours=6)) < 20


def test_mirrored_votes_are_said_to_be() -> None:
    film = video("film", 60, turned=True)
    mirrored = video("mirrored", 60, [Part(0, 60, APART, mirrored=True)], own=2, turned=True)
    library = haystack({1: film, **unrelated(10)})
    assert all(one.votes < 5 for one in library.find(mirrored))
    best = library.find(mirrored, mirrored.vectors[:, turn()])[0]
    assert (best.number, best.mirrored) == (1, True)
    assert best.offset == pytest.approx(0, abs=0.5) and best.votes > 30
    # the better of both ways is taken
    straight = video("straight", 60, [Part(0, 60, APART)], own=3)
    best = library.find(straight, straight.vectors[:, turn()])[0]
    assert (best.number, best.mirrored) == (1, False)


def test_frames_that_say_nothing_neither_vote_nor_are_found() -> None:
    film, copy = video("film", 40), video("copy", 40, [Part(0, 40, APART)], own=2)
    dark = np.ones(40, np.float32)
    dark[:30] = 0
    library = haystack({1: replace(film, weights=dark)})
    (found,) = library.find(copy)
    assert 8 < found.votes < 13  # the ten, and a little of the frames next to them
    assert found.offset == pytest.approx(0, abs=0.5)
    (found,) = haystack({1: film}).find(replace(copy, weights=dark))
    assert 8 < found.votes <= 10
    half, whole = replace(copy, weights=np.full(40, 0.25, np.float32)), haystack({1: film})
    assert whole.find(half)[0].votes == pytest.approx(whole.find(copy)[0].votes / 2, rel=0.05)
    nothing = replace(film, weights=np.zeros(40, np.float32))
    assert haystack({1: nothing}).find(copy) == [] and len(haystack({1: nothing})) == 1
    assert whole.find(nothing) == []


def test_best_first_and_no_more_than_asked_for() -> None:
    videos = {number: video(str(number), 40, [Part(0, 4 * number, CLIP)], own=20 + number) for number in range(1, 9)}
    found = haystack(videos).find(video("query", 35, [Part(0, 35, CLIP)], own=2), neighbours=100)
    assert [one.number for one in found] == list(range(8, 0, -1))
    assert [one.votes for one in found] == sorted((one.votes for one in found), reverse=True)
    limited = haystack(videos).find(video("query", 35, [Part(0, 35, CLIP)], own=2), neighbours=100, limit=3)
    assert limited == found[:3]


def test_equal_votes_stand_in_order_of_number() -> None:
    same = video("same", 20, [Part(0, 20, CLIP)], own=2)
    found = haystack({5: same, 3: same, 9: same}).find(video("query", 20, [Part(0, 20, CLIP)], own=4))
    assert [one.number for one in found] == [3, 5, 9]


def test_a_few_faint_votes_make_no_candidate() -> None:
    query = video("query", 40)
    found = haystack(unrelated(30)).find(query)
    assert all(one.votes >= least_votes(query) == ENOUGH for one in found)
    far = video("far", 1, [Part(0, 1, CLIP + 3)], own=3)  # a second and a half of its pace away: 0.3 alike
    query = video("query", 20, [Part(0, 1, CLIP)], own=2)
    assert FLOOR < similarity(query, far).max() < ENOUGH
    assert haystack({1: far}).find(query) == []


def test_of_few_frames_fewer_votes_are_asked_for() -> None:
    still, long = video("still", 1, own=2), video("long", 60, own=3)
    assert least_votes(still) == FEWEST < least_votes(video("some", 5)) < least_votes(long) == ENOUGH


def test_an_empty_library_and_one_that_grows() -> None:
    library = haystack({})
    query = video("query", 20, [Part(0, 20, CLIP)], own=2)
    assert len(library) == 0 and library.find(query) == []
    library.add(1, video("film", 120))
    first = library.find(query)
    assert [one.number for one in first] == [1]
    library.add(2, video("other film", 120, [Part(0, 120, APART)], own=3))
    assert [one.number for one in library.find(query)] == [1, 2] or [one.number for one in library.find(query)] == [
        2,
        1,
    ]
    with pytest.raises(ValueError, match="already"):
        library.add(2, query)
    assert len(library) == 2
