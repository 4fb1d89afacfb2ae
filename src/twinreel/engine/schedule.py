"""The two small parts of the pool that know nothing of processes: tasks that wait, and a clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_HELD = 256
"""Tasks that are held at most while their keys have no place free."""


class Waiting(Generic[T]):
    """Tasks not handed out yet, by key. Taken from their iterable when needed, and a few more to find a free key."""

    def __init__(self, tasks: Iterable[T], key: Callable[[T], Hashable] | None) -> None:
        self._tasks = iter(tasks)
        self._key = key
        self._held: dict[Hashable, deque[T]] = {}
        self._count = 0

    def take(self, allowed: Callable[[Hashable], bool]) -> tuple[Hashable, T] | None:
        """The first task whose key is allowed, with its key; None where there is none among those within reach."""
        for key, held in self._held.items():
            if allowed(key):
                task = held.popleft()
                self._count -= 1
                if not held:
                    del self._held[key]
                return key, task
        while self._count < _HELD:
            try:
                task = next(self._tasks)
            except StopIteration:
                return None
            key = self._key(task) if self._key else None
            if allowed(key):
                return key, task
            self._held.setdefault(key, deque()).append(task)
            self._count += 1
        return None

    def put_back(self, key: Hashable, task: T) -> None:
        """Makes it the first of its key."""
        self._held.setdefault(key, deque()).appendleft(task)
        self._count += 1


class PatientClock:
    """Seconds that stand still while this process does: stopped by Ctrl-Z, or the machine asleep.

    ``now`` advances when looked at, by at most ``stride`` a look: whoever measures a silence with it has looked
    several times before the silence is long.
    """

    def __init__(self, stride: float) -> None:
        self.now = 0.0
        self._stride = stride
        self._last = time.monotonic()

    def look(self) -> float:
        last, self._last = self._last, time.monotonic()
        self.now += min(self._last - last, self._stride)
        return self.now
