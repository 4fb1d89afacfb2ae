"""Why pairs went wrong: for each true pair that is not reported, and each pair reported in error, the likely reason.

The pair is searched for and aligned once more, as the scan did it, and what is seen then is told by a few rules, of
which the first that holds is the kind: see ``why_missed`` and ``why_wrong``. Where a rule needs a limit, it is a limit
of this explanation and of nothing else.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import bench
from labelled import Videos
from twinreel.bench.collection import Labels, Pair, Shared
from twinreel.bench.scoring import common, union
from twinreel.match.evidence import Evidence
from twinreel.match.pair import Aligned
from twinreel.store.catalogue import Catalogue

COVERED = 0.5
"""Share of the common seconds, on either time line, of which a stretch that shows less lies elsewhere."""
STILL = 0.1
"""How much the moments of a stretch differ (``Evidence.change``) where hardly anything moves."""
UNLIKE = 0.5
"""Mean similarity of the aligned frames below which they are hardly alike."""
BRIEF = 4.0
"""Seconds in common up to which there is little to go by."""
FEW = 2.5
"""Frames (``Evidence.frames``) up to which likeness may be that of one picture."""

MISSED = {
    "not proposed": "No frame of either finds enough frames of the other among its nearest neighbours, so that the two "
    "were never aligned. So it goes where a picture in a picture is not recognised as one: the frame is then described "
    "as a whole, which is mostly its ground.",
    "nothing aligned": "A few faint votes propose the pair, but hardly any frames are alike enough for an alignment to "
    "begin with: what the edits left of the picture is described as something else.",
    "aligned elsewhere": "What aligns best shows less than half of the seconds in common. Either the scene repeats "
    "itself or stays the same for long, and one way through it is as good as another; or only a few frames of the "
    "stretch are alike.",
    "hardly moves": "The right seconds are aligned, but hardly anything changes within them. Whether two pictures of "
    "such a scene are of one moment or of two cannot be seen, so that the score stays undecided.",
    "hardly alike": "The right seconds are aligned, but the edits (a turn, a heavy crop, a small inset, several of "
    "them together) changed the picture so much that its frames are closer to strangers' than to the original's.",
    "brief": "The right seconds are aligned and look alike, but there are few of them: three or four frames, which may "
    "agree by chance.",
    "moments disagree": "The right seconds are aligned, look alike and move, yet the frames that were taken change "
    "otherwise than in the original, no better than in two moments of one scene. Frames are taken about a second "
    "apart, seldom at the same instants of both videos, and an edit adds changes of its own.",
}
"""Kind of a true pair that is not reported -> the likely reason, in words."""
WRONG = {
    "other moment, hardly moves": "Other seconds of the same scene, in which hardly anything changes: frame by frame "
    "they look like a copy, and nothing says that they are none.",
    "other moment, moves": "Other seconds of the same scene, which moves alike in both (a gesture that is repeated, a "
    "camera's steady way), so that even its changes agree.",
    "one picture": "Two frames or fewer that look alike: a title, a dark or an empty picture that both show.",
    "faint, changing alike": "Two scenes that are hardly alike, but what likeness there is comes and goes over time as "
    "each scene changes, by chance or by a movement of the same kind (a turn, a zoom). Heavily edited copies "
    "look the same to the score.",
    "alike": "Two scenes that look alike all along: the same place, person or studio, and as far as is known no moment "
    "in common.",
}
"""Kind of a pair reported in error -> the likely reason, in words."""
ORDINARY = frozenset({"trim", "libx264", "libx265", "libvpx-vp9", "mpeg4"})
"""Transforms that half of all files have gone through: that a pair has them explains nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a pair when it is looked at once more."""

    proposed: bool
    """By the candidate search for either file."""
    covered: float
    """Share of the common seconds that the best stretch shows, on the time line where it is less; [0, 1]."""
    seconds: float
    """In common, on the time line where they are fewer."""
    evidence: Evidence | None
    """For the best stretch; None where nothing aligns."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A pair that went wrong."""

    pair: Pair
    score: float | None
    """None where the pair has none."""
    kind: str
    edits: frozenset[str]
    """Transforms of both files."""


def why_missed(seen: Seen) -> str:
    """The kind of a true pair that is not reported."""
    evidence = seen.evidence
    if evidence is None:
        return "nothing aligned" if seen.proposed else "not proposed"
    if seen.covered < COVERED:
        return "aligned elsewhere"
    if evidence.change <= STILL:
        return "hardly moves"
    if evidence.mean < UNLIKE:
        return "hardly alike"
    return "brief" if seen.seconds <= BRIEF else "moments disagree"


