"""Pictures within a picture, seen by the match room."""

import numpy as np
from planted import video, with_inset

from twinreel.match.prepared import best_similarity, similarity


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
