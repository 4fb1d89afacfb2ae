"""Pairs of videos with known truth, as matching sees them: what a calibration is fitted to.

Of a collection that was scanned, four kinds of pairs, since a score has to mean the same in all of them:

    library    the pairs that the candidate search of the whole library proposes
    small      all pairs of libraries of two to sixteen videos, which are their own background almost alone
    fragments  the videos that a search for a still image or a few seconds of one proposes
    moments    stretches of one scene: the same seconds of it, or seconds that share no moment, as they are and edited
    cards      a single frame that two videos have in common, which does not make them copies: titles, test cards
"""

from __future__ import annotations

import csv
import math
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twinreel.describe.registry import DEFAULT as DEFAULT_DESCRIBER
from twinreel.describe.registry import load_describer
from twinreel.engine.matching import Facts, facts_of, fill_haystack
from twinreel.engine.space import Space, View, fingerprinted, library_reference, shipped_background
from twinreel.engine.state import Recipe
from twinreel.match.alignment import ALIGNERS
from twinreel.match.calibration import terms
from twinreel.match.candidates import Haystack
from twinreel.match.evidence import Evidence
from twinreel.match.pair import Aligned, align_parts
from twinreel.match.prepared import prepare
from twinreel.match.reference import Background, background_of, fit_reference
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.types import Fingerprint, Float64

KINDS = ("library", "small", "fragments", "moments", "cards")
SMALL = (2, 2, 3, 4, 8, 16)
"""Videos of the small libraries; every other one holds a true pair."""
SMALL_LIBRARIES = 150
FRAGMENTS = 400
FRAGMENT_SECONDS = (0.0, 0.0, 1.0, 2.0, 4.0)
"""Lengths of the fragments; 0 is a still image."""
MOMENTS = 2
"""Pairs of stretches of each video, and of each pair of videos."""
SHORTEST = 2.0
"""Seconds of a stretch at least."""
CARDS = 200
CARD_LIKENESS = (0.6, 1.0)
CARD_SECONDS = (5.0, 120.0)
"""Of the shorter video."""
APART = 0.04
"""Share of the scene's seconds that lies between two stretches that share none, on either side of where it is cut."""
STILL = 0.9
"""Inner product of two frames from which they are too alike: nobody can say that it is another moment."""
_NO_CHANGE = {
    **{"agreement": 0.0, "relative": 0.0, "concord": 0.0, "change": 0.0, "variety": 1.0},
    **{"motion": 0.0, "moved": 0.0},
}
NOTHING: Float64 = np.zeros((0, 0))
EDGE = 0.01
"""Seconds that a fragment may stick out of a true stretch."""

Pair = tuple[str, str]
"""Content ids, the lower first."""
Span = tuple[float, float]
"""Seconds [start, stop)."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One pair."""

    terms: Float64
    """(k, t) the terms of every stretch that aligns, the strongest first; k is 0 where none does."""
    true: bool
    crowd: float = 1.0
    """Of its library (``Reference``)."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One collection."""

    name: str
    sampling: str
    """The mode: auto, keyframes ..."""
    crowded: bool
    """Is it among many videos that have nothing to do with it? Then there are only pairs of the first kind."""
    examples: dict[str, list[Example]]
    """By kind, the true pairs that are not proposed among them."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known of a collection, by content id."""

    spans: dict[Pair, list[Span]]
    """(a, b) in either order -> the seconds of a that are in b."""
    ignored: set[Pair]

    def true(self, a: str, b: str) -> bool:
        return (a, b) in self.spans

    def shows(self, a: str, start: float, stop: float, b: str) -> bool:
        """Are these seconds of a in b?"""
        return any(s - EDGE <= start and stop <= e + EDGE for s, e in self.spans.get((a, b), []))


def read_truth(collection: Path, contents: dict[str, str]) -> Truth:
    """``contents``: file name -> content id; pairs of other files are left out."""
    spans: dict[Pair, list[Span]] = defaultdict(list)
    for row in _rows(collection / "truth.csv"):
        a, b = contents.get(row["a"]), contents.get(row["b"])
        if a and b and a != b:
            spans[a, b].append((float(row["a_start"]), float(row["a_end"])))
            spans[b, a].append((float(row["b_start"]), float(row["b_end"])))
    named = [(contents.get(row["a"]), contents.get(row["b"])) for row in _rows(collection / "ignore.csv")]
    return Truth(dict(spans), {_ordered(a, b) for a, b in named if a and b})


