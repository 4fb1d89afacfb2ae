"""What scripts measure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

import bench
import make_1080p
import speed
from makers import scene, write_video
from twinreel.media.picking import EVERYTHING
from twinreel.media.sampling import Sampling

SCRIPTS = Path(bench.__file__).parent


def test_the_bare_decode_takes_the_frames_that_are_asked_for(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", scene(1, 3.0, size=(64, 48)))
    broken = tmp_path / "b.mp4"
    broken.write_bytes(b"nothing")
    size, dense = (32, 32), Sampling("dense", 1.0)
    assert speed.count_frames((str(video), dense, EVERYTHING), size) == 3
    assert speed.count_frames((str(video), dense, ((1.5, 2.5),)), size) == 1
    assert speed.count_frames((str(broken), dense, EVERYTHING), size) == 0
    assert speed.decode_alone([(str(video), dense, EVERYTHING)] * 2, size)[1] == 6


def test_1080p_files_are_as_long_as_asked_and_have_x264s_keyframes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_1080p, "SIZE", (160, 90))
    clips = tmp_path / "clips"
    clips.mkdir()
    write_video(clips / "a.mp4", scene(1, 1.0, size=(64, 48)))
    monkeypatch.setattr(sys, "argv", ["", str(clips), str(tmp_path), "--files", "1", "--seconds", "10"])
    make_1080p.main()
    with av.open(str(tmp_path / "000.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert len(packets) == 300
    keys = [packet.pts for packet in sorted(packets, key=lambda p: p.pts or 0) if packet.is_keyframe]
    frame = packets[1].duration or 1
    # The clip starts over after 25 frames: a cut, unless x264 thinks it is none. No group is longer than 250 frames.
    assert keys[0] is not None and len(keys) >= 2
    assert max(np.diff([*[key or 0 for key in keys], 300 * frame])) <= 250 * frame


def test_scanning_again_is_measured_to_the_end(tmp_path: Path) -> None:
    words = [sys.executable, str(SCRIPTS / "rescan.py"), "--files", "200", "--distinct", "20"]
    document = tmp_path / "speed.md"
    environment = os.environ | {"TMPDIR": str(tmp_path), "TEMP": str(tmp_path)}
    done = subprocess.run([*words, "--out", str(document)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^\| (first|unchanged|one touched|100 renamed) *\|(.*)\|$", document.read_text(), re.MULTILINE)
    numbers = {name: list(map(float, cells.split("|")[2:])) for name, cells in rows}
    files, unchanged, added, moved, _, failed, decoded = range(7)
    assert numbers["first"][files] == 200 and numbers["first"][added] == 20
    assert numbers["unchanged"][unchanged] == 200 and numbers["unchanged"][decoded] == 0
    assert numbers["one touched"][decoded] == 0 and numbers["one touched"][unchanged] < 200
    assert numbers["100 renamed"][moved] == 100 and numbers["100 renamed"][decoded] == 0
    assert all(row[failed] == 0 for row in numbers.values())
