"""What the documents say holds: commands exist, the Python example runs, links lead somewhere."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from makers import scene, write_video
from twinreel.cli.main import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def lines_of(language: str) -> list[str]:
    """The lines of all blocks of code in a language."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def mentioned() -> Iterator[list[str]]:
    """The words of every twinreel command in the README, without the program's name."""
    inline = re.findall(r"`(twinreel [^`]+)`", PROSE)
    blocks = [line.split("&&")[-1].strip() for line in lines_of("sh") if "twinreel" in line]
    for text in [*inline, *blocks]:
        yield shlex.split(text)[1:]


def test_every_command_and_option_of_the_readme_exists() -> None:
    group: Any = typer.main.get_command(app)
    found = 0
    for words in mentioned():
        command = group
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
            found += 1
        known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
        assert command is not group or not words or words[0].startswith("-"), words
        assert {word for word in words if word.startswith("-")} <= known, words
    assert found > 5


def test_the_readme_names_every_command() -> None:
    group: Any = typer.main.get_command(app)
    named = {word for text in re.findall(r"`(?:twinreel )?([^`]+)`", PROSE) for word in text.split()[:1]}
    assert set(group.commands) - named == set()


def test_ci_finds_the_two_lines_that_a_newcomer_is_told() -> None:
    lines = lines_of("sh")
    assert [line for line in lines if line.startswith('pip install -e ".[dev]" && ')] == [
        'pip install -e ".[dev]" && python -m pytest'
    ]
    assert [line for line in lines if line.startswith("pip install . && ")] == ["pip install . && twinreel scan FOLDER"]


def test_the_python_example_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FOLDER").mkdir()
    film = list(itertools.chain(scene(1, 2), scene(2, 2)))
    write_video("FOLDER/film.mp4", film)
    write_video("FOLDER/film.mkv", film, options={"crf": "30"})
    write_video("clip.mp4", film[25:75])
    exec("\n".join(lines_of("python")), {})
    printed = capsys.readouterr().out
    assert "2 files, 0 of them with something wrong" in printed
    assert "duplicate" in printed
    assert str(Path("FOLDER", "film.mkv")) in printed or str(Path("FOLDER", "film.mp4")) in printed


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []
