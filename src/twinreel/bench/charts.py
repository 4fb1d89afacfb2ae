"""The two diagrams of a card, as SVG that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from twinreel.bench.scoring import Bin, Point

SIDE, MARGIN = 300, 44
"""Of the square that is drawn in, and beside it, in pixels."""
COLOURS = 6
"""Of the page: ``var(--run0)`` to ``var(--run5)``."""


def precision_recall(curves: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """One line a run: the precision from each score on, over the recall."""
    lines = []
    for number, (name, points) in enumerate(curves):
        path = [(0.0, points[0].precision if points else 0.0)] + [(point.recall, point.precision) for point in points]
        lines.append(_line(number, path, name))
    return _chart("Precision over recall", "recall", "precision", lines)


def reliability_diagram(runs: Sequence[tuple[str, Sequence[Bin]]]) -> str:
    """How many of the pairs of about a score are true, larger points for more of them; on the dashed line scores mean
    what they say.

    How many pairs a point stands for is written beside it where there is one run; else only its title says so.
    """
    lines = [f'<path class="ideal" d="{_path([(0, 0), (1, 1)])}"/>']
    for number, (name, bins) in enumerate(runs):
        lines.append(_line(number, [(one.score, one.true) for one in bins], name))
        for one in bins:
            x, y = _place(one.score, one.true)
            words = escape(f"{name}: {one.pairs} pairs scored {one.score:.2f} on average, {one.true:.0%} of them true")
            lines.append(
                f'<circle class="run{number % COLOURS}" cx="{x:.1f}" cy="{y:.1f}" r="{min(8, 2 + one.pairs**0.5):.1f}">'
                f"<title>{words}</title></circle>"
            )
            if len(runs) == 1:
                below = y + 18 if one.true > 0.1 else y - 8
                lines.append(f'<text x="{x:.1f}" y="{below:.1f}" text-anchor="middle">{one.pairs}</text>')
    return _chart("Share of true pairs over score", "score", "true", lines)


def _place(x: float, y: float) -> tuple[float, float]:
    return MARGIN + x * SIDE, MARGIN / 2 + (1 - y) * SIDE


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in (_place(*point) for point in points))


def _line(number: int, points: Sequence[tuple[float, float]], name: str) -> str:
    if not points:
        return ""
    return f'<path class="run{number % COLOURS}" d="{_path(points)}"><title>{escape(name)}</title></path>'


def _chart(title: str, across: str, up: str, lines: Iterable[str]) -> str:
    width, height = SIDE + MARGIN + 16, SIDE + MARGIN * 1.5
    grid = []
    for tenth in range(0, 11, 2):
        value = tenth / 10
        x, y = _place(value, value)
        grid.append(f'<path class="grid" d="{_path([(value, 0), (value, 1)])} {_path([(0, value), (1, value)])}"/>')
        grid.append(f'<text x="{x:.1f}" y="{SIDE + MARGIN / 2 + 16}" text-anchor="middle">{value:g}</text>')
        grid.append(f'<text x="{MARGIN - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    middle = MARGIN / 2 + SIDE / 2
    return (
        f'<svg viewBox="0 0 {width} {height:g}" role="img" aria-label="{escape(title)}">'
        + "".join(grid)
        + f'<text x="{MARGIN + SIDE / 2}" y="{SIDE + MARGIN * 1.4:.0f}" text-anchor="middle">{across}</text>'
        + f'<text x="10" y="{middle}" text-anchor="middle" transform="rotate(-90 10 {middle})">{up}</text>'
        + "".join(lines)
        + "</svg>"
    )
