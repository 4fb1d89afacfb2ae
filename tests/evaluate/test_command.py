"""``twinreel evaluate`` on made-up data sets of real clips, from the files to the figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from makers import Image, scene, write_video
from twinreel.cli.main import app
from twinreel.evaluate.base import Box, Pair, Scored
from twinreel.evaluate.run import identify, pairs
from twinreel.library import Library
from twinreel.types import Match, Relation, Segment

from .writers import write_csv, write_json

SIZE = (160, 90)


def frames(*seeds: int, start: float = 0, stop: float = 99) -> Iterable[Image]:
    """Seconds [start, stop) of scenes of three seconds each."""
    return islice(chain.from_iterable(scene(s, 3, size=SIZE) for s in seeds), int(start * 25), int(stop * 25))


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Q1 is seconds 3 to 9 of R1, Q3 the same bytes as R3; Q2, R2 are like nothing; Q4 is no video. Read only."""
    root = tmp_path_factory.mktemp("videos")
    write_video(root / "R1.mp4", frames(1, 2, 3, 4))
    write_video(root / "Q1.mkv", frames(1, 2, 3, 4, start=3, stop=9), options={"crf": "30"})
    write_video(root / "R2.mp4", frames(5, 6))
    write_video(root / "Q2.mp4", frames(7, 8))
    write_video(root / "R3.mp4", frames(9, 10))
    (root / "sub").mkdir()
    shutil.copy(root / "R3.mp4", root / "sub" / "Q3.mp4")
    shutil.copy(root / "R2.mp4", root / "sub" / "R2.mp4")
    shutil.copy(root / "R2.mp4", root / "holiday.mp4")
    (root / "Q4.mp4").write_text("Dear diary\n" * 300)
    return root


