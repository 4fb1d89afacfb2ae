"""Making a collection: clips are looked at, files planned and made by worker processes, pairs labelled."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import twinreel
from twinreel.bench import collection
from twinreel.bench.clips import Clip, ClipLook, LookAtClip, alike, clip_of
from twinreel.bench.collection import FACTS, FILES, VIDEOS, File, Labels
from twinreel.bench.encoders import usable
from twinreel.bench.plan import Settings, plan
from twinreel.bench.recipe import Recipe
from twinreel.bench.rendering import UNFINISHED, RenderTask
from twinreel.bench.truth import label
from twinreel.engine.pool import Done, Failed, Reply, WorkerPool
from twinreel.engine.progress import Meter, Progress
from twinreel.engine.settings import STALL, Resources
from twinreel.errors import NotFound, UserError
from twinreel.media.walk import Found, walk
from twinreel.types import UInt8

RING = 4 << 20
"""Bytes of the largest reply: the thumbnails of an hour."""
FEWEST = 2
"""Clips of which a collection can be made: a copy alone is no test."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A clip, or a file to be made, of which nothing came."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """A finished collection."""

    folder: Path
    files: tuple[File, ...]
    labels: Labels
    refused: tuple[Refused, ...]
    kept: int
    """Files that were there already, from a run that was interrupted."""


def make(
    clips: str | os.PathLike[str],
    folder: Path,
    settings: Settings | None = None,
    *,
    resources: Resources | None = None,
    progress: Progress | None = None,
) -> Made:
    """Makes a collection of the clips in a folder; goes on with one that was interrupted.

    The same clips and settings give the same files, with the same version of twinreel and of PyAV.
    NotFound where there are no clips; UserError where fewer than two can be used, or where the folder holds something
    else; MissingExtra without Pillow.
    """
    settings = settings or Settings()
    encoders = usable(settings.encoders)
    found, refused = _listed(Path(clips), folder)
    resources = resources or Resources()
    with WorkerPool(resources.workers, resources.memory, STALL, RING) as pool:
        usable_clips, thumbnails, unusable = _look(pool, found, settings, progress)
        refused += unusable
        if len(usable_clips) < FEWEST:
            why = "".join(f"; {one.path}: {one.reason}" for one in refused[:3])
            raise UserError(f"{len(usable_clips)} clips in {clips} can be used; {FEWEST} or more are needed{why}")
        facts = _facts(usable_clips, settings, [encoder.name for encoder in encoders])
        recipes = plan(usable_clips, settings, encoders)
        with _prepared(folder, facts):
            kept, failed = _render(pool, recipes, folder / VIDEOS, settings.height, progress)
    refused += [Refused(name, reason) for name, reason in failed.items()]
    files = tuple(recipe.file() for recipe in recipes if recipe.name not in failed)
    labels = label(files, alike(thumbnails))
    collection.write_labels(folder, labels)
    collection.write_json(folder / FACTS, facts | {"refused": [asdict(one) for one in refused]})
    collection.write_files(folder, files)
    return Made(folder, files, labels, tuple(refused), kept)


def _listed(clips: Path, folder: Path) -> tuple[list[Found], list[Refused]]:
    """The video files in the folder of clips but for those of the collection itself, which may lie in it."""
    root, own = clips.resolve(), folder.resolve()
    found: list[Found] = []
    refused: list[Refused] = []
    for one in walk([str(root)]):
        if not isinstance(one, Found):
            refused.append(Refused(one.path, one.reason))
        elif not Path(one.path).is_relative_to(own):
            found.append(one)
    if not found and not refused:
        raise NotFound(f"there is no video in {clips}")
    return found, refused


def _look(
    pool: WorkerPool, found: list[Found], settings: Settings, progress: Progress | None
) -> tuple[list[Clip], Mapping[str, UInt8], list[Refused]]:
    """The clips that can be used, of those with the same content one; their thumbnails; the others, and why not."""
    root = os.path.commonpath([Path(one.path).parent for one in found]) if found else ""
    names = {one.path: Path(one.path).relative_to(root).as_posix() for one in found}
    meter = Meter(progress, "clips", len(found))
    looks: dict[str, ClipLook] = {}
    refused: list[Refused] = []
    for event in pool.run(LookAtClip(names[one.path], one.path, settings.max_length) for one in found):
        match event:
            case Reply(task, ClipLook() as look):
                looks[task.path] = look
            case Done():
                meter.advance()
            case Failed(task, error):
                refused.append(Refused(task.path, error.reason))
                meter.advance()
    clips: dict[str, Clip] = {}
    for path, look in sorted(looks.items()):
        clip = clip_of(names[path], path, look, settings.max_length)
        if isinstance(clip, str):
            refused.append(Refused(path, clip))
        elif look.content in clips:
            refused.append(Refused(path, f"it is the same file as {clips[look.content].id}"))
        else:
            clips[look.content] = clip
    thumbnails = {clip.id: looks[clip.path].thumbnails for clip in clips.values()}
    return list(clips.values()), thumbnails, refused


def _facts(clips: Iterable[Clip], settings: Settings, encoders: list[str]) -> dict[str, Any]:
    """What a collection depends on: who finds the same in a folder can go on with it."""
    made_of = [{"id": c.id, "content": c.content, "duration": round(c.duration, 3)} for c in clips]
    stated = asdict(settings) | {"encoders": encoders}
    return {"twinreel": twinreel.__version__, "settings": stated, "clips": made_of}


@contextmanager
def _prepared(folder: Path, facts: dict[str, Any]) -> Iterator[None]:
    """The folder, ready to be filled. What was begun and not finished is removed before and after."""
    known = folder / FACTS
    if known.exists():
        old = collection.read_json(known)
        if {key: old.get(key) for key in facts} != json.loads(json.dumps(facts)):
            raise UserError(
                f"{folder} holds a collection of other clips or settings, or of another version: give a new folder"
            )
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty and holds no collection: give a new folder")
    try:
        (folder / VIDEOS).mkdir(parents=True, exist_ok=True)
        _sweep(folder / VIDEOS)
        (folder / FILES).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
    collection.write_json(known, facts)
    try:
        yield
    finally:
        _sweep(folder / VIDEOS)


def _sweep(videos: Path) -> None:
    for file in videos.glob(f".*{UNFINISHED}"):
        file.unlink(missing_ok=True)


def _render(
    pool: WorkerPool, recipes: list[Recipe], videos: Path, height: int, progress: Progress | None
) -> tuple[int, dict[str, str]]:
    """Makes what is not there yet. How many files were, and why those that could not be made could not."""
    folder = str(videos.resolve())
    waiting = [RenderTask(recipe, folder, height) for recipe in recipes if not (videos / recipe.name).exists()]
    meter = Meter(progress, "make", len(waiting))
    failed: dict[str, str] = {}
    for event in pool.run(waiting):
        match event:
            case Done(task):
                meter.advance(seconds=task.recipe.frames / float(task.recipe.fps))
            case Failed(task, error):
                failed[task.recipe.name] = error.reason
                meter.advance()
    return len(recipes) - len(waiting), failed
