"""How much memory a scan takes for some files, and for ten times as many.

    python benchmarks/memory.py [--files 200] [--folder DIR]

Makes tiny clips, each of two seconds of a texture of its own that drifts, and scans the first tenth of them and then
all, each into a library of its own by ``twinreel scan`` in a process of its own. Printed is the most that the process
and its workers held at any moment: resident memory that is theirs alone (USS on Linux), looked at every 50 ms, for the
process that scans and for all together. The last line is the ratio of the second scan to the first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import psutil

SIZE = (96, 64)
FRAMES, RATE = 16, 8
TENTH = 10
LOOK = 0.05


def write_clip(path: Path, number: int) -> None:
    """Two seconds of a texture of few waves that drifts."""
    rng = np.random.default_rng(number)
    width, height = SIZE
    y, x = np.mgrid[:height, :width]
    waves = rng.uniform(0.05, 0.8, (6, 2)), rng.uniform(0, 6, 6), rng.uniform(-1, 1, 6)
    colours = rng.uniform(0.2, 1.0, (6, 3))
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for at in range(FRAMES):
            image = np.full((height, width, 3), 128.0)
            for (u, v), phase, speed, colour in zip(*waves, colours, strict=True):
                image += 40 * np.sin(u * x + v * y + phase + speed * at / 2)[..., np.newaxis] * colour
            frame = av.VideoFrame.from_ndarray(np.clip(image, 0, 255).astype(np.uint8), "rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def make_clips(folder: Path, count: int) -> None:
    for number in range(count):
        path = folder / ("first" if number < count // TENTH else "others") / f"{number:06}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_clip(path, number)


def peaks(folders: list[Path], library: Path) -> tuple[float, float, float]:
    """MB of the process, MB of it and its workers, seconds."""
    command = [sys.executable, "-m", "twinreel", "scan", *map(str, folders), "--library", str(library)]
    started = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = every = 0
    while process.poll() is None:
        held = [_held(one) for one in [process, *_children(process)]]
        own, every = max(own, held[0]), max(every, sum(held))
        time.sleep(LOOK)
    if process.returncode:
        raise SystemExit(f"the scan failed with exit code {process.returncode}")
    return own / 1e6, every / 1e6, time.perf_counter() - started


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _held(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().uss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200, help="of the smaller scan; the larger has ten times as many")
    parser.add_argument("--folder", type=Path, help="where the clips are made and kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        clips = arguments.folder or Path(passing, "clips")
        make_clips(clips, TENTH * arguments.files)
        few = peaks([clips / "first"], Path(passing, "few.sqlite"))
        many = peaks([clips], Path(passing, "many.sqlite"))
    for files, (own, every, seconds) in ((arguments.files, few), (TENTH * arguments.files, many)):
        print(f"{files} files: {own:.0f} MB in the process, {every:.0f} MB with its workers, {seconds:.0f} s")
    print(f"ratio: {many[0] / few[0]:.2f} of the process, {many[1] / few[1]:.2f} with its workers")


if __name__ == "__main__":
    main()
