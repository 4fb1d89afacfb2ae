"""Files that arrive in folders, once they are complete: nobody has written to them for a while.

The watchdog library says what happens in a folder; ``Settling`` says when it is over.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from twinreel.errors import MissingExtra

QUIET = 3.0
"""Seconds without a change after which a file is complete."""


class Settling:
    """Which files something happened to, and when last. The clock is the caller's."""

    def __init__(self, quiet: float = QUIET) -> None:
        self._quiet = quiet
        self._last: dict[str, float] = {}

    def note(self, path: str, now: float) -> None:
        """Something happened to a file."""
        self._last[path] = now

    def forget(self, path: str) -> None:
        """It is gone."""
        self._last.pop(path, None)

    def due(self, now: float) -> list[str]:
        """The files that have been left alone, in order of name; each is said once."""
        ready = sorted(path for path, last in self._last.items() if now - last >= self._quiet)
        for path in ready:
            del self._last[path]
        return ready

    def wait(self, now: float) -> float | None:
        """Seconds until the next may be due; None where there is none."""
        return max(0.0, min(self._last.values()) + self._quiet - now) if self._last else None


@contextmanager
def arrivals(folders: Iterable[str], quiet: float = QUIET) -> Iterator[Iterator[list[str]]]:
    """Lists of complete files without end; what happens from entering on is seen. MissingExtra without watchdog."""
    try:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError:
        raise MissingExtra("watching folders", "watch") from None
    events: queue.Queue[tuple[str, str, str]] = queue.Queue()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if not event.is_directory:
                events.put((event.event_type, str(event.src_path), str(event.dest_path)))

    observer: Any = Observer()
    for folder in folders:
        observer.schedule(Handler(), folder, recursive=True)
    observer.start()
    try:
        yield _settled(events, Settling(quiet))
    finally:
        observer.stop()
        observer.join()


def _settled(events: queue.Queue[tuple[str, str, str]], settling: Settling) -> Iterator[list[str]]:
    while True:
        try:
            kind, source, target = events.get(timeout=settling.wait(time.monotonic()))
        except queue.Empty:
            if ready := settling.due(time.monotonic()):
                yield ready
            continue
        now = time.monotonic()
        if kind in ("created", "modified", "closed"):
            settling.note(source, now)
        elif kind == "deleted":
            settling.forget(source)
        elif kind == "moved":
            settling.forget(source)
            settling.note(target, now)
