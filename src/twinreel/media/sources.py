"""What a scan may be pointed at: files and folders, URLs, and manifests that list either."""

from __future__ import annotations

# ruff: noqa: PTH118, PTH120
import csv
import os
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import xxhash

from twinreel.errors import MediaError, NotFound, UserError
from twinreel.media.remote import absolute, changed_at, file_system, is_remote
from twinreel.media.walk import EXTENSIONS, Found, matcher, walk
from twinreel.store.arrow import pyarrow
from twinreel.types import Failure, FailureKind

MANIFESTS = (".csv", ".parquet")
COLUMNS = ("uri", "url", "path", "file")
"""Names of the column of a manifest that lists the files, the first that is there."""


def listed(given: Iterable[str]) -> Iterator[str]:
    """What a scan was pointed at, manifests replaced by what they list. UserError for one that cannot be read."""
    for one in given:
        yield from _listed(one) if one.lower().endswith(MANIFESTS) else [one]


class Roots:
    """Files, folders and URLs, and what lies below them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = sorted({absolute(path) for path in paths})
        """Absolute, each once, in order."""
        self._known = set(self.paths)

    def of(self, path: str) -> str | None:
        """The innermost of them that an absolute path is, or lies below."""
        while True:
            if path in self._known:
                return path
            above = _above(path)
            if above == path:
                return None
            path = above

    def covers(self, path: str) -> bool:
        return self.of(path) is not None


def _above(path: str) -> str:
    """The folder of a path or URL; that of an outermost one is itself."""
    if not is_remote(path):
        return os.path.dirname(path)
    protocol, _, rest = path.partition("://")
    return f"{protocol}://{posixpath.dirname(rest.rstrip('/'))}" if "/" in rest.rstrip("/") else path


def _listed(manifest: str) -> list[str]:
    try:
        if manifest.lower().endswith(".csv"):
            with Path(manifest).open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                name = _column(manifest, reader.fieldnames or ())
                found = [row[name] for row in reader]
        else:
            pa, pq = pyarrow()
            try:
                table: Any = pq.ParquetFile(manifest)
                name = _column(manifest, table.schema_arrow.names)
                found = table.read(columns=[name])[name].to_pylist()
            except pa.ArrowInvalid as error:
                raise UserError(f"cannot read {manifest} as Parquet: {error}") from error
    except FileNotFoundError as error:
        raise NotFound(f"there is no manifest {manifest}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read the manifest {manifest}: {error}") from error
    folder = os.path.dirname(absolute(manifest))
    return [path if is_remote(path) else os.path.join(folder, path) for path in found if path]


def _column(manifest: str, names: Iterable[str]) -> str:
    there = {name.lower(): name for name in names}
    for name in COLUMNS:
        if name in there:
            return there[name]
    raise UserError(
        f"the manifest {manifest} has the columns {', '.join(there.values())}; "
        f"one named {', '.join(COLUMNS)} is expected"
    )


def find_files(
    roots: Iterable[str], *, include: Iterable[str] = (), exclude: Iterable[str] = (), hidden: bool = False
) -> Iterator[Found | Failure]:
    """The files below absolute paths and URLs, as ``media.walk`` chooses them; those of this machine come first."""
    roots = list(roots)
    local = [root for root in roots if not is_remote(root)]
    if local:
        yield from walk(local, include=include, exclude=exclude, hidden=hidden)
    wanted, unwanted, seen = matcher(include), matcher(exclude), set[str]()
    for root in sorted(set(roots) - set(local)):
        try:
            for found, below in _below(root):
                name = posixpath.basename(found.path)
                if found.path in seen or (unwanted is not None and unwanted(name, below)):
                    continue
                concealed = not hidden and any(part.startswith(".") for part in below.split("/"))
                taken = wanted(name, below) if wanted is not None else name.rpartition(".")[2].lower() in EXTENSIONS
                if below == name == posixpath.basename(root) or (taken and not concealed):
                    seen.add(found.path)
                    yield found
        except MediaError as error:
            yield Failure(root, error.kind, "list", error.reason)


def _below(root: str) -> Iterator[tuple[Found, str]]:
    """The objects of a URL, by name, each with its name below it; NoAccess."""
    system, name = file_system(root)
    try:
        found = {name: system.info(name)} if system.isfile(name) else system.find(name, detail=True)
    except Exception as error:  # whatever another package's code raises
        lines = str(error).splitlines() or [type(error).__name__]
        raise _NotListed(f"it cannot be listed ({lines[0]})", "list") from error
    if not found:
        raise _NotListed("there is nothing there", "list")
    device = xxhash.xxh3_64_intdigest("/".join(root.split("/")[:3]).encode()) >> 1  # a bucket or a server
    for path, info in sorted(found.items()):
        below = path[len(name) :].lstrip("/") if path != name else posixpath.basename(name)
        url = root if path == name else f"{root.rstrip('/')}/{below}"
        yield Found(url, int(info.get("size") or 0), changed_at(info), device, 0), below


class _NotListed(MediaError):
    kind = FailureKind.NO_ACCESS
