"""Groups on hand-drawn and random matches; the representative's rule by hand-made probes."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinreel.group.groups import DUPLICATES, groups
from twinreel.group.representative import best_first, bits_per_pixel, container_rank, quality, reason
from twinreel.types import Group, Match, Probe, Relation, State, Video

PROBE = Probe(
    duration=60.0,
    duration_from_header=60.0,
    duration_from_content=None,
    width=1280,
    height=720,
    coded_width=1280,
    coded_height=720,
    rotation=0,
    sample_aspect=1.0,
    codec="h264",
    pixel_format="yuv420p",
    fps_average=25.0,
    fps_real=25.0,
    bit_rate=2_304_000.0,  # 0.1 bits a pixel
    frame_count=1500,
    hdr=False,
    interlaced=False,
    audio_languages=(),
    subtitle_languages=(),
    container="mov,mp4,m4a,3gp,3g2,mj2",
)


def video(content: str, paths: int = 1, **probe: Any) -> Video:
    names = tuple(f"/{content}{number}" for number in range(paths))
    return Video(content, names[0], names, State.PRESENT, 1000, replace(PROBE, **probe))


def match(pair: str, relation: Relation = Relation.DUPLICATE, score: float = 0.9) -> Match:
    return Match(pair[0], pair[1], relation, score, 1.0, 1.0)


def grouped(videos: Iterable[Video], matches: Iterable[Match], min_score: float = 0.5) -> list[tuple[str, ...]]:
    return [group.members for group in groups({v.content: v for v in videos}, matches, min_score)]


# Who is grouped


def test_duplicates_make_a_group_whose_best_stands_for_it() -> None:
    a, b, c = video("a"), video("b", height=1080, width=1920), video("c", height=360, width=640)
    (group,) = groups({v.content: v for v in (a, b, c, video("d"))}, [match("ab"), match("bc"), match("ac")], 0.5)
    assert group == Group("b", "highest resolution (1920x1080, next 1280x720)", ("b", "a", "c"))


def test_a_chain_is_not_a_group() -> None:
    """a is like b and b like c, but a and c have nothing to do with one another."""
    a, b, c = video("a", width=1920), video("b"), video("c")
    assert grouped([a, b, c], [match("ab"), match("bc")]) == [("a", "b")]
    # if the one in the middle is the best, both match what stands for them
    b = video("b", width=3840)
    assert grouped([a, b, c], [match("ab"), match("bc")]) == [("b", "a", "c")]


def test_a_long_chain_falls_into_groups_of_neighbours() -> None:
    videos = [video(name, width=2000 - 2 * place) for place, name in enumerate("abcdef")]
    matches = [match(pair) for pair in ("ab", "bc", "cd", "de", "ef")]
    assert grouped(videos, matches) == [("a", "b"), ("c", "d"), ("e", "f")]


@pytest.mark.parametrize("relation", list(Relation))
def test_only_what_is_interchangeable_is_grouped(relation: Relation) -> None:
    found = grouped([video("a"), video("b")], [match("ab", relation)])
    assert found == ([("a", "b")] if relation in DUPLICATES else [])
    assert {Relation.IDENTICAL, Relation.REMUX, Relation.DUPLICATE} == DUPLICATES


def test_the_least_score() -> None:
    videos = [video("a"), video("b"), video("c")]
    matches = [match("ab", score=0.5), match("ac", score=0.499)]
    assert grouped(videos, matches, 0.5) == [("a", "b")]
    assert grouped(videos, matches, 0.0) == [("a", "b", "c")]
    assert grouped(videos, matches, 0.51) == []


def test_identical_files_are_a_group_of_one_content() -> None:
    (group,) = groups({"a": video("a", paths=3), "b": video("b")}, [], 0.5)
    assert group == Group("a", "identical files", ("a",))
    # with a duplicate beside them they are one group
    (group,) = groups({"a": video("a", paths=3), "b": video("b")}, [match("ab")], 0.5)
    assert group.members == ("a", "b")


def test_matches_with_the_unknown_and_with_itself_count_for_nothing() -> None:
    assert grouped([video("a"), video("b")], [match("ax"), match("xb"), match("aa")]) == []
    assert grouped([], [match("ab")]) == []


def test_better_groups_come_first() -> None:
    videos = [video("a"), video("b"), video("x", width=1920), video("y", width=1920), video("m", 2, width=1600)]
    assert grouped(videos, [match("ab"), match("xy")]) == [("x", "y"), ("m",), ("a", "b")]


names = "abcdefgh"
edges = st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda e: e[0] < e[1]))


@given(edges, st.lists(st.sampled_from([640, 1280, 1920]), min_size=8, max_size=8), st.randoms(use_true_random=False))
def test_groups_of_any_matches(drawn: set[tuple[str, str]], widths: list[int], rng: random.Random) -> None:
    videos = [video(name, width=width) for name, width in zip(names, widths, strict=True)]
    matches = [match(a + b) if rng.random() < 0.5 else match(b + a) for a, b in drawn]
    found = groups({v.content: v for v in videos}, matches, 0.5)
    alike = drawn | {(b, a) for a, b in drawn}

    # every member matches the representative, which is the best of them
    for group in found:
        assert group.members[0] == group.representative and len(group.members) >= 2
        assert all((group.representative, member) in alike for member in group.members[1:])
        ranked = best_first([v for v in videos if v.content in group.members])
        assert tuple(v.content for v in ranked) == group.members
    # nobody is in two groups, and nobody is left out who matches a representative or another left out
    members = [member for group in found for member in group.members]
    assert len(members) == len(set(members))
    left_out = set(names) - set(members)
    assert not any((a, b) in alike for a in left_out for b in left_out | {group.representative for group in found})
    # the order of what comes in does not matter
    rng.shuffle(videos)
    rng.shuffle(matches)
    assert groups({v.content: v for v in videos}, matches, 0.5) == found


# Who stands for a group


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        ({"width": 1920, "height": 1080}, {}, "highest resolution (1920x1080, next 1280x720)"),
        ({"bit_rate": 4_608_000.0}, {}, "most bits per pixel (0.200, next 0.100)"),
        ({"duration": 61.0}, {}, "longest (61.0 s, next 60.0 s)"),
        ({}, {"container": "avi"}, "preferred container (mov,mp4,m4a,3gp,3g2,mj2, next avi)"),
        # each criterion goes before those after it
        ({"width": 1282}, {"bit_rate": 9e9}, "highest resolution (1282x720, next 1280x720)"),
        ({"bit_rate": 2_500_000.0}, {"duration": 600.0}, "most bits per pixel (0.109, next 0.100)"),
        ({"duration": 60.2, "container": "avi"}, {}, "longest (60.2 s, next 60.0 s)"),
        # what is unknown is not better
        ({}, {"bit_rate": None}, "most bits per pixel (0.100, next 0.000)"),
        # a difference in the noise is none
        ({}, {"duration": 60.04}, "equal to the next in all criteria; first by content id"),
        ({}, {"bit_rate": 2_304_001.0}, "equal to the next in all criteria; first by content id"),
        ({}, {}, "equal to the next in all criteria; first by content id"),
    ],
)
def test_the_rule_and_its_words(better: dict[str, Any], worse: dict[str, Any], why: str) -> None:
    # the content ids speak for the better one only where nothing else does
    names = ("a", "b") if why.startswith("equal") else ("b", "a")
    best, other = video(names[0], **better), video(names[1], **worse)
    assert [v.content for v in best_first([other, best])] == list(names)
    assert reason(best, [other]) == why
    assert (quality(best) == quality(other)) == why.startswith("equal")


def test_the_reason_looks_at_the_next_best() -> None:
    best, next_best, last = video("a", duration=70.0), video("b"), video("c", width=640)
    assert reason(best, [last, next_best]) == "longest (70.0 s, next 60.0 s)"
    assert reason(best, []) == "the only one"


def test_bits_per_pixel() -> None:
    assert bits_per_pixel(PROBE) == pytest.approx(0.1)
    assert bits_per_pixel(replace(PROBE, fps_average=None, fps_real=50.0)) == pytest.approx(0.05)
    unknowns: list[dict[str, Any]] = [{"bit_rate": None}, {"fps_average": None, "fps_real": None}, {"width": 0}]
    for unknown in unknowns:
        assert bits_per_pixel(replace(PROBE, **unknown)) == 0.0


def test_containers_rank_by_their_names_in_ffmpeg() -> None:
    ranked = ["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mpegts", "avi", "flv", "gif", "asf"]
    ranks = [container_rank(replace(PROBE, container=name)) for name in ranked]
    assert ranks == sorted(ranks, reverse=True) and len(set(ranks)) == len(ranks)
    assert ranks[-1] == 0
