"""Real files of every age."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from store_makers import add_video, content

from twinreel.errors import LibraryError, NotFound
from twinreel.store.catalogue import Catalogue
from twinreel.store.database import Database
from twinreel.store.quantise import dequantise
from twinreel.store.schema import MIGRATIONS, migrate

NEXT = ("ALTER TABLE videos ADD COLUMN title TEXT NOT NULL DEFAULT 'untitled'", "CREATE INDEX titles ON videos (title)")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.sqlite"
    with Catalogue.open(path) as catalogue:
        add_video(catalogue, 1, "a.mp4")
    return path


def raw(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


def test_an_empty_file_becomes_the_newest_schema(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.touch()  # version 0
    with Catalogue.open(path) as catalogue:
        assert list(catalogue.videos.all()) == []
    assert raw(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert raw(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
def test_every_older_version_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    path = tmp_path / "library.sqlite"
    with closing(Database(path)) as database:
        migrate(database, MIGRATIONS[:version])
    with Catalogue.open(path) as catalogue:
        add_video(catalogue, 1, "a.mp4")
        assert catalogue.integrity_check() == []


def test_a_migration_keeps_what_is_there(library: Path) -> None:
    with closing(Database(library)) as database:
        migrate(database, (*MIGRATIONS, NEXT))
        assert database.query("SELECT content, title FROM videos") == [(content(1), "untitled")]
        migrate(database, (*MIGRATIONS, NEXT))  # a second time does nothing
    assert raw(library, "PRAGMA user_version") == [(len(MIGRATIONS) + 1,)]


def test_vectors_that_were_stored_before_they_were_packed_are_read(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    codes = np.random.default_rng(0).integers(-127, 128, (3, 4)).astype(np.int8)
    with closing(Database(path)) as database:
        migrate(database, MIGRATIONS[:4])
        database.execute("INSERT INTO videos VALUES (1, ?, 1, '{}', NULL, NULL, NULL, 0)", (content(1),))
        database.execute(
            "INSERT INTO fingerprints VALUES (1, 'net@1', 'auto:1', 4, ?, ?, ?, ?, x'')",
            (np.arange(3.0).tobytes(), codes.tobytes(), np.ones(3, "<f2").tobytes(), bytes(48)),
        )
    with Catalogue.open(path) as catalogue:
        found = catalogue.fingerprints.get(content(1), "net@1", "auto:1")
        assert found is not None and found.times.tolist() == [0, 1, 2]
        np.testing.assert_array_equal(found.vectors, dequantise(codes))
        assert catalogue.fingerprints.frames("net@1", "auto:1") == 3


def test_a_reference_that_was_stored_before_libraries_had_crowds_is_read(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with closing(Database(path)) as database:
        migrate(database, MIGRATIONS[:6])
        database.execute("INSERT INTO reference VALUES ('r', 'net@1', 4, ?, 0)", (np.eye(4, dtype="<f4").tobytes(),))
    with Catalogue.open(path) as catalogue:
        found = catalogue.references.get("r")
        assert found is not None and found.crowd == 1 and found.background.shape == (4, 4)


def test_a_migration_that_fails_changes_nothing(library: Path) -> None:
    with closing(Database(library)) as database, pytest.raises(sqlite3.OperationalError):
        migrate(database, (*MIGRATIONS, NEXT, ("CREATE TABLE fine (x)", "CREATE nonsense")))
    assert raw(library, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    with Catalogue.open(library) as catalogue:
        assert [video.content for video in catalogue.videos.all()] == [content(1)]


def test_a_newer_schema_says_to_upgrade(library: Path) -> None:
    raw(library, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(LibraryError, match="upgrade"):
        Catalogue.open(library)


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "photos.db"
    raw(path, "CREATE TABLE photos (name)")
    before = path.read_bytes()
    with pytest.raises(LibraryError, match="not a twinreel library"):
        Catalogue.open(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "movie.mp4"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(LibraryError, match="not a twinreel library"):
        Catalogue.open(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="cannot be opened"):
        Catalogue.open(tmp_path)


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="folder"):
        Catalogue.open(tmp_path / "file" / "library.sqlite")


def test_a_missing_library_is_made_with_its_folders_or_not_found(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "library.sqlite"
    with pytest.raises(NotFound, match="no library"):
        Catalogue.open(path, create=False)
    assert not path.parent.exists()
    Catalogue.open(path).close()
    Catalogue.open(path, create=False).close()


def test_damage_is_reported(library: Path) -> None:
    with Catalogue.open(library) as catalogue:
        assert catalogue.integrity_check() == []
    with closing(sqlite3.connect(library, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE fingerprints SET weights = x'00'")
        connection.execute("INSERT INTO fingerprints VALUES (99, 'x', 'y', 1, x'', x'', x'', x'', x'', 1)")
    with Catalogue.open(library) as catalogue:
        wrong = catalogue.integrity_check()
    assert any("CHECK" in line for line in wrong)
    assert any("fingerprints refers to a missing row of videos" in line for line in wrong)
