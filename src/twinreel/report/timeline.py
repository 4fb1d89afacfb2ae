"""Where two videos show the same, as a drawing (SVG): two time lines, and the common stretches between them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from twinreel.match.relation import turned_segments
from twinreel.types import Match, Relation, Segment, Video

WIDTH, LINE, BETWEEN = 600, 12, 22
"""Units of the drawing: its width, the height of a line, and the space between two."""


def timeline(match: Match, first: Video, second: Video) -> str:
    """An SVG of both at one scale, ``first`` on top."""
    lasts = first.probe.duration, second.probe.duration
    scale = WIDTH / max(*lasts, 0.001)
    segments = match.segments if match.a == first.content else turned_segments(match.segments)
    if match.relation in (Relation.IDENTICAL, Relation.REMUX) and not segments:
        segments = (Segment(0.0, lasts[0], 0.0, lasts[1], 1.0),)
    low = LINE + BETWEEN
    shapes = [
        f'<rect class="line" x="0" y="{y}" width="{_number(last * scale)}" height="{LINE}"/>'
        for y, last in ((0, lasts[0]), (low, lasts[1]))
    ]
    for segment in segments:
        shapes += _common(segment, scale, low)
    label = escape("; ".join(_words(segment) for segment in segments) or "nothing in common", quote=True)
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {low + LINE}" role="img" aria-label="{label}">'
        f"<title>{label}</title>{''.join(shapes)}</svg>"
    )


def unique_line(duration: float, unique: Sequence[tuple[float, float]]) -> str:
    """An SVG of one video, with the stretches that exist nowhere else."""
    scale = WIDTH / max(duration, 0.001)
    pieces = "".join(
        f'<rect class="unique" x="{_number(start * scale)}" y="0" width="{_number((stop - start) * scale)}" '
        f'height="{LINE}"/>'
        for start, stop in unique
    )
    return (
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {LINE}" role="img" aria-label="what exists nowhere else">'
        f'<rect class="line" x="0" y="0" width="{WIDTH}" height="{LINE}"/>{pieces}</svg>'
    )


def _common(segment: Segment, scale: float, low: int) -> list[str]:
    a = segment.a_start * scale, segment.a_stop * scale
    b = segment.b_start * scale, segment.b_stop * scale
    ends = b[::-1] if segment.backwards else b
    corners = ((a[0], LINE), (a[1], LINE), (ends[1], low), (ends[0], low))
    points = " ".join(f"{_number(x)},{y}" for x, y in corners)
    bars = (
        f'<rect class="common" x="{_number(start)}" y="{y}" width="{_number(stop - start)}" height="{LINE}"/>'
        for y, (start, stop) in ((0, a), (low, b))
    )
    return [f'<polygon class="tie" points="{points}"/>', *bars]


def _words(segment: Segment) -> str:
    return (
        f"{segment.a_start:.1f} to {segment.a_stop:.1f} s of the first are {segment.b_start:.1f} to "
        f"{segment.b_stop:.1f} s of the second"
    )


def _number(value: float) -> str:
    return f"{value:.1f}"
