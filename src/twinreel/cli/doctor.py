"""twinreel doctor"""

from __future__ import annotations

import platform
import re
import sqlite3
from importlib import metadata
from pathlib import Path

import typer

import twinreel
from twinreel.cli import options, output
from twinreel.cli.describers import installed
from twinreel.cli.open import known_library
from twinreel.cli.shapes.installation import DescriberShape, DoctorShape, LibraryShape, SelfTestShape
from twinreel.errors import TwinreelError
from twinreel.store.exports import path_to_text
from twinreel.store.location import default_library, refuse_network_file_system


def doctor(library: options.LibraryFile = None, json: options.Json = False) -> None:
    """Print what is installed, and whether it works.

    With versions, what is accelerated, the operating point, and where the library lies.

    The self-test makes tiny videos in a temporary folder, of which one holds seconds of another, and finds them. The
    exit code is 1 where it fails or the library cannot be used.

    \b
    Examples:
      twinreel doctor
      twinreel doctor --json
    """
    found = examined(library)
    if json:
        output.tell_json(found)
    else:
        _tell(found)
    if not found["self_test"]["passed"] or found["library"]["problem"]:
        raise typer.Exit(1)


def examined(library: Path | None) -> DoctorShape:
    """Everything that doctor prints."""
    import onnxruntime

    from twinreel.cli.selftest import self_test
    from twinreel.describe.onnx import chosen_providers
    from twinreel.match.calibration import MIN_SCORE
    from twinreel.processors import cores

    try:
        passed, detail = self_test()
    except TwinreelError as error:
        passed, detail = False, str(error)
    required, extras = requirements(metadata.requires("twinreel") or [])
    return DoctorShape(
        version=twinreel.__version__,
        python=platform.python_version(),
        system=platform.platform(),
        min_score=MIN_SCORE,
        packages={name: _version(name) or "missing" for name in required} | _libraries(),
        extras={extra: all(map(_version, names)) for extra, names in extras.items()},
        cores=cores(),
        hardware=_hardware(),
        execution_providers=list(onnxruntime.get_available_providers()),
        inference_on=chosen_providers(),
        describers=installed(),
        library=library_state(library),
        self_test=SelfTestShape(passed=passed, detail=detail),
    )


def _hardware() -> dict[str, str | None]:
    """Type of device that FFmpeg knows -> why it cannot decode here."""
    from twinreel.engine.devices import problems
    from twinreel.engine.pool import WorkerPool
    from twinreel.engine.settings import MEMORY, STALL
    from twinreel.media.hardware import built

    with WorkerPool(1, MEMORY, STALL, ring=1 << 16) as pool:
        return {device: why or None for device, why in problems(pool, built()).items()}


def requirements(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Names of the packages that are needed always, and of those that each extra needs.

    From lines like ``pyarrow>=16; extra == 'parquet'`` (PEP 508).
    """
    always: list[str] = []
    extras: dict[str, list[str]] = {}
    for line in lines:
        name = re.split(r"[^A-Za-z0-9._-]", line.strip(), maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
        (extras.setdefault(extra[1], []) if extra else always).append(name)
    return always, extras


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _libraries() -> dict[str, str]:
    """Versions of what is not a Python package."""
    import av

    return {"FFmpeg": str(av.ffmpeg_version_info), "SQLite": sqlite3.sqlite_version}


def library_state(given: Path | None) -> LibraryShape:
    """Where the library lies, what it holds, and what is wrong with it."""
    path = given or default_library()
    found = LibraryShape(
        path=path_to_text(str(path)),
        exists=path.exists(),
        problem=None,
        videos=0,
        fingerprints=0,
        matches=0,
        reported=0,
        truncated=0,
        failures=0,
    )
    try:
        refuse_network_file_system(path)
        if not found["exists"]:
            return found
        with known_library(path) as library:
            status, broken = library.status(), library.integrity_check()
    except TwinreelError as error:
        found["problem"] = str(error)
        return found
    return LibraryShape(
        path=found["path"],
        exists=True,
        problem=broken[0] if broken else None,
        videos=status.videos,
        fingerprints=status.fingerprints,
        matches=status.matches,
        reported=status.reported,
        truncated=status.dropped,
        failures=status.failures,
    )


def _tell(found: DoctorShape) -> None:
    library, test = found["library"], found["self_test"]
    if library["problem"]:
        state = f"cannot be used: {library['problem']}"
    elif not library["exists"]:
        state = "not made yet: twinreel scan makes it; its file system is fit"
    else:
        state = (
            f"sound, {library['videos']:,} videos, {library['failures']:,} failures, {library['matches']:,} pairs kept "
            f"({library['reported']:,} reported), {library['truncated']:,} beyond 200 a video not kept"
        )
    unused = [name for name in found["execution_providers"] if name not in found["inference_on"]]
    made = output.table("what", "found")
    rows = {
        "twinreel": found["version"],
        "python": f"{found['python']} on {found['system']}",
        **found["packages"],
        **{
            f"[{extra}]": "installed" if there else f'pip install "twinreel[{extra}]"'
            for extra, there in found["extras"].items()
        },
        "processors": str(found["cores"]),
        "inference on": ", ".join(found["inference_on"]),
        **({"not used": ", ".join(unused)} if unused else {}),
        **{f"decoding by {device}": why or "works" for device, why in found["hardware"].items()},
        **{f"describer {one['name']}": one["error"] or _words(one) for one in found["describers"]},
        "operating point": f"score {found['min_score']:g} and above is reported",
        "library": library["path"],
        "": state,
        "self-test": ("passed: " if test["passed"] else "FAILED: ") + test["detail"],
    }
    for what, value in rows.items():
        output.row(made, what, value)
    output.tell_table(made)


def _words(one: DescriberShape) -> str:
    return f"version {one['version']}, {one['dimensions']} dimensions" if one["version"] else one["source"]
