"""What describers there are, and adding to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twinreel.describe.registry import DEFAULT, describers, packages
from twinreel.errors import NotFound, TwinreelError, UserError
from twinreel.models.hub import Repository, fetch
from twinreel.models.known import BY_NAME, KNOWN, PREFERRED, Known
from twinreel.models.load import HUB, files_of, how_to_get, place, weights_of
from twinreel.models.opening import open_model_at
from twinreel.models.shelf import Added, added, all_added, put, sha256_of

Kind = Literal["installed", "added", "known"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A describer that can be asked for by name."""

    name: str
    kind: Kind
    """``installed`` with this or another package, ``added`` by the user, ``known`` from the table of models."""
    what: str
    source: str
    """Where its file comes from."""
    licence: str
    bytes: int
    """Of its file; for one that is not here about so many. 0 where it needs none."""
    sha256: str
    """What the file has to have; empty where nobody stated it."""
    here: bool
    """Is its file on this disk?"""
    advice: str
    """How to get it, where it is not here."""


def entries() -> Iterator[Entry]:
    """All of them: installed, added, known; the files of none are opened."""
    for name, (package, licence) in packages().items():
        what = "used by default" if name == DEFAULT else ""
        yield Entry(name, "installed", what, f"the package {package}", licence, 0, "", True, "")
    mine = list(all_added())
    yield from map(_of_added, mine)
    names = {entry.name for entry in mine}
    yield from (_of_known(model) for model in KNOWN if model.name not in names)


def _of_added(entry: Added) -> Entry:
    try:
        here, advice = weights_of(place(entry.source)).is_file(), ""
    except TwinreelError as error:
        here, advice = False, str(error)
    if not here and not advice:
        advice = f"{entry.source} is gone: add it again from where it is now"
    family = f"of the family {entry.family}" if entry.family else ""
    return Entry(entry.name, "added", family, entry.source, entry.licence, entry.bytes, entry.sha256, here, advice)


def _of_known(model: Known) -> Entry:
    path = files_of(model)
    size = weights_of(path).stat().st_size if path else model.megabytes * 1_000_000
    advice = "" if path else how_to_get(model)
    return Entry(
        model.name, "known", model.what, model.source, model.licence, size, model.sha256 or "", path is not None, advice
    )


def add(
    name: str,
    *,
    file: Path | None = None,
    repository: str | None = None,
    family: str | None = None,
    licence: str = "",
    offline: bool = False,
) -> Entry:
    """Adds a describer under a name: a file or folder where it lies, a repository of the hub, or a known model.

    offline: take repositories from the hub's cache alone. The model is opened once. UserError where it cannot be used,
    or where its checksum is not the one that is known of it.
    """
    if name in describers():
        raise UserError(f"{name!r} is an installed describer: choose another name")
    if file is not None and repository is not None:
        raise UserError("a describer comes from a file or from the hub: give one of --file and --from-hub")
    model = BY_NAME.get(name)
    if file is None and repository is None:
        if model is None:
            raise UserError(
                f"there is no known model {name!r}: give --file FILE or --from-hub OWNER/NAME, or one of "
                f"{', '.join(BY_NAME)}"
            )
        return _add_known(model, offline)
    if file is not None:
        source, path = str(file.absolute()), file.absolute()
        if model is not None and family is None and path.is_file():
            family = model.family
    else:
        wanted = Repository.parse(repository or "")
        path = fetch(wanted, weights=PREFERRED, forbidden=offline)
        source = f"{HUB}:{Repository(wanted.name, path.name)}"  # the commit: the same for ever
    weights = _opened(path, name, family)
    entry = Added(
        name,
        source,
        family or "",
        licence or (model.licence if model else ""),
        weights.stat().st_size,
        sha256_of(weights),
    )
    put(entry)
    return _of_added(entry)


def _add_known(model: Known, offline: bool) -> Entry:
    if files_of(model) is None:
        if model.repository is None:
            raise NotFound(how_to_get(model))
        fetch(model.repository, weights=(model.checked, *PREFERRED), forbidden=offline)
    path = files_of(model)
    if path is None:
        raise NotFound(how_to_get(model))
    if _as_published(model, path) is False:
        raise UserError(
            f"{_checked(model, path)} has not the SHA-256 {model.sha256} that is known of it: fetch it again"
        )
    if not model.package:
        _opened(path, model.name, model.family)
    return _of_known(model)


def _opened(path: Path, name: str, family: str | None) -> Path:
    """The file of weights of what can be opened."""
    if not path.exists():
        raise NotFound(f"there is no file or folder {path}")
    open_model_at(path, family, name)
    return weights_of(path)


def _as_published(model: Known, path: Path) -> bool | None:
    """Has a known model the checksum that is known of it? None where there is none to compare."""
    file = _checked(model, path)
    return sha256_of(file) == model.sha256 if model.sha256 and file.is_file() else None


def _checked(model: Known, path: Path) -> Path:
    """The file that a known model's checksum is about."""
    return path if model.file else path / model.checked


def intact(name: str) -> bool | None:
    """Has the file of a describer the checksum that it had when it was added, or that is known of it?

    None where there is nothing to compare.
    """
    if entry := added(name):
        return sha256_of(weights_of(place(entry.source))) == entry.sha256
    model = BY_NAME.get(name)
    path = files_of(model) if model else None
    return _as_published(model, path) if model and path else None
