"""Pictures within a picture, seen by the match room."""

import math

import numpy as np
import pytest
from planted import video, with_inset

from twinreel.match.pair import match_pair
from twinreel.match.prepared import best_similarity, similarity
from twinreel.types import MIDDLE


def test_each_part_has_its_own_rows() -> None:
    host, inset = video("a", 10), video("a", 10, own=2, first=4)
    whole, part = with_inset(host, inset).split()
    np.testing.assert_array_equal(whole.vectors, host.vectors)
    np.testing.assert_array_equal(part.vectors, inset.vectors)
    assert part.times.tolist() == inset.times.tolist() and part.duration == host.duration


def test_a_video_without_parts_is_its_own() -> None:
    plain = video("a", 10)
    assert plain.split() == [plain]


def test_the_overall_map_takes_the_most_alike_part_at_each_time() -> None:
    host, inset, other = video("a", 10), video("a", 10, own=2, first=4), video("b", 12, own=2)
    best = best_similarity(with_inset(host, inset), other)
    expected = similarity(host, other)
    expected[4:] = np.maximum(expected[4:], similarity(inset, other))
    np.testing.assert_allclose(best, expected, atol=1e-6)


def test_a_segment_ends_where_the_inner_picture_does() -> None:
    other, inset = video("b", 20, own=2), video("a", 13, own=2, first=6)
    for first, second in ((with_inset(video("a", 20), inset), other), (other, with_inset(video("a", 20), inset))):
        match = match_pair(first, second)
        assert match is not None
        (segment,) = match.segments
        assert (segment.a_start, segment.a_stop) == pytest.approx((6, 13), abs=0.6)
        assert (segment.b_start, segment.b_stop) == pytest.approx((6, 13), abs=0.6)


def test_a_middle_is_there_to_the_end_of_the_video() -> None:
    host = video("a", 20)
    whole, inset = with_inset(host, video("a", 13, own=2, first=6)).split()
    _, middle = with_inset(host, video("a", 20, own=2, step=3.0), part=MIDDLE).split()
    assert (whole.begin, whole.end) == (middle.begin, middle.end) == (0.0, math.inf)
    assert (inset.begin, inset.end) == (5.5, 12.5)
