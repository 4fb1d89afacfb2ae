"""What is installed."""

from __future__ import annotations

from typing import TypedDict


class DescriberShape(TypedDict):
    """A describer that has a name; error says why it cannot be used, or how to get its file.

    kind: installed, added or known. version and dimensions: of the installed ones. here: is its file on this disk?
    """

    name: str
    kind: str
    what: str
    version: str | None
    dimensions: int | None
    default: bool
    here: bool
    source: str
    licence: str
    bytes: int
    sha256: str | None
    error: str | None


class AddedShape(TypedDict):
    """What was made known, or forgotten, and where its files are."""

    name: str
    source: str
    bytes: int
    sha256: str


class TestedShape(TypedDict):
    """What came of trying a describer; checksum: null where there is none to compare, faults: empty for a sound one."""

    name: str
    version: str
    dimensions: int
    image_size: list[int]
    runs_on: str
    frames_a_second: float
    checksum: bool | None
    texts: bool
    faults: list[str]


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
    """State of the installation; extras: which optional parts are installed, min_score: the operating point.

    hardware: type of device that FFmpeg knows -> why it cannot decode here, null where it can.
    execution_providers: what ONNX Runtime brings, inference_on: which of them are used, the preferred one first.
    """

    version: str
    python: str
    system: str
    min_score: float
    packages: dict[str, str]
    extras: dict[str, bool]
    cores: int
    hardware: dict[str, str | None]
    execution_providers: list[str]
    inference_on: list[str]
    describers: list[DescriberShape]
    library: LibraryShape
    self_test: SelfTestShape
