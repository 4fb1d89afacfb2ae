"""What an hour of video takes on the disk, and what shorter or longer codes of an index would find.

    python benchmarks/storage.py library LIBRARY.sqlite
    python benchmarks/storage.py codes

``library`` prints MB an hour of video in a library: what fingerprints hold, part by part, as stored and as they would
be without packing; then the tables, with what SQLite adds; then the index beside it where there is one.
``codes`` makes indexes of 60,000 synthetic vectors (``synthetic.py``) with codes of 16 to 128 bytes a vector and prints
of how many frames that have a copy (a product of 0.6 or more) they find the nearest, and of planted pairs by votes.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np

import bench
import synthetic
from twinreel.index import ivfpq
from twinreel.index.base import Index
from twinreel.index.faiss import FaissIndex
from twinreel.match.candidates import Haystack

COPIED = 0.6
QUERIES = 20
"""Copies of which all frames are asked for."""


def library(file: Path) -> None:
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT v.probe, f.dims, length(f.times), length(f.vectors), length(f.weights), length(f.layout), "
            "length(f.parts) FROM fingerprints f JOIN videos v ON v.id = f.video"
        ).fetchall()
        tables = database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC").fetchall()
    hours = sum(json.loads(row[0])["duration"] for row in rows) / 3600
    frames = sum(row[2] // 8 for row in rows)
    print(f"{len(rows)} fingerprints of {hours:.2f} hours, {frames / hours:.0f} frames an hour")
    names = ("times", "vectors", "weights", "layout", "parts")
    parts = [(name, sum(row[place] for row in rows)) for place, name in enumerate(names, 2)]
    parts += [("sum", sum(size for _, size in parts))]
    parts += [("vectors unpacked", sum(row[2] // 8 * row[1] for row in rows))]
    parts += [(f"table {name}", size) for name, size in tables[:8]]
    index = file.with_name(file.name + ".index")
    if index.exists():
        parts.append(("index", sum(one.stat().st_size for one in index.iterdir())))
    print(
        bench.table(
            ["what", "MB an hour", "bytes a frame"],
            [[name, f"{size / hours / 1e6:.3f}", f"{size / frames:.0f}"] for name, size in parts],
        )
    )


def filled(index: Index) -> Haystack:
    haystack = Haystack(index)
    for row, vectors in enumerate(synthetic.block_of(7, 0)):
        haystack.add(row, synthetic.video(row, vectors))
    return haystack


def codes() -> None:
    frames, pairs = synthetic.block_of(7, 0), synthetic.planted(7, 0)
    asked = pairs.copies[:QUERIES].tolist()
    exact = FaissIndex(synthetic.DIMENSIONS)
    filled(exact)
    truth = [exact.search(frames[copy], 1, exclude=copy) for copy in asked]
    rows = []
    for dimensions in (8, 4, 2, 1):
        ivfpq.LIMB = dimensions
        with tempfile.TemporaryDirectory() as folder:
            index = ivfpq.IvfPqIndex(synthetic.DIMENSIONS, place=Path(folder, "index"), lists_from=1000)
            haystack = filled(index)
            index.keep()
            kept = sum(one.stat().st_size for one in Path(folder, "index").iterdir()) / len(index)
        found = [index.search(frames[copy], 1, exclude=copy) for copy in asked]
        near = np.mean(
            [
                (owner, row) == (other, other_row)
                for wanted, got in zip(truth, found, strict=True)
                for score, owner, row, other, other_row in zip(*wanted, *got[1:], strict=True)
                if score >= COPIED
            ]
        )
        voted = [
            source in {one.number for one in haystack.find(synthetic.video(copy, frames[copy]), exclude=copy)}
            for copy, source in zip(pairs.copies.tolist(), pairs.sources.tolist(), strict=True)
        ]
        size = synthetic.DIMENSIONS // dimensions // 2
        rows.append([str(size), f"{kept:.0f}", f"{kept * 3600 / 1e6:.3f}", f"{near:.3f}", f"{np.mean(voted):.3f}"])
    print(bench.table(["bytes a code", "kept a frame", "MB an hour", "nearest found", "pairs found"], rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("library").add_argument("file", type=Path)
    commands.add_parser("codes")
    arguments = parser.parse_args()
    if arguments.command == "library":
        library(arguments.file)
    else:
        codes()


if __name__ == "__main__":
    main()
