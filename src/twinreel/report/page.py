"""A library, and what a plan would do with it, as one HTML file: it needs no server, no network and no script."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from twinreel.clean.model import Action, Deed, Plan, Remark
from twinreel.clean.quality import Quality
from twinreel.report.timeline import timeline, unique_line
from twinreel.types import Group, Match, Video

_STYLE = (
    ":root{color-scheme:light dark;--ground:#fff;--ink:#1a1a1a;--faint:#666;--line:#ccd2da;--common:#1b6ac9;"
    "--tie:#1b6ac933;--unique:#c2410c}"
    "@media(prefers-color-scheme:dark){:root{--ground:#14161a;--ink:#e6e6e6;--faint:#9a9a9a;--line:#3a4049;"
    "--common:#6cb2ff;--tie:#6cb2ff40;--unique:#ff9d5c}}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;"
    "background:var(--ground);color:var(--ink)}h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem}"
    "h3{font-size:1rem;margin:1.4rem 0 .3rem}.note{color:var(--faint);font-size:.9rem}"
    "code{overflow-wrap:anywhere}.file{margin:.4rem 0 1rem}.file img{display:block;max-width:100%;margin:.2rem 0}"
    ".timeline{display:block;width:100%;max-width:40rem;height:auto;margin:.3rem 0}"
    ".line{fill:var(--line)}.common{fill:var(--common)}.tie{fill:var(--tie)}.unique{fill:var(--unique)}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}"
    "td.number{text-align:right;white-space:nowrap}"
)
_ROWS: tuple[tuple[str, str, Callable[[Quality], str]], ...] = (
    ("files", "", lambda one: str(one.files)),
    ("size", "", lambda one: f"{one.bytes / 1e6:.1f} MB"),
    ("hours", "", lambda one: f"{one.hours:.2f}"),
    ("hours of different footage", "what several files show counts once", lambda one: f"{one.unique_hours:.2f}"),
    ("consistency", "files that are as they were last seen", lambda one: f"{one.consistency:.3f}"),
    ("completeness", "footage that some file shows", lambda one: f"{one.completeness:.3f}"),
    ("correctness", "files that can be used", lambda one: f"{one.correctness:.3f}"),
    ("minimisation", "hours that are there once", lambda one: f"{one.minimisation:.3f}"),
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the page is about."""

    title: str
    videos: Mapping[str, Video]
    """By content id."""
    groups: Sequence[Group]
    matches: Sequence[Match]
    before: Quality
    plan: Plan | None = None
    after: Quality | None = None
    """With the plan applied."""


