"""Fingerprints by another describer than the one that a library is matched by: for tags, from keyframes."""

from __future__ import annotations

from twinreel.engine.describing import described
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.engine.state import Recipe
from twinreel.engine.tasks import SampleTask
from twinreel.store.catalogue import Catalogue
from twinreel.types import State


def describe_beside(catalogue: Catalogue, recipe: Recipe, resources: Resources, progress: Progress | None) -> int:
    """Makes and stores the fingerprints that present videos lack; of how many. The caller holds the lock.

    A video that cannot be decoded whole stays without one.
    """
    lacking = (catalogue.videos.get(content) for content in catalogue.fingerprints.missing(*recipe.key))
    files = {video.path: video for video in lacking if video is not None and video.state is State.PRESENT}
    if not files:
        return 0
    meter, count = Meter(progress, "describe", len(files)), 0
    tasks = (SampleTask(path, recipe.sampling, recipe.describer.image_size, parts=False) for path in files)
    with open_pool(recipe.describer.image_size, resources) as pool:
        for one in described(pool, recipe.describer, tasks):
            video = files[one.task.path]
            if one.error is None:
                catalogue.fingerprints.put(video.content, one.gathering.fingerprint(recipe))
                count += 1
            meter.advance(seconds=video.probe.duration)
    return count
