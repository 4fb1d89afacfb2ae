"""Labelled videos as examples to learn from: frame vectors out of a library, or frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from twinreel.engine.pool import Failed, Reply
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.tasks import SampleTask
from twinreel.engine.verifying import SAMPLING
from twinreel.errors import UserError
from twinreel.evaluate.labelled import Labelled
from twinreel.library import Library
from twinreel.networks.rcla import SIDE
from twinreel.pooling.base import every_second
from twinreel.train.rcla import Example
from twinreel.types import Samples, UInt8

FRAMES = 16
"""Of a video that the full network learns from, evenly spread over one a second: 2.4 MB."""


def vector_examples(library: Library, labelled: Sequence[Labelled]) -> tuple[str, list[Example]]:
    """The describer, ``name@version``, and its vectors of each labelled video that the library holds, one a second.

    Videos without a frame that says something are left out; UserError where none is left.
    """
    events = {str(one.path): one.event for one in labelled}
    describer, examples = "", []
    for video, fingerprint in library.fingerprints():
        telling = (fingerprint.parts == 0) & (fingerprint.weights > 0)
        event = next((events[path] for path in video.paths if path in events), None)
        if event is not None and telling.any():
            describer = fingerprint.describer
            frames = every_second(fingerprint.vectors[telling], fingerprint.times[telling])
            examples.append(Example(event, frames))
    if not examples:
        raise UserError("the library holds none of the labelled videos")
    return describer, examples


def frame_examples(labelled: Sequence[Labelled], resources: Resources) -> list[Example]:
    """At most ``FRAMES`` frames of each labelled video, in order of the labels; what cannot be decoded is left out."""
    gathered: dict[str, list[UInt8]] = defaultdict(list)
    with open_pool((SIDE, SIDE), resources) as pool:
        for event in pool.run(SampleTask(str(one.path), SAMPLING, (SIDE, SIDE)) for one in labelled):
            match event:
                case Reply(task, Samples(part=0) as samples):
                    gathered[task.path].append(samples.images)
                case Failed(task, _):
                    gathered.pop(task.path, None)
    examples = []
    for one in labelled:
        if chunks := gathered.get(str(one.path)):
            frames = np.concatenate(chunks)
            shown = np.unique(np.linspace(0, len(frames) - 1, FRAMES).round().astype(int))
            examples.append(Example(one.event, frames[shown]))
    return examples
