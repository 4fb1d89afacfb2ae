"""Footage that one file shows more than once, from frames as dense as those of a comparison."""

from __future__ import annotations

from twinreel.engine.comparing import fine
from twinreel.engine.pool import WorkerPool
from twinreel.engine.searching import Searcher
from twinreel.engine.state import Recipe
from twinreel.engine.taking import Taken, take
from twinreel.errors import MediaError
from twinreel.match.repeats import repeats
from twinreel.processors import cores
from twinreel.types import Segment


def find_repeats(pool: WorkerPool, recipe: Recipe, searcher: Searcher, aligner: str, look: Taken) -> list[Segment]:
    """The repeats of a file that was looked at, which need not be part of the library.

    Raises MediaError where frames of it cannot be had.
    """
    (taken,) = take(pool, recipe.describer, [(look, fine(look.probe.duration))], threads=cores()).values()
    if isinstance(taken, MediaError):
        raise taken
    view = searcher.view(taken)
    return repeats(view.video, view.mirrored, aligner=aligner)
