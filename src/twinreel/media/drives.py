"""What kind of drive a file lies on, which decides how many may read from it at a time.

Linux alone says it without asking for rights: the kernel tells of every block device whether it spins
(``queue/rotational`` in sysfs), and of every mount of what type and on what device its file system is. Elsewhere it is
unknown, but for URLs.
"""

from __future__ import annotations

import enum
import os
from pathlib import Path

from twinreel.media.remote import is_remote
from twinreel.store.location import mount_of, network_file_system, parse_mountinfo

SYSTEM = Path("/")
"""Below it lie ``sys``, ``proc`` and ``dev``."""


class Drive(enum.StrEnum):
    """Kinds of drives, by what reading in many places at a time costs."""

    SPINNING = "spinning"
    """Every change of place takes some milliseconds."""
    SOLID = "solid"
    NETWORK = "network"
    """Another machine's: what waits is the way there, not the drive."""
    UNKNOWN = "unknown"


def drive_of(path: str, device: int, system: Path = SYSTEM) -> Drive:
    """The kind of drive that a file lies on.

    path: absolute, or a URL. device: its ``st_dev``; of a URL nothing is asked. system: another root, for tests.
    """
    if is_remote(path):
        return Drive.NETWORK
    if not hasattr(os, "major"):
        return Drive.UNKNOWN
    block = system / "sys/dev/block" / f"{os.major(device)}:{os.minor(device)}"
    if block.exists():
        return _block(block)
    # A file system without a device of its own number: on a network, on several drives, or in parts, as btrfs has
    # them, whose numbers are not even in the list of mounts.
    try:
        mounts = parse_mountinfo(os.fsdecode((system / "proc/self/mountinfo").read_bytes()))
    except OSError:
        return Drive.UNKNOWN
    real = os.path.realpath(path)
    if network_file_system(real, mounts):
        return Drive.NETWORK
    mount = mount_of(real, mounts)
    if mount is None or not mount.source.startswith("/dev/"):
        return Drive.UNKNOWN
    name = (system / mount.source[1:]).resolve().name  # what /dev/mapper/crypt is a link to
    return _block(system / "sys/class/block" / name)


def _block(block: Path) -> Drive:
    """Of a block device in sysfs. A partition has no queue, its disk has; device mapper and RAID have one that says
    spinning where any drive below does."""
    place = block.resolve()
    if "/virtio" in str(place):
        return Drive.UNKNOWN  # a virtual disk: says that it spins, whatever it lies on
    for folder in (place, place.parent):
        try:
            return Drive.SPINNING if (folder / "queue/rotational").read_text().strip() == "1" else Drive.SOLID
        except OSError:
            continue
    return Drive.UNKNOWN
