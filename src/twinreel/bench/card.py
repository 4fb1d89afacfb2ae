"""What stands in an accuracy card, before it is HTML or Markdown: tables, curves, examples of what went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from twinreel.bench import scoring
from twinreel.bench.collection import FACTS, LEVELS, File, Labels, Pair, Shared, read_files, read_json, read_labels
from twinreel.bench.running import EVERYTHING, RUNS, Run, read_runs
from twinreel.bench.scoring import Counts, Point, Reported

STRENGTHS = ("light", "medium", "heavy")
EXAMPLES = 6
"""Of pairs that were missed, and of pairs reported in error, that are shown of a run."""


class Table(NamedTuple):
    """A table under a heading; the first column is text, the others are numbers."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair that went wrong."""

    a: str
    b: str
    a_span: tuple[float, float]
    """Seconds: those that are common, or that are said to be."""
    b_span: tuple[float, float]
    words: str
    """What was done to the two, and how the pair scored."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A run with what only its rows tell."""

    run: Run
    points: list[Point]
    missed: list[Example]
    wrong: list[Example]


@dataclass(frozen=True, slots=True)
class Card:
    folder: Path
    title: str
    about: str
    """What the collection is, in a sentence or two."""
    judged: list[Judged]
    tables: list[Table]


def card(folder: Path, names: Sequence[str] = ()) -> Card:
    """The card of a collection's runs, or of those of the given names. NotFound where there are none."""
    files, labels = read_files(folder), read_labels(folder)
    runs = read_runs(folder, names)
    judged = [_judged(folder, run, files, labels) for run in runs]
    title = f"Accuracy on {folder.resolve().name}"
    return Card(folder, title, _about(read_json(folder / FACTS), files, labels), judged, _tables(runs, labels))


def _about(facts: Mapping[str, Any], files: Mapping[str, File], labels: Labels) -> str:
    encoders = sorted({file.encoder for file in files.values()})
    refused = len(facts.get("refused", ()))
    words = [
        f"{len(files)} files made of {len(facts['clips'])} clips (seed {facts['settings']['seed']}, encoded with "
        f"{', '.join(encoders)}): {len(labels.truth)} pairs share footage, {len(labels.hard_negatives)} show other "
        f"moments of one scene and are no copies, {len(labels.ignored)} count neither way, all others are unrelated."
    ]
    if refused:
        words.append(f"{refused} clips or files could not be used or made; {FACTS} says why.")
    return " ".join(words)


def _tables(runs: Sequence[Run], labels: Labels) -> list[Table]:
    names = tuple(run.name for run in runs)
    return [
        Table(
            "Figures",
            "ap, recall@p99 and recall@p90 rank everything that was aligned; precision, recall, f1 and segments are of "
            "what is reported by default; hard negatives are those reported by default.",
            ("run", *_FIGURES),
            [(run.name, *_figures(run)) for run in runs],
        ),
        Table(
            "Settings and time",
            " / ".join(dict.fromkeys(run.machine for run in runs)),
            ("run", "describer", "sampling", "aligner", "scan s", "times real time", "frames", "files not read"),
            [(run.name, *_settings(run)) for run in runs],
        ),
        _counted(
            "Recall by level", "A pair has the level of its harder file.", names, [run.levels for run in runs], LEVELS
        ),
        Table(
            "Recall by edit and strength",
            "True pairs that are reported by default, of how many. A pair counts once for each edit of either file.",
            ("edit", *(f"{name} {strength}" for name in names for strength in STRENGTHS)),
            [
                (edit, *(_of(run.edits.get(edit, {}).get(strength)) for run in runs for strength in STRENGTHS))
                for edit in sorted({edit for run in runs for edit in run.edits})
            ],
        ),
    ]


_FIGURES = (
    *("true pairs", "ap", "recall@p99", "recall@p90", "precision", "recall", "f1"),
    *("segment precision", "segment recall", "segment f1", "calibration error", "hard negatives"),
)


