"""Matches in the exchange format, one row a segment, as CSV, JSONL or Parquet.

    a, b, relation, score, a_start, a_end, b_start, b_end, speed, mirrored, coverage_a, coverage_b

``a`` and ``b`` are paths, times are seconds, ``score`` is the pair's and the same in all its rows. A path that is not
valid Unicode (any bytes may stand in a name on Linux) is written as a ``file:`` URI (RFC 8089) with its bytes
percent-encoded, in all three formats alike: every reader of UTF-8 can read the file, and nothing is lost. Paths in a
catalogue are absolute, so no other path looks like one; ``text_to_path`` turns both kinds back.
"""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints
from urllib.parse import quote, unquote_to_bytes

from twinreel.errors import UserError
from twinreel.store.arrow import pyarrow
from twinreel.store.writing import written
from twinreel.types import Match, Relation, Video

_URI = "file://"
_BATCH = 65536


class Row(NamedTuple):
    """One row of the exchange format; its fields are the columns."""

    a: str
    b: str
    relation: str
    score: float
    a_start: float
    a_end: float
    b_start: float
    b_end: float
    speed: float
    mirrored: bool
    coverage_a: float
    coverage_b: float


def path_to_text(path: str) -> str:
    """A path as valid Unicode: itself, or a ``file:`` URI of its bytes where it is not."""
    is_unicode = path.encode(errors="ignore").decode() == path
    return path if is_unicode and not path.startswith(_URI) else _URI + quote(os.fsencode(path))


def text_to_path(text: str) -> str:
    """The path that ``path_to_text`` was given."""
    return os.fsdecode(unquote_to_bytes(text[len(_URI) :])) if text.startswith(_URI) else text


def match_rows(match: Match, a: Video, b: Video) -> Iterator[Row]:
    """The rows of a match; one without segments (identical files) gives one row over all of both."""
    paths = path_to_text(a.path), path_to_text(b.path)
    shared = (*paths, match.relation.value, match.score)
    coverages = match.coverage_a, match.coverage_b
    if not match.segments:
        yield Row(*shared, 0.0, a.probe.duration, 0.0, b.probe.duration, 1.0, False, *coverages)
    for s in match.segments:
        yield Row(*shared, s.a_start, s.a_stop, s.b_start, s.b_stop, s.speed, s.mirrored, *coverages)


def identical_rows(video: Video) -> Iterator[Row]:
    """The first path of a video with each of its others: the same bytes in several places."""
    paths = [path_to_text(path) for path in video.paths]
    relation, duration = Relation.IDENTICAL.value, video.probe.duration
    for other in paths[1:]:
        yield Row(paths[0], other, relation, 1.0, 0.0, duration, 0.0, duration, 1.0, False, 1.0, 1.0)


def check_export(path: Path) -> None:
    """UserError for a suffix that is not a known format, MissingExtra where its library is not installed.

    To be called before the work whose result will be exported.
    """
    if path.suffix.lower() not in _WRITERS:
        raise UserError(f"cannot export to {path}: the name must end in {', '.join(_WRITERS)}")
    if path.suffix.lower() == ".parquet":
        pyarrow()


def write_rows(rows: Iterable[NamedTuple], path: Path, kind: type[NamedTuple] = Row) -> int:
    """Writes rows to a file whose suffix says the format; how many. The file is whole or untouched at any moment.

    kind: of rows; its fields, of text, numbers and truth values, are the columns.

    Errors of ``check_export``; UserError where the file cannot be written.
    """
    check_export(path)
    with written(path) as unfinished:
        return _WRITERS[path.suffix.lower()](rows, unfinished, kind)


def _write_csv(rows: Iterable[NamedTuple], path: Path, kind: type[NamedTuple]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        # All text is quoted: a name may hold a carriage return, which the csv module does not quote by itself here.
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(kind._fields)
        for row in rows:
            writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row])
            count += 1
    return count


def _write_jsonl(rows: Iterable[NamedTuple], path: Path, kind: type[NamedTuple]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row._asdict(), ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_parquet(rows: Iterable[NamedTuple], path: Path, kind: type[NamedTuple]) -> int:
    arrow, parquet = pyarrow()
    types = {str: arrow.string(), float: arrow.float64(), bool: arrow.bool_()}
    schema = arrow.schema([(name, types[kind]) for name, kind in get_type_hints(kind).items()])
    count = 0
    rest = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while batch := list(itertools.islice(rest, _BATCH)):
            columns = [list(column) for column in zip(*batch, strict=True)]
            writer.write_table(arrow.table(columns, schema=schema))
            count += len(batch)
    return count


_WRITERS: dict[str, Callable[[Iterable[Any], Path, type[Any]], int]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