@pytest.fixture(scope="module")
def library(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of them, made with the quickest describer, which later scans of it keep to."""
    path = tmp_path_factory.mktemp("library") / "library.sqlite"
    with Library(path, describer="phash") as made:
        made.add(videos, jobs=2)
    return path


def invoke(*words: object) -> Any:
    return CliRunner().invoke(app, ["evaluate", *map(str, words)], catch_exceptions=False)


def invoke_json(*words: object) -> Any:
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def vsc(tmp_path: Path) -> Path:
    head = ["query_id", "ref_id", "query_start", "query_end", "ref_start", "ref_end"]
    return write_csv(
        tmp_path / "truth.csv",
        head,
        [["Q1", "R1", 0, 6, 3, 9], ["Q3", "R3", 0, 6, 0, 6], ["Q4", "R2", 0, 1, 0, 1], ["Q5", "R1", 0, 1, 0, 1]],
    )


def test_vsc2022(videos: Path, library: Path, vsc: Path, tmp_path: Path) -> None:
    metadata = write_csv(tmp_path / "queries.csv", ["video_id"], [[f"Q{n}"] for n in range(1, 6)])
    where = ("--videos", videos, "--annotations", vsc, "--annotations", metadata, "--library", library)
    found = invoke_json("VSC2022", *where)
    assert (found["dataset"], found["describer"], found["sampling"]) == ("vsc2022", "phash", "auto:1")
    assert found["part"] == {
        "whole": False,
        "queries": {"present": 4, "total": 5},
        "videos": {"present": 7, "total": 8},
        "positives": {"present": 3, "total": 4},
        "queries_without_positives": 0,
    }
    assert found["missing"] == ["Q5"]
    (unusable,) = found["unusable"]
    assert (Path(unusable["path"]).name, unusable["reason"]) == ("Q4.mp4", "it is a text, not a video")
    assert [Path(path).name for path in found["not_counted"]] == ["holiday.mp4", "R2.mp4"]
    # Of three right pairs the two that can be read are found before anything else; Q4 counts as missed.
    assert found["metrics"]["descriptor uAP"] == pytest.approx(2 / 3)
    assert found["metrics"]["segment AP"] == pytest.approx((6 + 6) / 13, abs=0.1)


def test_what_part_is_there_is_said(videos: Path, library: Path, vsc: Path) -> None:
    done = invoke("vsc2022", "--videos", videos, "--annotations", vsc, "--library", library)
    assert done.exit_code == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0] == "vsc2022, phash, auto:1, network"
    # Q2 is no query: nothing but the ground truth was given.
    assert lines[1] == "  3 of 4 queries, 6 of 7 videos, 3 of 4 right pairs present"
    assert "not comparable" in lines[2]
    assert lines[3] == "  missing: Q5"
    assert (
        "not counted: " in lines[4] and str(videos / "holiday.mp4") in lines[4] and str(videos / "Q2.mp4") in lines[4]
    )
    assert "counted as present: " in lines[5] and "it is a text, not a video" in lines[5]
    assert any(line.split() == ["pairwise", "uAP", "0.6667"] for line in lines)


def test_fivr_with_nothing_missing_in_a_library_that_is_not_kept(videos: Path, tmp_path: Path) -> None:
    """The default describer; a near-duplicate, and a complementary scene that shows nothing of the query."""
    own = tmp_path / "own"
    own.mkdir()
    for name in ("R1.mp4", "Q1.mkv", "R2.mp4"):
        shutil.copy(videos / name, own)
    annotation = write_json(tmp_path / "annotation.json", {"Q1": {"ND": ["R1"], "CS": ["R2"]}})
    found = invoke_json("fivr", "--videos", own, "--annotations", annotation, "--jobs", 2)
    assert found["part"]["whole"] and found["part"]["positives"] == {"present": 2, "total": 2}
    assert found["missing"] == found["unusable"] == found["not_counted"] == []
    assert found["describer"] == "default" and found["truncated"] == 0
    assert found["metrics"]["DSVR"] == 1
    assert found["metrics"]["CSVR"] >= 0.5
    assert found["metrics"]["DAVR"] is None
    assert len(found["curves"]["DSVR"]) == 21


def test_vcsl_seconds(videos: Path, library: Path, tmp_path: Path) -> None:
    labels = write_json(tmp_path / "labels.json", {"R1-Q1": [[3, 0, 9, 6]], "Q3-R3": [[0, 0, 6, 6]]})
    pairs = write_csv(
        tmp_path / "pairs.csv", ["query_id", "reference_id"], [["R1", "Q1"], ["Q3", "R3"], ["Q2", "R2"], ["Q9", "R9"]]
    )
    where = ("--videos", videos, "--library", library, "--annotations", labels, "--annotations", pairs)
    found = invoke_json("vcsl", *where)
    assert found["part"]["videos"] == {"present": 6, "total": 8} and found["missing"] == ["Q9", "R9"]
    assert found["metrics"]["precision"] > 0.8 and found["metrics"]["recall"] > 0.8
    assert (found["metrics"]["FRR"], found["metrics"]["FAR"]) == (0, 0)


def test_wrong_use_is_explained_before_anything_is_scanned(videos: Path, vsc: Path, tmp_path: Path) -> None:
    library = tmp_path / "none.sqlite"
    words = ("--videos", videos, "--library", library, "--annotations")
    for first, last, message in (
        ("trecvid", vsc, "error: there is no data set 'trecvid'"),
        ("fivr", tmp_path / "none.json", "error: cannot read the annotations"),
        ("evve", vsc, f"error: {vsc} is not JSON"),
    ):
        done = invoke(first, *words, last)
        assert done.exit_code == 2 and done.stderr.startswith(message), done.stderr
    assert not library.exists()
    missing = invoke("vsc2022", "--videos", tmp_path / "none", "--library", library, "--annotations", vsc)
    assert missing.exit_code == 2


def test_a_file_is_known_by_its_name() -> None:
    ids, others = identify(["/a/1_2_Y.flv", "/a/x.y.mp4", "/b/1_2_Y.mp4", "/c.mp4"], ["1/1_2_Y", "x.y", "z"])
    assert ids == {"/a/1_2_Y.flv": "1/1_2_Y", "/a/x.y.mp4": "x.y"}
    assert others == ("/b/1_2_Y.mp4", "/c.mp4")


def test_a_match_holds_for_every_file_of_both_contents(library: Path) -> None:
    with Library(library) as opened:
        known = {Path(path).stem: video for video in opened.videos() for path in video.paths}
    one, two = known["Q1"], known["R3"]
    ids = {one.path: "b", **dict(zip(two.paths, ("a", "c"), strict=True))}
    match = Match(one.content, two.content, Relation.SHARED, 0.7, 0.5, 0.5, (Segment(0.0, 1.0, 5.0, 6.0, 0.6),))
    found = pairs([one, two], [match], ids)
    whole = Box(0.0, 0.0, two.probe.duration, two.probe.duration)
    assert found == {
        ("a", "c"): Pair(1.0, (Scored(whole, 1.0),)),
        ("a", "b"): Pair(0.7, (Scored(Box(5.0, 0.0, 6.0, 1.0), 0.6),)),
        ("b", "c"): Pair(0.7, (Scored(Box(0.0, 5.0, 1.0, 6.0), 0.6),)),
    }
