"""What a run may use of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass

from twinreel.errors import UserError

MEMORY = 2 << 30
STALL = 120.0
"""Seconds without a sign of life after which a worker is ended: a spun-down drive, a frame of 8K."""


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one run."""

    jobs: int = 0
    """Worker processes; 0: one a core."""
    memory: int = MEMORY
    """Bytes that each of them may use."""
    readers_per_drive: int = 0
    """Workers that read from one drive at a time; 0: all. 1 spares a hard disk the seeking."""

    def __post_init__(self) -> None:
        if self.jobs < 0 or self.memory < 1 << 20 or self.readers_per_drive < 0:
            raise UserError(
                f"jobs {self.jobs}, memory {self.memory} and readers per drive {self.readers_per_drive} are given; "
                "0 and more jobs and readers, and at least 1 MiB are expected"
            )

    @property
    def workers(self) -> int:
        return self.jobs or cores()

    @property
    def per_drive(self) -> int:
        return self.readers_per_drive or self.workers
