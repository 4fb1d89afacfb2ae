"""The library as matching sees it: its reference, and its videos prepared against that.

The reference of a library is kept with the list of videos that it was fitted to. While the library holds fewer videos
than stand for one it is fitted to exactly what is there; it is a function of the set of fingerprints.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xxhash

from twinreel.describe.base import Describer
from twinreel.engine.state import Recipe
from twinreel.errors import NotFound
from twinreel.match.prepared import Prepared, prepare
from twinreel.match.reference import Background, background_of, fit_reference, outdated, standing
from twinreel.store.catalogue import Catalogue
from twinreel.types import Fingerprint, Float32, Reference

CACHED = 20_000
"""Frames of prepared videos that are kept in memory: 40 MB with 256 dimensions, mirrored ones included. More would save
reading some of them again, but would grow with the library."""
SHORTEST = 0.2
"""Seconds that a video is taken to last at least: a still image has to be as long as the shortest stretch that is
aligned, in order to match at all."""
_STANDING = "standing"


def shipped_background(describer: Describer) -> Float32:
    """(m, d) vectors of unrelated frames that come with a describer; m is 0 for most."""
    background: Float32 = getattr(describer, "background", np.zeros((0, describer.dimensions), np.float32))
    return background


def fingerprinted(catalogue: Catalogue, recipe: Recipe) -> list[str]:
    """Content ids of the videos that have a fingerprint, in order."""
    missing = set(catalogue.fingerprints.missing(*recipe.key))
    return [content for content in catalogue.videos.numbers() if content not in missing]


def library_reference(catalogue: Catalogue, recipe: Recipe, *, keep: bool) -> Reference:
    """The reference of the library as it is now: the stored one while that holds, else one fitted anew.

    keep: whether a new one is stored, together with the list of videos that it stands on.
    """
    contents, key = fingerprinted(catalogue, recipe), _standing_key(recipe)
    stored = json.loads(catalogue.meta.get(_STANDING) or "{}")
    if stored.get("key") == key and not outdated(stored["videos"], contents):
        reference = catalogue.references.get(stored["reference"])
        if reference is not None:
            return reference
    chosen = standing(contents)
    fingerprints = _fingerprints(catalogue, recipe, chosen)
    reference = fit_reference(shipped_background(recipe.describer), fingerprints, len(contents))
    if keep:
        keep_reference(catalogue, recipe, reference, chosen)
    return reference


def keep_reference(catalogue: Catalogue, recipe: Recipe, reference: Reference, chosen: Sequence[str]) -> None:
    """Stores the reference of the library, and the videos that it stands on, in order of content id."""
    known = {"key": _standing_key(recipe), "reference": reference.id, "videos": list(chosen)}
    with catalogue.transaction():
        catalogue.references.put(reference, recipe.key[0])
        catalogue.meta.set(_STANDING, json.dumps(known))


def _standing_key(recipe: Recipe) -> str:
    shipped = shipped_background(recipe.describer)
    # "crowd": references from before there were any are fitted anew
    return f"{'|'.join(recipe.key)}|{xxhash.xxh3_64_hexdigest(shipped.tobytes())}|crowd"


def forget_reference(catalogue: Catalogue) -> None:
    """The next reference is fitted to the videos as they then are, however little they differ from those before."""
    catalogue.meta.set(_STANDING, "{}")


def _fingerprints(catalogue: Catalogue, recipe: Recipe, contents: Iterable[str]) -> Iterable[Fingerprint]:
    for content in contents:
        fingerprint = catalogue.fingerprints.get(content, *recipe.key)
        if fingerprint is not None:
            yield fingerprint


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A video of the library, ready to be compared."""

    video: Prepared
    mirrored: Float32 | None
    """Its vectors (n, d) seen in a mirror; None where the describer cannot tell."""


class Space:
    """Fingerprints seen from one reference."""

    def __init__(self, catalogue: Catalogue, recipe: Recipe, reference: Reference) -> None:
        self._catalogue, self._recipe = catalogue, recipe
        self.background = background_of(reference)
        self._cache: OrderedDict[str, View] = OrderedDict()
        self._held = 0

    def view(self, content: str, duration: float) -> View:
        """A video of the library; NotFound where it has no fingerprint (any more)."""
        if content in self._cache:
            self._cache.move_to_end(content)
            return self._cache[content]
        fingerprint = self._catalogue.fingerprints.get(content, *self._recipe.key)
        if fingerprint is None:
            raise NotFound(f"no fingerprint of the video {content} in the library: scan it again")
        view = self.see(content, duration, fingerprint)
        view.video.vectors.flags.writeable = False  # so that an index may share it
        self._cache[content] = view
        self._held += len(view.video)
        while self._held > CACHED and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self._held -= len(oldest.video)
        return view

    def see(self, content: str, duration: float, fingerprint: Fingerprint) -> View:
        """Any video."""
        return see(self._recipe.describer, self.background, content, duration, fingerprint)


def see(describer: Describer, background: Background, content: str, duration: float, fingerprint: Fingerprint) -> View:
    """A video as it is seen from a background."""
    mirrored = describer.mirror(fingerprint.vectors)
    return View(
        prepare(content, max(duration, SHORTEST), fingerprint, background),
        None if mirrored is None else background.project(mirrored),
    )
