"""From a catalogue to a plan; where journals lie; plans applied and undone."""

from __future__ import annotations

# Names of files may hold any bytes, and stay text here from the walk to the catalogue.
# ruff: noqa: PTH100
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from twinreel.clean.apply import Applied, apply
from twinreel.clean.journal import read_journal
from twinreel.clean.model import LINKS, Action, Deed, Plan, Sides
from twinreel.clean.plan import propose
from twinreel.clean.planfile import read_plan
from twinreel.clean.rules import Rules, read_rules
from twinreel.clean.survey import seal, survey
from twinreel.clean.undo import Undone, undo
from twinreel.engine.eyes import Eyes
from twinreel.engine.scan import open_pool
from twinreel.engine.settings import Resources
from twinreel.errors import NotFound
from twinreel.library.decisions import record_removed, revoke_removed
from twinreel.library.opened import AnyPath, Opened
from twinreel.match.calibration import SURE_SCORE
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


class Cleaning(Opened):
    """Plans: made, applied, undone."""

    def plan(
        self,
        rules: Rules | AnyPath | None = None,
        *,
        deed: Deed = Deed.QUARANTINE,
        sides: Sides = Sides.MOVE,
        accept_loss: float | None = None,
        against: Iterable[AnyPath] = (),
        only: Iterable[AnyPath] = (),
        quarantine: AnyPath | None = None,
        jobs: int | None = None,
        on_file: Callable[[int, int], None] | None = None,
    ) -> Plan:
        """Which files are not needed, in favour of which, and why; changes nothing.

        A sure match (``SURE_SCORE``) is reason enough to look: that a file is redundant is told from frames a quarter
        of a second apart, and from the picture of both. Every file that the plan is about is read.

        rules: what is preferred and protected, or the TOML file that says so; by default ``Rules()``.
        deed: what ``apply`` is to do with files that are not needed; sides: and with subtitles and the like beside
        them.
        accept_loss: seconds of a video that may exist nowhere else, over those of the rules.
        against: folders that others are measured against and of which nothing is touched, over those of the rules.
        only: files and folders, where given the only ones that something is done to.
        quarantine: a folder for what is moved, by default one on the drive of each file.
        jobs: worker processes, one a core where not given.
        on_file: told after each file that was read, how many of how many.
        UserError where the rules are wrong.
        """
        chosen = rules if isinstance(rules, Rules) else Rules() if rules is None else read_rules(Path(rules))
        if accept_loss is not None:
            chosen = replace(chosen, accept_loss=accept_loss)
        references = tuple(os.path.realpath(os.fspath(folder)) for folder in against)
        chosen = replace(chosen, reference=(*chosen.reference, *references))
        recipe = self._recipe()
        with open_pool(recipe.describer.image_size, Resources(jobs)) as pool:
            return make_plan(
                self._catalogue,
                self._reported.kept(SURE_SCORE),
                chosen,
                deed=deed,
                sides=sides,
                only=tuple(os.path.abspath(os.fspath(path)) for path in only),
                quarantine=None if quarantine is None else os.fspath(quarantine),
                eyes=Eyes(pool, recipe, self._search(), self.aligner),
                on_file=on_file,
            )

    def apply(self, plan: Plan | AnyPath, on_action: Callable[[Action, str | None], None] | None = None) -> Applied:
        """Does what a plan, or the file of one, says, or goes on with it; each file is checked right before.

        on_action: told after each action, with the reason where it was refused. UserError where the plan has been
        applied already, LibraryError where its journal cannot be written.
        """
        chosen = plan if isinstance(plan, Plan) else read_plan(Path(plan))
        with self._catalogue.lock_for_scan(wait=False):
            applied = apply(chosen, journals(self.path) / f"{chosen.id}.jsonl", on_action=on_action)
            left = [action.file.path for action in applied.done if action.deed not in LINKS]
            self._catalogue.paths.mark(left, State.GONE)
            record_removed(self._catalogue, applied.done)
        return applied

    def undo(
        self, journal: AnyPath | None = None, on_action: Callable[[Action, str | None], None] | None = None
    ) -> Undone:
        """Takes back what was applied: names, times and links as they were; by default what was applied last.

        NotFound where there is no such journal, or nothing to undo.
        """
        path = latest_journal(self.path) if journal is None else Path(journal)
        with self._catalogue.lock_for_scan(wait=False):
            undone = undo(path, on_action=on_action)
            self._catalogue.paths.mark([action.file.path for action in undone.restored], State.PRESENT)
            revoke_removed(self._catalogue, undone.restored)
        return undone
