"""Applies or undoes a plan and dies, or runs into an error, at a chosen moment. Run as a program by the tests.

    python interrupted.py apply|undo PLAN JOURNAL kill|ENOSPC|EACCES AT

AT counts the calls that change something on the disk: writing, syncing, making, linking, renaming, removing; the
process is killed, or the call fails, instead of it. 0: never. Prints how many calls there were, at the end.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twinreel.clean.apply import apply
from twinreel.clean.planfile import read_plan
from twinreel.clean.undo import undo
from twinreel.errors import TwinreelError

CALLS = ("write", "fsync", "link", "rename", "replace", "unlink", "symlink", "mkdir", "rmdir", "ftruncate")


def main(what: str, plan: str, journal: str, manner: str, at: int) -> None:
    count = 0

    def hooked(call: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == at and manner == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            if count == at:
                code = getattr(errno, manner)
                raise OSError(code, os.strerror(code), args[0] if isinstance(args[0], str) else None)
            return call(*args, **kwargs)

        return changed

    given = read_plan(Path(plan))
    for name in CALLS:
        setattr(os, name, hooked(getattr(os, name)))
    try:
        if what == "apply":
            apply(given, Path(journal))
        else:
            undo(Path(journal))
    except TwinreelError as error:
        print(f"error: {error}")
        return
    print(count)


if __name__ == "__main__":
    _, given_what, given_plan, given_journal, given_manner, given_at = sys.argv
    main(given_what, given_plan, given_journal, given_manner, int(given_at))
