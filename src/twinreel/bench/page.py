"""An accuracy card as one HTML file that needs no network and no script, and as Markdown."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from twinreel.bench.card import Card, Example, Judged, Table
from twinreel.bench.charts import COLOURS, precision_recall, reliability_diagram
from twinreel.bench.collection import VIDEOS
from twinreel.bench.strips import strip
from twinreel.errors import MediaError
from twinreel.media.jpeg import jpeg

_LIGHT = ("#1b6ac9", "#c2410c", "#15803d", "#7e22ce", "#b91c1c", "#0f766e")
_DARK = ("#6cb2ff", "#ff9d5c", "#5fd38d", "#c99bff", "#ff8080", "#5fd6cb")


def _colours(colours: Sequence[str]) -> str:
    return "".join(f"--run{number}:{colour};" for number, colour in enumerate(colours))


_STYLE = (
    ":root{color-scheme:light dark;--ground:#fff;--ink:#1a1a1a;--faint:#666;--line:#ddd;--good:#15803d26;"
    f"--fair:#ca8a0426;--bad:#b91c1c26;{_colours(_LIGHT)}}}"
    "@media(prefers-color-scheme:dark){:root{--ground:#14161a;--ink:#e6e6e6;--faint:#9a9a9a;--line:#33373d;"
    f"--good:#22c55e33;--fair:#eab30833;--bad:#ef444433;{_colours(_DARK)}}}}}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "background:var(--ground);color:var(--ink)}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}"
    ".note,figcaption{color:var(--faint);font-size:.9rem}.wide{overflow-x:auto}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}th{vertical-align:bottom;font-weight:600}"
    "th[scope=col]{white-space:normal}"
    ".good{background:var(--good)}.fair{background:var(--fair)}.bad{background:var(--bad)}"
    ".charts{display:flex;flex-wrap:wrap;gap:1.5rem}.charts figure{margin:0;flex:1 1 20rem;max-width:33rem}"
    "svg{width:100%;height:auto}svg text{fill:var(--faint);font-size:11px}"
    "svg path{fill:none;stroke-width:2}svg .grid{stroke:var(--line);stroke-width:1}"
    "svg .ideal{stroke:var(--faint);stroke-width:1;stroke-dasharray:4 4}"
    + "".join(
        f"svg path.run{n}{{stroke:var(--run{n})}}svg circle.run{n}{{fill:var(--run{n})}}"
        f"i.run{n}{{background:var(--run{n})}}"
        for n in range(COLOURS)
    )
    + ".beside{display:flex;flex-wrap:wrap;gap:0 3rem}.beside section{flex:1 1 22rem;min-width:0}"
    ".key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}"
    ".key i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;margin-right:.4rem}"
    ".pair{margin:0 0 1.2rem}.pair img{display:block;max-width:100%;margin:.15rem 0}"
    ".pair code,.missing{font-size:.85rem}"
    "@media(max-width:32rem){body{margin:1rem auto;padding:0 .7rem}th,td{padding:.2rem .25rem;font-size:.8rem}}"
)


def html(card: Card) -> str:
    """The whole page; pictures of examples are read from the collection's files and held in it."""
    parts = [
        f"<h1>{escape(card.title)}</h1><p>{escape(card.about)}</p>",
        f'<div class="beside">{"".join(map(_table, card.tables[:2]))}</div>',
        _charts(card.judged),
        f'<div class="beside">{"".join(map(_table, card.tables[2:]))}</div>',
        *(_examples(card.folder, judged) for judged in card.judged),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(card.title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(_cell(cell, table.graded) for cell in row[1:])}</tr>'
        for row in table.rows
    )
    return (
        f'<section><h2>{escape(table.title)}</h2><p class="note">{escape(table.note)}</p>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _cell(text: str, graded: bool) -> str:
    """Counts of a graded table are coloured by how good they are."""
    found, slash, total = text.partition("/")
    if not (graded and slash):
        return f"<td>{escape(text)}</td>"
    share = int(found) / int(total)
    colour = "good" if share >= 0.9 else "fair" if share >= 0.5 else "bad"
    return f'<td class="{colour}">{escape(text)}</td>'


def _charts(judged: Sequence[Judged]) -> str:
    key = "".join(
        f'<span><i class="run{n % COLOURS}"></i>{escape(one.run.name)}</span>' for n, one in enumerate(judged)
    )
    curves = precision_recall([(one.run.name, one.points) for one in judged])
    bins = reliability_diagram([(one.run.name, one.run.bins) for one in judged])
    return (
        f'<h2>Curves</h2><p class="key">{key}</p><div class="charts">'
        f"<figure>{curves}<figcaption>Precision over recall, of everything that was aligned, ranked by score."
        f"</figcaption></figure><figure>{bins}<figcaption>Of the pairs of about a score, the share that is true, in "
        "larger points for more pairs; on the dashed line, scores mean what they say.</figcaption></figure></div>"
    )


def _examples(folder: Path, judged: Judged) -> str:
    name = escape(judged.run.name)
    return (
        f"<h2>Missed by {name}</h2>{_pairs(folder, judged.missed, 'Nothing was missed.')}"
        f"<h2>Reported in error by {name}</h2>{_pairs(folder, judged.wrong, 'Nothing was reported in error.')}"
    )


def _pairs(folder: Path, examples: Iterable[Example], none: str) -> str:
    shown = [
        f'<div class="pair"><div>{escape(one.words)}</div>'
        f"{_strip(folder, one.a, one.a_span)}{_strip(folder, one.b, one.b_span)}</div>"
        for one in examples
    ]
    return "".join(shown) or f'<p class="note">{none}</p>'


def _strip(folder: Path, name: str, span: tuple[float, float]) -> str:
    words = _stretch(name, span)
    try:
        picture = jpeg(strip(folder / VIDEOS / name, *span))
    except MediaError as error:
        return f'<div class="missing">{escape(words)}: {escape(error.reason)}</div>'
    data = base64.b64encode(picture).decode()
    return f'<img alt="{escape(words)}" src="data:image/jpeg;base64,{data}"><code>{escape(words)}</code>'


def _stretch(name: str, span: tuple[float, float]) -> str:
    return f"{name} {span[0]:.1f}-{span[1]:.1f} s"


def markdown(card: Card) -> str:
    """The same without pictures."""
    parts = [f"# {card.title}", card.about]
    for table in card.tables:
        parts += [f"## {table.title}", table.note, _aligned(table)]
    for judged in card.judged:
        for title, examples in (("Missed", judged.missed), ("Reported in error", judged.wrong)):
            lines = [
                f"- {_stretch(one.a, one.a_span)} and {_stretch(one.b, one.b_span)}: {one.words}" for one in examples
            ]
            parts += [f"## {title} by {judged.run.name}", "\n".join(lines) or "None."]
    return "\n\n".join(parts) + "\n"


def _aligned(table: Table) -> str:
    """Columns padded, so that it can be read as it is."""
    lines = [table.head, *table.rows]
    widths = [max(3, *(len(line[column]) for line in lines)) for column in range(len(table.head))]
    rule = ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:]))
    padded = [
        (cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)))
        for cells in (lines[0], rule, *lines[1:])
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in padded)
