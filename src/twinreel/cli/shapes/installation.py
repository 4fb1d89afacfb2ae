"""What is installed."""

from __future__ import annotations

from typing import TypedDict


class DescriberShape(TypedDict):
    """A describer; error says why it cannot be used."""

    name: str
    version: str | None
    dimensions: int | None
    default: bool
    error: str | None


class LibraryShape(TypedDict):
    """The library, as twinreel doctor sees it."""

    path: str
    exists: bool
    problem: str | None
    videos: int
    fingerprints: int
    matches: int
    reported: int
    truncated: int
    failures: int


class SelfTestShape(TypedDict):
    """Was the planted copy found?"""

    passed: bool
    detail: str


class DoctorShape(TypedDict):
    """State of the installation; extras: which optional parts are installed, min_score: the operating point."""

    version: str
    python: str
    system: str
    min_score: float
    packages: dict[str, str]
    extras: dict[str, bool]
    cores: int
    execution_providers: list[str]
    describers: list[DescriberShape]
    library: LibraryShape
    self_test: SelfTestShape
