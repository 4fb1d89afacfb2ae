"""The diagrams of an accuracy card as files of their own, which a document can show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from twinreel.bench.charts import MARGIN, SIDE, precision_recall, reliability_diagram
from twinreel.bench.scoring import Bin, Point

# Colours that can be told from a light ground and from a dark one.
COLOURS = ("#2f7ed8", "#e0702a", "#2ba35f")
STYLE = (
    "text{fill:#808080;font:11px system-ui,sans-serif}path{fill:none;stroke-width:2}"
    ".grid{stroke:#80808040;stroke-width:1}.ideal{stroke:#808080;stroke-width:1;stroke-dasharray:4 4}"
    + "".join(f"path.run{n}{{stroke:{colour}}}circle.run{n}{{fill:{colour}}}" for n, colour in enumerate(COLOURS))
)
FINE = 0.003
"""Of a side of the diagram: points of a curve that are closer than this to the one before are left out."""


def write_curves(file: Path, curves: Sequence[tuple[str, Sequence[Point]]]) -> None:
    """Precision over recall, a line each; as many as there are ``COLOURS``."""
    chart = precision_recall([(name, thinned(points)) for name, points in curves])
    file.write_text(standalone(chart, [name for name, _ in curves]), encoding="utf-8")


def write_reliability(file: Path, name: str, bins: Sequence[Bin]) -> None:
    """Share of right pairs over score, and beside each point how many pairs it stands for."""
    file.write_text(standalone(reliability_diagram([(name, bins)]), []), encoding="utf-8")


def thinned(points: Sequence[Point]) -> list[Point]:
    """The points of a curve that can be told apart, the last among them."""
    kept: list[Point] = []
    for point in points:
        last = kept[-1] if kept else None
        if last is None or max(abs(point.recall - last.recall), abs(point.precision - last.precision)) >= FINE:
            kept.append(point)
    return kept if not kept or kept[-1] == points[-1] else [*kept, points[-1]]


def standalone(chart: str, names: Sequence[str]) -> str:
    """A chart, which takes its colours from a page, as a file that has them; names of its lines in a corner."""
    opening, _, rest = chart.partition(">")
    opening = opening.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    key = []
    for number, name in enumerate(names):
        y = MARGIN / 2 + SIDE - 12 - 16 * (len(names) - 1 - number)
        key.append(f'<path class="run{number}" d="M{MARGIN + 12} {y - 4:g} h16"/>')
        key.append(f'<text x="{MARGIN + 34}" y="{y:g}">{escape(name)}</text>')
    return f'{opening} width="480"><style>{STYLE}</style>{rest.removesuffix("</svg>")}{"".join(key)}</svg>\n'


def write_frontier(file: Path, points: Sequence[tuple[str, float, float]]) -> None:
    """What is found over what it takes: (name, seconds, share) of several settings, both axes from the least on."""
    width, height, beside = 520, 300, 60
    left, right = min(x for _, x, _ in points), max(x for _, x, _ in points)
    low = min(y for *_, y in points)
    marks, labels = [], list[tuple[float, float]]()
    for name, x, y in points:
        across = beside + 10 + (width - 3 * beside) * (math.log(x / left) / max(math.log(right / left), 1e-9))
        up = 20 + (height - beside) * (1 - (y - low) / max(1.0 - low, 1e-9))
        marks.append(f'<circle class="run0" cx="{across:.1f}" cy="{up:.1f}" r="4"/>')
        below = up + 4
        while any(abs(across - a) < 140 and abs(below - b) < 12 for a, b in labels):
            below += 13
        labels.append((across, below))
        marks.append(f'<text x="{across + 7:.1f}" y="{below:.1f}">{escape(name)}, {x:.1f} s</text>')
    bottom = height - beside + 32
    axes = f'<path class="grid" d="M{beside} 20 V{bottom} H{width - 20}"/>'
    words = f'<text x="{width / 2}" y="{bottom + 20}" text-anchor="middle">seconds of a scan, logarithmic</text>'
    ends = f'<text x="{beside - 6}" y="24" text-anchor="end">1</text>'
    ends += f'<text x="{beside - 6}" y="{20 + height - beside}" text-anchor="end">{low:.2f}</text>'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
    parts = [opening, f"<style>{STYLE}</style>", axes, words, ends, *marks, "</svg>\n"]
    file.write_text("".join(parts), encoding="utf-8")
