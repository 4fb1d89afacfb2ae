"""How long a second scan of a folder takes that has hardly changed.

    python benchmarks/rescan.py [--files 10000] [--distinct N] [--folder DIR] [--out docs/speed.md]

Makes a folder of tiny clips, each of one picture of one colour and no two alike (of --distinct fewer, the others are
hard links to them). A picture of one colour says nothing, so there is nothing to match: what is timed is the walk and
the comparison with the library. Then, each as ``twinreel scan`` in a process of its own:

    first       everything is new
    unchanged   nothing has happened
    touched     one file has got a new time (and with --distinct the hard links to it)
    renamed     100 files have got other names, 10 of them in another folder

Beside each the numbers of its ScanReport, and ``twinreel --version`` for the start-up that every command takes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import av
import numpy as np

import bench
from twinreel.types import ScanReport

SIZE = 32
"""Pixels a side."""
PER_FOLDER = 1000
RENAMED, ELSEWHERE = 100, 10
STEP = 1_000_003
"""Coprime to the number of colours, so that every file gets another one, and neighbours unlike ones."""


def write_clip(path: Path, number: int) -> None:
    """One picture of the colour of that number, coded without loss."""
    colour = np.array([(number * STEP >> shift) & 255 for shift in (16, 8, 0)], np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("png", rate=1)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "rgb24"
        frame = av.VideoFrame.from_ndarray(np.broadcast_to(colour, (SIZE, SIZE, 3)).copy(), "rgb24")
        frame.pts = 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def make_files(folder: Path, count: int, distinct: int) -> list[Path]:
    """The files, in folders of a thousand."""
    files = [folder / f"{number // PER_FOLDER:03d}" / f"{number:06d}.mov" for number in range(count)]
    for number, file in enumerate(files):
        file.parent.mkdir(parents=True, exist_ok=True)
        if number < distinct:
            write_clip(file, number)
        else:
            os.link(files[number % distinct], file)
    return files


def touch(file: Path) -> None:
    """A new time, a second later."""
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def rename(files: list[Path], folder: Path) -> None:
    """Other names for the last of the files, for some of them in a new folder."""
    (folder / "moved").mkdir()
    for number, file in enumerate(files[-RENAMED:]):
        where = folder / "moved" if number < ELSEWHERE else file.parent
        file.rename(where / f"renamed {file.name}")


def row(name: str, seconds: float, start_up: float, report: ScanReport) -> list[str]:
    numbers = report.files, report.unchanged, report.added, report.moved, report.gone, report.failed, report.decoded
    return [name, f"{seconds:.2f}", f"{seconds - start_up:.2f}", *map(str, numbers)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds of a second scan of a folder that has hardly changed.")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--distinct", type=int, help="different clips among them; the others are hard links")
    parser.add_argument("--folder", type=Path, help="where to make them: must be empty (default: a temporary folder)")
    parser.add_argument("--out", type=Path, help="document to write the table to")
    args = parser.parse_args()
    distinct = args.distinct or args.files
    if not 2 * RENAMED <= args.files < 1 << 24 or not 1 <= distinct <= args.files:
        parser.error(f"at least {2 * RENAMED} files are needed, and --distinct is at most as many")
    with tempfile.TemporaryDirectory() as temporary:
        work = args.folder or Path(temporary)
        folder, library = work / "videos", bench.new_library(work / "library.sqlite")
        files = make_files(folder, args.files, distinct)
        print(f"{len(files)} files, {distinct} different", flush=True)
        start_up = bench.start_up()
        rows = []

        def scan(name: str) -> None:
            seconds = bench.run("scan", folder, "--library", library)
            rows.append(row(name, seconds, start_up, bench.last_scan(library)))
            print(f"{name}: {seconds:.2f} s", flush=True)

        scan("first")
        scan("unchanged")
        touch(files[0])
        scan("one touched")
        rename(files, folder)
        scan(f"{RENAMED} renamed")
    head = ["scan", "s", "s beyond start-up", "files", "unchanged", "added", "moved", "gone", "failed", "decoded"]
    words = (
        f"By `benchmarks/rescan.py`: {args.files} files, {distinct} of them different, of one picture each. Start-up "
        f"(`twinreel --version`): {start_up:.2f} s. {bench.machine()}."
    )
    text = f"{bench.wrap(words)}\n\n{bench.table(head, rows)}"
    print(f"\n{text}")
    if args.out:
        bench.write_section(args.out, "rescan", f"## Scanning again\n\n{text}", bench.SPEED)


if __name__ == "__main__":
    main()
