"""What must hold before anything is done to a file: all of it is here, and nothing else does anything to a file.

Before each action:

1. The file, and each file that is kept instead, is a regular file where the plan saw it (through the same folders,
   whatever links are in its path), of the same size and time, and with the same bytes: it is read to its end. Both are
   different files, not two names of one.
2. The file lies in no protected folder, by its real path, on a drive that can be written to.
3. It goes to a folder that no link leads elsewhere, and to the drive that was planned.

And of a plan as a whole: no file is removed that another is removed in favour of.
"""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here.
# ruff: noqa: PTH112, PTH120
import os
import stat
from collections import Counter

from twinreel.clean.criteria import within
from twinreel.clean.model import LINKS, Action, Deed, File, Plan
from twinreel.clean.survey import device_of
from twinreel.errors import MediaError, UserError
from twinreel.media.identity import file_digest

Signature = tuple[int, int, int, int, int]


class Refused(Exception):
    """Something does not hold; the message says what, in one line."""


def check_plan(plan: Plan) -> None:
    """UserError where a plan contradicts itself: by a change of hand, or by a mistake in making it."""
    acting = [action for action in plan.actions if action.deed is not Deed.REPORT]
    if [action.number for action in plan.actions] != list(range(1, len(plan.actions) + 1)):
        raise UserError("the plan's actions are not numbered from 1 on: make it anew")
    counted = Counter(action.file.path for action in acting)
    if twice := next((path for path, times in counted.items() if times > 1), None):
        raise UserError(f"the plan does something to {twice} twice: make it anew")
    going = {key for action in acting for key in _keys(action.file)}
    for action in acting:
        if not action.kept:
            raise UserError(f"the plan removes {action.file.path} in favour of nothing: make it anew")
        for kept in action.kept:
            if going & _keys(kept):
                raise UserError(f"the plan removes {kept.path} and also keeps it for another: make it anew")
        if action.deed is Deed.QUARANTINE and action.target is None:
            raise UserError(f"the plan does not say where {action.file.path} goes: make it anew")
        if action.deed in LINKS and {kept.digest for kept in action.kept} != {action.file.digest}:
            raise UserError(f"the plan links {action.file.path} to a file with other bytes: make it anew")
        if not all(file.digest for file in (action.file, *action.kept)):
            raise UserError(f"the plan lacks a digest of {action.file.path} or what is kept for it: make it anew")


def _keys(file: File) -> set[object]:
    """What a file is known by: its paths, and its inode where there are any."""
    return {file.path, file.real} | ({(file.device, file.inode)} if file.inode else set())


class Guard:
    """Checks the actions of a plan, one after the other."""

    def __init__(self, plan: Plan) -> None:
        check_plan(plan)
        self._plan = plan
        self._proven: dict[str, tuple[Signature, str]] = {}

    def check(self, action: Action) -> None:
        """Refused where the action may not be done now."""
        for kept in action.kept:
            self._unchanged(kept)
        self._unchanged(action.file)
        for kept in action.kept:
            if os.path.samestat(os.lstat(kept.path), os.lstat(action.file.path)):
                raise Refused(f"it and {kept.path} are two names of one file by now")
        real = os.path.realpath(action.file.path)
        if inside := next((folder for folder in self._plan.protected if within(real, folder)), None):
            raise Refused(f"it lies in the protected folder {inside}")
        self._writable(os.path.dirname(real))
        if action.deed is Deed.HARD_LINK and os.lstat(action.kept[0].path).st_dev != os.lstat(real).st_dev:
            raise Refused(f"{action.kept[0].path} is on another drive: it cannot be linked to")
        if action.target is not None:
            self._place(action, action.target)
        for target in (*([action.target] if action.target else []), *(side.target for side in action.sides)):
            if os.path.lexists(target):
                raise Refused(f"there is a file at {target} already")

    def _unchanged(self, file: File) -> None:
        try:
            status = os.lstat(file.path)
            real = os.path.realpath(file.path, strict=True)
        except OSError as error:
            raise Refused(f"{file.path} is not there: {error.strerror}") from error
        if not stat.S_ISREG(status.st_mode) or real != file.real:
            raise Refused(f"{file.path} is not the file that it was: it leads elsewhere")
        if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
            raise Refused(f"{file.path} has changed since the plan was made")
        signature = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        if self._proven.get(file.path) != (signature, file.digest):
            try:
                digest = file_digest(file.path)
            except MediaError as error:
                raise Refused(f"{file.path} cannot be read: {error.reason}") from error
            if digest != file.digest:
                raise Refused(f"the bytes of {file.path} have changed since the plan was made")
            self._proven[file.path] = signature, digest

    def _writable(self, folder: str) -> None:
        if hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY:
            raise Refused(f"the drive of {folder} can only be read")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Refused(f"permission to change {folder} is denied")

    def _place(self, action: Action, target: str) -> None:
        folder = os.path.dirname(target)
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        if os.path.realpath(folder) != folder or not os.path.isdir(folder):
            raise Refused(f"a link leads {folder} elsewhere")
        if (device_of(target) != os.lstat(action.file.path).st_dev) != action.across:
            raise Refused(f"{folder} is not on the drive that it was on: is it mounted?")
        self._writable(folder)
