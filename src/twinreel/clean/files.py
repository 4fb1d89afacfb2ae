"""Doing things to files so that each is either done or not, never overwrites anything, and can be taken back.

Errors are OSErrors, as the system gives them; nothing is left half done but names that ``clear`` removes.
"""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here.
# ruff: noqa: PTH101, PTH103, PTH104, PTH105, PTH106, PTH108, PTH111, PTH116, PTH118, PTH120, PTH123, PTH211
import errno
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress

from twinreel.clean.model import File
from twinreel.media.identity import file_digest

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
"""What file systems without hard links, or full of them, answer."""
_FICLONE = 0x40049409
"""Linux's ioctl that makes a file share all blocks of another (ioctl_ficlone(2))."""


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Puts a folder's names on the disk, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems refuse
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def same_file(a: str, b: str) -> bool:
    """Are both names there, and of one file? Links are not followed."""
    try:
        return os.path.samestat(os.lstat(a), os.lstat(b))
    except OSError:
        return False


def unfinished(path: str, mark: str) -> str:
    """The name beside a file under which what will take its place is made; ``mark`` tells plans apart."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:40]}.{mark}.unfinished")


def clear(path: str, mark: str) -> None:
    """Removes what a crash left of making ``path``."""
    with suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(unfinished(path, mark))


def make_folders(folder: str) -> None:
    os.makedirs(folder, exist_ok=True)


def remove_empty(folders: Iterable[str]) -> None:
    """Removes folders, an inner one before an outer one, as far as they are there and empty."""
    for folder in folders:
        with suppress(OSError):
            os.rmdir(folder)


def move(source: str, target: str, mark: str) -> None:
    """Gives a file another name, on another drive by copying it; FileExistsError where that name is taken.

    A crash leaves it under the old name, or the new one, or both.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    if os.lstat(source).st_dev == os.stat(os.path.dirname(target)).st_dev:
        try:
            os.link(source, target, follow_symlinks=False)  # unlike renaming, never replaces
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            os.rename(source, target)
        else:
            _drop_source(source, target)
    else:
        copy(source, target, mark)
        _drop_source(source, target)
    sync_folder(os.path.dirname(target))
    sync_folder(os.path.dirname(source))


def _drop_source(source: str, target: str) -> None:
    sync_folder(os.path.dirname(target))
    try:
        os.unlink(source)
    except OSError:
        os.unlink(target)  # the old name cannot be removed: there must not be two
        raise


def copy(source: str, target: str, mark: str) -> None:
    """Copies a file with its times and permissions; the target is whole or not there."""
    made = unfinished(target, mark)
    try:
        _write_copy(source, made)
        shutil.copystat(source, made)
        place(made, target)
    except BaseException:
        clear(target, mark)
        raise


def restore(source: str, file: File, mark: str) -> None:
    """Puts a copy of ``source`` in the place of ``file``, with the times and permissions that it had, at once."""
    made = unfinished(file.path, mark)
    try:
        _write_copy(source, made)
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(made, file.uid, file.gid)
        os.chmod(made, file.mode)
        os.utime(made, ns=(file.mtime_ns, file.mtime_ns))
        _replace(file.path, mark)
    except BaseException:
        clear(file.path, mark)
        raise


def _write_copy(source: str, made: str) -> None:
    """OSError (EIO) where what was written does not read back the same."""
    with suppress(FileNotFoundError):
        os.unlink(made)
    with open(source, "rb") as reading, open(made, "xb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
        writing.flush()
        os.fsync(writing.fileno())
    if file_digest(made) != file_digest(source):
        raise OSError(errno.EIO, "the copy differs from the file", made)


def place(made: str, target: str) -> None:
    """Gives a finished file its name; FileExistsError where that is taken."""
    try:
        os.link(made, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None
        os.rename(made, target)
    else:
        os.unlink(made)


def hard_link(kept: str, path: str, mark: str) -> None:
    """Makes a name another name of the kept file, at once."""
    clear(path, mark)
    os.link(kept, unfinished(path, mark))
    _replace(path, mark)


def symbolic_link(kept: str, path: str, mark: str) -> None:
    """Makes a name point at the kept file, at once."""
    clear(path, mark)
    os.symlink(kept, unfinished(path, mark))
    _replace(path, mark)


def reflink(kept: str, path: str, mark: str) -> None:
    """Makes a file share the blocks of the kept one, at once; OSError where the file system cannot.

    Times and permissions stay those of the file.
    """
    clear(path, mark)
    made = unfinished(path, mark)
    try:
        _clone(kept, made)
        shutil.copystat(path, made)
        _replace(path, mark)
    except BaseException:
        clear(path, mark)
        raise


def _clone(source: str, target: str) -> None:
    if sys.platform == "linux":
        import fcntl

        with open(source, "rb") as reading, open(target, "xb") as writing:
            fcntl.ioctl(writing.fileno(), _FICLONE, reading.fileno())
            os.fsync(writing.fileno())
    elif sys.platform == "darwin":
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        if libc.clonefile(os.fsencode(source), os.fsencode(target), 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)
    else:
        raise OSError(errno.ENOTSUP, "this system has no reflinks", target)


def _replace(path: str, mark: str) -> None:
    made = unfinished(path, mark)
    try:
        os.replace(made, path)
        # Renaming a name of a file to another name of the same file does nothing, and leaves both (rename(2)).
        clear(path, mark)
    except BaseException:
        clear(path, mark)
        raise
    sync_folder(os.path.dirname(path))


def trash(path: str) -> None:
    """Puts a file into the system's trash; OSError where there is none for it."""
    from send2trash import send2trash

    send2trash(path)


def find_in_trash(file: File) -> str | None:
    """Where the system keeps a file that was put into the trash: found by its inode, size and time."""
    for folder in _trash_folders(file.path):
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if (status.st_ino, status.st_size, status.st_mtime_ns) == (file.inode, file.size, file.mtime_ns):
                    return entry.path
    return None


def _trash_folders(path: str) -> list[str]:
    """The folders that hold files of the trash (the freedesktop.org specification 1.0; ``~/.Trash`` on macOS)."""
    if sys.platform == "darwin":
        return [os.path.expanduser("~/.Trash")]
    if sys.platform == "win32":
        return []
    home = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    top = os.path.dirname(path)
    while not os.path.ismount(top) and top != os.path.dirname(top):
        top = os.path.dirname(top)
    user = str(os.getuid())
    places = (os.path.join(home, "Trash"), os.path.join(top, ".Trash", user), os.path.join(top, f".Trash-{user}"))
    return [os.path.join(place, "files") for place in places]


def out_of_trash(found: str, path: str, mark: str) -> None:
    """Moves a file out of the trash and drops the note about it."""
    move(found, path, mark)
    folder, name = os.path.split(found)
    with suppress(OSError):
        os.unlink(os.path.join(os.path.dirname(folder), "info", f"{name}.trashinfo"))