def _figures(run: Run) -> tuple[str, ...]:
    f = run.figures
    shares = (f.ap, f.recall_p99, f.recall_p90, f.precision, f.recall, f.f1)
    segments = (f.segment_precision, f.segment_recall, f.segment_f1, run.calibration_error)
    return str(f.true_pairs), *(f"{value:.3f}" for value in (*shares, *segments)), _of(run.hard_negatives)


def _settings(run: Run) -> tuple[str, ...]:
    described = Path(run.describer).name, run.sampling, run.aligner
    return *described, f"{run.seconds:.1f}", f"{run.times_real_time:.0f}", str(run.frames), str(len(run.failures))


def _counted(title: str, note: str, names: Sequence[str], counts: Sequence[Counts], order: Iterable[str]) -> Table:
    rows = [(name, *(_of(one.get(name)) for one in counts)) for name in order if any(name in one for one in counts)]
    return Table(title, note, ("level", *names), rows)


def _of(count: tuple[int, int] | None) -> str:
    return "" if count is None else f"{count[0]}/{count[1]}"


def _judged(folder: Path, run: Run, files: Mapping[str, File], labels: Labels) -> Judged:
    rows = scoring.read_rows(folder / RUNS / run.name / EVERYTHING)
    best = scoring.best_scores(labels, rows)
    threshold = run.figures.threshold
    return Judged(
        run,
        scoring.curve(labels, best),
        _missed(files, labels, best, threshold),
        _wrong(files, labels, best, rows, threshold),
    )


def _missed(files: Mapping[str, File], labels: Labels, best: Mapping[Pair, float], threshold: float) -> list[Example]:
    """Of the true pairs that are not reported the easiest, and of those such as show another edit than those before."""
    missed = sorted(
        (rows for pair, rows in labels.truth.items() if best.get(pair, -math.inf) < threshold),
        key=lambda rows: (LEVELS.index(rows[0].level), rows[0].transforms.count("+"), rows[0]),
    )
    seen: set[str] = set()
    first: list[tuple[Shared, ...]] = []
    later: list[tuple[Shared, ...]] = []
    for rows in missed:
        edits = set(rows[0].transforms.split("+"))
        (later if edits & seen - {"trim"} else first).append(rows)
        seen |= edits
    return [_missing(files, rows, best) for rows in (first + later)[:EXAMPLES]]


def _missing(files: Mapping[str, File], rows: Sequence[Shared], best: Mapping[Pair, float]) -> Example:
    longest = max(rows, key=lambda row: row.a_end - row.a_start)
    value = best.get((longest.a, longest.b))
    outcome = "never aligned" if value is None else f"score {value:.2f}"
    return _example(files, longest, f"{outcome}, {sum(row.a_end - row.a_start for row in rows):.1f} s in common")


def _wrong(
    files: Mapping[str, File], labels: Labels, best: Mapping[Pair, float], rows: Sequence[Reported], threshold: float
) -> list[Example]:
    """The surest of the pairs that are reported and not true."""
    pairs = sorted(
        (pair for pair in best if best[pair] >= threshold and pair not in labels.truth), key=lambda p: -best[p]
    )
    examples = []
    for pair in pairs[:EXAMPLES]:
        longest = max((row for row in rows if row.pair == pair), key=lambda row: row.a_end - row.a_start)
        what = "another moment of the scene" if pair in labels.hard_negatives else "unrelated"
        examples.append(_example(files, longest, f"score {best[pair]:.2f}, {what}"))
    return examples


def _example(files: Mapping[str, File], row: Shared | Reported, words: str) -> Example:
    done = [files[name].described if name in files else "" for name in (row.a, row.b)]
    return Example(
        row.a, row.b, (row.a_start, row.a_end), (row.b_start, row.b_end), f"{words}; {done[0]} with {done[1]}"
    )