def page(contents: Contents, strip: Callable[[Video], bytes | None]) -> str:
    """The whole file. strip: a JPEG of frames of a video."""
    pictures: dict[str, str] = {}

    def picture(video: Video) -> str:
        if video.content not in pictures:
            found = strip(video)
            words = "frames of the video, evenly spaced"
            pictures[video.content] = (
                '<p class="note">no frame can be decoded</p>'
                if found is None
                else f'<img alt="{words}" src="data:image/jpeg;base64,{base64.b64encode(found).decode()}">'
            )
        return pictures[video.content]

    between = {_pair(match.a, match.b): match for match in contents.matches}
    doing = {action.file.path: action for action in contents.plan.actions} if contents.plan else {}
    grouped = {content for group in contents.groups for content in group.members}
    rest = [
        match
        for match in contents.matches
        if not any({match.a, match.b} <= set(group.members) for group in contents.groups)
    ]
    parts = [
        f"<h1>{escape(contents.title)}</h1>",
        _quality(contents.before, contents.after),
        _plan(contents.plan, contents.videos) if contents.plan else "",
        f"<h2>Groups of duplicates ({len(contents.groups)})</h2>" if grouped else "<h2>No duplicates</h2>",
        *(
            _group(number, group, contents.videos, between, doing, picture)
            for number, group in enumerate(contents.groups, 1)
        ),
        f"<h2>Other footage in common ({len(rest)})</h2>" if rest else "",
        *(_match(match, contents.videos, picture) for match in rest),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(contents.title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _quality(before: Quality, after: Quality | None) -> str:
    rows = "".join(
        f'<tr><th scope="row">{name}</th><td class="number">{value(before)}</td>'
        + (f'<td class="number">{value(after)}</td>' if after else "")
        + f'<td class="note">{note}</td></tr>'
        for name, note, value in _ROWS
    )
    head = "<th></th><th>now</th>" + ("<th>with the plan</th>" if after else "") + "<th></th>"
    return f'<h2>The collection</h2><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _plan(plan: Plan, videos: Mapping[str, Video]) -> str:
    durations = {path: video.probe.duration for video in videos.values() for path in video.paths}
    rows = "".join(
        f"<tr><td>{escape('not needed' if one.deed is Deed.REPORT else one.deed.value)}</td>"
        f'<td>{_path(one.file.path)}</td><td class="number">{one.freed / 1e6:.1f} MB</td>'
        f"<td>{_path(one.reason)}</td></tr>"
        for one in plan.actions
    )
    table = f'<div class="wide"><table>{rows}</table></div>' if rows else "<p>Nothing is to be removed.</p>"
    remarks = "".join(_remark(one, durations.get(one.path, 0.0)) for one in plan.remarks)
    stays = f"<h2>What stays, though it exists elsewhere in part</h2>{remarks}" if remarks else ""
    return f"<h2>What the plan would do</h2>{table}{stays}"


def _remark(remark: Remark, duration: float) -> str:
    line = unique_line(duration, remark.unique) if remark.unique and duration else ""
    kept = ", ".join(_path(path) for path in remark.kept)
    where = f" {remark.share:.0%} of it is in {kept}." if kept else ""
    return f'<div class="file">{_path(remark.path)}: {escape(_text(remark.reason))}.{where}{line}</div>'


def _group(
    number: int,
    group: Group,
    videos: Mapping[str, Video],
    between: Mapping[tuple[str, str], Match],
    doing: Mapping[str, Action],
    picture: Callable[[Video], str],
) -> str:
    best = videos[group.representative]
    parts = [f"<h3>Group {number}</h3>", _file(best, f"representative: {group.reason}", doing, picture)]
    for content in group.members[1:]:
        match = between.get(_pair(group.representative, content))
        words = f"{match.relation.value}, score {match.score:.2f}" if match else "by way of others"
        drawn = timeline(match, best, videos[content]) if match else ""
        parts.append(_file(videos[content], words, doing, picture, drawn))
    return f'<section class="group">{"".join(parts)}</section>'


def _file(
    video: Video,
    words: str,
    doing: Mapping[str, Action],
    picture: Callable[[Video], str],
    drawn: str = "",
) -> str:
    probe = video.probe
    facts = f"{probe.duration:.1f} s, {probe.width}x{probe.height}, {video.size / 1e6:.1f} MB, {words}"

    def row(path: str) -> str:
        action = doing.get(path)
        return _path(path) + (f" <b>{escape(action.deed.value)}</b>: {_path(action.reason)}" if action else "")

    names = "<br>".join(map(row, video.paths))
    return f'<div class="file">{names}<div class="note">{escape(facts)}</div>{picture(video)}{drawn}</div>'


def _match(match: Match, videos: Mapping[str, Video], picture: Callable[[Video], str]) -> str:
    first, second = videos[match.a], videos[match.b]
    words = f"{match.relation.value}, score {match.score:.2f}"
    shares = f"{match.coverage_a:.0%} of the first and {match.coverage_b:.0%} of the second are common"
    return (
        f'<div class="file">{_path(first.path)}{picture(first)}{timeline(match, first, second)}'
        f'{picture(second)}{_path(second.path)}<div class="note">{escape(f"{words}; {shares}")}</div></div>'
    )


def _path(path: str) -> str:
    return f"<code>{escape(_text(path))}</code>"


def _text(text: str) -> str:
    """What any name may hold, as text that a page can show: bytes that are not Unicode, and what steers a terminal."""
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in whole)


def _pair(a: str, b: str) -> tuple[str, str]:
    return min(a, b), max(a, b)
