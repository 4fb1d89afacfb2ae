"""Several processes on one library, and processes that die."""

from __future__ import annotations

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from store_makers import REFERENCE, add_video, content, fingerprint, probe, record

from twinreel.store.catalogue import Catalogue
from twinreel.store.matches import Basis
from twinreel.types import Match, Relation, Segment

spawn = multiprocessing.get_context("spawn")
PATIENCE = 60.0
BASIS = Basis(REFERENCE.id, "settings")
EACH = 60


def fill(library: Path, first: int, start: Barrier) -> None:
    start.wait(PATIENCE)
    with Catalogue.open(library) as catalogue:  # both create the file
        catalogue.references.put(REFERENCE, "net@1")
        for number in range(first, first + EACH):
            add_video(catalogue, number, f"{number}.mp4")
            if number > first:
                segment = Segment(0, 1, 2, 3, 0.5)
                match = Match(content(number - 1), content(number), Relation.SHARED, 0.5, 0.1, 0.1, (segment,))
                catalogue.matches.put(BASIS, [match], searched={content(number): 0})


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    start = spawn.Barrier(2)
    writers = [spawn.Process(target=fill, args=(library, first, start)) for first in (0, 1000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE)
    assert [writer.exitcode for writer in writers] == [0, 0]
    expected = [*range(EACH), *range(1000, 1000 + EACH)]
    with Catalogue.open(library) as catalogue:
        assert catalogue.integrity_check() == []
        assert [video.content for video in catalogue.videos.all()] == [content(n) for n in expected]
        for (name, found), number in zip(catalogue.fingerprints.all("net@1", "auto:1"), expected, strict=True):
            assert name == content(number)
            assert np.array_equal(found.times, fingerprint(number).times)
        assert len(list(catalogue.matches.all(BASIS))) == 2 * (EACH - 1)


def test_opening_a_new_library_waits_while_another_is_making_it(tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    with ThreadPoolExecutor(1) as pool, closing(sqlite3.connect(library, isolation_level=None)) as maker:
        maker.execute("BEGIN IMMEDIATE")  # as one that has opened the file and not yet switched it to WAL
        opening = pool.submit(lambda: Catalogue.open(library).close())
        with pytest.raises(TimeoutError):
            opening.result(0.2)
        maker.execute("ROLLBACK")
        opening.result(PATIENCE)


def stop_in_the_middle(library: Path, pipe: Connection) -> None:
    with Catalogue.open(library) as catalogue:
        for number in range(5):
            add_video(catalogue, number, f"{number}.mp4")
        with catalogue.transaction():
            catalogue.videos.add(content(5), 1, probe())
            catalogue.paths.put([record("5.mp4", 5)])
            # Larger than SQLite's page cache, so that some of it has been written to the log on disk.
            catalogue.fingerprints.put(content(5), fingerprint(5, frames=40_000, dims=128))
            pipe.send("in the middle")
            pipe.recv()


def write_without_end(library: Path, pipe: Connection) -> None:
    with Catalogue.open(library) as catalogue:
        for number in range(1_000_000):
            add_video(catalogue, number, f"{number}.mp4")
            pipe.send(number)


def assert_only_whole_videos(library: Path, at_least: int) -> int:
    with Catalogue.open(library) as catalogue:
        assert catalogue.integrity_check() == []
        videos = list(catalogue.videos.all())
        assert len(videos) >= at_least
        assert [video.content for video in videos] == [content(n) for n in range(len(videos))]
        assert all(len(video.paths) == 1 for video in videos)
        assert catalogue.fingerprints.missing("net@1", "auto:1") == []
        add_video(catalogue, 10_000_000, "next.mp4")  # nothing is left locked
        return len(videos)


def test_killed_inside_a_transaction(tmp_path: Path) -> None:
    library = tmp_path / "library.sqlite"
    ours, theirs = spawn.Pipe()
    writer = spawn.Process(target=stop_in_the_middle, args=(library, theirs))
    writer.start()
    assert ours.poll(PATIENCE)
    with Catalogue.open(library) as reader:  # not blocked by the writer, and sees none of what it has not finished
        assert [video.content for video in reader.videos.all()] == [content(n) for n in range(5)]
    writer.kill()
    writer.join()
    assert assert_only_whole_videos(library, 5) == 5


def test_killed_at_any_moment(tmp_path: Path) -> None:
    for seen in (1, 17, 40):
        library = tmp_path / f"{seen}.sqlite"
        ours, theirs = spawn.Pipe()
        writer = spawn.Process(target=write_without_end, args=(library, theirs))
        writer.start()
        for _ in range(seen):
            assert ours.poll(PATIENCE)
            ours.recv()
        writer.kill()
        writer.join()
        assert_only_whole_videos(library, seen)
