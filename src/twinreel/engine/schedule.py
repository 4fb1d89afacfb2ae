"""The two small parts of the pool that know nothing of processes: tasks that wait, and a clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from twinreel.errors import UserError

T = TypeVar("T")

Limit = tuple[Hashable, int]
"""A key that tasks share, for example their drive, and how many workers may have tasks of it at a time: 1 or more, the
same for all tasks of a run that share it."""
_HELD = 256
"""Tasks that are held at most while their limits allow none."""


class Waiting(Generic[T]):
    """Tasks not handed out yet, by limit. Taken from their iterable when needed, and a few more to find one whose limit
    allows it."""

    def __init__(self, tasks: Iterable[T], limit: Callable[[T], Limit] | None) -> None:
        self._tasks = iter(tasks)
        self._limit = limit
        self._held: dict[Limit | None, deque[T]] = {}
        self._count = 0

    def take(self, allowed: Callable[[Limit | None], bool]) -> tuple[Limit | None, T] | None:
        """The first task whose limit allows it, with that; None where there is none among those within reach.

        UserError for a limit under which no worker may have a task.
        """
        for limit, held in self._held.items():
            if allowed(limit):
                task = held.popleft()
                self._count -= 1
                if not held:
                    del self._held[limit]
                return limit, task
        while self._count < _HELD:
            try:
                task = next(self._tasks)
            except StopIteration:
                return None
            limit = self._limit(task) if self._limit else None
            if limit is not None and limit[1] < 1:
                raise UserError(f"a limit allows 1 worker or more, given: {limit[1]}")
            if allowed(limit):
                return limit, task
            self._held.setdefault(limit, deque()).append(task)
            self._count += 1
        return None

    def put_back(self, limit: Limit | None, task: T) -> None:
        """Makes it the first of its limit."""
        self._held.setdefault(limit, deque()).appendleft(task)
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
