"""twinreel plan, apply, undo: cleaning a library in steps that can be read and taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from twinreel.clean.model import Action, Deed, Plan, Remark, Sides
from twinreel.clean.planfile import plan_to_json, read_plan, write_plan
from twinreel.cli import options, output
from twinreel.cli.open import known_library
from twinreel.cli.shapes.bench import RefusedShape
from twinreel.cli.shapes.cleaning import ApplyShape, ReportPageShape, UndoShape, quality_shape
from twinreel.cli.text import count, percent, size, span
from twinreel.errors import UserError
from twinreel.store.exports import path_to_text

PLAN = Path("twinreel-plan.json")
PAGE = Path("twinreel-report.html")
_DEEDS = {deed.value.replace(" ", "-"): deed for deed in Deed}
_SIDES = {sides.value: sides for sides in Sides}


def plan(
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="A TOML file: what is preferred, what is protected."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the plan is written.")] = PLAN,
    action: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is to be done with files that are not needed: report, quarantine, trash, hard-link, "
            "symbolic-link, reflink or delete. The links are for identical files.",
        ),
    ] = "quarantine",
    sides: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What becomes of subtitles and the like beside them: move (along, into a quarantine), merge (to the "
            "kept file) or stay.",
        ),
    ] = "move",
    only: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", show_default=False, help="Touch nothing outside this; may be repeated."),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            show_default=False,
            help="Only what lies in this folder is a reason to remove other files, and nothing in it is touched; may "
            "be repeated.",
        ),
    ] = None,
    accept_loss: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            show_default=False,
            help="Let go of videos of which no more than this exists nowhere else, for example 30s. By default 0s, or "
            "what the rules say.",
        ),
    ] = None,
    quarantine: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", show_default=False, help="Where files are moved to. By default a folder on their drive."
        ),
    ] = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Say which files are not needed, and write a plan.

    Nothing is changed. A file is not needed where files that stay show all of it, several together if need be, each
    of them at least as good. Every line says what would be done, and why; the plan is a file that can be read, and
    that `twinreel apply` carries out.

    \b
    Examples:
      twinreel plan
      twinreel plan --rules keep.toml --only ~/Videos/new
      twinreel plan --against ~/Videos/library
      twinreel plan --accept-loss 30s --action trash --out plan.json
    """
    if action not in _DEEDS:
        raise UserError(f"there is no action {action!r}; there are {', '.join(_DEEDS)}")
    if sides not in _SIDES:
        raise UserError(f"--sides is {sides!r}; {', '.join(_SIDES)} are accepted")
    with known_library(library) as opened:
        made = opened.plan(
            rules,
            deed=_DEEDS[action],
            sides=_SIDES[sides],
            accept_loss=None if accept_loss is None else _seconds(accept_loss),
            against=against or (),
            only=only or (),
            quarantine=quarantine,
        )
    write_plan(made, out)
    if json:
        output.tell_json(plan_to_json(made))
    else:
        tell_plan(made, out)


def apply(
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="A file that `twinreel plan` wrote.")] = PLAN,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Do what a plan says.

    Each file, and what is kept instead of it, is read and compared with the plan right before; what has changed is
    left alone. What is done is written down first, so that it can be gone on with after a crash, and undone. A plan
    is applied once.

    \b
    Examples:
      twinreel apply
      twinreel apply plan.json --json
    """
    chosen = read_plan(file)
    with known_library(library) as opened:
        applied = opened.apply(chosen, None if json else _tell_action)
    if json:
        output.tell_json(
            ApplyShape(
                journal=path_to_text(str(applied.journal)),
                done=[path_to_text(action.file.path) for action in applied.done],
                refused=[_refused(*pair) for pair in applied.refused],
                freed=applied.freed,
            )
        )
        return
    output.tell(
        f"{count(len(applied.done), 'file')} done, {size(applied.freed)}, {count(len(applied.refused), 'file')} refused"
        "; `twinreel undo` takes it back",
        "bold",
    )


def undo(
    journal: Annotated[
        Path | None,
        typer.Argument(metavar="JOURNAL", show_default=False, help="By default that of what was applied last."),
    ] = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Take back what was applied.

    Names, times and links become what they were. Of deleted files only those come back that are identical to a file
    that was kept.

    \b
    Examples:
      twinreel undo
      twinreel undo --json
    """
    with known_library(library) as opened:
        undone = opened.undo(journal)
    if json:
        output.tell_json(
            UndoShape(
                journal=path_to_text(str(undone.journal)),
                restored=[path_to_text(action.file.path) for action in undone.restored],
                lost=[_refused(*pair) for pair in undone.lost],
            )
        )
        return
    for action, why in undone.lost:
        output.tell(f"not restored: {action.file.path}: {why}", "yellow")
    output.tell(f"{count(len(undone.restored), 'file')} restored", "bold")


