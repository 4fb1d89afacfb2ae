"""Matching of a library whose fingerprints are made up, so that it can hold hundreds of videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from twinreel.describe.registry import load_describer
from twinreel.engine.matching import Limits, basis_of, match_library
from twinreel.engine.pool import WorkerPool
from twinreel.engine.progress import Step
from twinreel.engine.space import fingerprinted, library_reference
from twinreel.engine.state import Recipe
from twinreel.match import reference as references
from twinreel.match.pair import MIN_SCORE
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.types import LAYOUT, Fingerprint, Float32, Match, Probe

RECIPE = Recipe(load_describer("phash"), Sampling())
DIMENSIONS = RECIPE.describer.dimensions


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, 1 << 30, 60.0, 1 << 20) as workers:
        yield workers


def probe(duration: float) -> Probe:
    size = {"width": 64, "height": 48, "coded_width": 64, "coded_height": 48}
    return Probe(
        duration=duration,
        duration_from_header=duration,
        duration_from_content=None,
        rotation=0,
        sample_aspect=1.0,
        codec="h264",
        pixel_format="yuv420p",
        fps_average=25.0,
        fps_real=25.0,
        bit_rate=None,
        frame_count=None,
        hdr=False,
        interlaced=False,
        audio_languages=(),
        subtitle_languages=(),
        container="mp4",
        **size,
    )


def frames(rng: np.random.Generator, n: int) -> Float32:
    """(n, d) binary vectors, as pHash makes them."""
    vectors: Float32 = (rng.choice([-1.0, 1.0], (n, DIMENSIONS)) / np.sqrt(DIMENSIONS)).astype(np.float32)
    return vectors


def add(catalogue: Catalogue, content: str, vectors: Float32) -> None:
    n = len(vectors)
    describer, sampling = RECIPE.key
    times, weights = np.arange(n, dtype=np.float64), np.ones(n, np.float32)
    signature = np.zeros((n, LAYOUT), np.float32)
    catalogue.videos.add(content, 1, probe(float(n)))
    catalogue.fingerprints.put(
        content, Fingerprint(times, vectors, weights, signature, describer, sampling, np.zeros(len(times), np.uint8))
    )


def found(catalogue: Catalogue) -> list[Match]:
    basis = catalogue.matches.current()
    assert basis is not None
    return list(catalogue.matches.all(basis))


def mixed(catalogue: Catalogue, videos: int) -> None:
    """Videos of twelve frames that share runs of six with some others, more or less distorted."""
    rng = np.random.default_rng(1)
    scenes = frames(rng, 6 * videos // 2).reshape(-1, 6, DIMENSIONS)
    for number in range(videos):
        parts = [scenes[k] for k in rng.integers(0, len(scenes), 2)]
        vectors = np.concatenate(parts) * rng.choice([1.0, -1.0], (12, DIMENSIONS), p=[0.85, 0.15])
        add(catalogue, f"{number * 7919 % 10007:032x}", vectors.astype(np.float32))


def test_more_copies_than_neighbours_are_all_reported(tmp_path: Path, pool: WorkerPool) -> None:
    limits = Limits(candidates=5, neighbours=4)
    scene = frames(np.random.default_rng(0), 8)
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        for number in range(25):
            add(catalogue, f"{number:032x}", scene)
        match_library(catalogue, RECIPE, "network", pool, None, limits)
        matches = found(catalogue)
        assert len(matches) == 25 * 24 // 2
        assert min(match.score for match in matches) >= MIN_SCORE


@pytest.mark.parametrize("after", [3, 13])
def test_interrupted_matching_goes_on_to_the_same_result(after: int, tmp_path: Path, pool: WorkerPool) -> None:
    limits = Limits(kept=4, block=8)
    results = []
    for interrupted in (False, True):
        with Catalogue.open(tmp_path / f"{interrupted}.sqlite") as catalogue:
            mixed(catalogue, 20)
            if interrupted:
                stop_after(catalogue, pool, after, limits)
                basis = basis_of(RECIPE, "network", library_reference(catalogue, RECIPE, keep=False).id)
                assert len(catalogue.matches.searched(basis)) == after
                assert catalogue.matches.current() is None  # not published before it is complete
            match_library(catalogue, RECIPE, "network", pool, None, limits)
            results.append(found(catalogue))
    assert results[0] == results[1]
    assert len(results[0]) > 20


def test_a_library_of_many_videos_is_a_crowd(tmp_path: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "VIDEOS", 5)
    with Catalogue.open(tmp_path / "a.sqlite") as catalogue:
        mixed(catalogue, 20)
        match_library(catalogue, RECIPE, "network", pool, None)
        reference = library_reference(catalogue, RECIPE, keep=False)
        count = len(fingerprinted(catalogue, RECIPE))
        assert reference.crowd == count / 5
        for match in found(catalogue):
            assert 0 < match.score < 1
        basis = catalogue.matches.current()
        assert basis is not None and basis.reference == reference.id


def stop_after(catalogue: Catalogue, pool: WorkerPool, videos: int, limits: Limits) -> None:
    """Interrupts matching when so many videos have been searched."""
    with Catalogue.open(catalogue.path) as reader:
        reference = library_reference(catalogue, RECIPE, keep=False).id

        def look(step: Step) -> None:
            if len(reader.matches.searched(basis_of(RECIPE, "network", reference))) >= videos:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
            patch.setattr("twinreel.engine.progress._EVERY", 0.0)
            match_library(catalogue, RECIPE, "network", pool, look, limits)


def test_what_is_matched_already_costs_nothing(tmp_path: Path, pool: WorkerPool) -> None:
    steps: list[Step] = []
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        mixed(catalogue, 10)
        assert match_library(catalogue, RECIPE, "network", pool, None) == len(found(catalogue))
        assert match_library(catalogue, RECIPE, "network", pool, steps.append) == 0
        assert steps == []


def test_another_aligner_is_another_basis(tmp_path: Path, pool: WorkerPool) -> None:
    with Catalogue.open(tmp_path / "library.sqlite") as catalogue:
        mixed(catalogue, 10)
        match_library(catalogue, RECIPE, "network", pool, None)
        first = catalogue.matches.current()
        match_library(catalogue, RECIPE, "hough", pool, None)
        assert catalogue.matches.current() != first
        assert first is not None
        assert catalogue.matches.searched(first) == {}


def test_of_matches_under_the_operating_point_the_best_are_kept(tmp_path: Path, pool: WorkerPool) -> None:
    kept = []
    for most in (200, 1):
        with Catalogue.open(tmp_path / f"{most}.sqlite") as catalogue:
            mixed(catalogue, 40)
            match_library(catalogue, RECIPE, "network", pool, None, Limits(kept=most))
            basis = catalogue.matches.current()
            assert basis is not None
            kept.append((found(catalogue), sum(catalogue.matches.searched(basis).values())))
    (everything, none), (some, dropped) = kept
    assert none == 0 < dropped
    assert [match for match in some if match.score >= MIN_SCORE] == [m for m in everything if m.score >= MIN_SCORE]
    assert {(m.a, m.b) for m in some} < {(m.a, m.b) for m in everything}
    weak = [m.score for m in everything if m.score < MIN_SCORE]
    left = [m.score for m in some if m.score < MIN_SCORE]
    assert len(left) <= 40 < len(weak)
    assert max(left) == max(weak)
    assert np.mean(left) > np.mean(weak)
