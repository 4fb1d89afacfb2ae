"""The benchmarks count right. What they measure is for people to read."""

from __future__ import annotations

import csv
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import pytest
from PIL import Image

import accuracy
import accuracy_page
import bench
import calibrate
import crowd
import diagrams
import footage_kept
import grouping
import labelled
import make_1080p
import misses
import photographs
import same_answer
import speed
from makers import scene, write_video
from twinreel.bench.collection import Labels, Pair, Shared
from twinreel.bench.scoring import Bin, Point
from twinreel.describe.registry import load_describer
from twinreel.engine.state import Recipe
from twinreel.library.facade import Library
from twinreel.match.calibration import Calibration
from twinreel.match.evidence import Evidence
from twinreel.media.picking import EVERYTHING
from twinreel.media.sampling import Sampling
from twinreel.store.catalogue import Catalogue
from twinreel.types import Float64, Group, Match, Relation, Segment

SCRIPTS = Path(bench.__file__).parent


def write_csv(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])


EXPLAINED = """accuracy calibrate candidates card costs crowd footage_kept grouping grouping_growth make_1080p memory
proposed rescan same_answer speed storage"""


@pytest.mark.parametrize("script", EXPLAINED.split())
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


def labels_of(truth: dict[Pair, str], hard: frozenset[Pair] = frozenset()) -> Labels:
    """True pairs with their transforms, and pairs of other moments of one scene."""
    rows = {pair: (Shared(*pair, 0.0, 5.0, 1.0, 6.0, "hard", edits),) for pair, edits in truth.items()}
    return Labels(rows, hard, {})


def result_of(seed: int, labels: Labels, best: dict[Pair, float], threshold: float) -> accuracy_page.Result:
    """``threshold``: the score at which recall@p99 is reached."""
    figures = dict.fromkeys(("ap", "recall@p99", "precision", "recall", "f1", "segment_f1"), 0.5)
    reported = {pair: value for pair, value in best.items() if value >= 0.5}
    answer = {**figures, "true_pairs": len(labels.truth), "threshold@p99": threshold}
    return accuracy_page.Result(seed, labels, best, reported, answer, answer, 1.0, 1.0, 10, Path("l.sqlite"))


def cells(table: str, first: str) -> list[str]:
    """The row of a table that begins with a word."""
    (line,) = re.findall(rf"^\| {first} +\|(.*)\|$", table, re.MULTILINE)
    return [cell.strip() for cell in line.split("|")]


def test_hard_edits_are_counted_at_each_collections_own_threshold_and_all_speeds_together() -> None:
    truth = {("a", "b"): "pip+speed0.8+trim", ("a", "c"): "speed1.5", ("b", "c"): "speed1.5+speed0.8+crop"}
    labels = labels_of(truth, frozenset({("x", "y")}))
    first = result_of(1, labels, {("a", "b"): 0.9, ("a", "c"): 0.7, ("b", "c"): 0.3, ("x", "y"): 0.6}, 0.8)
    second = result_of(2, labels, {("a", "b"): 0.4, ("a", "c"): 0.7, ("b", "c"): 0.6}, 0.6)
    text = accuracy_page.hidden([first, second])
    assert cells(text, "speed") == ["6", "3", "0.50", "few"]
    assert cells(text, "pip") == ["2", "1", "0.50", "few"]
    assert "crop" not in text
    assert "1 of 2 (50.0%)" in text


def test_an_edit_that_many_pairs_have_is_not_marked_as_few() -> None:
    truth = {("a", f"b{number:02d}"): "pip" for number in range(accuracy_page.FEW)}
    text = accuracy_page.hidden([result_of(1, labels_of(truth), {("a", "b00"): 0.9}, 0.9)])
    assert cells(text, "pip") == ["25", "1", "0.04", ""]


def test_pairs_of_the_same_names_in_two_collections_stay_two_when_pooled() -> None:
    one = result_of(1, labels_of({("a", "b"): "pip"}), {("a", "b"): 0.9, ("a", "c"): 0.2}, 0.9)
    other = result_of(2, labels_of({("a", "c"): "pip"}), {("a", "b"): 0.7}, 0.9)
    labels, best, reported = accuracy_page.pooled([one, other])
    assert sorted(best.values()) == [0.2, 0.7, 0.9] and sorted(reported.values()) == [0.7, 0.9]
    assert [best[pair] for pair in labels.truth if pair in best] == [0.9]


