"""The tables of the catalogue, as a list of migrations.

Migration i (from 0) takes a file from schema version i to i + 1; an empty file has version 0. A migration that has
been released is never edited: a change is a new one at the end. Each is a tuple of single statements, so that a whole
step runs in one transaction.

    videos 1 --- n paths          where each content was seen
           1 --- n fingerprints   by describer and sampling
           1 --- n depths         how far a cascade has looked into it
           1 --- n regions        by describer of regions and sampling
           1 --- n verified       pairs that a verifier looked at
    bases  1 --- n matches 1 --- n segments
           1 --- n searched       which videos have been matched on this basis
    reference 1 --- n bases       a basis is a reference and the settings of matching
    failures, decisions, scans, meta stand alone: they outlive the videos that they speak of

Only SQL of SQLite 3.31 and later is used (no STRICT, no RETURNING), as enterprise distributions still ship it.
"""

from __future__ import annotations

from twinreel.errors import LibraryError
from twinreel.store.database import Database

APPLICATION_ID = 0x7477726C
"""``twrl``: says that a SQLite file is a twinreel library."""

_FIRST = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE scans (id INTEGER PRIMARY KEY, started REAL NOT NULL, finished REAL, report TEXT)",
    # AUTOINCREMENT: the number of a pruned video is never given to another, so an index that is kept elsewhere
    # cannot confuse the two.
    """
    CREATE TABLE videos (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        content TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        probe TEXT NOT NULL,
        file_digest TEXT,
        stream_head TEXT,
        stream_digest TEXT,
        first_seen REAL NOT NULL
    )""",
    "CREATE INDEX videos_by_file_digest ON videos (file_digest) WHERE file_digest IS NOT NULL",
    "CREATE INDEX videos_by_stream_digest ON videos (stream_digest) WHERE stream_digest IS NOT NULL",
    # mtime_ns, device and inode are decimal text: file systems use all 64 bits unsigned, and ReFS 128, while an
    # integer of SQLite has 63 and a sign.
    """
    CREATE TABLE paths (
        path BLOB PRIMARY KEY,
        video INTEGER REFERENCES videos (id) ON DELETE SET NULL,
        size INTEGER NOT NULL,
        mtime_ns TEXT NOT NULL,
        device TEXT NOT NULL,
        inode TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('present', 'gone', 'offline')),
        scan INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX paths_by_video ON paths (video)",
    "CREATE INDEX paths_by_inode ON paths (inode, device)",
    # Row i of `vectors` is dims int8, of `times` a float64, of `weights` a float16, all little-endian.
    """
    CREATE TABLE fingerprints (
        video INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        describer TEXT NOT NULL,
        sampling TEXT NOT NULL,
        dims INTEGER NOT NULL,
        times BLOB NOT NULL CHECK (length(times) % 8 = 0),
        vectors BLOB NOT NULL CHECK (length(vectors) = length(times) / 8 * dims),
        weights BLOB NOT NULL CHECK (length(weights) = length(times) / 4),
        layout BLOB NOT NULL CHECK (length(layout) = length(times) * 2),
        PRIMARY KEY (video, describer, sampling)
    )""",
    """
    CREATE TABLE failures (
        path BLOB PRIMARY KEY,
        kind TEXT NOT NULL,
        stage TEXT NOT NULL,
        reason TEXT NOT NULL,
        size INTEGER,
        mtime_ns TEXT,
        failed_at REAL NOT NULL
    ) WITHOUT ROWID""",
    # float32, exact: see references.py.
    """
    CREATE TABLE reference (
        id TEXT PRIMARY KEY,
        describer TEXT NOT NULL,
        dims INTEGER NOT NULL,
        background BLOB NOT NULL CHECK (length(background) % 4 = 0),
        created REAL NOT NULL
    )""",
    """
    CREATE TABLE bases (
        id INTEGER PRIMARY KEY,
        reference TEXT NOT NULL REFERENCES reference (id) ON DELETE CASCADE,
        settings TEXT NOT NULL,
        current INTEGER NOT NULL DEFAULT 0,
        UNIQUE (reference, settings)
    )""",
    """
    CREATE TABLE matches (
        id INTEGER PRIMARY KEY,
        basis INTEGER NOT NULL REFERENCES bases (id) ON DELETE CASCADE,
        a INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        b INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        relation TEXT NOT NULL,
        score REAL NOT NULL,
        coverage_a REAL NOT NULL,
        coverage_b REAL NOT NULL,
        CHECK (a <> b)
    )""",
    "CREATE UNIQUE INDEX matches_by_pair ON matches (basis, min(a, b), max(a, b))",
    "CREATE INDEX matches_by_a ON matches (a, basis)",
    "CREATE INDEX matches_by_b ON matches (b, basis)",
    """
    CREATE TABLE segments (
        match INTEGER NOT NULL REFERENCES matches (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        a_start REAL NOT NULL,
        a_stop REAL NOT NULL,
        b_start REAL NOT NULL,
        b_stop REAL NOT NULL,
        score REAL NOT NULL,
        mirrored INTEGER NOT NULL,
        PRIMARY KEY (match, number)
    ) WITHOUT ROWID""",
    """
    CREATE TABLE searched (
        basis INTEGER NOT NULL REFERENCES bases (id) ON DELETE CASCADE,
        video INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        dropped INTEGER NOT NULL,
        PRIMARY KEY (basis, video)
    ) WITHOUT ROWID""",
    "CREATE INDEX searched_by_video ON searched (video)",
    """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        a TEXT NOT NULL,
        a_file_digest TEXT,
        a_stream_digest TEXT,
        b TEXT,
        b_file_digest TEXT,
        b_stream_digest TEXT,
        note TEXT NOT NULL,
        decided_at REAL NOT NULL
    )""",
    "CREATE UNIQUE INDEX decisions_by_content ON decisions (kind, a, coalesce(b, ''))",
    "CREATE INDEX decisions_by_b ON decisions (b) WHERE b IS NOT NULL",
    # A digest that becomes known after a decision reaches it.
    """
    CREATE TRIGGER digests_reach_decisions AFTER UPDATE OF file_digest, stream_digest ON videos BEGIN
        UPDATE decisions SET a_file_digest = new.file_digest, a_stream_digest = new.stream_digest
            WHERE a = new.content;
        UPDATE decisions SET b_file_digest = new.file_digest, b_stream_digest = new.stream_digest
            WHERE b = new.content;
    END""",
)

# Row i of `parts` is a uint8; empty where all are 0.
_PARTS = (
    """
    ALTER TABLE fingerprints ADD COLUMN parts BLOB NOT NULL DEFAULT x''
        CHECK (length(parts) IN (0, length(times) / 8))""",
)

_BACKWARDS = ("ALTER TABLE segments ADD COLUMN backwards INTEGER NOT NULL DEFAULT 0",)

# `vectors` holds frames x regions x dims int8. A pair is in `verified` once, the lower number of a video first.
_VERIFIED = (
    """
    CREATE TABLE regions (
        video INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        describer TEXT NOT NULL,
        sampling TEXT NOT NULL,
        frames INTEGER NOT NULL,
        regions INTEGER NOT NULL,
        dims INTEGER NOT NULL,
        vectors BLOB NOT NULL CHECK (length(vectors) = frames * regions * dims),
        PRIMARY KEY (video, describer, sampling)
    )""",
    """
    CREATE TABLE verified (
        verifier TEXT NOT NULL,
        a INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        b INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        similarity REAL NOT NULL,
        PRIMARY KEY (verifier, a, b),
        CHECK (a < b)
    ) WITHOUT ROWID""",
    "CREATE INDEX verified_by_a ON verified (a)",
    "CREATE INDEX verified_by_b ON verified (b)",
)

# `vectors` are rows of int8 as before where `packed` is 0, else as `packing` writes them. A CHECK cannot be changed, so
# the table is made anew.
_PACKED = (
    """
    CREATE TABLE fingerprints_packed (
        video INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        describer TEXT NOT NULL,
        sampling TEXT NOT NULL,
        dims INTEGER NOT NULL,
        times BLOB NOT NULL CHECK (length(times) % 8 = 0),
        vectors BLOB NOT NULL CHECK (packed OR length(vectors) = length(times) / 8 * dims),
        weights BLOB NOT NULL CHECK (length(weights) = length(times) / 4),
        layout BLOB NOT NULL CHECK (length(layout) = length(times) * 2),
        parts BLOB NOT NULL DEFAULT x'' CHECK (length(parts) IN (0, length(times) / 8)),
        packed INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (video, describer, sampling)
    )""",
    """
    INSERT INTO fingerprints_packed (video, describer, sampling, dims, times, vectors, weights, layout, parts)
        SELECT video, describer, sampling, dims, times, vectors, weights, layout, parts FROM fingerprints""",
    "DROP TABLE fingerprints",
    "ALTER TABLE fingerprints_packed RENAME TO fingerprints",
)

# float64, start and stop of one span after the other.
_DEPTHS = (
    """
    CREATE TABLE depths (
        video INTEGER NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
        describer TEXT NOT NULL,
        sampling TEXT NOT NULL,
        wanted BLOB NOT NULL CHECK (length(wanted) % 16 = 0),
        filled BLOB NOT NULL DEFAULT x'' CHECK (length(filled) % 16 = 0),
        PRIMARY KEY (video, describer, sampling)
    ) WITHOUT ROWID""",
)

_CROWDS = ("ALTER TABLE reference ADD COLUMN crowd REAL NOT NULL DEFAULT 1",)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _PARTS, _BACKWARDS, _VERIFIED, _PACKED, _DEPTHS, _CROWDS)


def check_ours(database: Database) -> None:
    """LibraryError where the file holds another program's tables. Changes nothing."""
    # In this order: another process that is creating the library commits the tables and the id together.
    tables = database.query("SELECT count(*) FROM sqlite_master")[0][0]
    if tables and database.query("PRAGMA application_id")[0][0] != APPLICATION_ID:
        raise LibraryError(
            f"{database.path} is a SQLite database of another program, not a twinreel library: choose another file"
        )


def migrate(database: Database, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Brings the file to the newest schema in one transaction; does nothing where it is there already.

    LibraryError where its version is newer than the list of migrations.
    """

    def version() -> int:
        return int(database.query("PRAGMA user_version")[0][0])

    if version() > len(migrations):
        raise LibraryError(
            f"the library {database.path} has schema version {version()}, this twinreel knows versions up to "
            f'{len(migrations)}: upgrade it with pip install --upgrade "twinreel"'
        )
    if version() == len(migrations):
        return
    with database.transaction():  # asks the version again: another process may have migrated meanwhile
        for statements in migrations[version() :]:
            for statement in statements:
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {max(version(), len(migrations))}")
