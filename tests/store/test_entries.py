"""Videos as Parquet: round trips, tables of other programs, and what the document shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from makers import scene, write_video
from twinreel.errors import UserError
from twinreel.library import Library
from twinreel.store.entries import Entry, Place
from twinreel.store.foreign import unknown_probe
from twinreel.store.parquet import EntriesFile, write_entries
from twinreel.store.quantise import dequantise, quantise
from twinreel.types import LAYOUT, Fingerprint, Float32, State

pq: Any = pytest.importorskip("pyarrow.parquet")
pa: Any = pytest.importorskip("pyarrow")
DOCUMENT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def fingerprint(n: int, d: int = 8, seed: int = 0) -> Fingerprint:
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n, d)).astype(np.float32)
    stored = dequantise(quantise(vectors))
    layout = rng.integers(-127, 128, (n, LAYOUT)).astype(np.float32) / np.float32(127)
    weights = rng.choice(np.array([0.0, 0.5, 1.0], np.float32), n)
    parts = np.sort(rng.integers(0, 2, n)).astype(np.uint8)
    return Fingerprint(np.arange(n, dtype=np.float64), stored, weights, layout, "some@1", "auto:1", parts)


def unit(rows: Float32) -> Float32:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("frames", [[3, 0, None, 300], [None], [0], []])
def test_what_is_written_is_read(frames: list[int | None], tmp_path: Path) -> None:
    given = [
        Entry(
            f"{number:032x}",
            number,
            unknown_probe(1.5 * number),
            (Place("/a/\udcff.mp4", 5, State.PRESENT), Place("s3://b/c.mp4", 0, State.OFFLINE)),
            None if n is None else fingerprint(n, seed=number),
            file_digest="ab",
        )
        for number, n in enumerate(frames)
    ]
    assert write_entries(given, [], tmp_path / "some.parquet") == len(frames)
    found = list(EntriesFile(tmp_path / "some.parquet").entries("any", "any"))
    for one, other in zip(found, given, strict=True):
        assert (one.content, one.size, one.probe, one.places, one.file_digest, one.head) == (
            other.content,
            other.size,
            other.probe,
            other.places,
            "ab",
            None,
        )
        if other.fingerprint is None or one.fingerprint is None:
            assert one.fingerprint is other.fingerprint
            continue
        assert (one.fingerprint.describer, one.fingerprint.sampling) == ("some@1", "auto:1")
        for name in ("times", "vectors", "weights", "layout", "parts"):
            np.testing.assert_array_equal(getattr(one.fingerprint, name), getattr(other.fingerprint, name))


def test_vectors_of_another_program_are_matched(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    original = unit(rng.standard_normal((40, 64)).astype(np.float32))
    copy = unit(original[10:30] + 0.02 * rng.standard_normal((20, 64)).astype(np.float32))
    others = [unit(rng.standard_normal((30, 64)).astype(np.float32)) for _ in range(6)]
    vectors = [original, copy, *others]
    ids = ["original", "copy", *(f"other {number}" for number in range(6))]
    table = pa.table(
        {
            "id": ids,
            "uri": [f"s3://bucket/{name}.mp4" for name in ids],
            "vectors": [one.tolist() for one in vectors],
            "times": [(np.arange(len(one)) * 1.0).tolist() for one in vectors],
        }
    )
    pq.write_table(table, tmp_path / "theirs.parquet")
    with Library(tmp_path / "theirs.sqlite") as library:
        assert library.import_videos(tmp_path / "theirs.parquet", made_by="clip", jobs=1).added == 8
        assert library.show("s3://bucket/copy.mp4").state is State.OFFLINE
        best = max(library.matches(0), key=lambda match: match.score)
        paths = {library.show(best.a).path, library.show(best.b).path}
        assert paths == {"s3://bucket/original.mp4", "s3://bucket/copy.mp4"}
        (segment,) = best.segments
        starts = {library.show(best.a).path: segment.a_start, library.show(best.b).path: segment.b_start}
        # frame 10 of the original is the first of the copy; half a gap either way is the sample's own
        assert starts["s3://bucket/original.mp4"] - starts["s3://bucket/copy.mp4"] == pytest.approx(10, abs=1)
        with pytest.raises(UserError, match="made elsewhere"):
            library.add(write_video(tmp_path / "new.mp4", scene(1, 1)), jobs=1)
    with Library(tmp_path / "own.sqlite", describer="pdq") as library, pytest.raises(UserError, match="--made-by"):
        library.import_videos(tmp_path / "theirs.parquet")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": ["a"], "vectors": [[[1.0]]]}, "columns id, uri, vectors"),
        ({"id": ["a"], "uri": ["a"], "vectors": [[[1.0], [1.0, 2.0]]]}, "differ in length"),
        ({"id": ["a"], "uri": ["a"], "vectors": [[[1.0], [1.0]]], "times": [[1.0, 1.0]]}, "ascending"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(columns: dict[str, Any], words: str, tmp_path: Path) -> None:
    pq.write_table(pa.table(columns), tmp_path / "bad.parquet")
    with Library(tmp_path / "some.sqlite") as library, pytest.raises(UserError, match=words):
        library.import_videos(tmp_path / "bad.parquet", made_by="x", jobs=1)


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.parquet").write_text("not a table")
    with pytest.raises(UserError, match="cannot read"):
        EntriesFile(tmp_path / "bad.parquet")


def test_the_examples_of_the_document_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb: Any = pytest.importorskip("duckdb")
    pytest.importorskip("pandas")
    for name, size in (("large", (96, 64)), ("small", (64, 48))):
        write_video(tmp_path / f"{name}.mp4", scene(1, 6, size=size))
    monkeypatch.chdir(tmp_path)
    with Library("some.sqlite", describer="phash") as library:
        library.add(tmp_path, jobs=1)
        library.export_videos("videos.parquet")
        library.export("matches.parquet")
    codecs, seconds = (duckdb.sql(query).fetchall() for query in blocks("sql"))
    assert [(codec, videos) for codec, videos, *_ in codecs] == [("h264", 2)]
    ((_, _, relation, common),) = seconds
    assert (relation, round(common)) == ("duplicate", 6)
    (program,) = blocks("python")
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["means"].shape == (2, 64)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
