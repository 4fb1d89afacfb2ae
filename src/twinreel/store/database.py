"""One SQLite connection: transactions that nest, and SQLite's errors in words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinreel.errors import LibraryError

BUSY_SECONDS = 60.0
"""How long a writer waits for another process's transaction, each of which takes milliseconds."""

_EXPLANATIONS = {
    sqlite3.SQLITE_BUSY: f"has been written to by another process for {BUSY_SECONDS:.0f} s: try again later",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: give a file in a folder that you may write to",
    sqlite3.SQLITE_CORRUPT: "is damaged: bring back a copy of it, or move it away and scan again",
    sqlite3.SQLITE_FULL: "cannot be written, the disk is full: free some space and try again",
    sqlite3.SQLITE_IOERR: "cannot be read or written: check the disk that it lies on",
    sqlite3.SQLITE_NOTADB: "is not a twinreel library: choose another file",
    sqlite3.SQLITE_READONLY: "cannot be written: check the permissions of the file and of its folder",
}

Parameters = Sequence[Any] | Mapping[str, Any]
"""For ``?`` or for ``:name``."""


def plain_text(text: str) -> str:
    """The text with what UTF-8 cannot hold (bytes of a file name in a message) written as ``\\udcff``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


class Database:
    """A connection to the catalogue's file, for one thread.

    Every statement runs to its end before it is returned from, so no read is open while something is written: in WAL
    mode a connection that writes during a read fails at once, without waiting, if another wrote since the read began.
    """

    def __init__(self, path: Path) -> None:
        """Opens or creates the file; LibraryError where that cannot be done."""
        self.path = path
        self._depth = 0
        with self._explained():
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)

    def configure(self) -> None:
        """WAL, foreign keys on, synchronous=NORMAL: a power cut may lose the last commits, never a part of one."""
        self._use_wal()
        self.execute("PRAGMA synchronous = NORMAL")
        self.execute("PRAGMA foreign_keys = ON")

    def _use_wal(self) -> None:
        # Two processes that create one library at once: changing the mode upgrades a read lock, for which SQLite does
        # not call its busy handler, so the waiting is done here.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    with self._explained():
                        raise
                time.sleep(0.01)
        if mode != "wal":
            raise LibraryError(
                f"the library {self.path} lies on a file system without shared memory, which SQLite's WAL needs: "
                "put it on a local disk with --library FILE"
            )

    def query(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        with self._explained():
            return self._connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """One writing statement; the number of rows that were changed."""
        with self._explained():
            return self._connection.execute(sql, parameters).rowcount

    def insert(self, sql: str, parameters: Parameters = ()) -> int:
        """One INSERT of one row; its rowid."""
        self.execute(sql, parameters)
        return int(self.query("SELECT last_insert_rowid()")[0][0])

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """One writing statement for each row, all or none; the number of rows that were changed."""
        with self.transaction(), self._explained():
            return self._connection.executemany(sql, rows).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner one undoes only its own part when an exception leaves it.

        The write lock is taken at the start: a transaction that reads first and writes later could find that another
        process has written in between, which no waiting repairs.
        """
        name = f"inner_{self._depth}"
        begin, commit, undo = "BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"]
        if self._depth:
            begin, commit, undo = f"SAVEPOINT {name}", f"RELEASE {name}", [f"ROLLBACK TO {name}", f"RELEASE {name}"]
        self.execute(begin)
        self._depth += 1
        try:
            yield
            self.execute(commit)
        except BaseException:
            if self._connection.in_transaction:  # a full disk has already rolled back
                for statement in undo:
                    self.execute(statement)
            raise
        finally:
            self._depth -= 1

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is as of one moment. Nothing may be written inside."""
        if self._connection.in_transaction:  # which sees one moment already
            yield
            return
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            explanation = _EXPLANATIONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if explanation is None:
                raise
            raise LibraryError(f"the library {self.path} {explanation} ({error})") from error
