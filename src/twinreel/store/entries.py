"""A video as data: all that a library knows of one, apart from the library; what libraries exchange."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from twinreel.store.catalogue import Catalogue
from twinreel.types import Fingerprint, Probe, State


class Place(NamedTuple):
    """Where a video was seen."""

    path: str
    """A path of the machine that saw it, or a URL."""
    mtime_ns: int
    """Time of the last change, nanoseconds since 1970; 0 where it is not known."""
    state: State


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One video."""

    content: str
    """Content id."""
    size: int
    """Bytes; 0 where they are not known."""
    probe: Probe
    places: tuple[Place, ...] = ()
    fingerprint: Fingerprint | None = None
    file_digest: str | None = None
    stream_digest: str | None = None
    head: str | None = None
    """Digest of the stream's first packets."""


def entries(catalogue: Catalogue, describer: str, sampling: str) -> Iterator[Entry]:
    """Every video of a catalogue in order of content id, with its fingerprint by a describer and sampling."""
    heads = {outline.content: outline.head for outline in catalogue.videos.outlines()}
    for video in catalogue.videos.all():
        yield Entry(
            video.content,
            video.size,
            video.probe,
            tuple(Place(r.path, r.stat.mtime_ns, r.state) for r in catalogue.paths.of(video.content)),
            catalogue.fingerprints.get(video.content, describer, sampling),
            video.file_digest,
            video.stream_digest,
            heads.get(video.content),
        )
