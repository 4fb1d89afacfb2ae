"""Collections whose videos are labelled with what they show, and how well vectors of whole videos tell it.

A label is an event: what all videos that show it have in common, as in VCDB and in the collections that are made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.errors import NotFound, UserError
from twinreel.evaluate.files import read_table
from twinreel.evaluate.ranking import Bools, average_precision, hits_by_score
from twinreel.media.walk import EXTENSIONS
from twinreel.types import Float64

COLUMNS = ("path", "event")
"""Of a CSV file of labels. Others, as ``id``, are left alone."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A video and its label."""

    path: Path
    """Absolute."""
    event: str


def read_labels(source: Path) -> list[Labelled]:
    """The videos of a CSV file with the columns path and event, or of a folder with a folder an event.

    Paths in a file are relative to it. In order of the file, or of the paths. NotFound where the source, or a video
    that a file names, is not there; UserError where nothing is labelled.
    """
    if source.is_dir():
        found = [
            Labelled(path.absolute(), folder.name)
            for folder in sorted(source.iterdir())
            if folder.is_dir()
            for path in sorted(folder.rglob("*"))
            if path.suffix.lower().lstrip(".") in EXTENSIONS
        ]
    else:
        found = []
        for row in read_table(source):
            if lacking := [column for column in COLUMNS if not row.get(column)]:
                raise UserError(f"{source} has a row without {' and '.join(lacking)}; path,event is expected")
            path = (source.parent / row["path"]).absolute()
            if not path.is_file():
                raise NotFound(f"{source} names {row['path']}, and there is no file {path}")
            found.append(Labelled(path, row["event"]))
    if not found:
        raise UserError(f"{source} labels no video: rows of path,event, or a folder of videos an event, are expected")
    return found


def same_event(events: Sequence[str]) -> Bools:
    """(n, n): which two videos have a label in common; none with itself."""
    _, numbers = np.unique(np.array(events), return_inverse=True)
    same: Bools = (numbers[:, None] == numbers[None]) & ~np.eye(len(numbers), dtype=bool)
    return same


@dataclass(frozen=True, slots=True)
class Figures:
    """What comes of a collection; all but the threshold and the numbers in [0, 1]."""

    map: float
    """The mean of the queries' average precisions, over all answers. A query is no answer to itself."""
    map_at_k: float
    """Over the first k answers, of which at most k can be right."""
    threshold: float
    """Similarity from which a pair counts as found."""
    precision: float
    """Of pairs, at the threshold."""
    recall: float
    f1: float
    queries: int
    """Videos of which at least one other is right."""
    videos: int


def measure(
    similarities: Float64, right: Bools, k: int, *, queries: Bools | None = None, threshold: float | None = None
) -> Figures:
    """Figures of similarities (n, n) of all videos, given which pairs (n, n) are right.

    queries: (n,) which videos are asked for; by default all of which another is right. threshold: by default the one of
    the highest F1 here, which is the best that any could do. UserError where there is nothing to ask for.
    """
    asked: Bools = np.asarray(right.any(axis=1))
    if queries is not None:
        asked = asked & queries
    if not asked.any():
        raise UserError("no query has another video with its label: at least two videos of one event are needed")
    whole, first = [], []
    for row in np.flatnonzero(asked):
        others = np.arange(len(right)) != row
        scores, relevant = similarities[row, others], right[row, others]
        whole.append(average_precision(scores, relevant, int(relevant.sum())))
        first.append(average_precision(scores, relevant, int(relevant.sum()), k))
    pairs = np.triu(np.ones_like(right), 1) & (asked[:, None] | asked[None])
    scores, relevant = similarities[pairs], right[pairs]
    if threshold is None:
        threshold = _best_threshold(scores, relevant)
    found = scores >= threshold
    hits = int((found & relevant).sum())
    precision, recall = hits / max(1, int(found.sum())), hits / max(1, int(relevant.sum()))
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    means = float(np.mean(whole)), float(np.mean(first))
    return Figures(*means, threshold, precision, recall, f1, int(asked.sum()), len(right))


def _best_threshold(scores: Float64, relevant: Bools) -> float:
    hits, counts = hits_by_score(scores, relevant)
    return float(np.unique(scores)[::-1][np.argmax(2 * hits / (counts + relevant.sum()))])
