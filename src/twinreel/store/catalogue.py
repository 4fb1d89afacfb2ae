"""The catalogue: all that a library remembers, in one SQLite file.

    with Catalogue.open(path) as catalogue:
        with catalogue.lock_for_scan(wait=False):
            with catalogue.transaction():
                catalogue.videos.add(content, size, probe)
                catalogue.paths.put([record])
                catalogue.fingerprints.put(content, fingerprint)

What is written outside a transaction is one of its own. Readers are never blocked by a writer, nor a writer by them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from twinreel.errors import LibraryError, NotFound
from twinreel.store.database import Database
from twinreel.store.decisions import Decisions
from twinreel.store.depths import Depths
from twinreel.store.failures import Failures
from twinreel.store.fingerprints import Fingerprints
from twinreel.store.location import refuse_network_file_system
from twinreel.store.lock import scan_lock
from twinreel.store.log import Meta, Scans
from twinreel.store.matches import Matches
from twinreel.store.paths import Paths
from twinreel.store.references import References
from twinreel.store.regions import Regions
from twinreel.store.schema import check_ours, migrate
from twinreel.store.verified import Verified
from twinreel.store.videos import Videos


class Catalogue:
    """An open library file, for one thread; other threads and processes open their own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.videos = Videos(database)
        self.paths = Paths(database)
        self.fingerprints = Fingerprints(database)
        self.depths = Depths(database)
        self.regions = Regions(database)
        self.references = References(database)
        self.matches = Matches(database)
        self.verified = Verified(database)
        self.failures = Failures(database)
        self.decisions = Decisions(database)
        self.scans = Scans(database)
        self.meta = Meta(database)

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Catalogue:
        """Opens a library, brings its schema up to date, and makes a new one where ``create`` allows.

        NotFound where there is none. LibraryError where it lies on a network file system, has a newer schema, is not
        a twinreel library, is damaged, or cannot be opened or written.
        """
        if not create and not path.exists():
            raise NotFound(f"there is no library at {path}: scan a folder first, or give another file with --library")
        refuse_network_file_system(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(f"cannot make the folder {path.parent} for the library: {error.strerror}") from error
        database = Database(path)
        try:
            check_ours(database)
            database.configure()
            migrate(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def path(self) -> Path:
        return self._database.path

    def transaction(self) -> AbstractContextManager[None]:
        """All that is written inside is kept, or none of it. May be nested."""
        return self._database.transaction()

    def snapshot(self) -> AbstractContextManager[None]:
        """All that is read inside is as of one moment, whatever others write. Nothing may be written inside."""
        return self._database.snapshot()

    def lock_for_scan(
        self, *, wait: bool, on_wait: Callable[[str], None] | None = None
    ) -> AbstractContextManager[None]:
        """Holds the right to scan this library, which one process at a time may have; see ``lock.scan_lock``."""
        return scan_lock(self.path, wait=wait, on_wait=on_wait)

    def integrity_check(self) -> list[str]:
        """What is wrong with the file, a line each; empty where it is sound. Reads all of it."""
        broken = [line for (line,) in self._database.query("PRAGMA integrity_check") if line != "ok"]
        for table, row, parent, _ in self._database.query("PRAGMA foreign_key_check"):
            broken.append(f"row {row} of {table} refers to a missing row of {parent}")
        return broken

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
