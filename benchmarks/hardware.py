"""What decodes faster: a device, such as a graphics card, or the processors.

    python benchmarks/hardware.py FILE... [--device cuda] [--workers 1,4,8,16] [--sampling dense]

Of every file the first twenty seconds are sampled, as a scan samples them, by the device and by a processor, one after
the other: seconds of video a second, opening included, and by how many of 255 levels their frames differ at most, in
the mean of a frame. Then the first file by so many workers at the same time, which share the device, while each has a
processor of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier

import numpy as np

from twinreel.errors import MediaError
from twinreel.media.hardware import STRETCH, Trial, built, trial
from twinreel.media.sampling import Sampling

SIZE = (160, 160)
"""Of the frames that are made: those of the default describer."""

Work = tuple[str, str, str | None]
"""A file, a sampling, and a device or None."""


def tried(work: Work) -> Trial | str:
    """How it went, or why it did not."""
    path, mode, device = work
    try:
        *_, found = trial(path, Sampling(mode), SIZE, device)
    except MediaError as error:
        return error.reason
    assert found is not None
    return found


def lines(files: list[str], mode: str, device: str, workers: list[int]) -> Iterator[str]:
    yield f"| file, `{mode}` | {device} | a processor | they differ by |"
    yield "| --- | ---: | ---: | ---: |"
    for path in files:
        tried((path, mode, device))  # opened for the first time
        one, other = tried((path, mode, device)), tried((path, mode, None))
        apart = ""
        if isinstance(one, Trial) and isinstance(other, Trial):
            same = np.array_equal(one.times, other.times)
            apart = f"{_apart(one, other):.1f}" if same else "other frames"
        yield f"| {path} | {_rate(one)} | {_rate(other)} | {apart} |"
    yield ""
    yield f"| workers at the same time | {device} | processors |"
    yield "| ---: | ---: | ---: |"
    context = multiprocessing.get_context("spawn")
    for count in workers:
        ready = context.Barrier(count + 1)
        with context.Pool(count, _begin, ((files[0], mode, device), ready)) as pool:
            ready.wait()
            cells = [_together(pool, files[0], mode, one, count) for one in (device, None)]
        yield f"| {count} | {' | '.join(cells)} |"


def _together(pool: multiprocessing.pool.Pool, path: str, mode: str, device: str | None, count: int) -> str:
    work: list[Work] = [(path, mode, device)] * count
    begun = time.monotonic()
    found = pool.map(tried, work, chunksize=1)
    seconds = time.monotonic() - begun
    failed = next((one for one in found if isinstance(one, str)), None)
    return failed or f"{sum(one.times[-1] for one in found if isinstance(one, Trial)) / seconds:.0f}"


def _begin(work: Work, ready: Barrier) -> None:
    """In each worker: the device is opened for the first time before anything is measured."""
    tried(work)
    ready.wait()


def _apart(one: Trial, other: Trial) -> float:
    return float(np.abs(one.images.astype(np.int16) - other.images).mean(axis=(1, 2, 3)).max())


def _rate(one: Trial | str) -> str:
    return one if isinstance(one, str) else f"{one.rate:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help=f"videos of {STRETCH:.0f} seconds and more")
    parser.add_argument("--device", choices=built(), default="cuda", help="FFmpeg's name of a type of device")
    parser.add_argument("--workers", default="1,4,8,16", help="numbers of workers, with commas between")
    parser.add_argument("--sampling", choices=("dense", "auto"), default="dense")
    given = parser.parse_args()
    for line in lines(given.files, given.sampling, given.device, [int(one) for one in given.workers.split(",")]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
