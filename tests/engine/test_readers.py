"""How many workers read from a drive at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from twinreel.engine.settings import Resources
from twinreel.engine.state import SEEKING, Readers
from twinreel.engine.tasks import LookTask
from twinreel.media.walk import Found

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sysfs is Linux's")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """Two drives, 8:0 of which spins and 8:16 does not."""
    for number, rotational in (("8:0", "1"), ("8:16", "0")):
        queue = tmp_path / "sys/dev/block" / number / "queue"
        queue.mkdir(parents=True)
        (queue / "rotational").write_text(rotational)
    return tmp_path


def readers(resources: Resources, system: Path) -> Readers:
    devices = {"/disk/a.mp4": os.makedev(8, 0), "/ssd/b.mp4": os.makedev(8, 16), "https://host/c.mp4": 99}
    return Readers(resources, [Found(path, 1, 0, device, 0) for path, device in devices.items()], system=system)


def test_a_spinning_drive_has_two_where_they_read_and_all_where_they_decode(system: Path) -> None:
    found = readers(Resources(jobs=7), system)
    most = {path: found.reading(LookTask(path))[1] for path in ("/disk/a.mp4", "/ssd/b.mp4", "https://host/c.mp4", "?")}
    assert most == {"/disk/a.mp4": SEEKING, "/ssd/b.mp4": 7, "https://host/c.mp4": 7, "?": 7}
    assert found.decoding(LookTask("/disk/a.mp4")) == (os.makedev(8, 0), 7)


def test_what_is_asked_for_holds_for_every_drive(system: Path) -> None:
    found = readers(Resources(jobs=7, readers_per_drive=3), system)
    for path in ("/disk/a.mp4", "/ssd/b.mp4", "https://host/c.mp4"):
        assert found.reading(LookTask(path)) == found.decoding(LookTask(path))
        assert found.reading(LookTask(path))[1] == 3


def test_drives_are_limited_apart(system: Path) -> None:
    found = readers(Resources(jobs=7), system)
    keys = [found.reading(LookTask(path))[0] for path in ("/disk/a.mp4", "/ssd/b.mp4", "https://host/c.mp4")]
    assert len(set(keys)) == 3
