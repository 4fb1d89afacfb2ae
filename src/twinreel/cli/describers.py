"""twinreel describers"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinreel.cli import options, output
from twinreel.cli.shapes.installation import AddedShape, DescriberShape, TestedShape
from twinreel.cli.text import size
from twinreel.describe.registry import DEFAULT, describers
from twinreel.errors import TwinreelError

if TYPE_CHECKING:
    from twinreel.models.catalogue import Entry

CHECKSUM = 12
"""Digits of a checksum that a table shows; --json has all of them."""

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What turns frames into vectors.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of a describer.", show_default=False)]


@app.command("list")
def list_describers(json: options.Json = False) -> None:
    """Print the describers that can be asked for by name.

    Those that are installed, with this or another package; those that were added; and published models that are known,
    with the origin, size, licence and checksum of their files, and whether these are here.

    \b
    Examples:
      twinreel describers list
      twinreel describers list --json
    """
    found = known()
    if json:
        output.tell_json(found)
        return
    made = output.table("name", "here", "size", "what", "licence", "from", "sha256", right=("size",))
    for one in found:
        numbers = f"{one['dimensions']} numbers" if one["dimensions"] else ""
        words = [one["what"], numbers, one["error"] or "" if one["kind"] != "known" else ""]
        output.row(
            made,
            one["name"],
            "yes" if one["here"] else "no",
            size(one["bytes"]) if one["bytes"] else "",
            ", ".join(word for word in words if word),
            one["licence"],
            one["source"],
            (one["sha256"] or "")[:CHECKSUM],
        )
    output.tell_table(made)
    if not all(one["here"] for one in found):
        output.tell()
        output.tell("What is not here, `twinreel describers add NAME` fetches, or says which file to put where.")


@app.command("add")
def add_describer(
    name: Name,
    file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", show_default=False, help="A file of a network, or a folder as it is published."),
    ] = None,
    from_hub: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME[@REVISION]",
            show_default=False,
            help="A repository of the Hugging Face hub; the commit that is fetched is the one that stays.",
        ),
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            show_default=False,
            help="What network a file holds that does not say it: clip, siglip, dinov2, sscd, sscd-raw, isc or resnet.",
        ),
    ] = None,
    licence: Annotated[
        str, typer.Option(metavar="TEXT", show_default=False, help="Under which it was published, to be listed.")
    ] = "",
    offline: Annotated[
        bool, typer.Option("--offline", help="Take a repository from the hub's cache, and never from the network.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Make a model known under a name.

    A file or folder stays where it is. A repository, and a known model of the hub, are fetched into the hub's cache:
    this is the only command of twinreel that uses the network, and with --offline or HF_HUB_OFFLINE it does not.

    \b
    Examples:
      twinreel describers add clip-vit-b32
      twinreel describers add mine --file sscd_disc_mixup.torchscript.pt --family sscd
      twinreel describers add small --from-hub facebook/dinov2-small@main
    """
    from twinreel.models.catalogue import add

    entry = add(name, file=file, repository=from_hub, family=family, licence=licence, offline=offline)
    if json:
        output.tell_json(AddedShape(name=entry.name, source=entry.source, bytes=entry.bytes, sha256=entry.sha256))
        return
    output.tell(f"{entry.name} is here: {entry.source}, {size(entry.bytes)}")


@app.command("remove")
def remove_describer(name: Name, json: options.Json = False) -> None:
    """Forget what was added under a name. Its files stay where they are.

    \b
    Examples:
      twinreel describers remove mine
    """
    from twinreel.models.shelf import remove

    entry = remove(name)
    if json:
        output.tell_json(AddedShape(name=entry.name, source=entry.source, bytes=entry.bytes, sha256=entry.sha256))
        return
    output.tell(f"{entry.name} is forgotten; {entry.source} is left as it is")


@app.command("test")
def test_describer(
    describer: Annotated[
        str, typer.Argument(metavar="DESCRIBER", help="As for --describer.", show_default=False)
    ] = DEFAULT,
    json: options.Json = False,
) -> None:
    """Describe a few pictures, and say whether a describer keeps what it promises.

    Checks the checksum of its file, that vectors are of length 1 and the same alone and in company, and that black says
    nothing; prints what it runs on and how fast. The exit code is 1 where something is wrong.

    \b
    Examples:
      twinreel describers test
      twinreel describers test clip-vit-b32 --json
    """
    from twinreel.models.catalogue import intact
    from twinreel.models.load import load_describer
    from twinreel.models.trial import try_out

    made = load_describer(describer)
    trial, whole = try_out(made), intact(describer)
    faults = [*trial.faults, *(["its file is not the one that was added"] if whole is False else [])]
    shape = TestedShape(
        name=made.name,
        version=made.version,
        dimensions=made.dimensions,
        image_size=list(made.image_size),
        runs_on=trial.runs_on,
        frames_a_second=round(trial.frames_a_second, 1),
        checksum=whole,
        texts=hasattr(made, "describe_texts"),
        faults=faults,
    )
    if json:
        output.tell_json(shape)
    else:
        height, width = made.image_size
        output.tell(f"{made.name}, version {made.version}: {made.dimensions} numbers of frames of {height} x {width}")
        output.tell(f"runs on {trial.runs_on}, {trial.frames_a_second:,.1f} frames a second")
        for fault in faults:
            output.tell(f"wrong: {fault}", "red")
        if not faults:
            output.tell("sound")
    if faults:
        raise typer.Exit(1)


def known() -> list[DescriberShape]:
    """Every describer that has a name. Those that are installed are made; of the others only files are looked for."""
    from twinreel.models.catalogue import entries

    return [_shape(entry) for entry in entries()]


def _shape(entry: Entry) -> DescriberShape:
    shape = DescriberShape(
        name=entry.name,
        kind=entry.kind,
        what=entry.what,
        version=None,
        dimensions=None,
        default=entry.name == DEFAULT,
        here=entry.here,
        source=entry.source,
        licence=entry.licence,
        bytes=entry.bytes,
        sha256=entry.sha256 or None,
        error=entry.advice or None,
    )
    if entry.kind == "installed":
        try:
            describer = describers()[entry.name]()
        except TwinreelError as error:
            shape["error"] = str(error)
        else:
            shape["version"], shape["dimensions"] = describer.version, describer.dimensions
    return shape


def installed() -> list[DescriberShape]:
    """Those that are here."""
    return [shape for shape in known() if shape["here"]]
