"""The benchmarks count right. What they measure is for people to read."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

import accuracy
import bench
import calibrate
import footage_kept
import labelled
import make_1080p
import speed
from makers import scene, write_video
from twinreel.match.calibration import Calibration
from twinreel.media.sampling import Sampling
from twinreel.types import Float64

SCRIPTS = Path(bench.__file__).parent


def write_csv(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])


@pytest.mark.parametrize("script", ["accuracy", "calibrate", "footage_kept", "make_1080p", "rescan", "speed"])
def test_each_script_explains_itself(script: str) -> None:
    done = subprocess.run([sys.executable, SCRIPTS / f"{script}.py", "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage:")


def test_a_part_of_a_document_is_written_and_replaced(tmp_path: Path) -> None:
    document = tmp_path / "new" / "speed.md"
    bench.write_section(document, "one", "first \\1", "# Title\n")
    bench.write_section(document, "two", "second")
    bench.write_section(document, "one", "third")
    assert document.read_text() == (
        "# Title\n\n<!-- one: begin -->\n\nthird\n\n<!-- one: end -->\n\n"
        "<!-- two: begin -->\n\nsecond\n\n<!-- two: end -->\n"
    )


def test_a_table_is_aligned_markdown() -> None:
    assert bench.table(["name", "n"], [["a", "1000"], ["long name", "1"]]) == (
        "| name      |    n |\n| --------- | ---: |\n| a         | 1000 |\n| long name |    1 |"
    )


def test_recall_by_level_and_transform_counts_a_pair_once_for_each_of_its_transforms() -> None:
    truth = [
        {"a": "1", "b": "2", "level": "easy", "transforms": "crop+trim"},
        {"a": "1", "b": "2", "level": "easy", "transforms": "crop+trim"},
        {"a": "1", "b": "3", "level": "hard", "transforms": "crop"},
        {"a": "2", "b": "3", "level": "hard", "transforms": ""},
    ]
    rows = [{"a": "/videos/2", "b": "/videos/1"}, {"a": "2", "b": "3"}, {"a": "5", "b": "6"}]
    levels, transforms = accuracy.recalls(truth, accuracy.pairs_of(rows))
    assert levels == {"easy": (1, 1), "hard": (1, 2)}
    assert transforms == {"crop": (1, 2), "trim": (1, 1)}


def planted(rng: np.random.Generator, coefficients: tuple[float, ...], count: int) -> list[labelled.Example]:
    """Examples whose truth is drawn with the probability that the coefficients give them."""
    rows = np.c_[np.ones(count), rng.normal(2, [1.0, 3.0], (count, 2))]
    probability = 1 / (1 + np.exp(-rows @ coefficients))
    return [
        labelled.Example(row[None], bool(true)) for row, true in zip(rows, rng.random(count) < probability, strict=True)
    ]


def test_the_fit_finds_the_coefficients_that_examples_were_drawn_with() -> None:
    wanted = (-3.0, 2.0, -0.5)
    found = calibrate.fit(planted(np.random.default_rng(1), wanted, 20_000)).coefficients
    # Standard errors of these are about 0.03, and the ridge pulls by a little more.
    assert np.allclose(found, wanted, atol=0.2)


def test_a_fit_to_one_kind_of_pairs_is_refused() -> None:
    with pytest.raises(ValueError, match="of 2 pairs 0 are true"):
        calibrate.fit([labelled.Example(np.ones((1, 3)), False)] * 2)


def test_a_pair_scores_as_its_best_stretch() -> None:
    example = labelled.Example(np.array([[1.0, 0.0], [1.0, 2.0]]), True)
    (score,) = calibrate.scores([example], Calibration((0.0, 1.0)))
    assert score == pytest.approx(1 / (1 + np.exp(-2.0)))


def test_metrics_of_a_ranking_worked_out_by_hand() -> None:
    score: Float64 = np.array([0.9, 0.8, 0.6, 0.3])
    found = calibrate.metrics(score, np.array([1.0, 0.0, 1.0, 1.0]), true_pairs=4)
    assert found["ap"] == pytest.approx((1 + 2 / 3 + 3 / 4) / 4)
    assert found["recall@p99"] == pytest.approx(1 / 4)
    assert found["f1"] == pytest.approx(2 * (2 / 3) * (2 / 4) / (2 / 3 + 2 / 4))
    assert found["best f1"] == pytest.approx(3 / 4)


def test_metrics_are_those_of_the_scorer(shared: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    score = rng.permutation(np.linspace(0.01, 0.99, 300))
    true = (rng.random(300) < score**2).astype(np.float64)
    missed = 20
    write_csv(tmp_path / "hard_negatives.csv", ["a", "b"], [])
    write_csv(tmp_path / "ignore.csv", ["a", "b", "reason"], [])
    names = [(f"a{i:03d}", f"b{i:03d}") for i in range(300 + missed)]
    held = [pair for pair, is_true in zip(names, [*true, *[1] * missed], strict=True) if is_true]
    head = ["a", "b", "a_start", "a_end", "b_start", "b_end", "level", "transforms"]
    write_csv(tmp_path / "truth.csv", head, [[*pair, 0, 1, 0, 1, "easy", "crop"] for pair in held])
    write_csv(tmp_path / "all.csv", ["a", "b", "score"], [[*names[i], score[i]] for i in range(300)])
    write_csv(tmp_path / "m.csv", ["a", "b", "score"], [[*names[i], score[i]] for i in range(300) if score[i] >= 0.5])
    scorer = shared / "bench" / "score.py"
    of_all, default = (accuracy.score(scorer, tmp_path, tmp_path / name) for name in ("all.csv", "m.csv"))
    ours = calibrate.metrics(score, true, len(held))
    theirs = [of_all["ap"], of_all["recall@p99"], default["f1"], of_all["best_f1"]]
    assert list(ours.values()) == pytest.approx(theirs, abs=1e-4)  # it rounds to four places


def test_the_bare_decode_takes_the_frames_that_are_asked_for(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mp4", scene(1, 3.0, size=(64, 48)))
    broken = tmp_path / "b.mp4"
    broken.write_bytes(b"nothing")
    size = (32, 32)
    assert speed.count_frames(str(video), Sampling("dense", 1.0), size) == 3
    assert speed.count_frames(str(broken), Sampling("dense", 1.0), size) == 0
    assert speed.decode_alone([video, video], Sampling("dense", 1.0), size)[1] == 6


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


def a_file(name: str, *parts: tuple[str, float, float]) -> dict[str, object]:
    return {"name": name, "parts": [{"source": s, "src_start": start, "src_end": stop} for s, start, stop in parts]}


def test_footage_is_lost_where_no_file_that_is_left_shows_it() -> None:
    film, part, other = (
        a_file("film", ("x", 0, 30)),
        a_file("part", ("x", 5, 12), ("y", 0, 4)),
        a_file("z", ("y", 3.8, 9)),
    )
    everything = [film, part, other]
    assert footage_kept.lost(everything, everything) == []
    assert footage_kept.lost(everything, [film, other]) == [("y", (0.0, 3.8))]
    assert footage_kept.lost(everything, [part, other]) == [("x", (0.0, 5.0)), ("x", (12.0, 30.0))]
    assert footage_kept.lost([film, a_file("more", ("x", 29.8, 30.4))], [film]) == []
