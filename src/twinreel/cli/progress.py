"""Progress of a scan, or of making a collection, on stderr: bars, rates and the time left. Only on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from twinreel.cli.output import console
from twinreel.cli.text import clock, size

if TYPE_CHECKING:
    from twinreel.library import Progress as Report
    from twinreel.library import Step

STAGES = {
    "list": ("looking for files", "files"),
    "look": ("reading headers", "files"),
    "heads": ("comparing how streams begin", "files"),
    "verify": ("comparing files", "files"),
    "describe": ("reading frames", "files"),
    "deepen": ("looking closer", "files"),
    "match": ("matching", "videos"),
    "regions": ("reading frames of matches", "videos"),
    "pairs": ("looking at matches again", "pairs"),
    "hash": ("hashing", "videos"),
    "clips": ("looking at clips", "clips"),
    "make": ("making files", "files"),
    "load": ("loading the library", "shards"),
    "shards: look": ("reading headers", "shards"),
    "shards: streams": ("comparing streams", "shards"),
    "shards: describe": ("reading frames", "shards"),
    "shards: refit": ("fitting the reference", "shards"),
    "shards: search": ("searching", "shards"),
    "shards: vote": ("counting votes", "shards"),
    "shards: align": ("aligning", "shards"),
    "shards: settle": ("choosing matches", "shards"),
    "shards: keep": ("keeping matches", "shards"),
    "shards: edges": ("linking matches", "shards"),
    "shards: link": ("finding components", "shards"),
    "shards: assign": ("sorting components", "shards"),
    "shards: group": ("grouping", "shards"),
}
"""What a stage is called, and what it counts."""
_SETTLED = 1.0
"""Seconds of a stage before a rate is shown."""


def described(step: Step, seconds: float) -> str:
    """How far a stage is after some seconds, in words: counts, rate and time left, what matters most first."""
    of = "" if step.total is None else f"/{step.total:,}"
    parts = [f"{step.done:,}{of} {STAGES[step.stage][1]}"]
    share = _share(step)
    if seconds >= _SETTLED and step.done:
        if share is not None and 0 < share < 1:
            parts.append(f"{clock(seconds / share - seconds)[:-2]} left")
        parts.append(f"{step.done / seconds:,.1f}/s")
        if step.seconds:
            parts.append(f"{step.seconds / seconds:,.0f}x real time")
    if step.seconds:
        parts.append(f"{step.seconds / 3600:,.1f} h of video")
    if step.bytes:
        parts.append(size(step.bytes) + (f" of {size(step.total_bytes)}" if step.total_bytes else ""))
    return ", ".join(parts)


def _share(step: Step) -> float | None:
    if step.total_bytes:
        return step.bytes / step.total_bytes
    return step.done / step.total if step.total else None


class _Bars:
    """One bar a stage; those that are done stay."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, tuple[TaskID, float]] = {}

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        if step.stage not in self._tasks:
            self._tasks[step.stage] = self._shown.add_task(STAGES[step.stage][0], words=""), now
        task, since = self._tasks[step.stage]
        share = _share(step)
        self._shown.update(task, total=None if share is None else 1.0, completed=share or 0.0)
        self._shown.update(task, words=described(step, now - since), refresh=step.done == 0)


@contextmanager
def shown() -> Iterator[Report | None]:
    """What to give as ``progress``; None where stderr is not a terminal."""
    screen = console(stderr=True)
    if not screen.is_terminal or screen.is_dumb_terminal:
        yield None
        return
    with Progress(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[words]}", markup=False),
        console=screen,
        refresh_per_second=5,
    ) as bars:
        yield _Bars(bars)
