"""Programs that use a worker pool: what they need not do, and what becomes of their workers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

import twinreel

SCRIPT = textwrap.dedent("""
    from pool_tasks import Echo, Pid
    from twinreel.engine.pool import Reply, WorkerPool

    print("main")
    with WorkerPool(1, 1 << 28, 30.0, 1 << 16) as pool:
        for event in pool.run(TASKS):
            if isinstance(event, Reply):
                print(event.value, flush=True)
""")


def script_environment() -> dict[str, str]:
    path = [str(Path(twinreel.__file__).parents[1]), str(Path(__file__).parent)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_script_needs_no_main_guard(way: str, tmp_path: Path) -> None:
    script = SCRIPT.replace("TASKS", "[Echo('a'), Echo('b')]")
    file = tmp_path / "script.py"
    file.write_text(script)
    ran = subprocess.run(
        [sys.executable, str(file) if way == "file" else "-"],
        input=script,
        env=script_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert sorted(ran.stdout.split()) == ["a", "b", "main"]
    assert ran.stderr == ""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"] if sys.platform != "win32" else ["SIGTERM"])
def test_workers_end_with_their_parent(how: str) -> None:
    script = SCRIPT.replace("TASKS", "[Pid('a', spin=True)]")
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=script_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "main\n"
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(getattr(signal, how))
    gone, _ = psutil.wait_procs([worker], timeout=20)
    assert gone == [worker]


def test_a_pool_takes_workers_that_stand_by_and_those_left_end_with_the_program() -> None:
    script = textwrap.dedent("""
        import psutil
        from pool_tasks import Pid
        from twinreel.engine.pool import Reply, WorkerPool
        from twinreel.engine.process import stand_by

        stand_by(2)
        standing = {child.pid for child in psutil.Process().children()}
        with WorkerPool(1, 1 << 28, 30.0, 1 << 16) as pool:
            [pid] = [event.value for event in pool.run([Pid("a")]) if isinstance(event, Reply)]
        print(len(standing), pid in standing, *(standing - {pid}))
    """)
    ran = subprocess.run(
        [sys.executable, "-c", script], env=script_environment(), capture_output=True, text=True, timeout=60, check=True
    )
    count, taken, left = ran.stdout.split()
    assert (count, taken, ran.stderr) == ("2", "True", "")
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(left)).wait(20)
