"""What videos show: found by a text, told in tags. Both read fingerprints, and decode only where these are lacking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from twinreel.describe.base import Describer
from twinreel.engine.beside import describe_beside
from twinreel.engine.progress import Progress
from twinreel.engine.settings import MEMORY, Resources
from twinreel.engine.state import Recipe
from twinreel.errors import UserError
from twinreel.library.opened import Opened
from twinreel.library.results import Seen, Tagged
from twinreel.media.sampling import Sampling
from twinreel.models.classes import imagenet
from twinreel.models.describer import TextDescriber
from twinreel.models.load import load_describer
from twinreel.models.words import prepare
from twinreel.pooling.tags import merge
from twinreel.store.catalogue import Catalogue
from twinreel.store.exports import path_to_text
from twinreel.types import Float32, Video

KEYFRAMES = Sampling("keyframes", 1.0)
"""Frames that tags are told from, where the library's own fingerprints do not serve."""
LEAST = 0.1
"""Score from which a label is a tag, where nothing else is asked for."""
TOP = 10
"""Tags of a video, where nothing else is asked for."""


class Labels(Protocol):
    """Says how probable labels are in frames."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def chances(self, vectors: Float32) -> Float32:
        """Vectors (n, d) -> (n, labels) in [0, 1]."""
        ...


class TagRow(NamedTuple):
    """A row of exported tags; its fields are the columns."""

    path: str
    label: str
    score: float
    time: float


def knows_texts(describer: Describer) -> TextDescriber:
    """The describer; UserError where it has no vectors of texts."""
    if not isinstance(describer, TextDescriber):
        raise UserError(
            f"the describer {describer.name!r} knows no texts: scan with a model of pictures and texts, as in "
            "`twinreel scan FOLDER --describer clip-vit-b32`"
        )
    return describer


def find_text(catalogue: Catalogue, recipe: Recipe, videos: Mapping[str, Video], text: str, top: int) -> list[Seen]:
    """The videos with the frames that fit a text best, best first."""
    vector = knows_texts(recipe.describer).describe_texts([text])[0]
    found = []
    for content, fingerprint in catalogue.fingerprints.all(*recipe.key):
        told = fingerprint.weights > 0
        if content in videos and told.any():
            fits = np.where(told, fingerprint.vectors @ vector, -np.inf)
            best = int(fits.argmax())
            found.append(Seen(videos[content], float(fits[best]), float(fingerprint.times[best])))
    return sorted(found, key=lambda seen: (-seen.similarity, seen.video.content))[:top]


def tagger(own: Recipe, describer: Describer | None, words: Sequence[str]) -> tuple[Recipe, Labels]:
    """What tags are made with: a recipe of fingerprints, and labels.

    own: the library's recipe, which serves where it knows texts and words are given. describer: another one to use.
    Without words ImageNet's classes are told.
    """
    if not words:
        classes = imagenet()
        return Recipe(classes, KEYFRAMES), classes
    if describer is not None:
        own = Recipe(describer, KEYFRAMES)
    return own, prepare(knows_texts(own.describer), words)


def tags_of(
    catalogue: Catalogue,
    recipe: Recipe,
    labels: Labels,
    videos: Mapping[str, Video],
    *,
    top: int = TOP,
    least: float = LEAST,
) -> Iterator[Tagged]:
    """The tags of every video that has a fingerprint, in order of content id."""
    for content, fingerprint in catalogue.fingerprints.all(*recipe.key):
        if content in videos:
            chances = labels.chances(fingerprint.vectors)
            found = merge(labels.labels, chances, fingerprint.weights, fingerprint.times, top=top, least=least)
            yield Tagged(videos[content], tuple(found))


def having(tagged: Iterable[Tagged], label: str) -> list[Tagged]:
    """Those with a label, whatever its case, the one that shows it best first."""
    scores = [(tag.score, one) for one in tagged for tag in one.tags if tag.label.casefold() == label.casefold()]
    return [one for _, one in sorted(scores, key=lambda scored: (-scored[0], scored[1].video.content))]


def tag_rows(tagged: Iterable[Tagged]) -> Iterator[TagRow]:
    """A row a tag and path."""
    for one in tagged:
        for path in one.video.paths:
            for tag in one.tags:
                yield TagRow(path_to_text(path), tag.label, tag.score, tag.time)


class Meaning(Opened):
    """Texts and tags."""

    def search_text(self, text: str, top: int = 10) -> list[Seen]:
        """The videos with a frame that fits a text best; best first.

        UserError where the library's describer is none of pictures and texts (CLIP, SigLIP).
        """
        return find_text(self._catalogue, self._recipe(), self._reported.videos(), text, top)

    def tags(
        self,
        words: Iterable[str] = (),
        *,
        describer: str | None = None,
        top: int = TOP,
        min_score: float = LEAST,
        jobs: int | None = None,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> list[Tagged]:
        """What every video shows, at most ``top`` labels of a score of ``min_score`` and more, best first.

        words: what to look for, with a describer of pictures and texts: the given one, else the library's own; without
        words ImageNet's classes are told (extra ``tags``). Keyframes of videos that this describer has not seen are
        decoded, once.
        """
        other = None if describer is None else load_describer(describer)
        recipe, labels = tagger(self._recipe(), other, list(words))
        if recipe.key != self._recipe().key:
            with self._catalogue.lock_for_scan(wait=False):
                describe_beside(self._catalogue, recipe, Resources(jobs, memory), progress)
        return list(tags_of(self._catalogue, recipe, labels, self._reported.videos(), top=top, least=min_score))
