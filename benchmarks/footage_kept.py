"""Is footage ever lost by cleaning? Collections whose files' footage is known, before and after plan and apply.

    python benchmarks/footage_kept.py COLLECTION... [--work DIR] [--out docs/cleaning.md]

A COLLECTION is a folder with ``videos`` and ``files.json``, which says what seconds of what source each file shows:
``[{name, level, transforms, parts: [{source, src_start, src_end, ...}]}]``. It is copied, scanned, planned with default
rules and applied. Then, for each and for all:

    lost          stretches of source footage of over 0.5 s that files showed before and none shows any more
    edited kept   originals removed in favour of nothing but edited copies
    freed         share of the bytes of removable files that were freed; removable are easy and medium copies all of
                  whose parts lie inside an original of at least as many pixels
    beside        files removed that are neither removable nor alike in level (hard copies, compilations)

Ends with 1 where anything is lost or an edited copy was preferred.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bench
from twinreel.clean.coverage import outside, union
from twinreel.clean.model import Action
from twinreel.library import Library
from twinreel.types import Span, Video

LEAST = 0.5
"""Seconds: a shorter stretch is no loss."""
ORIGINALS = frozenset({"original", "half"})
COPIES = frozenset({"easy", "medium"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What cleaning a collection came to."""

    lost: list[tuple[str, Span]]
    """Source and seconds of it."""
    edited: list[tuple[str, list[str]]]
    """Originals that were removed, with the files that were kept instead."""
    removable: dict[str, int]
    """Bytes, by name."""
    freed: dict[str, int]
    """Of all files that were removed."""
    level: dict[str, str]

    @property
    def share(self) -> float:
        """Of the removable bytes that were freed."""
        total = sum(self.removable.values())
        return sum(size for name, size in self.removable.items() if name in self.freed) / total if total else 1.0


def shown(files: Iterable[dict[str, Any]]) -> dict[str, tuple[Span, ...]]:
    """The seconds of every source that some file shows."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for file in files:
        for part in file["parts"]:
            spans[part["source"]].append((float(part["src_start"]), float(part["src_end"])))
    return {source: union(found) for source, found in spans.items()}


def lost(before: Iterable[dict[str, Any]], after: Iterable[dict[str, Any]]) -> list[tuple[str, Span]]:
    """Stretches of over LEAST that were shown before and are not any more."""
    now = shown(after)
    found = []
    for source, spans in shown(before).items():
        for start, stop in spans:
            inside = [(low - start, high - start) for low, high in now.get(source, ())]
            inside = [(max(low, 0.0), high) for low, high in inside if high > 0]
            found += [(source, (start + a, start + b)) for a, b in outside(inside, stop - start) if b - a > LEAST]
    return found


def removable(files: Iterable[dict[str, Any]], videos: dict[str, Video]) -> dict[str, int]:
    """Bytes of the easy and medium copies all of whose parts lie inside an original of at least as many pixels."""
    everything = list(files)
    originals = [file for file in everything if file["level"] == "original" and file["name"] in videos]

    def pixels(name: str) -> int:
        return videos[name].probe.width * videos[name].probe.height

    def holds(original: dict[str, Any], part: dict[str, Any]) -> bool:
        (own,) = original["parts"]
        inside = own["src_start"] - 0.05 <= part["src_start"] and part["src_end"] <= own["src_end"] + 0.05
        return bool(own["source"] == part["source"] and inside)

    return {
        file["name"]: videos[file["name"]].size
        for file in everything
        if file["level"] in COPIES
        and file["name"] in videos
        and all(
            any(holds(original, part) and pixels(original["name"]) >= pixels(file["name"]) for original in originals)
            for part in file["parts"]
        )
    }


def clean(collection: Path, work: Path) -> tuple[Outcome, list[Action]]:
    """Copies a collection, scans it, plans and applies."""
    files = json.loads((collection / "files.json").read_text(encoding="utf-8"))
    folder, database = work / "videos", bench.new_library(work / "library.sqlite")
    shutil.copytree(collection / "videos", folder)
    with Library(database) as library:
        library.add(folder)
        videos = {Path(path).name: video for video in library.videos() for path in video.paths}
        applied = library.apply(library.plan())
        for action, why in applied.refused:
            print(f"refused: {action.file.path}: {why}")
    gone = {Path(action.file.path).name for action in applied.done}
    level = {file["name"]: file["level"] for file in files}
    edited = [
        (Path(action.file.path).name, [Path(file.path).name for file in action.kept])
        for action in applied.done
        if level[Path(action.file.path).name] in ORIGINALS
        and not any(level[Path(file.path).name] in ORIGINALS for file in action.kept)
    ]
    left = [file for file in files if file["name"] not in gone and (folder / file["name"]).is_file()]
    freed = {Path(action.file.path).name: action.freed for action in applied.done}
    return Outcome(lost(files, left), edited, removable(files, videos), freed, level), list(applied.done)


def main() -> None:
    parser = argparse.ArgumentParser(description="Is footage lost by cleaning collections whose footage is known?")
    parser.add_argument("collections", nargs="+", type=Path)
    parser.add_argument("--work", type=Path, help="where to copy and scan (default: a temporary folder)")
    parser.add_argument("--verbose", action="store_true", help="say of every removable file whether it was freed")
    parser.add_argument("--out", type=Path, help="document to write the table to")
    args = parser.parse_args()
    rows, wrong = [], 0
    for collection in args.collections:
        with tempfile.TemporaryDirectory(dir=args.work) as folder:
            outcome, done = clean(collection, Path(folder))
        for source, (start, stop) in outcome.lost:
            print(f"{collection.name}: lost {start:.2f}-{stop:.2f} of {source}")
        for name, kept in outcome.edited:
            print(f"{collection.name}: the original {name} was removed in favour of {', '.join(kept)}")
        wrong += len(outcome.lost) + len(outcome.edited)
        beside = [name for name in outcome.freed if name not in outcome.removable]
        if args.verbose:
            transforms = {f["name"]: f["transforms"] for f in json.loads((collection / "files.json").read_text())}
            for name, size in sorted(outcome.removable.items(), key=lambda item: -item[1]):
                print(f"  {'freed' if name in outcome.freed else 'STAYS'} {size:>9} {name} {transforms[name]}")
            for action in done:
                print(f"  {outcome.level[Path(action.file.path).name]} {action.reason.replace(folder, '')}")
        rows.append(
            [
                collection.name,
                str(len(outcome.freed)),
                f"{sum(stop - start for _, (start, stop) in outcome.lost):.1f}",
                str(len(outcome.edited)),
                f"{sum(outcome.removable.values()) / 1e6:.1f}",
                f"{outcome.share:.3f}",
                str(len(beside)),
            ]
        )
        text = bench.table(["collection", "removed", "lost s", "edited kept", "removable MB", "freed", "beside"], rows)
        print(text, flush=True)
    if args.out:
        bench.write_section(args.out, "footage", text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
