"""What the benchmarks share: running twinreel, reading what a scan did, tables, and generated parts of documents."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy
import psutil

import twinreel
from twinreel.bench.scoring import Bin
from twinreel.processors import cores
from twinreel.store.catalogue import Catalogue
from twinreel.types import ScanReport

SPEED = """# Speed

Every part is written by the script that it names, in one run on one machine. Seconds depend on the machine; what is
compared was run right after one another, so the ratios are what counts.
"""
"""How ``docs/speed.md`` begins."""


def command() -> str:
    """The ``twinreel`` command of the environment that runs this."""
    beside = Path(sys.executable).parent
    found = shutil.which("twinreel", path=os.pathsep.join([str(beside), os.environ.get("PATH", "")]))
    if found is None:
        raise SystemExit("there is no twinreel command: pip install -e . first")
    return found


def run(*arguments: str | Path) -> float:
    """Runs twinreel as a user would; seconds from start to end. SystemExit with its last words where it fails."""
    start = time.perf_counter()
    done = subprocess.run([command(), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(
            f"twinreel {' '.join(map(str, arguments))} ended with {done.returncode}: {done.stderr[-2000:]}"
        )
    return seconds


def start_up() -> float:
    """Seconds that ``twinreel --version`` takes: the least of three."""
    return min(run("--version") for _ in range(3))


def new_library(path: Path) -> Path:
    """A path where no library lies any more."""
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        file.unlink(missing_ok=True)
    return path


def read_all(files: Iterable[Path]) -> None:
    """Has the system keep the files in memory, as far as they fit."""
    for file in files:
        with file.open("rb") as stream:
            while stream.read(1 << 22):
                pass


def last_scan(library: Path) -> ScanReport:
    """The numbers of the latest scan of a library."""
    with Catalogue.open(library, create=False) as catalogue:
        report = catalogue.scans.all()[0].report
    if report is None:
        raise SystemExit(f"the last scan of {library} did not come to its end")
    return report


def machine() -> str:
    """What figures were measured on, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{cores()} cores ({platform.machine()}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, NumPy {numpy.__version__}, twinreel {twinreel.__version__}"
    )


def wrap(text: str) -> str:
    """A paragraph in lines that fit a document."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned so that it can be read as it is; the first is text, the others numbers."""
    lines = [list(head), *map(list, rows)]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        for cells in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)


def reliability_table(bins: Iterable[Bin]) -> str:
    """Of the pairs of about a score, how many are right."""
    rows = [[f"{one.score:.2f}", str(one.pairs), str(round(one.true * one.pairs)), f"{one.true:.2f}"] for one in bins]
    return table(["mean score", "pairs", "right", "share"], rows)


def write_section(document: Path, name: str, text: str, preface: str = "") -> None:
    """Writes what stands in a document between ``<!-- name: begin -->`` and ``<!-- name: end -->``.

    A document that is not there begins with the preface; where it has no such marks, they come at its end.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = document.read_text(encoding="utf-8") if document.exists() else preface.strip() + "\n"
    if begin not in old:
        old = f"{old.rstrip()}\n\n{begin}\n{end}\n"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    new = pattern.sub(lambda _: f"{begin}\n\n{text.strip()}\n\n{end}", old)
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(new, encoding="utf-8")
