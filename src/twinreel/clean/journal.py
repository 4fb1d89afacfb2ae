"""What was done, written before it is done: enough to go on, or to undo it, after a crash at any point.

A journal is a file of JSON lines. The first holds the whole plan, so nothing else is needed to undo it; each further
one says what is about to be done to an action, or has been:

    {"begin": {plan}}    {"do": 3} -> {"done": 3} or {"refused": 3, "why": ...}    {"end": true}
                         {"undo": 3} -> {"undone": 3} or {"lost": 3, "why": ...}   {"undone": true}

Every line is on the disk (fsync) before the work goes on. A line that a crash cut off was never acted upon: it is
dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twinreel.clean.files import sync_folder
from twinreel.clean.model import Plan
from twinreel.clean.planfile import plan_from_json, plan_to_json
from twinreel.errors import LibraryError, NotFound, UserError
from twinreel.store.lock import try_lock


@dataclass(slots=True)
class Progress:
    """Where the work of a journal stands."""

    begun: list[int] = field(default_factory=list)
    """Actions that may have been done, in order, and have not been undone: the last one perhaps half."""
    done: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    """Actions that were not done, and why."""
    ended: bool = False
    undoing: bool = False
    undone: set[int] = field(default_factory=set)
    lost: dict[int, str] = field(default_factory=dict)
    """Actions that could not be undone, and why."""
    all_undone: bool = False

    @property
    def half(self) -> int | None:
        """An action that was begun, of which nobody knows how far it went."""
        last = self.begun[-1] if self.begun else None
        return last if last is not None and last not in self.done else None


class Journal:
    """An open journal, for one process at a time."""

    def __init__(self, path: Path, plan: Plan, progress: Progress, descriptor: int) -> None:
        self.path, self.plan, self.progress, self._descriptor = path, plan, progress, descriptor

    @classmethod
    def open(cls, path: Path, plan: Plan | None = None) -> Self:
        """Opens a journal, or begins the one of a plan.

        NotFound where there is none and no plan is given; UserError where it is no journal, or that of another plan;
        LibraryError where another process uses it or it cannot be written.
        """
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            if plan is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                flags |= os.O_CREAT
            descriptor = os.open(path, flags, 0o666)
        except FileNotFoundError:
            raise NotFound(f"there is no journal {path}") from None
        except OSError as error:
            raise LibraryError(f"cannot open the journal {path}: {error.strerror}") from error
        try:
            if not try_lock(descriptor):
                raise LibraryError(f"another process is working on the journal {path}: wait until it is done")
            lines = _whole_lines(path, descriptor)
            if lines:
                begun = plan_from_json(_parsed(path, lines[0]).get("begin"), str(path))
                if plan is not None and begun != plan:
                    raise UserError(f"the journal {path} is that of another plan: make the plan anew")
                return cls(path, begun, _progress(path, lines[1:]), descriptor)
            if plan is None:
                raise UserError(f"{path} is no journal: it is empty")
            journal = cls(path, plan, Progress(), descriptor)
            journal._append({"begin": plan_to_json(plan)})
            sync_folder(path.parent)
            return journal
        except BaseException:
            os.close(descriptor)
            raise

    def write(self, event: str, number: int | bool = True, why: str | None = None) -> None:
        """Adds a line, which is on the disk when this returns. LibraryError where it cannot be."""
        entry: dict[str, Any] = {event: number}
        self._append(entry if why is None else {**entry, "why": why})
        _take(self.progress, event, number, why)

    def close(self) -> None:
        os.close(self._descriptor)  # releases the lock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, entry: Mapping[str, Any]) -> None:
        line = json.dumps(entry).encode() + b"\n"
        end = os.fstat(self._descriptor).st_size
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)
        except OSError as error:
            os.ftruncate(self._descriptor, end)
            raise LibraryError(
                f"cannot write the journal {self.path}: {error.strerror}; the same command goes on from here"
            ) from error


def read_journal(path: Path) -> tuple[Plan, Progress]:
    """The plan of a journal and where it stands."""
    with Journal.open(path) as journal:
        return journal.plan, journal.progress


def _whole_lines(path: Path, descriptor: int) -> list[bytes]:
    """The lines; one that was cut off is removed."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.ftruncate(descriptor, whole)
    return content[:whole].splitlines()


def _parsed(path: Path, line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise UserError(f"{path} is no journal, or it is damaged: {line[:60]!r} is a line of it")
    return values


def _progress(path: Path, lines: list[bytes]) -> Progress:
    progress = Progress()
    for line in lines:
        values = _parsed(path, line)
        event = next(iter(values), "")
        if event not in _EVENTS:
            raise UserError(f"{path} is no journal, or it is damaged: {line[:60]!r} is a line of it")
        _take(progress, event, values[event], values.get("why"))
    return progress


_EVENTS = frozenset({"do", "done", "refused", "end", "undo", "undone", "lost"})


def _take(progress: Progress, event: str, number: int, why: str | None) -> None:
    """What a line changes about where the work stands."""
    match event:
        case "do":
            progress.begun.append(number)
            progress.undone.discard(number)
        case "done":
            progress.done.add(number)
        case "refused":
            progress.refused[number] = why or ""
            progress.begun = [one for one in progress.begun if one != number]
        case "end":
            progress.ended = True
        case "undo":
            progress.undoing = True
        case "lost":
            progress.lost[number] = why or ""
        case "undone" if number is True:
            progress.all_undone = True
        case "undone":
            progress.undone.add(number)
            progress.lost.pop(number, None)
            progress.begun = [one for one in progress.begun if one != number]
            progress.done.discard(number)
