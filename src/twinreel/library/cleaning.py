"""From a catalogue to a plan, and where journals lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from twinreel.clean.journal import read_journal
from twinreel.clean.model import Deed, Plan, Sides
from twinreel.clean.plan import propose
from twinreel.clean.rules import Rules
from twinreel.clean.sight import Eyes
from twinreel.clean.survey import seal, survey
from twinreel.errors import NotFound
from twinreel.store.catalogue import Catalogue
from twinreel.store.decisions import DecisionKind
from twinreel.types import Match, State


def make_plan(
    catalogue: Catalogue,
    matches: Iterable[Match],
    rules: Rules,
    *,
    deed: Deed,
    sides: Sides,
    only: tuple[str, ...],
    quarantine: str | None,
    eyes: Eyes,
    on_file: Callable[[int, int], None] | None,
) -> Plan:
    """The plan for the files that are as the last scan saw them; others take no part."""
    videos = [video for video in catalogue.videos.all() if video.state is State.PRESENT]
    found = survey({path: video.content for video in videos for path in video.paths})
    seen = catalogue.paths.load()
    files = {
        path: file
        for path, file in found.items()
        if path in seen and (file.size, file.mtime_ns) == (seen[path].stat.size, seen[path].stat.mtime_ns)
    }
    decided = catalogue.decisions.all()
    kept, unwanted = (
        frozenset(one.a.content for one in decided if one.kind is kind)
        for kind in (DecisionKind.KEEP, DecisionKind.DELETE)
    )
    proposal = propose(
        videos, matches, rules, files, deed=deed, kept=kept, unwanted=unwanted - kept, only=only, eyes=eyes
    )
    return seal(proposal, rules, sides=sides, quarantine=quarantine, on_file=on_file)


def journals(library: Path) -> Path:
    """The folder of a library's journals."""
    return library.with_name(library.name + ".journals")


def latest_journal(library: Path) -> Path:
    """The journal of the plan that was applied last and has not been undone. NotFound."""
    newest = sorted(journals(library).glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in newest:
        if not read_journal(path)[1].all_undone:
            return path
    raise NotFound(f"there is nothing to undo: no plan of {library} was applied")
