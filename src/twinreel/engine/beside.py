"""Fingerprints by another describer than the one that a library is matched by: for tags, from keyframes."""

from __future__ import annotations

from twinreel.engine.fingerprinting import Describing, Gathering
from twinreel.engine.pool import Done, Failed, Reply
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import SampleTask
from twinreel.store.catalogue import Catalogue
from twinreel.types import Samples, State


def describe_beside(catalogue: Catalogue, recipe: Recipe, resources: Resources, progress: Progress | None) -> int:
    """Makes and stores the fingerprints that present videos lack; of how many. The caller holds the lock.

    A video that cannot be decoded whole stays without one.
    """
    lacking = (catalogue.videos.get(content) for content in catalogue.fingerprints.missing(*recipe.key))
    files = {video.path: video for video in lacking if video is not None and video.state is State.PRESENT}
    if not files:
        return 0
    describing, meter, count = Describing(recipe.describer), Meter(progress, "describe", len(files)), 0
    gathered = {path: Gathering() for path in files}
    ended: list[str] = []

    def store() -> None:
        describing.flush()
        for path in ended:
            catalogue.fingerprints.put(files[path].content, gathered.pop(path).fingerprint(recipe))
            meter.advance(seconds=files[path].probe.duration)
        ended.clear()

    with open_pool(recipe.describer.image_size, resources) as pool:
        for event in pool.run(SampleTask(path, recipe.sampling, recipe.describer.image_size) for path in files):
            match event:
                case Reply(task, Samples(part=0) as samples):
                    describing.add(gathered[task.path], samples)
                case Done(task):
                    ended.append(task.path)
                    count += 1
                case Failed():
                    meter.advance()
            if describing.full:
                store()
        store()
    return count
