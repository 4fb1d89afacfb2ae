"""Help and documentation, for every command that there is."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from twinreel.cli.main import app
from twinreel.cli.reference import commands, reference
from twinreel.cli.shapes import OUTPUTS

from .conftest import invoke

COMMANDS = dict(commands())
DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


def examples(name: str) -> list[str]:
    shown = invoke(*name.split(), "--help").stdout
    lines = map(str.strip, shown.partition("Examples:\n")[2].splitlines())
    return [line for line in lines if line.startswith("twinreel")]


def test_all_commands_are_there() -> None:
    asking = "scan watch search compare repeats groups matches shared show failures export import merge"
    expected = f"{asking} forget prune tags plan apply undo report"
    groups = {
        "describers list",
        "describers add",
        "describers remove",
        "describers test",
        "bench make",
        "bench run",
        "bench report",
        "train descriptor",
        "train rcla",
        "videos search",
        "videos export",
        "videos evaluate",
        "decisions add",
        "decisions revoke",
        "decisions list",
        "decisions export",
        "decisions import",
        "hashes export",
        "hashes match",
        "picture map",
        "picture strip",
        "picture search",
        "picture anchors",
    }
    assert set(COMMANDS) == {*expected.split(), "doctor", "evaluate", *groups}


def test_every_command_that_reports_has_a_documented_shape() -> None:
    assert set(OUTPUTS) == set(COMMANDS)
    assert all(any("--json" in parameter.opts for parameter in command.params) for command in COMMANDS.values())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_examples_that_it_accepts(name: str) -> None:
    found = examples(name)
    assert found
    for example in found:
        words = shlex.split(example.partition(" > ")[0])
        assert words[: 1 + len(name.split())] == ["twinreel", *name.split()]
        COMMANDS[name].make_context(name, words[1 + len(name.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    assert all(parameter.help and parameter.help.endswith(".") for parameter in COMMANDS[name].params)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.partition(f"\n## twinreel {name}\n")[2].partition("\n## ")[0]
    assert section
    for parameter in COMMANDS[name].params:
        assert all(option in section for option in parameter.opts if option.startswith("-"))


def test_the_documentation_is_current() -> None:
    made = "python -m twinreel.cli.reference > docs/cli.md"
    assert DOCUMENT.read_text(encoding="utf-8") == reference(), f"run {made}"


def test_the_program_alone_shows_its_commands() -> None:
    root: Any = get_command(app)
    shown = invoke("--help").stdout
    assert all(f"\n  {name} " in shown for name in root.commands)
    assert "twinreel scan ~/Videos" in shown
