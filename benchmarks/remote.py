"""How much of files is fetched when they are read over HTTP: python benchmarks/remote.py FOLDER

Serves the MP4 files of FOLDER on this machine, in ranges, and prints for several sizes of block the share of their
bytes and the number of requests that a pass over keyframes takes, alone and with all that a scan does to a new file
before (content id, probe). First the share that the keyframes themselves are, which is the least there can be.

``make_1080p.py`` makes such files.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import av

from server import Served, served
from twinreel.media import remote
from twinreel.media.identity import content_id
from twinreel.media.probe import probe
from twinreel.media.sampling import Sampling, sample

SIZE = (224, 224)


def taken(server: Served, work: object) -> tuple[int, int]:
    """Bytes and requests of what an iterable, or a call, does."""
    before = server.bytes, server.requests
    assert callable(work)
    work()
    return server.bytes - before[0], server.requests - before[1]


def keyframes(file: Path) -> int:
    """Bytes of them."""
    with av.open(str(file)) as container:
        return sum(packet.size for packet in container.demux(video=0) if packet.is_keyframe)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    files = sorted(folder.glob("*.mp4"))
    total = sum(file.stat().st_size for file in files)
    print(f"{len(files)} MP4 files, {total / 1e6:.1f} MB, {total / max(1, len(files)) / 1e6:.1f} MB each")
    print(f"keyframes: {100 * sum(map(keyframes, files)) / total:.1f} % of that\n")
    print("| block | keyframe pass | requests a file | with content id and probe | requests a file |")
    print("| --- | --- | --- | --- | --- |")
    for kilobytes in (16, 32, 64, 128, 256):
        remote.BLOCK = kilobytes << 10
        fetched = {"keyframes": [0, 0], "all": [0, 0]}
        with served(folder) as server:
            for file in files:
                url = f"{server.url}/{file.name}"
                passed = taken(server, lambda url=url: list(sample(url, Sampling("keyframes", 1.0), SIZE)))
                looked = taken(server, lambda url=url: (content_id(url), probe(url)))
                for place in (0, 1):
                    fetched["keyframes"][place] += passed[place]
                    fetched["all"][place] += passed[place] + looked[place]
        cells = [
            cell
            for size, requests in fetched.values()
            for cell in (f"{100 * size / total:.1f} %", f"{requests / len(files):.1f}")
        ]
        print(f"| {kilobytes} KiB | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
