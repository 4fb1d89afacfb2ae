from __future__ import annotations

import sys
from pathlib import Path

import pytest

from twinreel.store.location import (
    Mount,
    default_library,
    network_file_system,
    parse_mount_output,
    parse_mountinfo,
    refuse_network_file_system,
)

MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:40 / /home rw,relatime shared:5 - nfs4 server:/export/home rw,vers=4.2
31 30 8:1 / /home/ann/local rw,relatime shared:6 master:7 - xfs /dev/sda1 rw
32 27 0:41 / /mnt/my\040share rw - cifs //nas/films rw
33 27 0:42 / /mnt/over rw - fuse.sshfs me@host:/ rw
34 33 0:43 / /mnt/over rw - btrfs /dev/sdb rw
35 27 0:44 / /media/auto rw - autofs systemd-1 rw
36 35 0:45 / /media/auto rw - NFS server:/x rw
"""
MACOS = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//ann@nas._smb._tcp.local/Films on 4K on /Volumes/Films on 4K (smbfs, nodev, nosuid, mounted by ann)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/library.sqlite", None),
        ("/home/ann/library.sqlite", "nfs4"),
        ("/home", "nfs4"),
        ("/homes/library.sqlite", None),  # another folder that begins alike
        ("/home/ann/local/library.sqlite", None),  # a local disk below a network home
        ("/mnt/my share/library.sqlite", "cifs"),
        ("/mnt/over/library.sqlite", None),  # mounted over what was there
        ("/media/auto/library.sqlite", "NFS"),
    ],
)
def test_linux_mounts(path: str, kind: str | None) -> None:
    assert network_file_system(path, parse_mountinfo(MOUNTINFO)) == kind


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs", "lustre"]
)
def test_every_network_type_is_known(kind: str) -> None:
    mounts = parse_mountinfo(f"27 1 254:0 / / rw - ext4 /dev/vda rw\n28 27 0:1 / /data rw - {kind} source rw\n")
    assert network_file_system("/data/library.sqlite", mounts) == kind


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "zfs", "xfs", "tmpfs", "overlay", "apfs", "fuseblk", "exfat"])
def test_local_types_are_allowed(kind: str) -> None:
    assert network_file_system("/data/library.sqlite", [Mount("/", kind)]) is None


def test_macos_mounts() -> None:
    mounts = parse_mount_output(MACOS)
    assert network_file_system("/Volumes/Films on 4K/library.sqlite", mounts) == "smbfs"
    assert network_file_system("/Users/ann/Library/library.sqlite", mounts) is None


def test_lines_that_are_no_mounts_are_passed_over() -> None:
    assert parse_mountinfo("\nnonsense\n1 2 3\n") == []
    assert network_file_system("/anywhere", []) is None


def test_a_folder_of_this_machine_is_looked_up(tmp_path: Path) -> None:
    refuse_network_file_system(tmp_path / "not" / "there" / "yet.sqlite")


@pytest.mark.skipif(sys.platform != "linux", reason="XDG folders are Linux's")
def test_the_default_lies_in_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_library() == tmp_path / "twinreel" / "library.sqlite"
