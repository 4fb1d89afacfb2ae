"""Libraries without a frame: files of a few bytes whose footage is known, and the matches that follow from it.

A file shows parts of sources, second by second. Its bytes say which, so that what a folder holds can be read off the
disk by a few lines that know nothing of the code under test.
"""

from __future__ import annotations

import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from twinreel.clean.model import Deed, Plan, Sides
from twinreel.clean.plan import propose
from twinreel.clean.rules import Rules
from twinreel.clean.survey import seal, survey
from twinreel.media.identity import content_id
from twinreel.types import Match, Probe, Relation, Segment, State, Video

Part = tuple[int, int, int]
"""Source, first second of it, last second (not shown)."""


def probe(duration: float, height: int = 360, **changes: object) -> Probe:
    values: dict[str, object] = {
        "duration": duration,
        "duration_from_header": duration,
        "duration_from_content": None,
        "width": height * 16 // 9,
        "height": height,
        "coded_width": height * 16 // 9,
        "coded_height": height,
        "rotation": 0,
        "sample_aspect": 1.0,
        "codec": "h264",
        "pixel_format": "yuv420p",
        "fps_average": 25.0,
        "fps_real": 25.0,
        "bit_rate": None,
        "frame_count": None,
        "hdr": False,
        "interlaced": False,
        "audio_languages": (),
        "subtitle_languages": (),
        "container": "mp4",
    }
    return Probe(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class Made:
    """A folder of made files, and what a library would know of them."""

    root: Path
    probes: dict[str, Probe] = field(default_factory=dict)
    """By content id."""
    parts: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    """By content id."""

    def file(self, name: str, *parts: Part, height: int = 360, weight: int = 0, **changes: object) -> Path:
        """A file that shows parts of sources; ``weight``: bytes more, as a better encoding has."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"parts": parts, "height": height, **changes}) + " " * weight)
        os.utime(path, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789 + len(self.parts) * 10**9))
        self.learn(path)
        return path

    def learn(self, path: Path) -> None:
        values = json.loads(path.read_text())
        content, parts = content_id(str(path)), tuple(map(tuple, values.pop("parts")))
        self.parts[content] = parts
        self.probes[content] = probe(sum(stop - start for _, start, stop in parts), **values)

    def videos(self) -> list[Video]:
        paths: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.root.rglob("*.mp4")):
            if not path.is_symlink():
                paths[content_id(str(path))].append(str(path))
        return [
            Video(content, found[0], tuple(found), State.PRESENT, Path(found[0]).stat().st_size, self.probes[content])
            for content, found in paths.items()
        ]

    def matches(self) -> list[Match]:
        found = []
        for a, b in combinations(sorted(video.content for video in self.videos()), 2):
            if segments := _segments(self.parts[a], self.parts[b]):
                found.append(Match(a, b, Relation.SHARED, 1.0, 0.5, 0.5, tuple(segments)))
        return found

    def plan(self, rules: Rules | None = None, deed: Deed = Deed.QUARANTINE, sides: Sides = Sides.MOVE) -> Plan:
        videos, chosen = self.videos(), rules or Rules()
        files = survey({path: video.content for video in videos for path in video.paths})
        return seal(propose(videos, self.matches(), chosen, files, deed=deed), chosen, sides=sides)


def _segments(a: Sequence[Part], b: Sequence[Part]) -> list[Segment]:
    found = []
    at = 0
    for source, start, stop in a:
        there = 0
        for other, first, last in b:
            low, high = max(start, first), min(stop, last)
            if source == other and high > low:
                found.append(
                    Segment(at + low - start, at + high - start, there + low - first, there + high - first, 1.0)
                )
            there += last - first
        at += stop - start
    return sorted(found, key=lambda s: (s.a_start, s.b_start))


def footage(root: Path) -> set[tuple[int, int]]:
    """(source, second) of all that the files of a folder show, apart from hidden folders; links are followed."""
    shown = set()
    for path in visible(root):
        if path.suffix == ".mp4":
            values = json.loads(path.read_text())
            shown |= {(source, second) for source, start, stop in values["parts"] for second in range(start, stop)}
    return shown


def visible(root: Path) -> Iterable[Path]:
    return (
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )


def tree(root: Path) -> dict[str, object]:
    """All of a folder: names, bytes, times, permissions, targets of links, and which names are one file."""
    names: dict[tuple[int, int], list[str]] = defaultdict(list)
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name, status = str(path.relative_to(root)), path.lstat()
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = path.read_bytes(), status.st_mtime_ns, stat.S_IMODE(status.st_mode)
            names[status.st_dev, status.st_ino].append(name)
    found["one file"] = sorted(group for group in names.values() if len(group) > 1)
    return found