def test_the_reliability_section_has_the_errors_worked_out_by_hand(tmp_path: Path) -> None:
    labels = labels_of({("a", "b"): "", ("a", "c"): "", ("c", "d"): ""})
    best = {("a", "b"): 0.95, ("a", "c"): 0.85, ("a", "d"): 0.81, ("b", "c"): 0.05}
    text = accuracy_page.reliability([result_of(1, labels, best, 0.9)], tmp_path)
    # |0.95 - 1|, twice |0.83 - 0.5|, |0.05 - 0|
    assert f"{(0.05 + 2 * 0.33 + 0.05) / 4:.3f} of the 4" in text
    assert f"{(0.05 + 2 * 0.33) / 3:.3f} of the 3" in text.replace("\n", " ")
    assert cells(text, "0.83") == ["2", "1", "0.50"]
    drawn = ElementTree.parse(tmp_path / accuracy_page.RELIABILITY)
    assert {"2", "1"} <= {element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")}


def test_a_curve_is_thinned_to_what_can_be_told_apart_and_keeps_its_ends() -> None:
    points = [Point(1 - n / 5000, 1.0, n / 5000) for n in range(5001)]
    kept = diagrams.thinned(points)
    assert kept[0] == points[0] and kept[-1] == points[-1]
    assert len(kept) <= 1 / diagrams.FINE + 2
    assert max(b.recall - a.recall for a, b in pairwise(kept)) < 2 * diagrams.FINE
    assert diagrams.thinned([]) == []


def test_diagrams_are_svg_files_that_name_their_lines(tmp_path: Path) -> None:
    diagrams.write_curves(tmp_path / "c.svg", [("auto:1", [Point(0.9, 1.0, 0.5)]), ("a<b", [Point(0.9, 0.5, 0.1)])])
    diagrams.write_reliability(tmp_path / "r.svg", "pairs", [Bin(17, 0.9, 0.8)])
    words = [
        {element.text for element in ElementTree.parse(tmp_path / name).iter() if element.text}
        for name in ("c.svg", "r.svg")
    ]
    assert {"auto:1", "a<b"} <= words[0]
    assert {"pairs", "17"} <= words[1]


CHANGING = {"agreement": 0.1, "relative": 0.1, "concord": 0.5, "change": 0.3, "variety": 3.0}
MOVING = Evidence(best=0.9, mean=0.8, least=0.7, frames=8, **CHANGING, motion=0.1, moved=0.8, covered=1.0, shorter=8.0)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (misses.Seen(False, 0.0, 8.0, None), "not proposed"),
        (misses.Seen(True, 0.0, 8.0, None), "nothing aligned"),
        (misses.Seen(True, 0.3, 8.0, MOVING), "aligned elsewhere"),
        (misses.Seen(True, 0.3, 8.0, replace(MOVING, change=0.0)), "aligned elsewhere"),
        (misses.Seen(True, 0.9, 8.0, replace(MOVING, change=0.05, mean=0.2)), "hardly moves"),
        (misses.Seen(True, 0.9, 3.0, replace(MOVING, mean=0.2)), "hardly alike"),
        (misses.Seen(True, 0.9, 3.0, MOVING), "brief"),
        (misses.Seen(True, 0.9, 8.0, MOVING), "moments disagree"),
    ],
)
def test_a_missed_pair_is_of_the_first_kind_that_holds(seen: misses.Seen, kind: str) -> None:
    assert misses.why_missed(seen) == kind
    assert kind in misses.MISSED


@pytest.mark.parametrize(
    ("evidence", "same_scene", "kind"),
    [
        (MOVING, True, "other moment, moves"),
        (replace(MOVING, change=0.02), True, "other moment, hardly moves"),
        (replace(MOVING, frames=1.5), False, "one picture"),
        (replace(MOVING, mean=0.2), False, "faint, changing alike"),
        (MOVING, False, "alike"),
    ],
)
def test_a_pair_reported_in_error_is_of_the_first_kind_that_holds(
    evidence: Evidence, same_scene: bool, kind: str
) -> None:
    assert misses.why_wrong(evidence, same_scene) == kind
    assert kind in misses.WRONG


def test_kinds_are_counted_the_most_frequent_first_with_the_edits_that_most_have() -> None:
    gone = [
        misses.Gone(("a", "b"), None, "brief", frozenset({"trim", "libx264", "pip"})),
        misses.Gone(("a", "c"), 0.3, "hardly alike", frozenset({"pip", "crop"})),
        misses.Gone(("a", "d"), 0.3, "hardly alike", frozenset({"pip"})),
    ]
    table = misses.table(gone, misses.MISSED)
    assert cells(table, "hardly alike") == ["pip 2, crop 1", "2", "67%"]
    assert cells(table, "brief") == ["pip 1", "1", "33%"]
    assert table.index("| hardly alike") < table.index("| brief") < table.index("- **hardly alike**")
    assert "not proposed" not in table
    assert misses.table([], misses.WRONG) == "None."


