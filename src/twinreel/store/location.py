"""Where a library may lie: by default in the user's data folder, never on a network file system.

SQLite's write-ahead log shares memory between processes through a mapped file, and relies on locks that network file
systems do not keep: two machines that open one library would corrupt it. The videos may lie anywhere.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import platformdirs

from twinreel.errors import LibraryError

_NETWORK = (
    "9p acfs afp afpfs afs auristorfs beegfs ceph cifs coda davfs davfs2 fuse.ceph fuse.ceph-fuse fuse.curlftpfs "
    "fuse.davfs2 fuse.gcsfuse fuse.glusterfs fuse.goofys fuse.juicefs fuse.mount-s3 fuse.rclone fuse.s3fs "
    "fuse.smbnetfs fuse.sshfs fuse.vmhgfs-fuse gfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs prl_fs "
    "pvfs2 smb2 smb3 smbfs vboxsf vmhgfs webdav wekafs"
)
NETWORK_FILE_SYSTEMS = frozenset(_NETWORK.split())
"""Types of file systems, as the operating systems name them, that several machines can write to at once."""


class Mount(NamedTuple):
    """A file system, and where it is seen."""

    point: str
    kind: str
    """Type of the file system."""
    source: str = ""
    """What it is made from, most often a device; empty where that is not told."""


def default_library() -> Path:
    """``library.sqlite`` in the user's data folder (XDG_DATA_HOME on Linux); the folder may not exist yet."""
    return platformdirs.user_data_path("twinreel", appauthor=False) / "library.sqlite"


def refuse_network_file_system(library: Path) -> None:
    """LibraryError where the file lies, or would lie, on a network file system."""
    kind = _network_file_system(Path(os.path.realpath(library)))
    if kind is not None:
        raise LibraryError(
            f"the library {library} lies on a network file system ({kind}), where SQLite's write-ahead log is unsafe: "
            "put it on a local disk with --library FILE; the videos may stay where they are"
        )


def parse_mountinfo(text: str) -> list[Mount]:
    """The mounts of Linux's ``/proc/self/mountinfo`` (proc(5)), in its order: a later one hides an earlier one.

    ``36 35 98:0 /root /mnt/point rw,noatime master:1 - ext3 /dev/root rw`` with blanks written as ``\\040``.
    """
    mounts = []
    for line in text.splitlines():
        before, separator, after = line.partition(" - ")
        fields, described = before.split(" "), after.split(" ")
        if separator and len(fields) > 4:
            point, kind, source = (
                re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)
                for field in (fields[4], described[0], described[1] if len(described) > 1 else "")
            )
            mounts.append(Mount(point, kind, source))
    return mounts


def parse_mount_output(text: str) -> list[Mount]:
    """The mounts that macOS's ``mount`` prints: ``//me@host/share on /Volumes/share (smbfs, nodev, mounted by me)``."""
    return [Mount(*found) for found in re.findall(r"^.*? on (/.*) \(([\w.-]+)[,)].*$", text, flags=re.MULTILINE)]


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that an absolute path is seen through, None where none of them is."""
    found, longest = None, -1
    for mount in mounts:
        folder = mount.point.rstrip("/") + "/"
        if len(folder) >= longest and (path + "/").startswith(folder):
            found, longest = mount, len(folder)
    return found


def network_file_system(path: str, mounts: Iterable[Mount]) -> str | None:
    """The type of the network file system that an absolute path lies on, None where it is a local one or unknown."""
    mount = mount_of(path, mounts)
    return mount.kind if mount is not None and mount.kind.lower() in NETWORK_FILE_SYSTEMS else None


def _network_file_system(path: Path) -> str | None:
    if sys.platform == "win32":
        import ctypes

        remote = 4  # DRIVE_REMOTE, for mapped drives and \\server\share alike
        return "network drive" if ctypes.windll.kernel32.GetDriveTypeW(path.anchor) == remote else None
    if sys.platform == "darwin":
        shown = subprocess.run(["/sbin/mount"], capture_output=True, check=False, timeout=30).stdout
        return network_file_system(str(path), parse_mount_output(os.fsdecode(shown)))
    mountinfo = Path("/proc/self/mountinfo")
    if not mountinfo.exists():
        return None
    return network_file_system(str(path), parse_mountinfo(os.fsdecode(mountinfo.read_bytes())))
