"""Hashes for exchange, and what a list of them is found in."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from twinreel.store.exports import path_to_text

if TYPE_CHECKING:
    from twinreel.library import Hashed, Screening, Sighting


class HashedShape(TypedDict):
    """A video of the library and its file of hashes; made: false where the file was there; error: why it is not."""

    path: str
    content: str
    file: str
    made: bool
    error: str | None


class SpanShape(TypedDict):
    """A stretch of a video."""

    start: float
    end: float


class SightingShape(TypedDict):
    """A listed video that a video of the library matches. Percentages are of vPDQ, levels of TMK, else null. seconds:
    of the library's video; listed_seconds: of the listed one."""

    path: str
    content: str
    percent_listed: float | None
    percent_own: float | None
    level_1: float | None
    level_2: float | None
    seconds: list[SpanShape]
    listed_seconds: list[SpanShape]


class ScreenedShape(TypedDict):
    """A file of hashes and the videos that match it; format: vpdq or tmk, null where it cannot be used."""

    file: str
    format: str | None
    error: str | None
    found: list[SightingShape]


class ScreeningShape(TypedDict):
    """unhashed: paths of the library of which nothing is known, and why."""

    listed: list[ScreenedShape]
    unhashed: dict[str, str]


def hashed_shape(hashed: Hashed) -> HashedShape:
    return HashedShape(
        path=path_to_text(hashed.video.path),
        content=hashed.video.content,
        file=path_to_text(str(hashed.file)),
        made=hashed.made and hashed.error is None,
        error=hashed.error,
    )


def screening_shape(screening: Screening) -> ScreeningShape:
    found: dict[str, list[Sighting]] = {file: [] for file in screening.listed}
    for sighting in screening.sightings:
        found[sighting.file].append(sighting)
    listed = [
        ScreenedShape(
            file=path_to_text(file), format=format, error=None, found=[_sighting_shape(one) for one in found[file]]
        )
        for file, format in screening.listed.items()
    ]
    refused = [
        ScreenedShape(file=path_to_text(file), format=None, error=str(error), found=[])
        for file, error in screening.refused.items()
    ]
    unhashed = {path_to_text(path): why for path, why in screening.unhashed.items()}
    return ScreeningShape(listed=listed + refused, unhashed=unhashed)


def _sighting_shape(sighting: Sighting) -> SightingShape:
    verdict = sighting.verdict
    vpdq = verdict.scores if sighting.format == "vpdq" else (None, None)
    tmk = verdict.scores if sighting.format == "tmk" else (None, None)
    return SightingShape(
        path=path_to_text(sighting.video.path),
        content=sighting.video.content,
        percent_listed=vpdq[0],
        percent_own=vpdq[1],
        level_1=tmk[0],
        level_2=tmk[1],
        seconds=[SpanShape(start=start, end=stop) for start, stop in verdict.own],
        listed_seconds=[SpanShape(start=start, end=stop) for start, stop in verdict.listed],
    )