def test_a_library_is_asked_why_its_pairs_went_wrong(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, seed in (("a", 1), ("b", 1), ("c", 2), ("d", 3)):
        fps = 25 if name != "b" else 30
        write_video(videos / f"{name}.mp4", scene(seed, 6.0, fps), fps=fps)
    with Library(tmp_path / "l.sqlite") as library:
        library.add([videos], jobs=1)
    # As if the copy had not been reported, and two strangers were one footage.
    truth = {("a.mp4", "b.mp4"): "fps", ("c.mp4", "d.mp4"): "pip", ("c.mp4", "gone.mp4"): ""}
    edits = {f"{name}.mp4": frozenset({"fps"}) for name in ("a", "b", "c", "d", "gone")}
    wrong: set[Pair] = {("b.mp4", "c.mp4")}
    missed, false = misses.misses(tmp_path / "l.sqlite", labels_of(truth), {("a.mp4", "b.mp4"): 0.4}, wrong, edits)
    kinds = {one.pair: one.kind for one in missed}
    assert kinds["a.mp4", "b.mp4"] not in ("not proposed", "nothing aligned", "aligned elsewhere", "hardly alike")
    strangers = ("not proposed", "nothing aligned", "aligned elsewhere", "hardly alike", "moments disagree")
    assert kinds["c.mp4", "d.mp4"] in strangers
    assert kinds["c.mp4", "gone.mp4"] == "not proposed"
    assert [(one.pair, one.score) for one in false] == [(("b.mp4", "c.mp4"), None)]
    assert false[0].kind in misses.WRONG


def test_a_sweep_stays_in_its_photograph_moves_smoothly_and_zooms() -> None:
    rng = random.Random(5)
    for _ in range(100):
        sweep = photographs.draw(rng)
        picture = Image.new("RGB", (rng.randint(60, 176), rng.randint(60, 176)))
        boxes = np.array([sweep.view(picture, share * sweep.seconds) for share in np.linspace(0, 1, 101)])
        assert boxes.min() >= -1e-9
        assert (boxes[:, 2] <= picture.width + 1e-9).all() and (boxes[:, 3] <= picture.height + 1e-9).all()
        sides = boxes[:, 2:] - boxes[:, :2]
        assert np.allclose(sides[:, 0] / sides[:, 1], sweep.size[0] / sweep.size[1])
        assert np.abs(np.diff(boxes, axis=0)).max() < 0.05 * max(picture.size)
        steps = np.diff(sides[:, 0])
        assert (steps > 0).all() or (steps < 0).all() or np.ptp(sides[:, 0]) < 1e-9


def textured(path: Path, seed: int) -> Path:
    """A photograph of sorts."""
    (frame,) = scene(seed, 0.04, size=(160, 120))
    Image.fromarray(frame).save(path)
    return path


def test_clips_of_photographs_bear_their_names_and_are_made_once(tmp_path: Path) -> None:
    pictures = [textured(tmp_path / f"{name}.png", seed) for seed, name in enumerate("abc")]
    photographs.make_clips(pictures, tmp_path / "clips", 2, seed=3)
    made = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "clips").iterdir()}
    assert len(made) == 2 and made.keys() < {"a.mp4", "b.mp4", "c.mp4"}
    photographs.make_clips(pictures, tmp_path / "clips", 2, seed=3)
    assert {file.name: file.stat().st_mtime_ns for file in (tmp_path / "clips").iterdir()} == made
    with av.open(str(tmp_path / "clips" / next(iter(made)))) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert (container.duration or 0) >= 3_000_000
    with pytest.raises(ValueError, match="4 clips"):
        photographs.make_clips(pictures, tmp_path / "clips", 4, seed=3)


