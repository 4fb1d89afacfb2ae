"""A task for the tests of devices, in a module that workers import: a driver that fails in the middle of a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.engine.tasks import Reach, SampleTask
from twinreel.errors import BadFile
from twinreel.types import Samples


@dataclass(frozen=True)
class Fragile(SampleTask):
    """Done with a device, gives frames that are not in the file, then does what the device's name says, and leaves a
    mark beside the file."""

    def run(self) -> Iterator[object]:
        if self.device is None:
            yield from SampleTask.run(self)
            return
        Path(f"{self.path}.tried").touch()
        yield Samples(np.array([0.0, 0.5]), np.zeros((2, *self.size, 3), np.uint8))
        match self.device:
            case "crash":
                os.abort()
            case "fail":
                raise BadFile("the driver says no")
            case "stop":
                yield Reach(0.5)
