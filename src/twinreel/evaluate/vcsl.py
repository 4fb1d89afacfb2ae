"""VCSL: which segments two videos have in common.

He et al., "A Large-scale Comprehensive Dataset and Copy-overlap Aware Evaluation Protocol for Segment-level Video Copy
Detection", CVPR 2022. Of a pair of videos, the precision on one time line is the predicted time that lies in true
segments (of each predicted box the union of its overlaps with true boxes) by the SUM of predicted lengths; recall turns
the roles about. The pair's precision is the product over both time lines, its recall likewise. Overlaps count only
where boxes share an area. A prediction made twice therefore costs nothing; 1e-6 in the denominators keeps even a
perfect answer below 1, so that 1 means that there was nothing to be right or wrong about:

    no prediction: precision 1; no truth: recall 1; a prediction and no truth: precision 0; a truth not predicted:
    recall 0

``micro`` averages precision over the pairs where it is not 1, recall likewise: pairs without a prediction have no part
in precision. ``macro`` averages over query sets their means over all of their pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from twinreel.errors import UserError
from twinreel.evaluate.base import Answer, Box, Figures
from twinreel.evaluate.files import read_plain, read_table, unfit
from twinreel.evaluate.intervals import length
from twinreel.evaluate.retrieval import Positives, mean

Key = tuple[str, str]
"""Query, reference."""
_EPSILON = 1e-6


class PrecisionRecall(NamedTuple):
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """0 where both are."""
        return 2 * self.precision * self.recall / (self.precision + self.recall) if any(self) else 0.0


def precision_recall(predicted: Sequence[Box], truth: Sequence[Box]) -> PrecisionRecall:
    """Of one pair of videos."""
    if not predicted or not truth:
        return PrecisionRecall(float(not predicted), float(not truth))
    return PrecisionRecall(_covered(predicted, truth), _covered(truth, predicted))


def _covered(boxes: Sequence[Box], by: Sequence[Box]) -> float:
    """The share of the boxes that other boxes cover, one time line multiplied by the other."""
    inside = [0.0, 0.0]
    for box in boxes:
        shared = [one for one in (_shared(box, other) for other in by) if one is not None]
        for axis in (0, 1):
            inside[axis] += length((one[axis], one[axis + 2]) for one in shared)
    shares = (inside[axis] / (sum(box[axis + 2] - box[axis] for box in boxes) + _EPSILON) for axis in (0, 1))
    query, other = shares
    return query * other


def _shared(a: Box, b: Box) -> Box | None:
    """The area that both share."""
    box = Box(max(a.q_start, b.q_start), max(a.r_start, b.r_start), min(a.q_stop, b.q_stop), min(a.r_stop, b.r_stop))
    return box if box.q_stop > box.q_start and box.r_stop > box.r_start else None


def micro(results: Collection[PrecisionRecall]) -> PrecisionRecall | None:
    """Means over the pairs where there is something to say; None where no pair has anything, on either side."""
    precision = mean([one.precision for one in results if one.precision != 1])
    recall = mean([one.recall for one in results if one.recall != 1])
    if precision is None and recall is None:
        return None
    return PrecisionRecall(precision or 0.0, recall or 0.0)


def macro(results: Mapping[Key, PrecisionRecall], sets: Iterable[Collection[Key]]) -> PrecisionRecall | None:
    """Means over query sets of the means over their pairs; None where there is no set."""
    means = [
        (mean([results[key].precision for key in keys]), mean([results[key].recall for key in keys])) for keys in sets
    ]
    precision, recall = mean([p for p, _ in means if p is not None]), mean([r for _, r in means if r is not None])
    return None if precision is None or recall is None else PrecisionRecall(precision, recall)


def false_rejections(results: Collection[PrecisionRecall]) -> float:
    """Twice the share of pairs that have copies of which none was predicted: half of the official pairs have copies."""
    return 2 * sum(one.precision == 1 and one.recall == 0 for one in results) / len(results)


def false_alarms(results: Collection[PrecisionRecall]) -> float:
    """Twice the share of pairs that have no copies and a prediction."""
    return 2 * sum(one.precision == 0 and one.recall == 1 for one in results) / len(results)


def sets_by_query(truth: Mapping[Key, Sequence[Box]]) -> list[list[Key]]:
    """Pairs that have copies, by query: what stands for the official sets, split_meta_pairs.json, without that file."""
    sets: dict[str, list[Key]] = {}
    for key, boxes in truth.items():
        if boxes:
            sets.setdefault(key[0], []).append(key)
    return list(sets.values())


def segment_figures(truth: Mapping[Key, Sequence[Box]], answer: Answer, min_score: float) -> dict[str, float | None]:
    """Micro and macro precision, recall and F1 of the segments of pairs that reach a score."""
    results = {}
    for key, boxes in truth.items():
        found = answer.pair(*key)
        predicted = [one.box for one in found.segments] if found is not None and found.score >= min_score else []
        results[key] = precision_recall(predicted, boxes)
    values: dict[str, float | None] = {}
    for name, figures in (("", micro(results.values())), ("macro ", macro(results, sets_by_query(truth)))):
        values[f"{name}precision"] = None if figures is None else figures.precision
        values[f"{name}recall"] = None if figures is None else figures.recall
        values[f"{name}F1"] = None if figures is None else figures.f1
    values["FRR"] = false_rejections(results.values()) if results else None
    values["FAR"] = false_alarms(results.values()) if results else None
    return values


def both_points(truth: Mapping[Key, Sequence[Box]], answer: Answer) -> dict[str, float | None]:
    """Segment figures of what is reported by default, and of everything that was aligned."""
    everything = segment_figures(truth, answer, 0.0)
    return {
        **segment_figures(truth, answer, answer.min_score),
        **{f"{name} (everything)": value for name, value in everything.items()},
    }


@dataclass(frozen=True, slots=True)
class Vcsl:
    """VCSL as its files give it."""

    truth: Mapping[Key, Sequence[Box]]
    """Of every pair that is to be compared; no boxes where the two have nothing in common."""

    @property
    def queries(self) -> Collection[str]:
        return {query for query, _ in self.truth}

    @property
    def videos(self) -> Collection[str]:
        return {video for key in self.truth for video in key}

    @property
    def positives(self) -> Positives:
        right: dict[str, set[str]] = {}
        for (query, other), boxes in self.truth.items():
            if boxes and query != other:
                right.setdefault(query, set()).add(other)
        return right

    def measure(self, answer: Answer, present: Collection[str]) -> Figures:
        return Figures(both_points(present_pairs(self.truth, present), answer))


def present_pairs(truth: Mapping[Key, Sequence[Box]], present: Collection[str]) -> dict[Key, Sequence[Box]]:
    """The pairs of two different videos that are both there."""
    return {key: boxes for key, boxes in truth.items() if key[0] != key[1] and key[0] in present and key[1] in present}


def read(files: Sequence[Path]) -> Vcsl:
    """From a JSON file of labels (``query-reference`` to boxes) and, if given, the CSV of pairs of a split.

    The CSV says which pairs are to be compared; those without a label have nothing in common. Without it, those with a
    label are.
    """
    return Vcsl(read_labels(files, "VCSL"))


def read_labels(files: Sequence[Path], name: str) -> dict[Key, list[Box]]:
    """The boxes of every pair of a data set in VCSL's format, in the order of the CSV, else of the JSON."""
    labels: dict[Key, list[Box]] = {}
    pairs: list[Key] = []
    for path in files:
        if path.suffix.lower() == ".csv":
            try:
                pairs += [(row["query_id"], row["reference_id"]) for row in read_table(path)]
            except KeyError:
                raise unfit(path, "the columns query_id and reference_id") from None
            continue
        held = read_plain(path)
        try:
            labels |= {_key(key): [Box(*map(float, box)) for box in boxes] for key, boxes in held.items()}
        except (AttributeError, TypeError, ValueError):
            raise unfit(path, "labels like {'query-reference': [[q0, r0, q1, r1], ...]}") from None
    if not labels:
        raise UserError(f"{name} needs its label file: give it with --annotations")
    return {key: labels.get(key, []) for key in pairs} if pairs else labels


def _key(text: str) -> Key:
    """The two ids, which hold no dash themselves."""
    query, other = text.split("-")
    return query, other
