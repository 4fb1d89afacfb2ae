"""twinreel repeats, on files with planted repeats."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from makers import Image, scene, write_video
from twinreel.cli.shapes import OUTPUTS

from .conftest import invoke, invoke_json
from .test_commands import fits

SIZE = (96, 64)


def shot(seed: int, seconds: float, start: float = 0.0) -> list[Image]:
    return list(islice(scene(seed, start + seconds, size=SIZE), round(start * 25), None))


def repeated(path: Path, *options: str) -> Any:
    found = invoke_json("repeats", path, "--describer", "phash", "--library", path.parent / "none.sqlite", *options)
    assert fits(found, OUTPUTS["repeats"])
    assert not (path.parent / "none.sqlite").exists()
    return found


def test_a_stretch_is_seen_again(tmp_path: Path) -> None:
    """Seconds [5, 8) of 20 again from second 13 on, in a mirror from second 17 on."""
    again = shot(91, 3, start=1)
    frames = [*shot(90, 4), *shot(91, 4), *shot(92, 5), *again, *shot(93, 1), *(frame[:, ::-1] for frame in again)]
    found = repeated(write_video(tmp_path / "a.mp4", frames))
    assert found["video"]["duration"] == pytest.approx(20)
    seconds = [(s["a_start"], s["a_end"], s["b_start"], s["b_end"], s["mirrored"]) for s in found["repeats"]]
    planted = [(5, 8, 13, 16, False), (5, 8, 17, 20, True), (13, 16, 17, 20, True)]
    assert [one[:4] for one in seconds] == [pytest.approx(one[:4], abs=0.5) for one in planted]
    assert [one[4] for one in seconds] == [one[4] for one in planted]


def test_repeats_are_told_with_their_seconds(films: Path, library: Path, tmp_path: Path) -> None:
    loop = write_video(tmp_path / "loop.mp4", [*shot(94, 4), *shot(95, 4)] * 2)
    lines = invoke("repeats", loop, "--library", library).stdout.splitlines()
    assert lines[0] == f"{loop}: 1 repeat"
    assert lines[1].startswith("  0:00:00.0-0:00:08.0 is seen again at 0:00:08.0-0:00:16.0, score ")
    nothing = invoke("repeats", films / "film.mp4", "--library", library)
    assert nothing.stdout == f"{films / 'film.mp4'}: nothing is repeated\n"


def test_a_still_video_repeats_nothing(tmp_path: Path) -> None:
    grain = np.random.default_rng(0).integers(0, 16, (300, SIZE[1], SIZE[0], 3))
    noisy = (np.minimum(image, 239) + noise for image, noise in zip(shot(96, 0.04) * 300, grain, strict=True))
    assert repeated(write_video(tmp_path / "still.mp4", shot(96, 0.04) * 300))["repeats"] == []
    assert repeated(write_video(tmp_path / "noisy.mp4", (image.astype(np.uint8) for image in noisy)))["repeats"] == []


def test_repeats_of_what_cannot_be_used(films: Path, tmp_path: Path) -> None:
    result = invoke("repeats", films / "letter.mp4", "--library", tmp_path / "none.sqlite")
    assert (result.exit_code, result.stderr.count("\n")) == (4, 1)
    assert "letter.mp4: it is a text, not a video" in result.stderr
