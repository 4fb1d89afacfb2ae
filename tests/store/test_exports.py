"""Read back by other readers than our own: the csv and json modules, and PyArrow."""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_makers import content, probe

from twinreel.errors import MissingExtra, UserError
from twinreel.store.exports import (
    Row,
    check_export,
    identical_rows,
    match_rows,
    path_to_text,
    text_to_path,
    write_rows,
)
from twinreel.types import Match, Relation, Segment, State, Video

COLUMNS = "a,b,relation,score,a_start,a_end,b_start,b_end,speed,mirrored,coverage_a,coverage_b"
names = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.binary().map(os.fsdecode) if os.name == "posix" else st.text(st.characters(exclude_characters="\0")),
    st.sampled_from(["file://x", "file:///tmp/%FF", "%41", '"quoted", with\rreturn\r\n', "a\rb", "=1+1", ""]),
)
numbers = st.floats(0, 1e9)


def video(number: int, *paths: str, duration: float = 60.0) -> Video:
    return Video(content(number), paths[0], paths, State.PRESENT, 1, probe(duration))


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
        for row in rows:
            row.update({k: float(v) for k, v in row.items() if k not in ("a", "b", "relation", "mirrored")})
            row["mirrored"] = {"true": True, "false": False}[row["mirrored"]]
        return rows
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]
    table: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.lists(
        st.builds(
            Row,
            a=names.map(path_to_text),
            b=names.map(path_to_text),
            relation=st.sampled_from(Relation).map(str),
            score=numbers,
            a_start=numbers,
            a_end=numbers,
            b_start=numbers,
            b_end=numbers,
            speed=numbers,
            mirrored=st.booleans(),
            coverage_a=numbers,
            coverage_b=numbers,
        ),
        max_size=5,
    ),
    st.sampled_from([".csv", ".jsonl", ".parquet"]),
)
def test_round_trip(folder: Path, rows: list[Row], suffix: str) -> None:
    path = folder / f"matches{suffix}"
    assert write_rows(iter(rows), path) == len(rows)
    assert read(path) == [row._asdict() for row in rows]
    assert [entry.name for entry in folder.iterdir() if "unfinished" in entry.name] == []


@settings(deadline=None)  # a busy machine is no failure
@given(names)
def test_any_path_is_written_as_unicode_and_comes_back(name: str) -> None:
    text = path_to_text(name)
    assert text.encode().decode() == text
    assert text_to_path(text) == name


@pytest.mark.skipif(os.name != "posix", reason="names elsewhere are Unicode")
def test_a_path_of_bytes_is_a_file_uri() -> None:
    assert path_to_text(os.fsdecode(b"/films/caf\xe9 1.mp4")) == "file:///films/caf%E9%201.mp4"
    assert path_to_text("/films/café 1.mp4") == "/films/café 1.mp4"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".CSV"])
def test_without_rows_the_columns_are_there_all_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"matches{suffix}"
    assert write_rows([], path) == 0
    if suffix == ".parquet":
        assert pyarrow.parquet.read_schema(path).names == COLUMNS.split(",")
    elif suffix == ".jsonl":
        assert path.read_bytes() == b""
    else:
        assert next(csv.reader([path.read_text()])) == COLUMNS.split(",")


def test_one_row_a_segment_with_the_score_of_the_pair() -> None:
    segments = (Segment(0.0, 10.0, 5.0, 25.0, 0.6, mirrored=True), Segment(20.0, 30.0, 40.0, 45.0, 0.8))
    match = Match(content(1), content(2), Relation.SHARED, 0.9, 0.25, 0.5, segments)
    assert list(match_rows(match, video(1, "/a"), video(2, "/b"))) == [
        Row("/a", "/b", "shared content", 0.9, 0.0, 10.0, 5.0, 25.0, 2.0, True, 0.25, 0.5),
        Row("/a", "/b", "shared content", 0.9, 20.0, 30.0, 40.0, 45.0, 0.5, False, 0.25, 0.5),
    ]


def test_identical_files_without_segments_match_from_end_to_end() -> None:
    match = Match(content(1), content(2), Relation.IDENTICAL, 1.0, 1.0, 1.0)
    rows = list(match_rows(match, video(1, "/a", duration=12.0), video(2, "/b", duration=12.5)))
    assert rows == [Row("/a", "/b", "identical file", 1.0, 0.0, 12.0, 0.0, 12.5, 1.0, False, 1.0, 1.0)]
    same = list(identical_rows(video(1, "/a", "/b", "/c", duration=7.0)))
    assert same == [
        Row("/a", "/b", "identical file", 1.0, 0.0, 7.0, 0.0, 7.0, 1.0, False, 1.0, 1.0),
        Row("/a", "/c", "identical file", 1.0, 0.0, 7.0, 0.0, 7.0, 1.0, False, 1.0, 1.0),
    ]
    assert list(identical_rows(video(1, "/a"))) == []
    assert list(identical_rows(replace(video(1, "/a"), path="", paths=()))) == []


def test_an_unknown_suffix_names_the_accepted_ones(tmp_path: Path) -> None:
    for name in ("matches.xlsx", "matches"):
        with pytest.raises(UserError, match=r"\.csv, \.jsonl, \.parquet"):
            check_export(tmp_path / name)
        with pytest.raises(UserError):
            write_rows([], tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # Python's own way to say that a module is not to be had
    with pytest.raises(MissingExtra, match=r'pip install "twinreel\[parquet\]"'):
        check_export(tmp_path / "matches.parquet")
    check_export(tmp_path / "matches.csv")


def test_the_old_file_is_replaced_never_written_into(tmp_path: Path) -> None:
    path, link = tmp_path / "matches.csv", tmp_path / "link.csv"
    write_rows([], path)
    link.hardlink_to(path)
    before = link.read_bytes()
    write_rows(identical_rows(video(1, "/a", "/b")), path)
    assert link.read_bytes() == before
    assert len(read(path)) == 1


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_an_export_that_fails_leaves_the_old_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"matches{suffix}"
    row = next(identical_rows(video(1, "/a", "/b")))
    write_rows([row], path)
    before = path.read_bytes()

    def breaks() -> Any:
        yield row
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_rows(breaks(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write_rows([], tmp_path / "missing" / "matches.csv")
