"""Which pairs of files share footage, from what their parts show: exact, since nobody looked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

from twinreel.bench.collection import LEVELS, File, Labels, Pair, Part, Shared
from twinreel.types import Span

LEAST_PAIR = 2.0
"""Seconds of a source that two files have to share to be a true pair, in all."""
LEAST_STRETCH = 1.0
"""Seconds of a source from which a common stretch counts and is a row."""

LooksAlike = Callable[[str, Span, Span], bool]
"""(source, seconds of it, other seconds of it) -> does some second of the one look like some second of the other?"""


def label(files: Iterable[File], looks_alike: LooksAlike) -> Labels:
    """Labels all pairs; those of files without a source in common share nothing and are not listed."""
    truth: dict[Pair, tuple[Shared, ...]] = {}
    hard: set[Pair] = set()
    ignored: dict[Pair, str] = {}
    for a, b in _related(files):
        meeting = [(p, q) for p in a.parts for q in b.parts if p.source == q.source]
        seen = [(p, q) for p, q in meeting if not (p.faint or q.faint)]
        rows = [(p, q, span) for p, q in seen if _length(span := _common(p, q)) >= LEAST_STRETCH]
        if _distinct((p.source, span) for p, _, span in rows) >= LEAST_PAIR:
            # the easiest first: that one is enough to find the pair
            made = (_row(a, b, *row) for row in rows)
            truth[a.name, b.name] = tuple(sorted(made, key=lambda row: LEVELS.index(row.level)))
        elif any(_length(_common(p, q)) > 0 for p, q in meeting):
            ignored[a.name, b.name] = "short" if seen == meeting else "faint"
        elif any(looks_alike(p.source, (p.src_start, p.src_end), (q.src_start, q.src_end)) for p, q in meeting):
            ignored[a.name, b.name] = "still"
        else:
            hard.add((a.name, b.name))
    return Labels(truth, frozenset(hard), ignored)


def _related(files: Iterable[File]) -> Iterable[tuple[File, File]]:
    """Pairs of files that show some source both, in order of their names."""
    of_source: dict[str, set[str]] = defaultdict(set)
    by_name: Mapping[str, File] = {file.name: file for file in files}
    for file in by_name.values():
        for part in file.parts:
            of_source[part.source].add(file.name)
    pairs = {pair for names in of_source.values() for pair in combinations(sorted(names), 2)}
    return [(by_name[a], by_name[b]) for a, b in sorted(pairs)]


def _common(p: Part, q: Part) -> Span:
    return max(p.src_start, q.src_start), min(p.src_end, q.src_end)


def _length(span: Span) -> float:
    return span[1] - span[0]


def _distinct(spans: Iterable[tuple[str, Span]]) -> float:
    """Seconds of source footage that lie in some span."""
    total, reached = 0.0, ("", 0.0)
    for source, (start, stop) in sorted(spans):
        start = max(start, reached[1]) if source == reached[0] else start
        total += max(0.0, stop - start)
        reached = source, max(stop, reached[1]) if source == reached[0] else stop
    return total


def _row(a: File, b: File, p: Part, q: Part, span: Span) -> Shared:
    a_start, a_end = sorted(map(p.at, span))
    b_start, b_end = sorted(map(q.at, span))
    level = max(p.level, q.level, key=LEVELS.index)
    transforms = "+".join(name for name, _ in p.transforms + q.transforms)
    return Shared(a.name, b.name, a_start, a_end, b_start, b_end, level, transforms)
