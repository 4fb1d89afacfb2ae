"""What deduplicating 10^6, 10^8 and 10^9 clips costs: core-hours, GPU-hours, bytes, memory, dollars.

    python benchmarks/costs.py [--seconds 60] [--figures FEW/figures.json MANY/figures.json] [--core-hour 0.04] ...

The model is a sum of parts that are each linear in clips, frames or pairs, but for candidates, whose cost a frame grows
with the number of vectors in an index. Constants are measured: alignment here and now, candidates in the figures that
``candidates.py`` leaves (else those of docs/scale.md), decoding and describing by ``speed.py`` (docs/speed.md). What
cannot be measured on a machine without a graphics card or a network is an assumption, and printed as one.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass, fields
from pathlib import Path

import bench
import synthetic
from twinreel.index import sizes
from twinreel.match.pair import match_pair

CLIPS = (10**6, 10**8, 10**9)
SAMPLINGS = ("keyframes", "auto")
SHARD = 12_000_000
"""Vectors of one index: 3.6 GB, what candidates.py was made for."""


@dataclass(frozen=True, slots=True)
class Constants:
    """One a line: a number, where it comes from."""

    decode_keyframes: float = 1.5 * 2 / 20 / 60
    """core-seconds a second of 1080p video, keyframes alone (docs/speed.md)"""
    decode_auto: float = 21.2 * 2 / 20 / 60
    """core-seconds a second of 1080p video, no second without a frame (docs/speed.md)"""
    frames_keyframes: float = 348 / 20 / 60
    """frames a second of video, keyframes alone (docs/speed.md)"""
    frames_auto: float = 1626 / 20 / 60
    """frames a second of video, no second without one (docs/speed.md)"""
    describe: float = 2.0 * 2 / 1626
    """core-seconds a frame (docs/speed.md)"""
    describe_gpu: float = 1 / 5000
    """GPU-seconds a frame (assumed: no graphics card was at hand)"""
    megabytes: float = 0.625
    """MB of file a second of video: 5 Mbit/s (assumed)"""
    read_share: float = 1.0
    """of a file that is read (assumed: all; less for keyframes by ranged reads, see docs/remote.md)"""
    stored: float = 226.0
    """bytes a frame in the catalogue (docs/scale.md)"""
    memory: float = 304.0
    """bytes a vector in an index (64 codes of 4 bits, a place, 256 bytes, an id)"""
    fixed: float = 1.7e-4
    """core-seconds a frame for candidates, whatever the number of vectors (candidates.py, 120,000 and 960,000)"""
    a_code: float = 6.6e-9
    """core-seconds a code that a query reads (the same; --figures for others)"""
    aligned: float = 10.0
    """candidates that are aligned for each clip (assumed: rest on what the library holds)"""


def read_codes(vectors: float) -> float:
    """Codes that a query reads in an index of so many vectors."""
    lists = sizes.lists_for(round(vectors))
    return vectors * sizes.probes_for(lists) / lists


def alignment() -> float:
    """core-seconds a pair of 60-frame videos, half of them copies."""
    frames = synthetic.block_of(7, 0)
    pairs = synthetic.planted(7, 0)
    asked = [(int(a), int(b)) for a, b in zip(pairs.copies, pairs.sources, strict=True)]
    asked += [(int(a), int(a) // 2) for a in pairs.copies]
    started = time.process_time()
    for a, b in asked:
        match_pair(synthetic.video(a, frames[a]), synthetic.video(b, frames[b]), None)
    return (time.process_time() - started) / len(asked)


def row(clips: int, sampling: str, arguments: argparse.Namespace, constants: Constants, pair: float) -> list[str]:
    seconds = clips * arguments.seconds
    vectors = seconds * getattr(constants, f"frames_{sampling}")
    shards = max(1, math.ceil(vectors / SHARD))
    decode = seconds * getattr(constants, f"decode_{sampling}") / 3600
    describe = vectors * constants.describe / 3600
    gpu = vectors * constants.describe_gpu / 3600
    each = min(vectors, SHARD)
    search = vectors * (constants.fixed + constants.a_code * read_codes(each)) * shards / 3600
    routed = vectors * (constants.fixed + constants.a_code * read_codes(SHARD)) / 3600
    align = clips * constants.aligned * pair / 3600
    moved = seconds * constants.megabytes * constants.read_share / 1e6
    memory = vectors * constants.memory / 1e12
    stored = vectors * constants.stored / 1e12
    dollars = (decode + routed + align) * arguments.core_hour + gpu * arguments.gpu_hour
    dollars += moved * 1000 * arguments.gigabyte
    return [
        f"{clips:.0e} {sampling}".replace("e+0", "e"),
        *(f"{number:,.0f}" for number in (decode, describe, gpu)),
        f"{moved:,.1f}",
        f"{stored:,.2f}",
        f"{memory:,.2f}",
        f"{shards:,}",
        *(f"{number:,.0f}" for number in (search, routed, align, dollars)),
    ]


HEAD = [
    "clips",
    "decode core-h",
    "describe core-h",
    "or GPU-h",
    "read TB",
    "stored TB",
    "index TB",
    "indexes",
    "search all, core-h",
    "search routed, core-h",
    "align core-h",
    "dollars",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of a clip")
    parser.add_argument(
        "--figures", type=Path, nargs=2, metavar="FILE", help="figures.json of candidates.py, for two numbers of videos"
    )
    parser.add_argument("--core-hour", type=float, default=0.04, help="dollars")
    parser.add_argument("--gpu-hour", type=float, default=1.5, help="dollars")
    parser.add_argument("--gigabyte", type=float, default=0.0, help="dollars a GB read: 0 within one region")
    arguments = parser.parse_args()
    constants = Constants()
    if arguments.figures:
        few, many = (json.loads(file.read_text()) for file in arguments.figures)
        frame, frame_of_many = (figures["join_cpu_seconds"] / figures["vectors"] for figures in (few, many))
        codes, codes_of_many = read_codes(few["vectors"]), read_codes(many["vectors"])
        a_code = (frame_of_many - frame) / (codes_of_many - codes)
        constants = Constants(fixed=frame - a_code * codes, a_code=a_code)
    pair = alignment()
    for field, words in zip(fields(constants), _origins(), strict=True):
        print(f"{field.name:17} {getattr(constants, field.name):10.3g}  {words}")
    print(f"{'a pair':17} {pair:10.3g}  core-seconds to align two clips of 60 frames (measured now)\n")
    rows = [row(clips, sampling, arguments, constants, pair) for clips in CLIPS for sampling in SAMPLINGS]
    print(bench.table(HEAD, rows))
    print(
        f"\nDollars: ${arguments.core_hour:g} a core-hour, ${arguments.gpu_hour:g} a GPU-hour, ${arguments.gigabyte:g} "
        "a GB read; decoding, describing by GPU, routed search and alignment."
    )


def _origins() -> list[str]:
    """The lines under the fields of Constants."""
    source = Path(__file__).read_text(encoding="utf-8")
    body = source[source.index("class Constants") : source.index("def read_codes")]
    return [line.strip().strip('"') for line in body.splitlines() if line.startswith('    """')][1:]


if __name__ == "__main__":
    main()
