"""The anchor frames of a file, chosen by its pixels as ``pooling.anchored`` chooses them."""

from __future__ import annotations

import numpy as np

from twinreel.engine.comparing import fine
from twinreel.engine.pool import Failed, Reply, WorkerPool
from twinreel.engine.taking import Taken
from twinreel.engine.tasks import SampleTask
from twinreel.errors import BadFile
from twinreel.media.anchors import Anchors, anchor_frames
from twinreel.pooling.anchored import PIXELS, pixel_columns
from twinreel.types import Float64, Samples


def anchors_of(pool: WorkerPool, look: Taken, count: int | None) -> tuple[Float64, Anchors]:
    """The seconds (n,) of densely taken frames, and the anchors among them: so many, or as few as leave 5 %.

    pool: for frames of ``PIXELS``. MediaError where no frame can be had.
    """
    parts: list[Samples] = []
    for event in pool.run([SampleTask(look.path, fine(look.probe.duration), PIXELS)]):
        match event:
            case Reply(_, Samples(part=0) as samples):
                parts.append(samples)
            case Failed(_, error):
                if not (isinstance(error, BadFile) and parts):
                    raise error
    times = np.concatenate([part.times for part in parts])
    columns = pixel_columns(np.concatenate([part.images for part in parts]))
    return times, anchor_frames(columns, count=count)
