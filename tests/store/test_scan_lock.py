"""The lock between real processes."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from twinreel.errors import LibraryError
from twinreel.store.catalogue import Catalogue

spawn = multiprocessing.get_context("spawn")
PATIENCE = 60.0


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.sqlite"
    Catalogue.open(path).close()
    return path


def hold(library: Path, pipe: Connection) -> None:
    with Catalogue.open(library) as catalogue, catalogue.lock_for_scan(wait=True, on_wait=pipe.send):
        pipe.send("held")
        pipe.recv()


def heard(pipe: Connection) -> str:
    assert pipe.poll(PATIENCE), "the other process said nothing"
    return str(pipe.recv())


def test_a_second_scan_is_told_who_holds_the_lock_until_that_one_is_killed(library: Path) -> None:
    ours, theirs = spawn.Pipe()
    other = spawn.Process(target=hold, args=(library, theirs))
    other.start()
    try:
        assert heard(ours) == "held"
        with Catalogue.open(library) as catalogue:
            with (
                pytest.raises(LibraryError, match=rf"another scan \(pid {other.pid} on .+\) is using"),
                catalogue.lock_for_scan(wait=False),
            ):
                raise AssertionError("two processes hold the lock")
            catalogue.meta.set("read and write", "go on")
            other.kill()
            other.join()
            with catalogue.lock_for_scan(wait=False):
                pass
    finally:
        other.kill()
        other.join()


def test_a_second_scan_that_waits_is_told_once_and_then_goes_on(library: Path) -> None:
    ours, theirs = spawn.Pipe()
    other = spawn.Process(target=hold, args=(library, theirs))
    with Catalogue.open(library) as catalogue:
        with catalogue.lock_for_scan(wait=False):
            other.start()
            assert "another scan (pid " in heard(ours)
        assert heard(ours) == "held"
        ours.send("enough")
        other.join(PATIENCE)
        assert other.exitcode == 0


def test_the_lock_is_free_after_an_error(library: Path) -> None:
    with Catalogue.open(library) as catalogue:
        with pytest.raises(ZeroDivisionError), catalogue.lock_for_scan(wait=False):
            raise ZeroDivisionError
        with catalogue.lock_for_scan(wait=False):
            pass


def test_two_catalogues_of_one_process_exclude_each_other_too(library: Path) -> None:
    with (
        Catalogue.open(library) as one,
        Catalogue.open(library) as two,
        one.lock_for_scan(wait=False),
        pytest.raises(LibraryError, match="another scan"),
        two.lock_for_scan(wait=False),
    ):
        raise AssertionError("both hold the lock")
