"""The diagrams of an accuracy card as files of their own, which a document can show."""

from __future__ import annotations

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