def test_a_crowd_is_judged_by_hand() -> None:
    labels = labels_of({("a", "b"): ""})
    everything = {("a", "b"): 0.9, ("a", "x"): 0.6, ("x", "y"): 0.7, ("y", "z"): 0.1}
    reported = {pair: value for pair, value in everything.items() if value >= 0.5}
    judged = crowd.judge(labels, everything, reported)
    assert judged.precision == pytest.approx(1 / 3)
    assert judged.error == pytest.approx((0.1 + 0.6 + 0.7 + 0.1) / 4)
    assert judged.error_reported == pytest.approx((0.1 + 0.6 + 0.7) / 3)
    assert judged.wrong == {("a", "x"): 0.6, ("x", "y"): 0.7}
    collection = frozenset({"a", "b", "c"})
    kinds = [crowd.kind_of(pair, collection) for pair in (("x", "y"), ("a", "x"), ("a", "c"))]
    assert kinds == list(crowd.KINDS)
    text = crowd.text({"clips": (5, judged)}, collection)
    first, second = re.findall(r"^\| clips +\|(.*)\|$", text, re.MULTILINE)
    assert [cell.strip() for cell in first.split("|")] == ["5", "4", "3", "0.333", "0.375", "0.467"]
    assert [cell.strip() for cell in second.split("|")] == ["1", "1", "0"]
    assert cells(text, "0.90") == ["1", "1", "1.00"]


def test_a_library_of_fingerprints_alone_is_matched_like_one_of_files(tmp_path: Path) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        fps = 25 if name != "b" else 30
        write_video(videos / f"{name}.mp4", scene(seed, 6.0, fps), fps=fps)
    with Library(tmp_path / "scanned.sqlite") as library:
        library.add([videos], jobs=1)
    pictures = [textured(tmp_path / f"p{seed}.png", seed) for seed in range(10, 14)]
    collection = frozenset({"a.mp4", "b.mp4"})  # the third is left behind
    made = tmp_path / "made.sqlite"
    crowd.match_fingerprints(made, tmp_path / "scanned.sqlite", collection, pictures, 5, seed=1)
    with Library(made, create=False) as library:
        names = sorted(Path(video.path).name for video in library.videos())
        assert (
            names[:2] == ["a.mp4", "b.mp4"]
            and len(names) == 5
            and set(names[2:]) < {f"p{n}.mp4" for n in range(10, 14)}
        )
        (match,) = library.matches()
        assert sorted(Path(library.show(content).path).name for content in (match.a, match.b)) == ["a.mp4", "b.mp4"]
    recipe = Recipe(load_describer("default"), Sampling())
    with Catalogue.open(made, create=False) as catalogue:
        held = dict(catalogue.fingerprints.all(*recipe.key))
    assert len(held) == 5 and min(len(fingerprint.times) for fingerprint in held.values()) >= 3
    with pytest.raises(SystemExit, match="cannot be made"):
        crowd.match_fingerprints(tmp_path / "n.sqlite", tmp_path / "scanned.sqlite", collection, pictures, 9, seed=1)


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


def test_groups_are_held_against_what_files_show() -> None:
    truth = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c": "c"}
    perfect = [("a1", "a2", "a3"), ("b1", "b2")]
    assert grouping.pairwise_f1(perfect, truth) == grouping.purity(perfect, truth) == 1.0
    mixed = [("a1", "a2", "b1"), ("b2", "compilation")]
    assert grouping.pairwise_f1(mixed, truth) == pytest.approx(2 * 1 / (3 + 4))
    assert grouping.purity(mixed, truth) == pytest.approx(5 / 6)
    assert grouping.pairwise_f1([], truth) == 0.0 and grouping.purity([], truth) == 1.0


def an_answer(*matches: Match, groups: Iterable[Group] = ()) -> same_answer.Answer:
    return same_answer.Answer({(match.a, match.b): match for match in matches}, list(groups), 1.0)


def test_two_answers_are_as_far_apart_as_their_pairs_scores_and_ends() -> None:
    whole, part = Segment(0, 9, 1, 10, 0.9), Segment(0, 4, 1, 5, 0.9)
    ab = Match("a", "b", Relation.DUPLICATE, 0.9, 1.0, 1.0, (whole,))
    ac, bc = (Match(one, "c", Relation.OVERLAPS, 0.5, 0.4, 0.4, (part,)) for one in "ab")
    expected = an_answer(ab, ac, groups=[Group("a", "larger", ("a", "b"))])
    same = same_answer.compared("same", expected, expected)
    assert same == ["same", "2", "0", "0", "0", "0.0e+00", "0.0e+00", "yes", "1"]
    moved = replace(ab, score=0.7, relation=Relation.CONTAINS, segments=(replace(whole, b_stop=10.5),))
    other = same_answer.compared("other", an_answer(moved, bc), expected)
    assert other == ["other", "2", "1", "1", "1", "2.0e-01", "5.0e-01", "no", "1"]
    assert same_answer.apart(ab, replace(ab, segments=(part, part))) == float("inf")
