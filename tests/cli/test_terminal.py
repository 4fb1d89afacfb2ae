"""The program as a process: streams, colours, names, closed pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from makers import scene, write_video
from twinreel.library import Library
from twinreel.store.exports import text_to_path

from .conftest import SIZE, STEERING, invoke, invoke_json

PROGRAM = [sys.executable, "-m", "twinreel"]
COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-7]m")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and signals of POSIX")


def environment(**more: str) -> dict[str, str]:
    """The environment, without what would say something about colours or the library."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TWINREEL_LIBRARY")}
    return {**kept, "TERM": "xterm-256color", **more}


def run(arguments: Sequence[str | Path], **more: str) -> subprocess.CompletedProcess[bytes]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment(**more), timeout=60, check=False)


def on_terminal(arguments: Sequence[str | Path], columns: int = 80, **more: str) -> bytes:
    """What a command writes to a terminal."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(COLUMNS=str(columns), **more),
    ):
        os.close(theirs)
        written = b"".join(iter(lambda: read(ours), b""))
    os.close(ours)
    return written


def read(terminal: int) -> bytes:
    """The next bytes; none once the other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: EIO
        return b""


def test_names_cannot_steer_the_terminal(library: Path) -> None:
    shown = run(["groups", "--library", library])
    assert shown.returncode == 0
    if "\x1b" in STEERING:
        assert b"red\\x1b[31m \\u202egpj\\x0anew line \\xff.mp4" in shown.stdout
    assert b"other [bold].mp4" in shown.stdout
    assert not set(shown.stdout) & (set(range(32)) - {10})
    assert "\u202e" not in shown.stdout.decode()


def test_any_name_is_printed_in_any_encoding(library: Path, tmp_path: Path) -> None:
    missing = tmp_path / "映画.mp4"
    shown = run(["show", missing, "--library", library], PYTHONIOENCODING="ascii")
    assert shown.returncode == 2
    assert b"\\u6620\\u753b.mp4" in shown.stderr


def test_json_is_ascii_and_gives_every_name_back(films: Path, library: Path) -> None:
    shown = invoke("groups", "--library", library, "--json").stdout
    assert shown.isascii()
    assert "\x1b" not in shown
    paths = [text_to_path(member["path"]) for group in json.loads(shown) for member in group["members"]]
    assert str(films / STEERING) in paths


def test_what_is_no_terminal_gets_neither_colour_nor_progress(films: Path, library: Path) -> None:
    shown = run(["scan", films, "--library", library])
    assert b"\x1b" not in shown.stdout
    assert shown.stderr == b""


@posix_only
def test_a_terminal_gets_progress_and_colour_unless_not_wanted(films: Path, tmp_path: Path) -> None:
    scan = ["scan", str(films / "sub"), "--describer", "phash", "--library", str(tmp_path / "l.sqlite")]
    coloured = on_terminal(scan, columns=100)
    assert b"reading frames" in coloured and b"1/1 files" in coloured
    assert COLOUR.search(coloured)
    plain = on_terminal(scan, columns=100, NO_COLOR="1")
    assert b"looking for files" in plain
    assert not COLOUR.search(plain)


@posix_only
def test_tables_fit_a_narrow_terminal(library: Path) -> None:
    written = on_terminal(["failures", "--library", library], columns=30)
    lines = re.sub(rb"\x1b\[[0-9;]*m", b"", written).decode().splitlines()
    assert max(map(len, lines)) <= 30
    assert "letter.mp4" in "".join(line.split(" ")[0] for line in lines)


@posix_only
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_reader_that_goes_away_is_no_error(form: list[str], library: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with subprocess.Popen(
        [*PROGRAM, "matches", "--library", str(library), *form],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        os.close(writing)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 141
    assert said == b""


@posix_only
def test_ctrl_c_stops_and_the_same_command_goes_on(films: Path, tmp_path: Path) -> None:
    import pty

    root, library = tmp_path / "films", tmp_path / "library.sqlite"
    shutil.copytree(films / "sub", root)
    for seed in range(20, 32):
        write_video(root / f"{seed}.mp4", scene(seed, 4, size=SIZE))
    arguments = ["scan", str(root), "--library", str(library), "--describer", "phash", "--sampling", "dense:0.08"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments, "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=environment(COLUMNS="100"),
        # A shell has programs in the background ignore Ctrl-C, and tests may be one of them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    ) as process:
        os.close(theirs)
        said = b""
        while b"reading frames" not in said:
            more = read(ours)
            assert more, said
            said += more
        process.send_signal(signal.SIGINT)
        said += b"".join(iter(lambda: read(ours), b""))
        printed, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 130
    assert printed == b""
    assert said.endswith(b"stopped; run the same command to go on\r\n")
    assert b"Traceback" not in said
    with Library(library) as opened:
        assert opened.integrity_check() == []
    again = invoke_json(*arguments)
    assert again["report"]["unchanged"] == 13 and again["report"]["failed"] == 0
    with Library(library) as opened:
        assert opened.status().fingerprints == 13