def label(collection: Path, library: Path, *, crowded: bool = False) -> Labelled:
    """All examples of a collection (a folder with ``truth.csv`` and ``ignore.csv``) and the library scanned of it.

    ``crowded``: the library holds many more videos, no two of which are copies.
    """
    with Catalogue.open(library, create=False) as catalogue:
        videos = Videos(catalogue, library)
        truth = read_truth(collection, videos.named)
        rng = random.Random(0)
        examples = {"library": list(_library(videos, truth))}
        if not crowded:
            examples |= {
                "small": list(_small(videos, truth, rng)),
                "fragments": list(_fragments(videos, truth, rng)),
                "moments": list(_moments(videos, truth, rng)),
                "cards": list(_cards(rng)),
            }
        return Labelled(collection.name, videos.recipe.sampling.mode, crowded, examples)


class Videos:
    """A library as a scan matches it."""

    def __init__(self, catalogue: Catalogue, library: Path) -> None:
        """SystemExit where ``library``, the catalogue's file, holds no fingerprints by its own settings."""
        meta = catalogue.meta
        self.recipe = Recipe(
            load_describer(meta.get("describer") or DEFAULT_DESCRIBER),
            Sampling.parse(meta.get("sampling") or str(Sampling())),
        )
        self.aligner = meta.get("aligner") or next(iter(ALIGNERS))
        self.contents = fingerprinted(catalogue, self.recipe)
        if not self.contents:
            raise SystemExit(f"{library} has no fingerprints of {' '.join(self.recipe.key)}: scan again")
        paths = catalogue.paths.load().values()
        self.named = {Path(record.path).name: record.content for record in paths if record.content in self.contents}
        self.facts: dict[str, Facts] = facts_of(catalogue)
        self.space = Space(catalogue, self.recipe, library_reference(catalogue, self.recipe, keep=False))
        self.haystack: Haystack = fill_haystack(catalogue, self.recipe, self.space, self.facts)
        self.by_number = {self.facts[content].number: content for content in self.contents}
        self.fingerprints = {c: _known(catalogue.fingerprints.get(c, *self.recipe.key)) for c in self.contents}

    def view(self, content: str) -> View:
        return self.space.view(content, self.facts[content].duration)

    def propose(self, content: str) -> list[str]:
        """The other videos that the candidate search proposes, by content id, the best first."""
        view = self.view(content)
        found = self.haystack.find(view.video, view.mirrored, exclude=self.facts[content].number)
        return [self.by_number[one.number] for one in found]

    def stretches(self, a: View, b: View) -> list[Aligned]:
        """All that aligns, the best score first; see ``match_pair``."""
        ways = [(a.video, b.video)]
        if a.mirrored is not None:
            ways.append((replace(a.video, vectors=a.mirrored), b.video))
        return align_parts(ways, aligner=self.aligner)

    def align(self, a: View, b: View) -> Float64:
        """(k, t) the terms of the stretches that align, the strongest first."""
        found = self.stretches(a, b)
        found.sort(key=lambda one: -one.evidence.mean * one.evidence.frames)
        return np.array([terms(one.evidence) for one in found]) if found else NOTHING


def _library(videos: Videos, truth: Truth) -> Iterator[Example]:
    pairs: dict[Pair, None] = {}
    for content in videos.contents:
        for other in videos.propose(content):
            pairs[_ordered(content, other)] = None
    for a, b in pairs:
        if (a, b) not in truth.ignored:
            terms_ = videos.align(videos.view(a), videos.view(b))
            yield Example(terms_, truth.true(a, b), videos.space.background.crowd)
    for a, b in truth.spans:
        if a < b and (a, b) not in pairs:
            yield Example(NOTHING, True)


def _small(videos: Videos, truth: Truth, rng: random.Random) -> Iterator[Example]:
    true = sorted(truth.spans)
    shipped = shipped_background(videos.recipe.describer)
    for number in range(SMALL_LIBRARIES):
        size = min(rng.choice(SMALL), len(videos.contents))
        chosen: set[str] = set(rng.choice(true)) if number % 2 and true else set()
        chosen.update(rng.sample(videos.contents, size))
        held = sorted(chosen)
        background = background_of(fit_reference(shipped, [videos.fingerprints[content] for content in held]))
        views = [_seen(videos, content, background) for content in held]
        for place, a in enumerate(held):
            for other, b in enumerate(held[place + 1 :], place + 1):
                if (a, b) not in truth.ignored:
                    yield Example(videos.align(views[place], views[other]), truth.true(a, b))


