"""The tree of exceptions, on one screen. Each carries the exit code that the command line ends with.

TwinreelError            1
├── UserError            2   wrong argument, unknown name: says what is accepted
│   └── NotFound         2   no such video, file or library
├── MissingExtra         3   an optional dependency is not installed: says the pip line
├── MediaError           4   one file cannot be used
│   ├── BadFile              its content
│   ├── NoAccess             its permissions, links or absence
│   └── OutOfResources       memory or time ran out; says nothing about the file
└── LibraryError         5   the catalogue cannot be used: locked, newer schema, network file system
"""

from __future__ import annotations

from twinreel.types import FailureKind


class TwinreelError(Exception):
    """Something went wrong that twinreel can explain in one line."""

    exit_code = 1


class UserError(TwinreelError):
    exit_code = 2


class NotFound(UserError):
    pass


class MissingExtra(TwinreelError):
    exit_code = 3

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an extra: pip install "twinreel[{extra}]"')


class MediaError(TwinreelError):
    """One file cannot be used; ``stage`` says what was being done."""

    exit_code = 4
    kind: FailureKind

    def __init__(self, reason: str, stage: str = "decode") -> None:
        super().__init__(reason)
        self.reason = reason
        self.stage = stage


class BadFile(MediaError):
    kind = FailureKind.BAD_FILE


class NoAccess(MediaError):
    kind = FailureKind.NO_ACCESS


class OutOfResources(MediaError):
    kind = FailureKind.RESOURCES


class LibraryError(TwinreelError):
    exit_code = 5
