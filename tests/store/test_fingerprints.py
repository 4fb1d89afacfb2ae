from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from store_makers import REFERENCE, content, fingerprint, probe

from twinreel.errors import NotFound
from twinreel.store.catalogue import Catalogue
from twinreel.types import Fingerprint


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path_factory.mktemp("library") / "library.sqlite") as opened:
        opened.videos.add(content(0), 1, probe())
        yield opened


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path / "library.sqlite") as opened:
        for number in (3, 1, 2):
            opened.videos.add(content(number), number, probe())
        yield opened


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    frames, dims = draw(st.integers(0, 20)), draw(st.integers(1, 40))
    times = draw(arrays(np.float64, frames, elements=st.floats(0, 1e6)))
    weights = draw(arrays(np.float32, frames, elements=st.floats(0, 1, width=32)))
    made = fingerprint(draw(st.integers(0, 99)), frames, dims)
    return replace(made, times=np.sort(times), weights=weights)


@settings(deadline=None)  # a busy machine is no failure
@given(fingerprints())
def test_round_trip(catalogue: Catalogue, given_: Fingerprint) -> None:
    catalogue.fingerprints.put(content(0), given_)
    found = catalogue.fingerprints.get(content(0), given_.describer, given_.sampling)
    assert found is not None
    assert np.array_equal(found.times, given_.times)
    assert [str(array.dtype) for array in (found.vectors, found.weights, found.times)] == [
        "float32",
        "float32",
        "float64",
    ]
    assert found.vectors.shape == given_.vectors.shape
    # float16 keeps 11 bits: half a unit in the last place is 2**-12 just below 1, and its smallest step is 2**-24.
    assert np.abs(found.weights - given_.weights).max(initial=0) <= 2**-12
    assert ((found.weights == 1) >= (given_.weights == 1)).all()
    assert (found.weights[given_.weights == 0] == 0).all()
    # cos(angle) with the angle at most asin(sqrt(d) * max|v| / 254), max|v| <= 1
    worst = np.sqrt(1 - given_.vectors.shape[1] / 254**2)
    assert ((found.vectors * given_.vectors).sum(axis=1) >= worst - 1e-5).all()
    catalogue.fingerprints.put(content(0), found)
    again = catalogue.fingerprints.get(content(0), given_.describer, given_.sampling)
    assert again is not None and np.array_equal(again.vectors, found.vectors)
    assert np.array_equal(again.weights, found.weights)


def test_they_are_told_apart_by_describer_and_sampling(fresh: Catalogue) -> None:
    first, second = fingerprint(1), fingerprint(2, describer="net@2")
    third = replace(fingerprint(3), sampling="dense:1")
    for one in (first, second, third):
        fresh.fingerprints.put(content(1), one)
    for one in (first, second, third):
        found = fresh.fingerprints.get(content(1), one.describer, one.sampling)
        assert found is not None and np.array_equal(found.times, one.times)
    assert fresh.fingerprints.get(content(1), "net@3", "auto:1") is None


def test_all_come_in_order_of_content_and_the_missing_are_listed(fresh: Catalogue) -> None:
    assert fresh.fingerprints.missing("net@1", "auto:1") == [content(1), content(2), content(3)]
    for number in (3, 1):
        fresh.fingerprints.put(content(number), fingerprint(number))
    seen = []
    for name, found in fresh.fingerprints.all("net@1", "auto:1"):
        fresh.meta.set("written while reading", name)
        seen.append((name, found.times.tolist()))
    assert seen == [(content(n), fingerprint(n).times.tolist()) for n in (1, 3)]
    assert fresh.fingerprints.missing("net@1", "auto:1") == [content(2)]
    assert fresh.fingerprints.missing("net@2", "auto:1") == [content(1), content(2), content(3)]


def test_a_remux_takes_over_fingerprints_but_keeps_its_own(fresh: Catalogue) -> None:
    mine, theirs = fingerprint(1), fingerprint(2)
    other = fingerprint(3, describer="pdq@1")
    fresh.fingerprints.put(content(1), theirs)
    fresh.fingerprints.put(content(1), other)
    fresh.fingerprints.put(content(2), mine)
    assert fresh.fingerprints.copy(content(1), content(2)) == 1
    kept = fresh.fingerprints.get(content(2), "net@1", "auto:1")
    taken = fresh.fingerprints.get(content(2), "pdq@1", "auto:1")
    assert kept is not None and np.array_equal(kept.times, mine.times)
    assert taken is not None and np.array_equal(taken.times, other.times)


def test_an_unknown_video_is_not_found(fresh: Catalogue) -> None:
    with pytest.raises(NotFound, match=content(9)):
        fresh.fingerprints.put(content(9), fingerprint(9))
    with pytest.raises(NotFound, match=content(9)):
        fresh.fingerprints.copy(content(1), content(9))
    assert fresh.fingerprints.get(content(9), "net@1", "auto:1") is None


def test_vectors_that_are_not_finite_leave_nothing_behind(fresh: Catalogue) -> None:
    broken = fingerprint(1)
    broken.vectors[2, 3] = np.nan
    with pytest.raises(ValueError, match="finite"), fresh.transaction():
        fresh.videos.add(content(7), 7, probe())
        fresh.fingerprints.put(content(7), broken)
    assert fresh.videos.get(content(7)) is None


def test_references_come_back_to_the_last_bit(fresh: Catalogue) -> None:
    background = np.random.default_rng(5).standard_normal((10, 16)).astype(np.float32)
    reference = replace(REFERENCE, id="fitted", background=background, crowd=23.4375)
    fresh.references.put(REFERENCE, "net@1")
    fresh.references.put(reference, "net@1")
    fresh.references.put(reference, "net@1")
    empty = replace(REFERENCE, id="empty", background=np.zeros((0, 64), np.float32))
    fresh.references.put(empty, "phash@1")
    assert fresh.references.ids("net@1") == ["fitted", REFERENCE.id]
    found, none = fresh.references.get("fitted"), fresh.references.get("empty")
    assert found is not None and np.array_equal(found.background, background) and found.crowd == 23.4375
    assert none is not None and none.background.shape == (0, 64)
    assert fresh.references.get("unknown") is None