def _seen(videos: Videos, content: str, background: Background) -> View:
    fingerprint, describer = videos.fingerprints[content], videos.recipe.describer
    turned = describer.mirror(fingerprint.vectors)
    video = prepare(content, videos.facts[content].duration, fingerprint, background)
    return View(video, None if turned is None else background.project(turned))


def _fragments(videos: Videos, truth: Truth, rng: random.Random) -> Iterator[Example]:
    for _ in range(FRAGMENTS):
        content = rng.choice(videos.contents)
        whole = videos.fingerprints[content]
        if not len(whole.times):
            continue
        start = float(rng.choice(whole.times))
        stop = start + rng.choice(FRAGMENT_SECONDS)
        fragment = _cut(whole, start, stop)
        view = videos.space.see("fragment", stop - start, fragment)
        proposed = videos.haystack.find(view.video, view.mirrored, exclude=videos.facts[content].number)
        for found in proposed:
            other = videos.by_number[found.number]
            shown = truth.shows(content, start, stop, other)
            # elsewhere in a true pair the same seconds may be seen again, or in part
            if _ordered(content, other) not in truth.ignored and shown == truth.true(content, other):
                yield Example(videos.align(view, videos.view(other)), shown)
        others = {videos.by_number[found.number] for found in proposed}
        for a, b in truth.spans:
            if a == content and b not in others and truth.shows(a, start, stop, b):
                yield Example(NOTHING, True)


def _moments(videos: Videos, truth: Truth, rng: random.Random) -> Iterator[Example]:
    scenes = [(a, b, truth.spans[a, b][0], truth.spans[b, a][0]) for a, b in truth.spans if len(truth.spans[a, b]) == 1]
    for content in videos.contents:
        whole = (0.0, videos.facts[content].duration)
        scenes.append((content, content, whole, whole))
    for a, b, of_a, of_b in scenes:
        for _ in range(MOMENTS):
            cut, slip = rng.uniform(0.35, 0.65), rng.uniform(-APART, APART)
            before = _stretch(videos, a, of_a, 0.0, cut - APART)
            after = _stretch(videos, b, of_b, cut + APART, 1.0)
            if before and after:
                likeness = float((before.video.vectors @ after.video.vectors.T).max(initial=-1.0))
                if likeness <= STILL:
                    yield Example(videos.align(before, after), False)
            same = _stretch(videos, b, of_b, max(0.0, slip), cut - APART + slip)
            if before and same and a < b:
                yield Example(videos.align(before, same), True)


def _cards(rng: random.Random) -> Iterator[Example]:
    for _ in range(CARDS):
        likeness = rng.uniform(*CARD_LIKENESS)
        seconds = math.exp(rng.uniform(*map(math.log, CARD_SECONDS)))
        seen = Evidence(
            **{"best": likeness, "mean": likeness, "least": likeness, "frames": 1.0, **_NO_CHANGE},
            **{"covered": min(1.0, 1 / seconds), "shorter": seconds},
        )
        yield Example(terms(seen)[None], False)


def _stretch(videos: Videos, content: str, span: Span, first: float, last: float) -> View | None:
    """The whole picture of a video from one share of a span of its seconds to another; None where that is short."""
    seconds = span[1] - span[0]
    start, stop = span[0] + first * seconds, span[0] + last * seconds
    if stop - start < SHORTEST:
        return None
    whole = videos.fingerprints[content]
    cut = _cut(whole, start, stop, whole.parts == 0)
    return videos.space.see(content, stop - start, cut) if len(cut.times) > 1 else None


def _cut(
    fingerprint: Fingerprint, start: float, stop: float, among: NDArray[np.bool_] | Literal[True] = True
) -> Fingerprint:
    """The frames, ``among`` some of them, from start to stop, both included, their times counted from start."""
    kept = among & (fingerprint.times >= start) & (fingerprint.times <= stop)
    return replace(
        fingerprint,
        times=fingerprint.times[kept] - start,
        vectors=fingerprint.vectors[kept],
        weights=fingerprint.weights[kept],
        layout=fingerprint.layout[kept],
        parts=fingerprint.parts[kept],
    )


def _known(fingerprint: Fingerprint | None) -> Fingerprint:
    assert fingerprint is not None
    return fingerprint


def _ordered(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