def report(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the page is written.")] = PAGE,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Also what this plan would do, and what it would leave."),
    ] = None,
    library: options.LibraryFile = None,
    json: options.Json = False,
) -> None:
    """Write a page of the library: groups with frames, time lines and reasons, and how good it is as data.

    One HTML file that needs no server and no network.

    \b
    Examples:
      twinreel report
      twinreel report page.html --plan twinreel-plan.json
    """
    with known_library(library) as opened:
        before, after = opened.report(file, plan)
    if json:
        output.tell_json(
            ReportPageShape(
                file=path_to_text(str(file)),
                now=quality_shape(before),
                planned=None if after is None else quality_shape(after),
            )
        )
        return
    for words, one in (("now", before), ("with the plan", after)):
        if one is not None:
            hours = f"{one.hours:.2f} hours, {one.unique_hours:.2f} of them different footage"
            shares = (
                f"consistency {one.consistency:.3f}, completeness {one.completeness:.3f}, "
                f"correctness {one.correctness:.3f}, minimisation {one.minimisation:.3f}"
            )
            output.tell(f"{words}: {count(one.files, 'file')}, {size(one.bytes)}, {hours}; {shares}")
    output.tell(f"the page is in {file}", "bold")


def tell_plan(made: Plan, out: Path) -> None:
    for action in made.actions:
        output.tell(_line(action))
    if made.remarks:
        output.tell(f"Stays, though it exists elsewhere in part or in whole ({len(made.remarks)})", "bold")
    for remark in made.remarks:
        output.tell(f"  {_stays(remark)}")
    acting = [action for action in made.actions if action.deed is not Deed.REPORT]
    words = f"{count(len(acting), 'file')} to be dealt with, which frees {size(made.freed)}"
    output.tell(f"{words}; nothing has been changed yet; the plan is in {out}", "bold")


def _line(action: Action) -> str:
    deed = "not needed" if action.deed is Deed.REPORT else action.deed.value
    beside = f", with {count(len(action.sides), 'file')} beside it" if action.sides else ""
    return f"  {deed}: {action.file.path} ({size(action.freed)}{beside}): {action.reason}"


def _stays(remark: Remark) -> str:
    words = [f"{remark.path}: {remark.reason}"]
    if remark.kept:
        words.append(f"{percent(remark.share)} of it is in {', '.join(remark.kept)}")
    if remark.unique:
        words.append(f"nowhere else: {', '.join(span(*stretch) for stretch in remark.unique)}")
    return "; ".join(words)


def _tell_action(action: Action, why: str | None) -> None:
    if why is None:
        output.tell(f"  {action.deed.value}: {action.file.path}")
    else:
        output.tell(f"  refused: {action.file.path}: {why}", "yellow")


def _refused(action: Action, why: str) -> RefusedShape:
    return RefusedShape(path=path_to_text(action.file.path), reason=why)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|min)?", text.strip().lower())
    if found is None:
        raise UserError(f"{text!r} is not a number of seconds: give for example 30s or 2m")
    return float(found[1]) * (60 if found[2] in ("m", "min") else 1)
