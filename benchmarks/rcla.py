"""RCLA's light variant trained on collections of some clips, and held against the default descriptor on other clips.

    python benchmarks/rcla.py --learn COLLECTION... --try COLLECTION... --libraries FOLDER --out FOLDER

COLLECTION: a folder with files.json, truth.csv, ignore.csv and videos, as the script that makes collections writes it;
those to learn from are made of other clips than those to try on. Its library is FOLDER/NAME.sqlite and is made, with
the default settings, where it is not there; NAME.csv beside it has the labels, for `twinreel train rcla` and `twinreel
videos evaluate`. Files that show more than one clip are left out. The clip is the event that is learnt. Prints a table
of the files to try on: right are the pairs that truly share footage, and, by event, all files of one clip, its other
moments among them.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinreel.evaluate.labelled import Labelled, measure, same_event
from twinreel.evaluate.ranking import Bools
from twinreel.library import Library
from twinreel.networks.whole import RclaPooler
from twinreel.pooling.base import Pooler, pooled
from twinreel.pooling.names import POOLERS
from twinreel.train.examples import vector_examples
from twinreel.train.rcla import Configuration, Example, train_rcla
from twinreel.types import Fingerprint, Float64

K = 5
"""Answers of mAP@k."""


def of_one_clip(collection: Path) -> list[Labelled]:
    """The files that show one clip alone, labelled by it."""
    files = json.loads((collection / "files.json").read_text())
    clips = {file["name"]: {part["source"] for part in file["parts"]} for file in files}
    videos = (collection / "videos").absolute()
    return [Labelled(videos / name, next(iter(found))) for name, found in sorted(clips.items()) if len(found) == 1]


def write_labels(file: Path, labelled: list[Labelled]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "event"), *((one.path, one.event) for one in labelled)])


def pairs(file: Path) -> set[frozenset[str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return {frozenset((row["a"], row["b"])) for row in csv.DictReader(stream)}


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A collection that nothing was learnt from."""

    prints: list[Fingerprint]
    events: list[str]
    copies: Bools
    """(n, n) which share footage."""
    ignored: Bools
    scanned: Float64
    """(n, n) scores of a scan; 0 where it kept nothing."""


def trial(collection: Path, library: Library) -> Trial:
    labels = {str(one.path): one.event for one in of_one_clip(collection)}
    found = [
        (video, fingerprint, path)
        for video, fingerprint in library.fingerprints()
        for path in video.paths
        if path in labels
    ]
    names = [Path(path).name for _, _, path in found]
    truth, ignored = pairs(collection / "truth.csv"), pairs(collection / "ignore.csv")
    rows = {video.content: row for row, (video, _, _) in enumerate(found)}
    scanned = np.zeros((len(rows), len(rows)))
    for match in library.matches(0.0):
        if match.a in rows and match.b in rows:
            a, b = rows[match.a], rows[match.b]
            scanned[a, b] = scanned[b, a] = match.score
    return Trial(
        [fingerprint for _, fingerprint, _ in found],
        [labels[path] for _, _, path in found],
        np.array([[frozenset((a, b)) in truth for b in names] for a in names]),
        np.array([[frozenset((a, b)) in ignored for b in names] for a in names]),
        scanned,
    )


def similarities(trial: Trial, pooler: Pooler) -> Float64:
    vectors = np.stack([pooled(fingerprint, pooler) for fingerprint in trial.prints]).astype(np.float64)
    found: Float64 = vectors @ vectors.T
    return found


def row(name: str, trials: list[Trial], found: list[Float64]) -> str:
    """A line of the table: the mean over the collections."""
    figures = []
    for one, scores in zip(trials, found, strict=True):
        copies = measure(np.where(one.ignored, -1.0, scores), one.copies, K)
        events = measure(scores, same_event(one.events), K)
        figures.append([copies.map, copies.map_at_k, copies.precision, copies.recall, copies.f1, events.map])
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in np.mean(figures, axis=0)) + " |"


def opened(collections: list[Path], libraries: Path) -> Iterator[tuple[Path, Library]]:
    for collection in collections:
        with Library(libraries / f"{collection.name}.sqlite") as library:
            library.add(collection / "videos")
            write_labels(libraries / f"{collection.name}.csv", of_one_clip(collection))
            yield collection, library


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learn", type=Path, nargs="+", required=True)
    parser.add_argument("--try", dest="tried", type=Path, nargs="+", required=True)
    parser.add_argument("--libraries", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hidden", type=int, nargs="+", default=[16, 256])
    given = parser.parse_args()
    examples: list[Example] = []
    describer = ""
    for collection, library in opened(given.learn, given.libraries):
        describer, found = vector_examples(library, of_one_clip(collection))
        examples += found
    trials = [trial(collection, library) for collection, library in opened(given.tried, given.libraries)]
    events = {one.event for one in examples}
    if known := events & {event for one in trials for event in one.events}:
        parser.error(f"clips to learn from and to try on have to differ; both have {', '.join(sorted(known)[:3])}")
    print(f"learnt from {len(examples)} files of {len(events)} clips; tried on {[len(one.events) for one in trials]}")
    lines = [row("scan", trials, [one.scanned for one in trials])]
    lines += [row(name, trials, [similarities(one, pooler) for one in trials]) for name, pooler in POOLERS.items()]
    for hidden in given.hidden:
        for epochs, words in ((0, "untrained"), (200, "trained")):
            config, folder = Configuration(), given.out / f"{hidden}-{words}"
            made, network = train_rcla(examples, describer, None, hidden, config, epochs, folder, print)
            pooler = RclaPooler(network)
            lines.append(row(f"RCLA, {hidden} numbers, {words}", trials, [similarities(one, pooler) for one in trials]))
            print(f"{hidden} numbers, {words}: {made}")
    print("| one vector a video by | mAP | mAP@5 | precision | recall | F1 | mAP by event |")
    print("| --- |" + " ---: |" * 6)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
