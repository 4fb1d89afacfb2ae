"""What a collection is: files of known parts, the pairs that share footage, and how both are kept in a folder.

OUT/videos/           the files; their names say nothing about what they hold
OUT/files.json        every file: its parts (source, source and file seconds), level, transforms, edits, encoder
OUT/truth.csv         a, b, a_start, a_end, b_start, b_end, level, transforms: a row a common stretch; a < b
OUT/hard_negatives.csv    a, b: the same scene, no moment in common: never a match
OUT/ignore.csv        a, b, reason: counts neither way, since they share under two seconds ("short"), or what they share
                      is hardly to be seen in one of them ("faint"), or they show other moments of a scene in which
                      nothing moves ("still")
OUT/collection.json   what it was made of, with what, and what could not be used
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from twinreel.errors import NotFound, UserError
from twinreel.store.writing import written

VIDEOS, FILES, TRUTH = "videos", "files.json", "truth.csv"
HARD_NEGATIVES, IGNORE, FACTS = "hard_negatives.csv", "ignore.csv", "collection.json"
LEVELS = ("original", "half", "light", "medium", "heavy")
"""Of files, in order of difficulty; a pair has that of its harder file. A half is one of two stretches of a clip."""

Pair = tuple[str, str]
"""File names, the lower first."""


class Transform(NamedTuple):
    """What was done to footage, and how strongly."""

    name: str
    strength: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file that shows a stretch of a source clip, all of it in seconds."""

    source: str
    src_start: float
    src_end: float
    out_start: float
    out_end: float
    reversed: bool = False
    mirrored: bool = False
    """As in a mirror, left and right or above and below exchanged."""
    transforms: tuple[Transform, ...] = ()
    """What was done to this footage: for a clip that another one was put on, something else than for that one."""
    faint: bool = False
    """Hardly to be seen."""

    @property
    def level(self) -> str:
        """Of the strongest that was done to it; original where nothing was."""
        return max((strength for _, strength in self.transforms), key=LEVELS.index, default=LEVELS[0])

    @property
    def speed(self) -> float:
        """Seconds of the source that pass in one of the file."""
        return (self.src_end - self.src_start) / (self.out_end - self.out_start)

    def at(self, second: float) -> float:
        """Where in the file a moment of the source is shown."""
        since = (second - self.src_start) / self.speed
        return self.out_end - since if self.reversed else self.out_start + since


@dataclass(frozen=True, slots=True)
class File:
    """One file of a collection."""

    name: str
    parts: tuple[Part, ...]
    level: str
    transforms: tuple[Transform, ...] = ()
    """What was done to the clip that it is a copy of: its kind, and whether it was trimmed as well."""
    edits: tuple[Transform, ...] = ()
    """The single edits of the picture, those that a mix is made of among them."""
    encoder: str = ""
    quality: int = 0
    """Of encoding: 0 good, 3 very bad."""
    fps: float = 0.0

    @property
    def edited(self) -> bool:
        """Is it a copy?"""
        return bool(self.transforms)

    @property
    def described(self) -> str:
        """``crop heavy, trim medium``."""
        return ", ".join(f"{name} {strength}" for name, strength in self.transforms) or self.level


class Shared(NamedTuple):
    """A common stretch of two files, in seconds of both: a row of the truth."""

    a: str
    b: str
    a_start: float
    a_end: float
    b_start: float
    b_end: float
    level: str
    transforms: str
    """Of what both files show of it, joined by ``+``."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What is true of every pair; one that is nowhere in here shares nothing."""

    truth: Mapping[Pair, tuple[Shared, ...]]
    hard_negatives: frozenset[Pair]
    ignored: Mapping[Pair, str]
    """To the reason."""


def write_files(folder: Path, files: Iterable[File]) -> None:
    listed = []
    for file in files:
        parts = [
            asdict(part) | {"transforms": _words(part.transforms), "speed": round(part.speed, 6)} for part in file.parts
        ]
        listed.append(
            asdict(file)
            | {
                "parts": parts,
                "transforms": [name for name, _ in file.transforms],
                "strengths": [strength for _, strength in file.transforms],
                "edits": _words(file.edits),
            }
        )
    write_json(folder / FILES, listed)


def _words(transforms: Iterable[Transform]) -> list[str]:
    return [f"{name} {strength}" for name, strength in transforms]


def _transforms(words: Iterable[str]) -> tuple[Transform, ...]:
    return tuple(Transform(*one.split()) for one in words)


def read_files(folder: Path) -> dict[str, File]:
    """By name. NotFound where the folder holds no finished collection."""
    if not (folder / FILES).exists():
        raise NotFound(f"{folder} holds no finished collection: make one with twinreel bench make CLIPS {folder}")
    files = {}
    for one in read_json(folder / FILES):
        parts = tuple(
            Part(**{key: value for key, value in part.items() if key != "speed"})
            for part in (part | {"transforms": _transforms(part["transforms"])} for part in one["parts"])
        )
        transforms = tuple(map(Transform, one["transforms"], one["strengths"]))
        files[one["name"]] = File(
            *(
                one["name"],
                parts,
                one["level"],
                transforms,
                _transforms(one["edits"]),
                one["encoder"],
                one["quality"],
                one["fps"],
            )
        )
    return files


def write_labels(folder: Path, labels: Labels) -> None:
    rows = [
        [*row[:2], *(f"{second:.3f}" for second in row[2:6]), *row[6:]]
        for pair in sorted(labels.truth)
        for row in labels.truth[pair]
    ]
    _write_csv(folder / TRUTH, Shared._fields, rows)
    _write_csv(folder / HARD_NEGATIVES, ("a", "b"), sorted(labels.hard_negatives))
    _write_csv(folder / IGNORE, ("a", "b", "reason"), [(*pair, why) for pair, why in sorted(labels.ignored.items())])


def read_labels(folder: Path) -> Labels:
    """NotFound where one of the three files is absent."""
    truth: dict[Pair, list[Shared]] = {}
    for row in read_csv(folder / TRUTH):
        a_start, a_end, b_start, b_end = (float(row[name]) for name in Shared._fields[2:6])
        shared = Shared(row["a"], row["b"], a_start, a_end, b_start, b_end, row["level"], row["transforms"])
        truth.setdefault((row["a"], row["b"]), []).append(shared)
    return Labels(
        {pair: tuple(rows) for pair, rows in truth.items()},
        frozenset((row["a"], row["b"]) for row in read_csv(folder / HARD_NEGATIVES)),
        {(row["a"], row["b"]): row["reason"] for row in read_csv(folder / IGNORE)},
    )


def read_csv(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    except FileNotFoundError as error:
        raise NotFound(f"there is no {file}: it is part of a collection made by twinreel bench make") from error


def read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file} is not valid JSON ({error}): make the collection, or the run, again") from error


def write_json(file: Path, value: Any) -> None:
    """The file is whole or untouched at any moment."""
    write_text(file, json.dumps(value, indent=1) + "\n")


def write_text(file: Path, text: str) -> None:
    """The same for any text. UserError where it cannot be written."""
    with written(file) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def _write_csv(file: Path, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    lines = [head, *rows]
    write_text(file, "".join(",".join(map(str, line)) + "\n" for line in lines))
