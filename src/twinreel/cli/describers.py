"""twinreel describers"""

from __future__ import annotations

import typer

from twinreel.cli import options, output
from twinreel.cli.shapes.installation import DescriberShape
from twinreel.describe.registry import DEFAULT, describers
from twinreel.errors import TwinreelError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What turns frames into vectors.")


@app.command("list")
def list_describers(json: options.Json = False) -> None:
    """Print the installed describers, those of other packages too.

    \b
    Examples:
      twinreel describers list
      twinreel describers list --json
    """
    found = installed()
    if json:
        output.tell_json(found)
        return
    made = output.table("name", "version", "dimensions", "", right=("dimensions",))
    for one in found:
        note = one["error"] or ("used by default" if one["default"] else "")
        output.row(made, one["name"], one["version"] or "", str(one["dimensions"] or ""), note)
    output.tell_table(made)


def installed() -> list[DescriberShape]:
    """Every describer; one that cannot be used with its error."""
    found: list[DescriberShape] = []
    for name, make in describers().items():
        default = name == DEFAULT
        try:
            describer = make()
        except TwinreelError as error:
            found.append(DescriberShape(name=name, version=None, dimensions=None, default=default, error=str(error)))
            continue
        found.append(
            DescriberShape(
                name=name, version=describer.version, dimensions=describer.dimensions, default=default, error=None
            )
        )
    return found
