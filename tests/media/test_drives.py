"""Which kind of drive a file lies on, told from made-up trees of sysfs, procfs and device files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from twinreel.media.drives import Drive, drive_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="numbers of devices, sysfs and procfs are Linux's")

DISKS = {
    "8:0": "pci0/ata1/block/sda",
    "8:1": "pci0/ata1/block/sda/sda1",
    "259:0": "pci0/nvme/nvme0n1",
    "259:2": "pci0/nvme/nvme0n1/nvme0n1p2",
    "253:0": "virtual/block/dm-0",
    "253:1": "virtual/block/dm-1",
    "254:0": "pci0/virtio1/block/vda",
}
SPINS = {"pci0/ata1/block/sda": 1, "pci0/nvme/nvme0n1": 0, "virtual/block/dm-0": 1, "virtual/block/dm-1": 0}
MOUNTS = """27 1 259:2 / / rw - ext4 /dev/nvme0n1p2 rw
30 27 0:40 / /mnt/nas rw - nfs4 nas:/films rw
31 27 0:41 /@ /mnt/btrfs rw - btrfs /dev/sda1 rw
32 27 0:42 / /mnt/secret\\040films rw - btrfs /dev/mapper/crypt rw
33 27 0:43 / /mnt/pool rw - zfs pool/films rw
34 27 0:44 / /mnt/merged rw - fuse.mergerfs a:b rw
35 27 0:45 / /mnt/unplugged rw - btrfs /dev/sdz1 rw
"""


@pytest.fixture
def system(tmp_path: Path) -> Path:
    numbers, names = tmp_path / "sys/dev/block", tmp_path / "sys/class/block"
    for folder in (numbers, names, tmp_path / "dev/mapper", tmp_path / "proc/self"):
        folder.mkdir(parents=True)
    for number, disk in DISKS.items():
        place = tmp_path / "sys/devices" / disk
        place.mkdir(parents=True, exist_ok=True)
        (numbers / number).symlink_to(place)
        (names / place.name).symlink_to(place)
    for disk, spins in [*SPINS.items(), ("pci0/virtio1/block/vda", 1)]:
        queue = tmp_path / "sys/devices" / disk / "queue"
        queue.mkdir()
        (queue / "rotational").write_text(f"{spins}\n")
    (tmp_path / "dev/dm-1").touch()
    (tmp_path / "dev/mapper/crypt").symlink_to("../dm-1")
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTS)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "major", "minor", "drive"),
    [
        ("/films/a.mp4", 8, 0, Drive.SPINNING),  # a file system on a whole disk
        ("/films/a.mp4", 8, 1, Drive.SPINNING),  # on a partition of it
        ("/films/a.mp4", 259, 2, Drive.SOLID),
        ("/films/a.mp4", 253, 0, Drive.SPINNING),  # device mapper
        ("/films/a.mp4", 253, 1, Drive.SOLID),
        ("/films/a.mp4", 254, 0, Drive.UNKNOWN),  # a virtual disk
        ("/mnt/nas/a.mp4", 0, 40, Drive.NETWORK),
        ("/mnt/btrfs/a.mp4", 0, 41, Drive.SPINNING),
        ("/mnt/btrfs/part/a.mp4", 0, 77, Drive.SPINNING),  # a subvolume, whose number no list has
        ("/mnt/secret films/a.mp4", 0, 42, Drive.SOLID),
        ("/mnt/pool/a.mp4", 0, 43, Drive.UNKNOWN),
        ("/mnt/merged/a.mp4", 0, 44, Drive.UNKNOWN),
        ("/mnt/unplugged/a.mp4", 0, 45, Drive.UNKNOWN),
        ("https://host/a.mp4", 12345, 0, Drive.NETWORK),
    ],
)
def test_drives_are_told_apart(system: Path, path: str, major: int, minor: int, drive: Drive) -> None:
    assert drive_of(path, os.makedev(major, minor), system) is drive


def test_a_container_sees_its_volumes_alone(system: Path) -> None:
    (system / "proc/self/mountinfo").write_text("27 1 0:2 / / rw - overlay overlay rw\n")
    assert drive_of("/films/a.mp4", os.makedev(0, 2), system) is Drive.UNKNOWN
    assert drive_of("/volume/a.mp4", os.makedev(8, 1), system) is Drive.SPINNING


def test_a_system_that_tells_nothing_leaves_it_unknown(tmp_path: Path) -> None:
    assert drive_of("/films/a.mp4", os.makedev(8, 1), tmp_path) is Drive.UNKNOWN
