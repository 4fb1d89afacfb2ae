"""The program ``twinreel``: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import twinreel
from twinreel.cli import bench, browse, clean, decisions, describers, hashes, picture, train, videos
from twinreel.cli.compare import compare
from twinreel.cli.doctor import doctor
from twinreel.cli.evaluate import evaluate
from twinreel.cli.joining import import_, merge
from twinreel.cli.output import accept_any_name, complain, say, tell
from twinreel.cli.repeats import repeats
from twinreel.cli.scan import scan
from twinreel.cli.search import search
from twinreel.cli.tags import tags
from twinreel.cli.watch import watch
from twinreel.errors import TwinreelError

STOPPED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""


class _Commands(TyperGroup):
    """Turns errors that twinreel can explain into one line and an exit code; TWINREEL_DEBUG=1 shows where."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _stopped()
        except TwinreelError as error:
            if os.environ.get("TWINREEL_DEBUG"):
                raise
            complain(error)
            raise SystemExit(error.exit_code) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        tell(f"twinreel {twinreel.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Find identical, near-duplicate and partly copied videos, and the seconds that match.

    \b
    Examples:
      twinreel scan ~/Videos
      twinreel search clip.mp4
      twinreel compare a.mp4 b.mp4
    """


_COMMANDS: tuple[Callable[..., None], ...] = (
    *(scan, watch, search, compare, repeats),
    *(browse.groups, browse.matches, browse.shared, browse.show, browse.failures),
    *(browse.export, browse.forget, browse.prune),
    tags,
    *(clean.plan, clean.apply, clean.undo, clean.report),
    merge,
    doctor,
    evaluate,
)
for _command in _COMMANDS:
    app.command()(_command)
app.add_typer(decisions.app, name="decisions")
app.command(name="import")(import_)
app.add_typer(describers.app, name="describers")
app.add_typer(bench.app, name="bench")
app.add_typer(hashes.app, name="hashes")
app.add_typer(picture.app, name="picture")
app.add_typer(train.app, name="train")
app.add_typer(videos.app, name="videos")


def _stopped() -> NoReturn:
    say("stopped; run the same command to go on")
    raise SystemExit(STOPPED) from None


def run() -> None:
    """Entry point of the program."""
    accept_any_name()
    try:
        app(prog_name="twinreel")
    except KeyboardInterrupt:
        _stopped()
    sys.exit()
