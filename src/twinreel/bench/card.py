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
from twinreel.bench.scoring import Point, Reported

STRENGTHS = ("light", "medium", "heavy")
EXAMPLES = 6
"""Of pairs that were missed, and of pairs reported in error, that are shown of a run."""


class Table(NamedTuple):
    """A table under a heading; the first column says what the others are of."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    graded: bool = False
    """Whether counts, found of how many, are the better the more of them were found."""


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
    return Card(folder, title, _about(read_json(folder / FACTS), files, labels), judged, _tables(runs))


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


def _tables(runs: Sequence[Run]) -> list[Table]:
    names = tuple(run.name for run in runs)
    return [
        Table(
            "Figures",
            "ap, recall@p99 and recall@p90 rank everything that was aligned; what comes after them is of what is "
            "reported by default.",
            ("figure", *names),
            _columns(map(_figures, runs)),
        ),
        Table(
            "By difficulty",
            "True pairs, by whether one of the two files is edited or both are, and by the stronger edit. The ap and "
            "recall@p99 of a line leave out the true pairs of the others. Heavy edits are the strongest of published "
            "tests: some of these copies are hard to know again by eye.",
            ("pairs", *(_headed(name, names, of) for name in names for of in ("ap", "recall@p99", "reported"))),
            _by_difficulty(runs),
            graded=True,
        ),
        Table(
            "By edit and strength",
            "Pairs of a copy and footage as it was that are reported by default, of how many, by what was done to the "
            "copy. Every other one is trimmed as well, where that leaves it what it is.",
            ("edit", *(_headed(name, names, strength) for name in names for strength in STRENGTHS)),
            [
                (edit, *(_of(run.edits.get(edit, {}).get(strength)) for run in runs for strength in STRENGTHS))
                for edit in sorted({edit for run in runs for edit in run.edits})
            ],
            graded=True,
        ),
        Table(
            "Settings and time",
            " / ".join(dict.fromkeys(run.machine for run in runs)),
            ("", *names),
            _columns(map(_settings, runs)),
        ),
    ]


def _headed(name: str, names: Sequence[str], column: str) -> str:
    """A run is named where there are others."""
    return f"{name} {column}" if len(names) > 1 else column


def _columns(runs: Iterable[Mapping[str, str]]) -> list[tuple[str, ...]]:
    """A row for each key, with the value of each run."""
    held = list(runs)
    return [(key, *(one[key] for one in held)) for key in held[0]]


def _figures(run: Run) -> dict[str, str]:
    f = run.figures
    shares = {
        **{"ap": f.ap, "recall@p99": f.recall_p99, "recall@p90": f.recall_p90},
        **{"precision": f.precision, "recall": f.recall, "f1": f.f1},
        **{"segment precision": f.segment_precision, "segment recall": f.segment_recall, "segment f1": f.segment_f1},
        **{"calibration error": run.calibration_error},
    }
    return {
        "true pairs": str(f.true_pairs),
        **{name: f"{share:.3f}" for name, share in shares.items()},
        "hard negatives reported": _of(run.hard_negatives),
    }


def _settings(run: Run) -> dict[str, str]:
    return {
        **{"describer": Path(run.describer).name, "sampling": run.sampling, "aligner": run.aligner},
        **{"seconds of scanning": f"{run.seconds:.1f}", "times real time": f"{run.times_real_time:.0f}"},
        **{"frames": str(run.frames), "files not read": str(len(run.failures))},
    }


COPIES = {1: "one copy", 2: "two copies"}


def _by_difficulty(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    held = [{(one.copies, one.level): one for one in run.strata} for run in runs]
    return [
        (
            f"{COPIES[copies]}, {level}",
            *(
                cell
                for strata in held
                if (one := strata[copies, level])
                for cell in (f"{one.ap:.3f}", f"{one.recall_p99:.3f}", _of((one.found, one.pairs)))
            ),
        )
        for copies, level in held[0]
    ]


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
