"""What a cascade decides, from numbers alone."""

from __future__ import annotations

import numpy as np
import pytest

from twinreel.match.calibration import in_crowd
from twinreel.match.cascade import SHORT, merged, stretches, union, widened
from twinreel.types import LAYOUT, Fingerprint, Match, Relation, Segment, Span


@pytest.mark.parametrize(
    ("before", "stretch", "duration", "after"),
    [
        ((), (100.0, 130.0), 1000.0, ((90.0, 140.0),)),
        ((), (4.0, 130.0), 135.0, ((0.0, 135.0),)),
        ((), (10.0, 20.0), SHORT, ((0.0, SHORT),)),
        (((90.0, 140.0),), (98.0, 133.0), 1000.0, ((90.0, 140.0),)),  # known on both sides
        (((90.0, 140.0),), (98.0, 139.5), 1000.0, ((88.0, 149.5),)),  # may go on
        (((0.0, 40.0),), (0.0, 20.0), 1000.0, ((0.0, 40.0),)),
        (((90.0, 140.0),), (400.0, 410.0), 1000.0, ((90.0, 140.0), (390.0, 420.0))),
    ],
)
def test_what_is_looked_into_grows_only_where_a_stretch_may_go_on(
    before: tuple[Span, ...], stretch: Span, duration: float, after: tuple[Span, ...]
) -> None:
    assert widened(before, [stretch], duration, 1.0) == after


def test_as_faint_a_likeness_is_looked_into_in_a_crowd() -> None:
    scores = (0.6, 0.03, 0.019)
    for crowd in (1.0, 40.0):
        segment = Segment(0.0, 10.0, 5.0, 15.0, 1.0, mirrored=False)
        matches = [
            Match("a", str(number), Relation.OVERLAPS, in_crowd(score, crowd), 0.5, 0.5, (segment,))
            for number, score in enumerate(scores)
        ]
        found = list(stretches(matches, lambda _: True, crowd))
        assert [(one.content, one.span) for one in found] == [
            ("a", (0.0, 10.0)),
            ("0", (5.0, 15.0)),
            ("a", (0.0, 10.0)),
            ("1", (5.0, 15.0)),
        ]
        assert [one.score for one in found] == pytest.approx([0.6, 0.6, 0.03, 0.03])
        known = len(list(stretches(matches, lambda _: False, crowd)))
        assert known == (2 if crowd == 1 else 0)  # of pairs that are known those that are reported


def test_spans_close_together_are_one() -> None:
    assert union([(50.0, 60.0), (0.0, 10.0), (15.0, 20.0), (12.0, 14.0)]) == ((0.0, 20.0), (50.0, 60.0))
    assert union([]) == ()


def fingerprint(times: list[float], parts: list[int], value: float) -> Fingerprint:
    n = len(times)
    return Fingerprint(
        np.array(times),
        np.full((n, 4), value, np.float32),
        np.full(n, value, np.float32),
        np.full((n, LAYOUT), value, np.float32),
        "phash@1",
        "cascade:1",
        np.array(parts, np.uint8),
    )


def test_frames_within_spans_are_exchanged_part_by_part() -> None:
    old = fingerprint([0, 5, 10, 15, 0, 10], [0, 0, 0, 0, 255, 255], 1.0)
    new = fingerprint([4, 5, 6, 11, 5], [0, 0, 0, 0, 255], 2.0)
    both = merged(old, new, ((4.0, 11.0),))
    assert both.parts.tolist() == [0, 0, 0, 0, 0, 0, 255, 255]
    assert both.times.tolist() == [0, 4, 5, 6, 11, 15, 0, 5]
    assert both.weights.tolist() == [1, 2, 2, 2, 2, 1, 1, 2]
    assert both.vectors[:, 0].tolist() == both.weights.tolist() == both.layout[:, 0].tolist()
