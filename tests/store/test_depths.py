"""How far a cascade has looked into videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_makers import content, probe

from twinreel.errors import NotFound
from twinreel.store.catalogue import Catalogue

KEY = ("describer@1", "cascade:1")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path / "library.sqlite") as opened:
        for number in range(3):
            opened.videos.add(content(number), 1, probe())
        yield opened


def test_what_is_wanted_is_lacking_until_it_is_filled(catalogue: Catalogue) -> None:
    spans = ((0.5, 10.25), (1 / 3, 2e6))
    catalogue.depths.want(*KEY, {content(0): spans, content(1): ()})
    assert catalogue.depths.wanted(*KEY) == {content(0): spans, content(1): ()}
    assert catalogue.depths.lacking(*KEY) == {content(0): spans}
    catalogue.depths.fill(*KEY, [content(0)])
    assert catalogue.depths.lacking(*KEY) == {}
    more = (*spans, (3e6, 4e6))
    catalogue.depths.want(*KEY, {content(0): more})
    assert catalogue.depths.lacking(*KEY) == {content(0): more}


def test_each_describer_and_sampling_has_its_own(catalogue: Catalogue) -> None:
    catalogue.depths.want(*KEY, {content(0): ((0.0, 1.0),)})
    for other in (("another@1", KEY[1]), (KEY[0], "cascade:2")):
        assert catalogue.depths.wanted(*other) == {}


def test_they_go_with_their_video(catalogue: Catalogue) -> None:
    catalogue.depths.want(*KEY, {content(0): ((0.0, 1.0),)})
    catalogue.videos.prune()
    assert catalogue.depths.wanted(*KEY) == {}


def test_an_unknown_video_is_an_error_and_nothing_is_kept(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound):
        catalogue.depths.want(*KEY, {content(0): (), content(9): ()})
    assert catalogue.depths.wanted(*KEY) == {}