def why_wrong(evidence: Evidence | None, same_scene: bool) -> str:
    """The kind of a pair that is reported in error; ``same_scene``: are they moments of one?"""
    if same_scene:
        still = evidence is None or evidence.change <= STILL
        return "other moment, hardly moves" if still else "other moment, moves"
    if evidence is None or evidence.frames <= FEW:
        return "one picture"
    return "faint, changing alike" if evidence.mean < UNLIKE else "alike"


def misses(
    library: Path, labels: Labels, best: Mapping[Pair, float], reported: Set[Pair], edits: Mapping[str, Set[str]]
) -> tuple[list[Gone], list[Gone]]:
    """The true pairs that are not reported, and the pairs reported in error.

    best: the score of every pair that has one. reported: pairs, without those to be ignored. edits: file name -> its
    transforms.
    """
    missed = sorted(labels.truth.keys() - reported)
    wrong = sorted(reported - labels.truth.keys())
    with Catalogue.open(library, create=False) as catalogue:
        videos = Videos(catalogue, library)

        def gone(pair: Pair, kind: str) -> Gone:
            return Gone(pair, best.get(pair), kind, frozenset(edits[pair[0]] | edits[pair[1]]))

        return (
            [gone(pair, why_missed(_look(videos, pair, labels.truth[pair]))) for pair in missed],
            [gone(pair, why_wrong(_look(videos, pair, ()).evidence, pair in labels.hard_negatives)) for pair in wrong],
        )


def _look(videos: Videos, pair: Pair, rows: Iterable[Shared]) -> Seen:
    contents = [videos.named.get(name) for name in pair]
    if None in contents:  # a file without a fingerprint has no candidates
        return Seen(False, 0.0, 0.0, None)
    a, b = (content for content in contents if content is not None)
    spans = union((row.a_start, row.a_end) for row in rows), union((row.b_start, row.b_end) for row in rows)
    if b < a:  # as a scan aligns them
        a, b, spans = b, a, spans[::-1]
    proposed = b in videos.propose(a) or a in videos.propose(b)
    found = videos.stretches(videos.view(a), videos.view(b))
    seconds = [sum(stop - start for start, stop in one) for one in spans]
    if not found:
        return Seen(proposed, 0.0, min(seconds), None)
    return Seen(proposed, _covered(found[0], spans, seconds), min(seconds), found[0].evidence)


def _covered(best: Aligned, spans: Iterable[list[tuple[float, float]]], seconds: Iterable[float]) -> float:
    box = best.box
    told = (box.a_start, box.a_stop), (box.b_start, box.b_stop)
    return min(
        common(one, [stretch]) / length if length else 0.0
        for one, stretch, length in zip(spans, told, seconds, strict=True)
    )


def table(gone: Iterable[Gone], kinds: Mapping[str, str]) -> str:
    """How many of each kind, which edits they are most often made by, and below it the reasons; Markdown."""
    of_kind = {kind: [one for one in gone if one.kind == kind] for kind in kinds}
    held = {kind: some for kind, some in of_kind.items() if some}
    total = sum(map(len, held.values()))
    if not total:
        return "None."
    rows = [
        [kind, _most(some), str(len(some)), f"{len(some) / total:.0%}"]
        for kind, some in sorted(held.items(), key=lambda item: -len(item[1]))
    ]
    reasons = "\n".join(bench.wrap(f"- **{kind}**: {kinds[kind]}").replace("\n", "\n  ") for kind, *_ in rows)
    return f"{bench.table(['kind', 'most often with', 'pairs', 'share'], rows)}\n\n{reasons}"


def _most(gone: Iterable[Gone]) -> str:
    """The edits that most of them have, but for the ordinary ones."""
    counts = Counter(edit for one in gone for edit in one.edits - ORDINARY)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:3]
    return ", ".join(f"{edit} {count}" for edit, count in ranked) or "unedited"


def write(file: Path, gone: Iterable[Gone]) -> None:
    """All of them, a row each."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["kind", "a", "b", "score", "edits"])
        for one in gone:
            scored = "" if one.score is None else f"{one.score:.3f}"
            writer.writerow([one.kind, *one.pair, scored, "+".join(sorted(one.edits))])
