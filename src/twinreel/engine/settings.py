"""What a run may use of this machine."""

from __future__ import annotations

from dataclasses import dataclass

from twinreel.errors import UserError
from twinreel.media.hardware import AUTO, check_hardware
from twinreel.processors import cores

MEMORY = 2 << 30
"""Bytes of one worker: enough for 8K."""
LEAST_MEMORY = 64 << 20
STALL = 120.0
"""Seconds without a sign of life after which a worker is ended: a spun-down drive, a frame of 8K."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of one run."""

    jobs: int | None = None
    """Worker processes; None: one a core."""
    memory: int = MEMORY
    """Bytes that each of them may use beyond what its imports use."""
    readers_per_drive: int | None = None
    """Workers that read from one drive at a time; None: all, but see ``state.Readers``."""
    hardware: str = AUTO
    """What decodes where much is decoded: ``auto``, ``off`` or a type of device (``media.hardware``)."""

    def __post_init__(self) -> None:
        for what, number in (("jobs", self.jobs), ("readers_per_drive", self.readers_per_drive)):
            if number is not None and number < 1:
                raise UserError(f"{what} is {number}; 1 or more is expected")
        if self.memory < LEAST_MEMORY:
            raise UserError(f"memory is {self.memory} bytes; {LEAST_MEMORY} or more are expected")
        check_hardware(self.hardware)

    @property
    def workers(self) -> int:
        return self.jobs or cores()
