"""What a library makes of a benchmark whose videos, or some of them, lie in a folder."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinreel.engine.census import below
from twinreel.evaluate.base import Answer, Benchmark, Box, Figures, Pair, Part, Scored, part
from twinreel.library import Library
from twinreel.match.calibration import MIN_SCORE
from twinreel.types import Failure, Match, State, Video


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A library's figures on the part of a benchmark that is there."""

    part: Part
    figures: Figures
    missing: tuple[str, ...]
    """Ids of the benchmark's videos that have no file, in order."""
    unusable: tuple[Failure, ...]
    """What could not be used, or only in part, of the benchmark's videos. They count as present: not to find them is a
    miss of ours."""
    not_counted: tuple[str, ...]
    """Paths of files whose name is no id of the benchmark, and of further files of one id."""


def evaluate(library: Library, folder: Path, benchmark: Benchmark) -> Evaluation:
    """Measures a library that the folder was added to. A video's id is the name of its file without extension."""
    root = os.path.abspath(folder)  # noqa: PTH100 - names may hold any bytes
    videos = [video for video in library.videos() if video.state is State.PRESENT]
    failures = [failure for failure in library.failures() if below(failure.path, root)]
    paths = sorted(
        {
            *(path for video in videos for path in video.paths if below(path, root)),
            *(failure.path for failure in failures),
        }
    )
    ids, not_counted = identify(paths, benchmark.videos)
    present = set(ids.values())
    answer = Answer(pairs(videos, library.matches(0.0), ids), MIN_SCORE)
    return Evaluation(
        part(benchmark, present),
        benchmark.measure(answer, present),
        tuple(sorted(set(benchmark.videos) - present)),
        tuple(failure for failure in failures if failure.path in ids),
        not_counted,
    )


def identify(paths: Iterable[str], videos: Collection[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The id of each path, and the paths that have none; of several files of one video the first has it.

    An id with folders in front, as ``1/1_1_Y``, is known by its last part.
    """
    by_stem = {video.rpartition("/")[2]: video for video in videos}
    ids: dict[str, str] = {}
    taken: set[str] = set()
    others = []
    for path in paths:
        video = by_stem.get(Path(path).stem)
        if video is None or video in taken:
            others.append(path)
        else:
            ids[path] = video
            taken.add(video)
    return ids, tuple(others)


def pairs(videos: Iterable[Video], matches: Iterable[Match], ids: Mapping[str, str]) -> dict[tuple[str, str], Pair]:
    """What was found, by ids: a match holds for every file of both contents; files of one content are identical."""
    names: dict[str, list[str]] = {}
    durations: dict[str, float] = {}
    found: dict[tuple[str, str], Pair] = {}
    for video in videos:
        names[video.content] = sorted(ids[path] for path in video.paths if path in ids)
        durations[video.content] = video.probe.duration
        whole = Box(0.0, 0.0, video.probe.duration, video.probe.duration)
        for key in itertools.combinations(names[video.content], 2):
            found[key] = Pair(1.0, (Scored(whole, 1.0),))
    for match in matches:
        # Identical files whose content ids differ have no segments: all of one is in the other.
        pair = Pair(match.score, _segments(match) or (_whole(match, durations),))
        for a, b in itertools.product(names.get(match.a, ()), names.get(match.b, ())):
            found[min(a, b), max(a, b)] = pair if a < b else pair.turned
    return found


def _segments(match: Match) -> tuple[Scored, ...]:
    return tuple(Scored(Box(s.a_start, s.b_start, s.a_stop, s.b_stop), s.score) for s in match.segments)


def _whole(match: Match, durations: Mapping[str, float]) -> Scored:
    return Scored(Box(0.0, 0.0, durations[match.a], durations[match.b]), match.score)
