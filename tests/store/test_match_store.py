from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_makers import REFERENCE, add_video, content, probe

from twinreel.errors import NotFound
from twinreel.store.catalogue import Catalogue
from twinreel.store.matches import Basis
from twinreel.types import Match, Reference, Relation, Segment

BASIS = Basis(REFERENCE.id, "settings 1")
shares = st.floats(0, 1)
seconds = st.floats(0, 1e6)
segments = st.builds(Segment, seconds, seconds, seconds, seconds, shares, st.booleans())
matches = st.builds(
    Match,
    a=st.just(content(1)),
    b=st.just(content(2)),
    relation=st.sampled_from(Relation),
    score=shares,
    coverage_a=shares,
    coverage_b=shares,
    segments=st.lists(segments, max_size=5).map(tuple),
)


def opened(path: Path) -> Catalogue:
    catalogue = Catalogue.open(path)
    catalogue.references.put(REFERENCE, "net@1")
    for number in (3, 1, 4, 2):
        catalogue.videos.add(content(number), number, probe())
    return catalogue


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    with opened(tmp_path_factory.mktemp("library") / "library.sqlite") as catalogue:
        yield catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with opened(tmp_path / "library.sqlite") as catalogue:
        yield catalogue


def match(a: int, b: int, score: float = 0.5, relation: Relation = Relation.DUPLICATE) -> Match:
    segment = Segment(0.0, 10.0, 5.0, 15.5, score, mirrored=True)
    return Match(content(a), content(b), relation, score, 0.25, 0.75, (segment, replace(segment, a_start=1.0)))


@settings(deadline=None)  # a busy machine is no failure
@given(matches)
def test_round_trip(shared: Catalogue, put: Match) -> None:
    shared.matches.put(BASIS, [put])
    assert list(shared.matches.all(BASIS)) == [put]


def test_a_pair_is_there_once_in_its_last_orientation(catalogue: Catalogue) -> None:
    catalogue.matches.put(BASIS, [match(1, 2)])
    container = match(2, 1, 0.9, Relation.CONTAINS)
    catalogue.matches.put(BASIS, [container])
    assert list(catalogue.matches.all(BASIS)) == [container]
    assert catalogue.integrity_check() == []


def test_they_come_in_order_and_can_be_chosen(catalogue: Catalogue) -> None:
    # Put in another order than that of the contents, and numbered by neither.
    all_four = [match(1, 2, 0.9), match(1, 3, 0.2), match(2, 4, 0.7), match(4, 3, 0.4, Relation.CONTAINS)]
    catalogue.matches.put(BASIS, [all_four[3], all_four[1]])
    catalogue.matches.put(BASIS, [all_four[2], all_four[0]])
    assert list(catalogue.matches.all(BASIS)) == all_four
    assert list(catalogue.matches.all(BASIS, min_score=0.4)) == [all_four[0], all_four[2], all_four[3]]
    assert list(catalogue.matches.all(BASIS, video=content(3))) == [all_four[1], all_four[3]]
    assert list(catalogue.matches.all(BASIS, video=content(4), min_score=0.5)) == [all_four[2]]
    with pytest.raises(NotFound):
        list(catalogue.matches.all(BASIS, video=content(9)))


def test_a_killed_search_knows_what_is_left(catalogue: Catalogue) -> None:
    assert catalogue.matches.searched(BASIS) == {}
    catalogue.matches.put(BASIS, [match(1, 2)], searched={content(1): 0})
    catalogue.matches.put(BASIS, [], searched={content(3): 12})
    assert catalogue.matches.searched(BASIS) == {content(1): 0, content(3): 12}
    assert catalogue.matches.searched(Basis(REFERENCE.id, "settings 2")) == {}


def test_matches_and_marks_are_written_together_or_not_at_all(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound, match=content(9)):
        catalogue.matches.put(BASIS, [match(1, 2), match(1, 9)], searched={content(1): 0})
    with pytest.raises(ValueError, match="twice"):
        catalogue.matches.put(BASIS, [match(1, 2), match(3, 3)], searched={content(1): 0})
    assert list(catalogue.matches.all(BASIS)) == []
    assert catalogue.matches.searched(BASIS) == {}


def test_a_reference_must_be_there_first(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound, match="reference"):
        catalogue.matches.put(Basis("unknown", "settings"), [match(1, 2)])


def test_two_bases_are_never_mixed_and_change_over_at_once(catalogue: Catalogue) -> None:
    new = Basis("reference-2", "settings 1")
    catalogue.references.put(Reference("reference-2", np.eye(8, dtype=np.float32)), "net@1")
    catalogue.matches.put(BASIS, [match(1, 2), match(1, 3)], searched={content(1): 0})
    assert catalogue.matches.current() is None
    catalogue.matches.publish(BASIS)
    assert catalogue.references.get("reference-2") is None, "no basis needs it"
    catalogue.references.put(Reference("reference-2", np.eye(8, dtype=np.float32)), "net@1")
    rescored = match(1, 2, 0.8)
    catalogue.matches.put(new, [rescored], searched={content(1): 0, content(2): 0})
    assert catalogue.matches.current() == BASIS
    assert list(catalogue.matches.all(BASIS)) == [match(1, 2), match(1, 3)]
    catalogue.matches.publish(new)
    assert catalogue.matches.current() == new
    assert list(catalogue.matches.all(BASIS)) == []
    assert catalogue.matches.searched(BASIS) == {}
    assert list(catalogue.matches.all(new)) == [rescored]
    assert catalogue.references.ids("net@1") == ["reference-2"]


def test_a_snapshot_reads_one_moment(catalogue: Catalogue) -> None:
    catalogue.matches.put(BASIS, [match(1, 2)])
    with Catalogue.open(catalogue.path) as reader, reader.snapshot():
        assert list(reader.matches.all(BASIS)) == [match(1, 2)]
        catalogue.matches.remove_touching([content(1)])
        assert list(reader.matches.all(BASIS)) == [match(1, 2)]
    assert list(catalogue.matches.all(BASIS)) == []


def test_matches_of_a_video_can_be_removed(catalogue: Catalogue) -> None:
    found = [match(1, 2), match(3, 1), match(2, 3)]
    catalogue.matches.put(BASIS, found, searched={content(1): 0, content(2): 0})
    assert catalogue.matches.remove_touching([content(1)]) == 2
    assert list(catalogue.matches.all(BASIS)) == [match(2, 3)]
    assert catalogue.matches.searched(BASIS) == {content(2): 0}


def test_matches_go_with_their_videos(catalogue: Catalogue) -> None:
    add_video(catalogue, 1, "a.mp4")
    add_video(catalogue, 2, "b.mp4")
    catalogue.matches.put(BASIS, [match(1, 2), match(2, 3), match(3, 4)], searched={content(3): 0})
    assert catalogue.videos.prune() == 2
    assert list(catalogue.matches.all(BASIS)) == [match(1, 2)]
    assert catalogue.matches.searched(BASIS) == {}
    assert catalogue.integrity_check() == []
