"""What a clean-up would do, what became of it, and of taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from twinreel.cli.shapes.bench import RefusedShape

if TYPE_CHECKING:
    from twinreel.library import Quality
    from twinreel.store.decisions import Decision


class FileShape(TypedDict):
    """A file as it was when the plan was made; digest: XXH3-128 of its bytes, links: names that it has, names: those
    that the library knows beside this, sides: files beside it that belong to it."""

    path: str
    real: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    links: int
    mode: int
    uid: int
    gid: int
    content: str
    digest: str
    sides: list[str]
    names: list[str]


class MoveShape(TypedDict):
    """A file that is moved along."""

    source: str
    target: str


class ActionShape(TypedDict):
    """One file that is not needed: what is done to it, what is kept instead, and why; target: where it goes, in a
    quarantine; across: that is on another drive; lost: seconds that exist nowhere else."""

    number: int
    deed: str
    file: FileShape
    kept: list[FileShape]
    relation: str
    reason: str
    freed: int
    lost: float
    target: str | None
    across: bool
    sides: list[MoveShape]


class RemarkShape(TypedDict):
    """A video that stays though some of it exists elsewhere; unique: the stretches that exist nowhere else."""

    path: str
    kept: list[str]
    share: float
    unique: list[list[float]]
    reason: str


class PlanShape(TypedDict):
    """What a clean-up would do; freed: bytes, twinreel_plan: version of this format."""

    twinreel_plan: int
    id: str
    made_at: float
    freed: int
    protected: list[str]
    actions: list[ActionShape]
    remarks: list[RemarkShape]


class ApplyShape(TypedDict):
    """What became of a plan; freed: bytes, which a quarantine holds until it is emptied."""

    journal: str
    done: list[str]
    refused: list[RefusedShape]
    freed: int


class UndoShape(TypedDict):
    """What was taken back, and what could not be."""

    journal: str
    restored: list[str]
    lost: list[RefusedShape]


class DecidedShape(TypedDict):
    """How many decisions were taken, taken back, or taken over."""

    decisions: int


class DecisionShape(TypedDict):
    """Something that was decided about a video, or two, by content id; decided_at: seconds since 1970."""

    kind: str
    a: str
    b: str | None
    note: str
    decided_at: float


def decision_shape(decision: Decision) -> DecisionShape:
    return DecisionShape(
        kind=decision.kind.value,
        a=decision.a.content,
        b=decision.b.content if decision.b else None,
        note=decision.note,
        decided_at=decision.decided_at,
    )


class QualityShape(TypedDict):
    """A collection as data; shares are 1 at best: consistency of files as last seen, completeness of footage that some
    file shows, correctness of files that can be used, minimisation of hours that are there once."""

    files: int
    bytes: int
    hours: float
    unique_hours: float
    consistency: float
    completeness: float
    correctness: float
    minimisation: float


class ReportPageShape(TypedDict):
    """Where the page is, and the library now and with the plan."""

    file: str
    now: QualityShape
    planned: QualityShape | None


def quality_shape(quality: Quality) -> QualityShape:
    return QualityShape(
        files=quality.files,
        bytes=quality.bytes,
        hours=quality.hours,
        unique_hours=quality.unique_hours,
        consistency=quality.consistency,
        completeness=quality.completeness,
        correctness=quality.correctness,
        minimisation=quality.minimisation,
    )
